use crate::budget::Budget;
use crate::error::{Error, ErrorKind};
use crate::stage::Configuration;
use footlight_nn::Snapshot;
use std::sync::Arc;
use std::time::Instant;
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtx;

/// Handles that one instance may hold at a time. Each costs the host a little beyond what it stands
/// for, and that little is in no other limit.
const MAX_HANDLES: usize = 4096;

/// Everything that one instance can reach through its imports.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) budget: Budget,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) models: Arc<Snapshot>,
    pub(crate) started: Instant,
    pub(crate) deadline: Instant,
    pub(crate) messages: u32,
    pub(crate) wasi: Option<WasiCtx>,
    guest_memory: u64,
}

impl State {
    pub(crate) fn new(configuration: Arc<Configuration>, models: Arc<Snapshot>) -> Self {
        let started = Instant::now();
        let limits = &configuration.limits;
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        Self {
            table,
            budget: Budget::new(limits.host_memory, configuration.usage.clone()),
            started,
            deadline: started + limits.time,
            guest_memory: 0,
            models,
            configuration,
            messages: 0,
            wasi: None,
        }
    }

    /// An error once the time for this item is over; asked before anything that takes long.
    pub(crate) fn check_deadline(&self) -> Result<(), Error> {
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(self.timed_out())
    }

    pub(crate) fn timed_out(&self) -> Error {
        Error::new(
            ErrorKind::TimedOut,
            format!(
                "it took longer than the {:?} that the stage's `time` limit allows for an item",
                self.configuration.limits.time
            ),
        )
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // A component may have several memories: what counts is their sum.
        let growth = desired.saturating_sub(current) as u64;
        let memory = self.guest_memory.saturating_add(growth);
        let limit = self.configuration.limits.guest_memory;
        if memory > limit {
            return Err(wasmtime::Error::from(Error::new(
                ErrorKind::OutOfMemory,
                format!(
                    "it asked for {memory} bytes of memory, more than its `guest-memory` limit of {limit} bytes"
                ),
            )));
        }
        self.guest_memory = memory;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= crate::engine::MAX_TABLE_ELEMENTS)
    }
}
