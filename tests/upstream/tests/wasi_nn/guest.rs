//! A component behind wasmtime-wasi-nn's own host functions.

use wasmtime::component::{Component, ComponentNamedList, Instance, Linker, Lower, ResourceTable};
use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi_nn::wit::{WasiNnCtx, WasiNnView, add_to_linker};
use wasmtime_wasi_nn::{Backend, InMemoryRegistry, Registry};

/// wasi-nn's numbers of encodings, targets and types, in the order of its WIT.
pub const OPENVINO: u32 = 0;
pub const ONNX: u32 = 1;
pub const CPU: u32 = 0;
pub const TPU: u32 = 2;
pub const FP32: u32 = 1;
pub const I64: u32 = 6;
/// What a step answers at errors: one more than wasi-nn's number of the code.
pub const INVALID_ENCODING: u32 = 2;
pub const RUNTIME_ERROR: u32 = 4;

/// The most that the guest's own memory may grow to, in bytes.
pub const MEMORY: usize = 16 << 20;

pub struct Guest {
    pub store: Store<Host>,
    instance: Instance,
}

pub struct Host {
    table: ResourceTable,
    nn: WasiNnCtx,
    limits: StoreLimits,
}

impl Guest {
    /// An instance with all of wasmtime-wasi-nn's backends, as `wasmtime` has them, and no preloaded model.
    pub fn new() -> Self {
        Self::with(wasmtime_wasi_nn::backend::list())
    }

    /// An instance with these backends.
    pub fn with(backends: Vec<Backend>) -> Self {
        let engine = Engine::default();
        let bytes = wat::parse_str(include_str!("guest.wat")).unwrap();
        let component = Component::new(&engine, bytes).unwrap();
        let mut linker = Linker::new(&engine);
        add_to_linker(&mut linker, |host: &mut Host| {
            WasiNnView::new(&mut host.table, &mut host.nn)
        })
        .unwrap();
        let mut store = Store::new(
            &engine,
            Host {
                table: ResourceTable::new(),
                nn: WasiNnCtx::new(backends, Registry::from(InMemoryRegistry::new())),
                limits: StoreLimitsBuilder::new().memory_size(MEMORY).build(),
            },
        );
        store.limiter(|host| &mut host.limits);
        let instance = linker.instantiate(&mut store, &component).unwrap();
        Self { store, instance }
    }

    /// `graph.load`, then `init-execution-context`.
    pub fn load(&mut self, models: &[Vec<u8>], encoding: u32, target: u32) -> u32 {
        self.call("load", (models, encoding, target))
    }

    /// The constructor of a tensor, which the next `compute` takes.
    pub fn give(&mut self, sides: &[u32], ty: u32, data: &[u8]) {
        self.call("give", (sides, ty, data));
    }

    /// `compute`, with the tensor under this name.
    pub fn compute(&mut self, name: &str) -> u32 {
        self.call("compute", (name,))
    }

    /// The same as a future.
    pub async fn compute_async(&mut self, name: &str) -> u32 {
        let step = self
            .instance
            .get_typed_func::<(&str,), (u32,)>(&mut self.store, "compute")
            .unwrap();
        step.call_async(&mut self.store, (name,)).await.unwrap().0
    }

    /// `tensor.data` of the output: how many bytes there are.
    pub fn read(&mut self) -> u32 {
        self.call("read", ())
    }

    #[track_caller]
    fn call<P: ComponentNamedList + Lower>(&mut self, step: &str, given: P) -> u32 {
        let step = self
            .instance
            .get_typed_func::<P, (u32,)>(&mut self.store, step)
            .unwrap();
        step.call(&mut self.store, given).unwrap().0
    }
}
