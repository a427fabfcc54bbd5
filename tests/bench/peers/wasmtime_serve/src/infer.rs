//! RetinaFace, which `wasmtime serve` gives by wasi-nn.

use std::cell::RefCell;

use footlight_stage::bindings::wasi::nn::errors::Error;
use footlight_stage::bindings::wasi::nn::graph;
use footlight_stage::bindings::wasi::nn::inference::GraphExecutionContext;
use footlight_stage::{Floats, Tensor};

/// The name of the folder that the model is in.
const MODEL: &str = "retinaface";

thread_local! {
    /// For an instance that is asked again, where the server reuses them.
    static CONTEXT: RefCell<Option<GraphExecutionContext>> = const { RefCell::new(None) };
}

/// What the model gave.
pub struct Given {
    pub loc: Floats,
    pub conf: Floats,
    pub landmarks: Floats,
}

/// Loads the model.
pub fn prepare() -> Result<(), String> {
    with_context(|_| Ok(()))
}

/// Runs the model.
pub fn run(pixels: Tensor) -> Result<Given, String> {
    let outputs = with_context(|context| {
        context
            .compute(vec![("input".to_owned(), pixels)])
            .map_err(said)
    })?;
    // wasmtime names OpenVINO's outputs by their place in the model.
    let output = |place: &str| {
        let found = outputs.iter().find(|(name, _)| name == place);
        let (_, tensor) = found.ok_or_else(|| format!("the model has no output {place}"))?;
        tensor
            .floats()
            .map_err(|failure| failure.message().to_owned())
    };
    Ok(Given {
        loc: output("0")?,
        conf: output("1")?,
        landmarks: output("2")?,
    })
}

fn with_context<T>(
    work: impl FnOnce(&GraphExecutionContext) -> Result<T, String>,
) -> Result<T, String> {
    CONTEXT.with_borrow_mut(|kept| {
        let context = match kept.take() {
            Some(context) => context,
            None => graph::load_by_name(MODEL)
                .and_then(|graph| graph.init_execution_context())
                .map_err(said)?,
        };
        work(kept.insert(context))
    })
}

fn said(error: Error) -> String {
    format!("{:?}: {}", error.code(), error.data())
}
