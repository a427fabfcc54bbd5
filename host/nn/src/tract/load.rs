//! From an ONNX file to a model of tract's.

use std::collections::HashSet;

use tract_onnx::model::OnnxOpRegister;
use tract_onnx::pb::GraphProto;
use tract_onnx::prelude::{DatumType, Framework, InferenceModel, InferenceModelExt};
use tract_onnx::tract_hir::infer::{Factoid, InferenceFact};
use tract_onnx::tract_hir::internal::{OutletId, TDim, ToDim};

use super::convert;
use crate::onnx::Names;
use crate::{Error, TensorInfo};

/// A model, with the sizes of its inputs still open.
pub(super) struct Loaded {
    pub model: InferenceModel,
    pub inputs: Vec<TensorInfo>,
    pub outputs: Vec<TensorInfo>,
}

/// Reads a model, and finds out whether tract can compute it.
pub(super) fn load(bytes: &[u8], names: &Names) -> Result<Loaded, Error> {
    let onnx = tract_onnx::onnx();
    let file = onnx
        .proto_model_for_read(&mut &*bytes)
        .map_err(|error| convert::model(&error).context("not a model that tract reads"))?;
    // A file that was cut off may still be one to tract, which then takes operations for those of some
    // version.
    if file.opset_import.is_empty() {
        return Err(Error::model(
            "the model does not say of which version its operations are; perhaps it is only a part of one",
        ));
    }
    if let Some(graph) = &file.graph
        && let Some(operation) = missing(graph, &onnx.op_register)
    {
        let operation: String = operation.chars().take(64).collect();
        return Err(Error::unsupported(format!(
            "the model has the operation `{operation}`, which tract does not have; ask for another \
             backend"
        )));
    }
    distinct(&names.outputs)?;
    let mut model = onnx
        .model_for_proto_model(&file)
        .map_err(|error| convert::unsupported(&error).context("tract cannot compute the model"))?;
    let used: Vec<OutletId> = model
        .input_outlets()
        .map_err(|error| convert::runtime(&error))?
        .iter()
        .copied()
        .filter(|outlet| names.inputs.contains(&model.node(outlet.node).name))
        .collect();
    model
        .set_input_outlets(&used)
        .map_err(|error| convert::runtime(&error))?;
    let inputs = used
        .iter()
        .map(|outlet| {
            let name = model.node(outlet.node).name.clone();
            let fact = model.outlet_fact(*outlet);
            let fact = fact.map_err(|error| convert::runtime(&error))?;
            let context = format!("the input `{name}` of the model");
            input(name, fact).map_err(|error| error.context(context))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let outputs = outputs(&model, &inputs, names)?;
    Ok(Loaded {
        model,
        inputs,
        outputs,
    })
}

/// The first operation that tract does not know at all, in the graphs inside of others as well.
fn missing<'a>(graph: &'a GraphProto, known: &OnnxOpRegister) -> Option<&'a str> {
    graph.node.iter().find_map(|node| {
        if !known.0.contains_key(&node.op_type) {
            return Some(node.op_type.as_str());
        }
        node.attribute
            .iter()
            .flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
            .find_map(|graph| missing(graph, known))
    })
}

/// tract finds outputs by their names, and panics where there is none.
fn distinct(names: &[String]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    match names
        .iter()
        .find(|name| name.is_empty() || !seen.insert(*name))
    {
        None => Ok(()),
        Some(name) => Err(Error::unsupported(format!(
            "the model has an output with the name `{name}`, and tract needs a name of its own for each"
        ))),
    }
}

fn input(name: String, fact: &InferenceFact) -> Result<TensorInfo, Error> {
    let datum = fact.datum_type.concretize();
    let element = datum.and_then(convert::element).ok_or_else(|| {
        Error::unsupported(format!(
            "its type is {}, which wasi-nn does not have; convert it inside of the model",
            lower(datum)
        ))
    })?;
    if fact.shape.is_open() {
        return Err(Error::unsupported(
            "its number of dimensions is not known; give it a shape in the model",
        ));
    }
    let shape = fact
        .shape
        .dims()
        .map(|side| known(&side.concretize()?))
        .collect();
    Ok(TensorInfo {
        name,
        element,
        shape,
    })
}

/// What comes out, found by following open sizes through the whole model, which also tells whether
/// tract can compute it.
fn outputs(
    model: &InferenceModel,
    inputs: &[TensorInfo],
    names: &Names,
) -> Result<Vec<TensorInfo>, Error> {
    let failed = |error| convert::unsupported(&error).context("tract cannot compute the model");
    let mut open = model.clone();
    for (index, info) in inputs.iter().enumerate() {
        let sides: Vec<TDim> = info
            .shape
            .iter()
            .map(|side| match side {
                Some(side) => i64::from(*side).to_dim(),
                None => open.symbols.new_with_prefix("side").to_dim(),
            })
            .collect();
        let datum = convert::datum(info.element).unwrap_or(DatumType::F32);
        let fact = InferenceFact::dt_shape(datum, sides);
        open.set_input_fact(index, fact).map_err(failed)?;
    }
    let typed = open.into_typed().map_err(failed)?;
    let outlets = typed.output_outlets().map_err(failed)?;
    outlets
        .iter()
        .zip(&names.outputs)
        .map(|(outlet, name)| {
            let fact = typed.outlet_fact(*outlet).map_err(failed)?;
            let element = convert::element(fact.datum_type).ok_or_else(|| {
                Error::unsupported(format!(
                    "the output `{name}` of the model: its type is {}, which wasi-nn does not have; \
                     convert it inside of the model",
                    lower(Some(fact.datum_type))
                ))
            })?;
            Ok(TensorInfo {
                name: name.clone(),
                element,
                shape: fact.shape.iter().map(known).collect(),
            })
        })
        .collect()
}

fn known(side: &TDim) -> Option<u32> {
    u32::try_from(side.to_i64().ok()?).ok()
}

fn lower(datum: Option<DatumType>) -> String {
    datum.map_or_else(
        || "not known".to_owned(),
        |datum| format!("{datum:?}").to_lowercase(),
    )
}
