//! What a compiled model says of its inputs and outputs.

use std::collections::HashSet;

use openvino::{CompiledModel, InferenceError, Node};

use super::convert;
use crate::{Error, TensorInfo};

/// The inputs, with the names that the model's file has for them.
pub(super) fn inputs(
    compiled: &CompiledModel,
    names: Vec<String>,
) -> Result<Vec<TensorInfo>, Error> {
    let ports = collect(compiled.get_input_size(), |index| {
        compiled.get_input_by_index(index)
    })?;
    let names = fit(names, &ports, |name| {
        compiled.get_input_by_name(name).is_ok()
    });
    describe("input", names, &ports)
}

/// The outputs, with the names that the model's file has for them.
pub(super) fn outputs(
    compiled: &CompiledModel,
    names: Vec<String>,
) -> Result<Vec<TensorInfo>, Error> {
    let ports = collect(compiled.get_output_size(), |index| {
        compiled.get_output_by_index(index)
    })?;
    let names = fit(names, &ports, |name| {
        compiled.get_output_by_name(name).is_ok()
    });
    describe("output", names, &ports)
}

fn collect(
    count: Result<usize, InferenceError>,
    port: impl Fn(usize) -> Result<Node, InferenceError>,
) -> Result<Vec<Node>, Error> {
    let count = count.map_err(|error| convert::runtime(&error))?;
    (0..count)
        .map(|index| port(index).map_err(|error| convert::runtime(&error)))
        .collect()
}

/// One name for each port. An input that nothing uses is in the file, and OpenVINO has dropped it.
fn fit(mut names: Vec<String>, ports: &[Node], known: impl Fn(&str) -> bool) -> Vec<String> {
    if names.len() != ports.len() {
        // The bindings panic at a NUL byte.
        names.retain(|name| !name.contains('\0') && known(name));
    }
    if names.len() != ports.len() {
        let name = |port: &Node| port.get_name().unwrap_or_default();
        names = ports.iter().map(name).collect();
    }
    names
}

fn describe(what: &str, names: Vec<String>, ports: &[Node]) -> Result<Vec<TensorInfo>, Error> {
    let mut seen = HashSet::new();
    names
        .into_iter()
        .zip(ports)
        .enumerate()
        .map(|(index, (mut name, port))| {
            if name.is_empty() || seen.contains(&name) {
                name = format!("{what}-{index}");
            }
            seen.insert(name.clone());
            let context = format!("the {what} `{name}` of the model");
            describe_port(name, port).map_err(|error| error.context(context))
        })
        .collect()
}

fn describe_port(name: String, port: &Node) -> Result<TensorInfo, Error> {
    let element = port
        .get_element_type()
        .map_err(|error| convert::runtime(&error))?;
    let element = convert::element(element).ok_or_else(|| {
        Error::unsupported(format!(
            "its type is {}, which wasi-nn does not have; convert it inside of the model",
            element.to_string().to_lowercase()
        ))
    })?;
    let shape = port
        .get_partial_shape()
        .map_err(|error| convert::runtime(&error))?;
    let shape = convert::sides(&shape).ok_or_else(|| {
        Error::unsupported("its number of dimensions is not known; give it a shape in the model")
    })?;
    Ok(TensorInfo {
        name,
        element,
        shape,
    })
}
