use crate::bindings::StagePre;
use crate::component::Component;
use crate::error::{Error, ErrorKind};
use crate::host;
use crate::inspect::Inspection;
use crate::kept::Kept;
use crate::state::State;
use footlight_nn::sha256_hex;
use footlight_sealed::Sealed;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How often running stages are asked whether their time is over.
pub(crate) const TICK: Duration = Duration::from_millis(5);
/// Entries of an instance's function tables; wit-bindgen's own need a few hundred.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 20_000;
/// Instances at work at the same time, of all stages together.
const MAX_INSTANCES: u32 = 256;
/// Bytes of an instance's memory and of its tables that stay with the process when it ends, cleared, for
/// the next one. Giving pages back and faulting them in again for every item interrupts every other core
/// each time. Where the system can say which pages were written (Linux 6.7), only those are cleared.
const MEMORY_KEPT: usize = 1 << 20;
const TABLES_KEPT: usize = 256 << 10;

/// The engine that all stages of a host share, and what they can be linked to.
pub struct Sandbox {
    engine: Engine,
    bare: Linker<State>,
    wasi: Linker<State>,
    kept: Option<Kept>,
    // Dropping it ends the thread that counts time.
    _clock: mpsc::Sender<()>,
}

impl Sandbox {
    /// Makes the engine.
    ///
    /// # Errors
    /// Where the machine does not give it the address space for its pool, or no thread.
    pub fn new() -> Result<Self, Error> {
        let failed = |error: wasmtime::Error| {
            Error::new(
                ErrorKind::Host,
                format!("the WebAssembly engine could not be made: {error:#}"),
            )
        };
        let engine = Engine::new(&config()).map_err(failed)?;
        let mut bare = Linker::new(&engine);
        host::add_to_linker(&mut bare).map_err(failed)?;
        let mut wasi = Linker::new(&engine);
        host::add_to_linker(&mut wasi).map_err(failed)?;
        host::add_wasi_to_linker(&mut wasi).map_err(failed)?;
        let clock = start_clock(&engine)
            .map_err(|error| Error::new(ErrorKind::Host, format!("no thread: {error}")))?;
        Ok(Self {
            engine,
            bare,
            wasi,
            kept: None,
            _clock: clock,
        })
    }

    /// Keeps the code of components in a folder, where the next start finds it.
    pub fn keeping(self, compiled: Arc<Sealed>) -> Self {
        Self {
            kept: Some(Kept::new(compiled, &self.engine)),
            ..self
        }
    }

    /// Compiles a component, or finds its code where that is kept, and checks that it is a stage.
    ///
    /// # Errors
    /// [`ErrorKind::NotAStage`] for bytes that are not a component, that import something no stage may
    /// have, or that do not export `footlight:stage/processing`.
    pub fn compile(&self, bytes: &[u8]) -> Result<Component, Error> {
        let refused = |message: String| Error::new(ErrorKind::NotAStage, message);
        let digest = sha256_hex(bytes);
        let kept = self.kept.as_ref();
        let found = kept.and_then(|kept| kept.get(&self.engine, &digest));
        let new = found.is_none();
        let component = found.map_or_else(|| self.parse(bytes), Ok)?;
        let ty = component.component_type();
        let imports = ty.imports(&self.engine).map(|(name, _)| name);
        let exports = ty.exports(&self.engine).map(|(name, _)| name);
        let inspection = Inspection::new(digest, bytes.len() as u64, imports, exports);
        if let Some(why) = &inspection.misfit {
            return Err(refused(why.clone()));
        }
        let digest = &inspection.digest;
        match kept {
            Some(kept) if new => kept.put(digest, &component),
            Some(_) => tracing::debug!(component = digest, "compiled at an earlier start"),
            None => {}
        }
        let linker = if inspection.wants_wasi() {
            &self.wasi
        } else {
            &self.bare
        };
        let pre = linker
            .instantiate_pre(&component)
            .and_then(StagePre::new)
            .map_err(|error| refused(format!("the component does not fit this host: {error:#}")))?;
        Ok(Component::new(pre, inspection))
    }

    /// Compiles what is a component, whether or not it is a stage.
    fn parse(&self, bytes: &[u8]) -> Result<wasmtime::component::Component, Error> {
        let refused = |message: String| Error::new(ErrorKind::NotAStage, message);
        if !bytes.starts_with(b"\0asm") {
            return Err(refused("the file is not WebAssembly".into()));
        }
        wasmtime::component::Component::new(&self.engine, bytes).map_err(|error| {
            refused(match bytes.get(4..8) {
                Some(b"\x01\0\0\0") => "the file is a core WebAssembly module, not a component: \
                     make one of it with `wasm-tools component new`"
                    .to_owned(),
                _ => format!("the component is not valid: {error:#}"),
            })
        })
    }
}

fn config() -> Config {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(MAX_INSTANCES)
        .total_core_instances(MAX_INSTANCES * 4)
        .total_memories(MAX_INSTANCES * 2)
        .total_tables(MAX_INSTANCES * 4)
        .max_core_instances_per_component(32)
        .max_memories_per_component(8)
        .max_tables_per_component(16)
        .table_elements(MAX_TABLE_ELEMENTS)
        .linear_memory_keep_resident(MEMORY_KEPT)
        .table_keep_resident(TABLES_KEPT)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Advances the engine's epoch every [`TICK`] until the sender is dropped.
fn start_clock(engine: &Engine) -> std::io::Result<mpsc::Sender<()>> {
    let (sender, receiver) = mpsc::channel::<()>();
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("footlight-clock".into())
        .spawn(move || {
            while receiver.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Timeout) {
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        })?;
    Ok(sender)
}
