use crate::bindings::contract;
use crate::budget::Usage;
use crate::component::Component;
use crate::engine::TICK;
use crate::error::{Error, ErrorKind};
use crate::host::{lift, lower};
use crate::item::Item;
use crate::limits::Limits;
use crate::state::State;
use crate::value::Value;
use footlight_nn::{Runtimes, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;
use wasmtime::{Store, Trap};

/// What the pipeline file gives a stage.
#[derive(Clone)]
pub struct Configuration {
    /// The stage's name in the pipeline.
    pub name: String,
    /// The stage's own names for graphs, each with the name of the model that it gets.
    pub models: BTreeMap<String, String>,
    /// What `settings.get` answers.
    pub settings: BTreeMap<String, Value>,
    /// What it may use.
    pub limits: Limits,
    /// What compiles models that the stage brings itself; none refuses them.
    pub load: Option<Arc<Runtimes>>,
    /// Where what it holds and moves is counted, together with whatever else is counted there.
    pub usage: Arc<Usage>,
}

/// A component with its configuration, ready to work on items.
#[derive(Clone)]
pub struct Stage {
    component: Component,
    configuration: Arc<Configuration>,
}

impl Stage {
    /// Puts a component and its configuration together.
    pub fn new(component: Component, configuration: Configuration) -> Self {
        Self {
            component,
            configuration: Arc::new(configuration),
        }
    }

    /// The component.
    pub fn component(&self) -> &Component {
        &self.component
    }

    /// The configuration.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Works on one item in an instance of its own, with the models as they are in `models`. Blocks
    /// the calling thread, for little more than the `time` limit at most and one inference.
    ///
    /// # Errors
    /// Whatever the stage did wrong, or says it could not do; the instance and all that it held are
    /// gone by then.
    pub fn process(&self, item: Item, models: Arc<Snapshot>) -> Result<Vec<Item>, Error> {
        let mut store = self.store(models);
        let outcome = self.call(&mut store, item);
        match outcome {
            Ok(Ok(items)) => {
                // One that waited in the host for longer than its time has not met an epoch yet.
                store.data().check_deadline()?;
                self.collect(&mut store, items)
            }
            Ok(Err(contract::Failure::Unsuitable(why))) => {
                Err(Error::new(ErrorKind::Unsuitable, clip(why)))
            }
            Ok(Err(contract::Failure::Failed(why))) => {
                Err(Error::new(ErrorKind::Failed, clip(why)))
            }
            Err(error) => Err(explain(&error, store.data())),
        }
    }

    /// Makes an instance and drops it. What the first item would wait for is done then, and a component
    /// that cannot be started is found out before there is an item.
    ///
    /// # Errors
    /// As [`Stage::process`], for what happens before an item is handed over.
    pub fn rehearse(&self) -> Result<(), Error> {
        let mut store = self.store(Arc::default());
        let started = self.component.pre.instantiate(&mut store);
        match started {
            Ok(_) => Ok(()),
            Err(error) => Err(explain(&error, store.data())),
        }
    }

    /// What an instance lives in, with this stage's limits.
    fn store(&self, models: Arc<Snapshot>) -> Store<State> {
        let limits = &self.configuration.limits;
        let state = State::new(self.configuration.clone(), models);
        let mut store = Store::new(self.component.pre.engine(), state);
        store.limiter(|state| state);
        store.set_epoch_deadline(ticks(limits));
        // What one call may make the host allocate cannot usefully exceed what the guest has.
        store.set_hostcall_fuel(usize::try_from(limits.guest_memory).unwrap_or(usize::MAX));
        store
    }

    fn call(
        &self,
        store: &mut Store<State>,
        item: Item,
    ) -> wasmtime::Result<Result<Vec<contract::Item>, contract::Failure>> {
        let instance = self.component.pre.instantiate(&mut *store)?;
        let item = lower(store.data_mut(), item)?;
        instance
            .footlight_stage_processing()
            .call_process(store, &item)
    }

    fn collect(
        &self,
        store: &mut Store<State>,
        items: Vec<contract::Item>,
    ) -> Result<Vec<Item>, Error> {
        let limits = &self.configuration.limits;
        if items.len() > limits.items as usize {
            return Err(Error::new(
                ErrorKind::TooMuch,
                format!(
                    "it yielded {} items from one, more than its `items` limit of {}",
                    items.len(),
                    limits.items
                ),
            ));
        }
        items
            .into_iter()
            .map(|item| {
                let item = lift(store.data_mut(), item)?;
                if item.bytes() > limits.item_bytes {
                    return Err(Error::new(
                        ErrorKind::TooMuch,
                        format!(
                            "it yielded an item of {} bytes, more than its `item-bytes` limit of {}",
                            item.bytes(),
                            limits.item_bytes
                        ),
                    ));
                }
                Ok(item)
            })
            .collect()
    }
}

/// The epochs after which an item's time is over; the first may be almost over already.
fn ticks(limits: &Limits) -> u64 {
    let ticks = limits.time.as_nanos().div_ceil(TICK.as_nanos());
    u64::try_from(ticks)
        .unwrap_or(u64::MAX >> 1)
        .saturating_add(1)
}

/// What ended an instance, as an error of ours.
fn explain(error: &wasmtime::Error, state: &State) -> Error {
    if let Some(error) = error.downcast_ref::<Error>() {
        return error.clone();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => state.timed_out(),
        Some(trap) => Error::new(ErrorKind::Trapped, format!("it crashed: {trap}")),
        None if error.is::<wasmtime::PoolConcurrencyLimitError>() => Error::new(
            ErrorKind::Host,
            "more instances are at work than the host has room for: try again, or run fewer workers",
        ),
        None => Error::new(
            ErrorKind::Trapped,
            format!("it was ended: {}", error.root_cause()),
        ),
    }
}

/// A stage's own words, short enough for an error.
fn clip(why: String) -> String {
    why.chars().take(1000).collect()
}
