//! The feature model at lower precision, against itself as it was published. What that costs in errors is on
//! the card of each, and `footlight evaluate` measures it.

use std::sync::Arc;

use anyhow::{Context, Result};
use footlight_nn::{Card, DeviceSpec, Folders, Graph, Runtimes, Tensor, cache_dir};

use crate::measure::{in_turns, milliseconds, time};
use crate::places::Places;
use crate::row::Row;

const SECTION: &str = "variants";
const ROUNDS: usize = 300;

/// Measures.
pub fn run(places: &Places) -> Result<Vec<Row>> {
    let name = "a feature with 8-bit integers, against floats";
    let runtimes = Runtimes::new(Folders::default());
    let integers = match open(places, &runtimes, "fr-feature-int8") {
        Ok(graph) => graph,
        Err(error) => {
            let why = format!("could not be run: {error:#}");
            return Ok(vec![Row::failed(SECTION, name, why)]);
        }
    };
    let floats = open(places, &runtimes, "fr-feature")?;
    let spreads = in_turns(ROUNDS, |_| infer(&integers), |_| infer(&floats))?;
    let note = "on a processor without instructions for integers of 8 bits, less is won; error rates are on both cards";
    Ok(vec![Row::both(SECTION, name, "ms", spreads).noted(note)])
}

fn open(places: &Places, runtimes: &Runtimes, name: &str) -> Result<Arc<dyn Graph>> {
    let card = Card::read(&places.workspace.join(format!("models/{name}.toml")))?;
    let model = card.load(&cache_dir())?;
    let compiled = runtimes.compile(&model, &DeviceSpec::CPU, &[]);
    Ok(compiled.with_context(|| name.to_owned())?.graph)
}

/// The time of an inference on one face, in milliseconds. What a face looks like makes no difference to it.
fn infer(graph: &Arc<dyn Graph>) -> Result<f64> {
    let shape = vec![1, 3, 112, 112];
    let face = Tensor::from_f32(shape, &[0.25; 3 * 112 * 112])?;
    let (took, _) = time(|| Ok(graph.infer(vec![("input".to_owned(), face)], None)?))?;
    Ok(milliseconds(took))
}
