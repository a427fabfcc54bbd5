//! WASI 0.2 with nothing behind it, for stages built for wasm32-wasip2: no files, no network, no
//! environment; clocks and randomness only. What a stage prints goes to the host's log.

use super::print::Printed;
use crate::state::State;
use std::time::{Duration, Instant};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// More than any use of randomness needs; it bounds what one call makes the host allocate.
const MAX_RANDOM_BYTES: u64 = 64 << 10;

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    // A guest that waits runs no code, so no epoch can stop it: what it waits for ends with its time.
    linker.allow_shadowing(true);
    let mut clock = linker.instance("wasi:clocks/monotonic-clock@0.2.12")?;
    clock.func_wrap("now", |mut store: StoreContextMut<State>, (): ()| {
        Ok((now(store.data_mut()),))
    })?;
    clock.func_wrap(
        "subscribe-duration",
        |mut store: StoreContextMut<State>, (for_,): (u64,)| Ok((wait(store.data_mut(), for_)?,)),
    )?;
    clock.func_wrap(
        "subscribe-instant",
        |mut store: StoreContextMut<State>, (until,): (u64,)| {
            let state = store.data_mut();
            let for_ = until.saturating_sub(now(state));
            Ok((wait(state, for_)?,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Nanoseconds since the item came in.
fn now(state: &State) -> u64 {
    u64::try_from(state.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Ready after so many nanoseconds, or when the time for the item is over.
fn wait(state: &mut State, nanoseconds: u64) -> wasmtime::Result<Resource<DynPollable>> {
    let left = state.deadline.saturating_duration_since(Instant::now());
    let until = Instant::now() + Duration::from_nanos(nanoseconds).min(left);
    let timer = state.table.push(Timer(until.into()))?;
    subscribe(&mut state.table, timer)
}

struct Timer(tokio::time::Instant);

#[wasmtime_wasi::async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        tokio::time::sleep_until(self.0).await;
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: self
                .wasi
                .get_or_insert_with(|| empty(&self.configuration.name)),
            table: &mut self.table,
        }
    }
}

/// A world with nothing in it, for the stage of that name.
fn empty(stage: &str) -> WasiCtx {
    let printed = Printed::of(stage);
    WasiCtxBuilder::new()
        .stdout(printed.clone())
        .stderr(printed)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(MAX_RANDOM_BYTES)
        .build()
}
