//! Operations that give a tensor a constant shape of one row.

use std::collections::{HashMap, HashSet};

use super::batch::GRAPH_NODE;
use super::wire::{Fields, integers, put, put_integer};
use super::{GRAPH_INITIALIZER, Names, TENSOR_NAME, broken, fixed, text};
use crate::Error;

// Field numbers of onnx.proto3.
const NODE_INPUT: u64 = 1;
const NODE_OUTPUT: u64 = 2;
const NODE_OPERATION: u64 = 4;
const NODE_ATTRIBUTE: u64 = 5;
const NODE_DOMAIN: u64 = 7;
const ATTRIBUTE_NAME: u64 = 1;
const ATTRIBUTE_TENSOR: u64 = 5;
const ATTRIBUTE_INTEGERS: u64 = 8;
const ATTRIBUTE_TYPE: u64 = 20;
const TENSOR_DIMS: u64 = 1;
const TENSOR_TYPE: u64 = 2;
const TENSOR_INT64: u64 = 7;
const TENSOR_RAW: u64 = 9;
/// ONNX's number of `i64` among the types of elements, and of a tensor among those of attributes.
const I64: i64 = 7;
const TYPE_TENSOR: i64 = 4;

/// Frees the Reshapes of a graph, whose nodes it is given in their order.
pub(super) struct Reshapes {
    /// Constants that may be shapes, by name.
    constants: HashMap<String, Vec<i64>>,
    /// The tensors that are computed from the inputs, row by row as far as is known.
    rows: HashSet<String>,
    /// Every name that a tensor has.
    taken: HashSet<String>,
}

struct Node {
    inputs: Vec<String>,
    outputs: Vec<String>,
    operation: String,
}

impl Reshapes {
    pub(super) fn new(graph: &[u8], names: &Names) -> Result<Reshapes, Error> {
        let mut reshapes = Reshapes {
            constants: HashMap::new(),
            rows: names.inputs.iter().cloned().collect(),
            taken: names.inputs.iter().cloned().collect(),
        };
        for field in Fields(graph) {
            let field = field.ok_or_else(broken)?;
            match field.number {
                GRAPH_INITIALIZER => {
                    let name = text(field.content, TENSOR_NAME).ok_or_else(broken)?;
                    reshapes.taken.insert(name.clone());
                    if let Some(shape) = shape(field.content) {
                        reshapes.constants.insert(name, shape);
                    }
                }
                GRAPH_NODE => reshapes.taken.extend(Node::read(field.content)?.outputs),
                _ => {}
            }
        }
        Ok(reshapes)
    }

    /// The nodes that stand in for this one; none where it stays as it is. The constant may be another
    /// node's as well, so that it is left alone, and there is a new one.
    pub(super) fn free(&mut self, bytes: &[u8]) -> Result<Option<[Vec<u8>; 2]>, Error> {
        let node = Node::read(bytes)?;
        self.follow(&node, bytes)?;
        let [data, target @ ..] = &node.inputs[..] else {
            return Ok(None);
        };
        if node.operation != "Reshape" || !self.rows.contains(data) {
            return Ok(None);
        }
        let output = node.outputs.first().map_or("", String::as_str);
        let Some(target) = target.first() else {
            return Err(fixed(format_args!(
                "the Reshape that makes `{output}`, whose shape is an attribute, as it was before \
                 version 5 of ONNX's operations"
            )));
        };
        let Some([1, rest @ ..]) = self.constants.get(target).map(Vec::as_slice) else {
            return Ok(None);
        };
        // What is left over goes to the rows; where something else is to be found that way, the rows
        // are as many as there were.
        let copied = rest.contains(&-1);
        let shape: Vec<i64> = std::iter::once(if copied { 0 } else { -1 })
            .chain(rest.iter().copied())
            .collect();
        let mut name = format!("{output}/shape");
        while !self.taken.insert(name.clone()) {
            name.push('\'');
        }
        Ok(Some([
            constant(&name, &shape),
            retarget(bytes, &name, copied)?,
        ]))
    }

    /// Notes what the outputs of a node are.
    fn follow(&mut self, node: &Node, bytes: &[u8]) -> Result<(), Error> {
        let constant = match node.operation.as_str() {
            "Constant" => constant_shape(bytes)?,
            "Identity" => node
                .inputs
                .first()
                .and_then(|input| self.constants.get(input))
                .cloned(),
            _ => None,
        };
        if let (Some(shape), Some(output)) = (constant, node.outputs.first()) {
            self.constants.insert(output.clone(), shape);
        }
        let measures = matches!(node.operation.as_str(), "Shape" | "Size");
        if !measures && node.inputs.iter().any(|input| self.rows.contains(input)) {
            self.rows.extend(node.outputs.iter().cloned());
        }
        Ok(())
    }
}

impl Node {
    fn read(bytes: &[u8]) -> Result<Node, Error> {
        let mut node = Node {
            inputs: Vec::new(),
            outputs: Vec::new(),
            operation: text(bytes, NODE_OPERATION).ok_or_else(broken)?,
        };
        let domain = text(bytes, NODE_DOMAIN).ok_or_else(broken)?;
        if !domain.is_empty() && domain != "ai.onnx" {
            // Somebody else's operation, whatever it is called.
            node.operation.insert_str(0, &format!("{domain}."));
        }
        for field in Fields(bytes) {
            let field = field.ok_or_else(broken)?;
            let names = match field.number {
                NODE_INPUT => &mut node.inputs,
                NODE_OUTPUT => &mut node.outputs,
                _ => continue,
            };
            names.push(String::from_utf8(field.content.to_vec()).map_err(|_| broken())?);
        }
        Ok(node)
    }
}

/// The numbers of a tensor, where they may be a shape.
fn shape(tensor: &[u8]) -> Option<Vec<i64>> {
    let dims = integers(tensor, TENSOR_DIMS)?;
    if dims.len() != 1 || integers(tensor, TENSOR_TYPE)?.last() != Some(&I64) {
        return None;
    }
    let mut shape = integers(tensor, TENSOR_INT64)?;
    for field in Fields(tensor) {
        let field = field?;
        if field.number == TENSOR_RAW {
            let (numbers, _) = field.content.as_chunks::<8>();
            shape = numbers
                .iter()
                .map(|bytes| i64::from_le_bytes(*bytes))
                .collect();
        }
    }
    Some(shape)
}

/// The numbers that a Constant gives, where they may be a shape.
fn constant_shape(node: &[u8]) -> Result<Option<Vec<i64>>, Error> {
    for field in Fields(node) {
        let field = field.ok_or_else(broken)?;
        if field.number != NODE_ATTRIBUTE {
            continue;
        }
        match text(field.content, ATTRIBUTE_NAME)
            .ok_or_else(broken)?
            .as_str()
        {
            "value" => {
                let tensor = Fields(field.content)
                    .flatten()
                    .find(|field| field.number == ATTRIBUTE_TENSOR);
                return Ok(tensor.and_then(|tensor| shape(tensor.content)));
            }
            "value_ints" => {
                return integers(field.content, ATTRIBUTE_INTEGERS)
                    .ok_or_else(broken)
                    .map(Some);
            }
            _ => {}
        }
    }
    Ok(None)
}

/// A node that gives a constant shape. Not an initializer: up to version 3 of the format, those had to
/// be listed among the inputs.
fn constant(name: &str, shape: &[i64]) -> Vec<u8> {
    let numbers: Vec<u8> = shape
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let mut tensor = Vec::new();
    put_integer(&mut tensor, TENSOR_DIMS, shape.len() as i64);
    put_integer(&mut tensor, TENSOR_TYPE, I64);
    put(&mut tensor, TENSOR_RAW, &numbers);
    let mut value = Vec::new();
    put(&mut value, ATTRIBUTE_NAME, b"value");
    put(&mut value, ATTRIBUTE_TENSOR, &tensor);
    put_integer(&mut value, ATTRIBUTE_TYPE, TYPE_TENSOR);
    let mut node = Vec::new();
    put(&mut node, NODE_OUTPUT, name.as_bytes());
    put(&mut node, NODE_OPERATION, b"Constant");
    put(&mut node, NODE_ATTRIBUTE, &value);
    node
}

/// A Reshape with another target. Where a 0 in it is to copy a side, it loses the attribute by which a 0
/// would mean none: such a target has a -1, and may then not have had a 0.
fn retarget(node: &[u8], target: &str, copied: bool) -> Result<Vec<u8>, Error> {
    let mut changed = Vec::with_capacity(node.len() + target.len());
    let mut inputs = 0;
    for field in Fields(node) {
        let field = field.ok_or_else(broken)?;
        match field.number {
            NODE_INPUT => {
                inputs += 1;
                match inputs {
                    2 => put(&mut changed, NODE_INPUT, target.as_bytes()),
                    _ => changed.extend_from_slice(field.whole),
                }
            }
            NODE_ATTRIBUTE
                if copied
                    && text(field.content, ATTRIBUTE_NAME).ok_or_else(broken)? == "allowzero" => {}
            _ => changed.extend_from_slice(field.whole),
        }
    }
    Ok(changed)
}
