//! Looks into an ONNX file before a native library does.
//!
//! For the names of inputs and outputs: the C interface of OpenVINO tells one name of a tensor, and a
//! tensor may have several. Where a model ends in `Identity`, the one told may be that of a tensor
//! inside; the file knows which one is the output's.
//!
//! For inputs that nothing uses: some libraries drop them, others want them given. They are left out
//! of all, so that whoever gives inputs need not know which library takes them.
//!
//! And for constants that lie in other files: a library would follow their paths.
//!
//! And where a model takes one row at a time, to have it take any number ([`free_batch`]).

mod batch;
mod reshape;
mod wire;

pub use batch::free_batch;

use std::collections::HashSet;
use std::fmt;

use wire::{Field, Fields};

use crate::Error;

/// The names of a model's inputs and outputs, in its order. Inputs that nothing uses are left out.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
}

// Field numbers of onnx.proto3, version 1.
const MODEL_GRAPH: u64 = 7;
const GRAPH_INITIALIZER: u64 = 5;
const GRAPH_INPUT: u64 = 11;
const GRAPH_OUTPUT: u64 = 12;
const TENSOR_NAME: u64 = 8;
const TENSOR_EXTERNAL: u64 = 13;
const VALUE_INFO_NAME: u64 = 1;
const NODE_INPUT: u64 = 1;

/// How deep graphs may lie in the branches and loops of others.
const DEEPEST: usize = 32;

/// Reads the names.
///
/// # Errors
///
/// `InvalidModel` where the bytes are not an ONNX file, `Unsupported` where parts of the model are in
/// other files.
pub(crate) fn read(model: &[u8]) -> Result<Names, Error> {
    if external(Message::Model, model, 0).ok_or_else(broken)? {
        return Err(Error::unsupported(
            "the model keeps constants in other files, and those are not read; save it as one file",
        ));
    }
    names(model).ok_or_else(broken)
}

fn broken() -> Error {
    Error::model("the model is not an ONNX file, or only a part of one")
}

/// What a model that takes one row only is refused with, where several are wanted.
fn fixed(by: impl fmt::Display) -> Error {
    Error::unsupported(format!(
        "the model's batch is fixed by {by}, and cannot be freed; turn batching off for this model"
    ))
}

fn names(model: &[u8]) -> Option<Names> {
    let mut names = Names::default();
    let mut constants = HashSet::new();
    let mut used = HashSet::new();
    uses(Message::Model, model, &mut used)?;
    let mut graphs = 0;
    for field in Fields(model) {
        let field = field?;
        if field.number != MODEL_GRAPH {
            continue;
        }
        graphs += 1;
        for field in Fields(field.content) {
            let Field {
                number, content, ..
            } = field?;
            match number {
                GRAPH_INITIALIZER => {
                    constants.insert(text(content, TENSOR_NAME)?);
                }
                GRAPH_INPUT => names.inputs.push(text(content, VALUE_INFO_NAME)?),
                GRAPH_OUTPUT => names.outputs.push(text(content, VALUE_INFO_NAME)?),
                _ => {}
            }
        }
    }
    // Up to version 3 of the format, constants are listed among the inputs as well.
    names.inputs.retain(|name| {
        let used = used.contains(name.as_bytes()) || names.outputs.contains(name);
        used && !constants.contains(name)
    });
    (graphs > 0).then_some(names)
}

/// The text in a field. As in all of protobuf, the last one counts, and none is an empty one.
fn text(message: &[u8], number: u64) -> Option<String> {
    let mut text: &[u8] = &[];
    for field in Fields(message) {
        let field = field?;
        if field.number == number {
            text = field.content;
        }
    }
    String::from_utf8(text.to_vec()).ok()
}

/// The messages on the ways to a tensor.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Training,
    Function,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
}

impl Message {
    /// The message in a field of this one, where a tensor may be in there.
    fn child(self, number: u64) -> Option<Message> {
        match (self, number) {
            (Message::Model, MODEL_GRAPH) => Some(Message::Graph),
            (Message::Model, 20) => Some(Message::Training),
            (Message::Model, 25) => Some(Message::Function),
            (Message::Training, 1 | 2) => Some(Message::Graph),
            (Message::Function, 7) | (Message::Graph, 1) => Some(Message::Node),
            (Message::Function, 11) | (Message::Node, 5) => Some(Message::Attribute),
            (Message::Graph, GRAPH_INITIALIZER) => Some(Message::Tensor),
            (Message::Graph, 15) | (Message::Attribute, 22 | 23) => Some(Message::SparseTensor),
            (Message::Attribute, 5 | 10) | (Message::SparseTensor, 1 | 2) => Some(Message::Tensor),
            (Message::Attribute, 6 | 11) => Some(Message::Graph),
            _ => None,
        }
    }
}

/// Gathers the names that operations take, in the graphs inside of others as well; none where the
/// message cannot be read.
fn uses<'a>(message: Message, bytes: &'a [u8], used: &mut HashSet<&'a [u8]>) -> Option<()> {
    for field in Fields(bytes) {
        let Field {
            number, content, ..
        } = field?;
        match (message, number) {
            (Message::Node, NODE_INPUT) => {
                used.insert(content);
            }
            // What is in a tensor takes nothing, and may be large.
            _ => match message.child(number) {
                None | Some(Message::Tensor | Message::SparseTensor) => {}
                Some(child) => uses(child, content, used)?,
            },
        }
    }
    Some(())
}

/// Whether any tensor in a message has its numbers in another file; none where it cannot be read.
fn external(message: Message, bytes: &[u8], depth: usize) -> Option<bool> {
    // Three messages lie between a graph and one inside of it.
    if depth > 3 * DEEPEST {
        return None;
    }
    for field in Fields(bytes) {
        let Field {
            number, content, ..
        } = field?;
        if matches!((message, number), (Message::Tensor, TENSOR_EXTERNAL)) {
            return Some(true);
        }
        if let Some(child) = message.child(number)
            && external(child, content, depth + 1)?
        {
            return Some(true);
        }
    }
    Some(false)
}
