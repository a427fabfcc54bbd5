//! Lets a model that takes one row at a time take any number.

use super::reshape::Reshapes;
use super::wire::{Field, Fields, put};
use super::{
    GRAPH_INPUT, GRAPH_OUTPUT, MODEL_GRAPH, Names, VALUE_INFO_NAME, broken, fixed, read, text,
};
use crate::Error;

// Field numbers of onnx.proto3.
pub(super) const GRAPH_NODE: u64 = 1;
const GRAPH_VALUE_INFO: u64 = 13;
/// From a value to the shape of a tensor: its type, which is that of a tensor, and its shape.
const TO_SHAPE: [u64; 3] = [2, 1, 2];
const SHAPE_SIDE: u64 = 1;
const SIDE_VALUE: u64 = 1;
const SIDE_NAME: u64 = 2;

/// Rewrites an ONNX file whose inputs and outputs have a first side of 1, so that this side may be of
/// any size: that many rows are then computed at once. A file in which none is 1 is returned as it is.
///
/// The sides get the name `batch`, and where the model gives a tensor a constant shape that begins with
/// 1, it begins with what the tensor has. Shapes that the file states for tensors inside are left out,
/// as they are those for one row; libraries find them by themselves. All else stays as it was, byte for
/// byte.
///
/// Whether the rows are the same as when each is alone is not known by this: [`verify_batch`] tells,
/// by computing.
///
/// [`verify_batch`]: crate::verify_batch
///
/// # Errors
///
/// `InvalidModel` where the bytes are not an ONNX file; `Unsupported` where parts of the model are in
/// other files, or its batch is fixed in a way that cannot be changed, with what fixes it.
pub fn free_batch(model: &[u8]) -> Result<Vec<u8>, Error> {
    let names = read(model)?;
    let graphs: Vec<&[u8]> = Fields(model)
        .flatten()
        .filter(|field| field.number == MODEL_GRAPH)
        .map(|field| field.content)
        .collect();
    let [graph] = graphs[..] else {
        return Err(broken());
    };
    if !one_row(graph, &names)? {
        return Ok(model.to_vec());
    }
    let graph = free_graph(graph, &names)?;
    let mut freed = Vec::with_capacity(model.len());
    for field in Fields(model).flatten() {
        match field.number {
            MODEL_GRAPH => put(&mut freed, MODEL_GRAPH, &graph),
            _ => freed.extend_from_slice(field.whole),
        }
    }
    Ok(freed)
}

/// Whether any input or output has one row. It is an error where one has another number of them.
fn one_row(graph: &[u8], names: &Names) -> Result<bool, Error> {
    let mut found = false;
    for field in Fields(graph) {
        let Field {
            number, content, ..
        } = field.ok_or_else(broken)?;
        let what = match number {
            GRAPH_INPUT => "input",
            GRAPH_OUTPUT => "output",
            _ => continue,
        };
        let name = text(content, VALUE_INFO_NAME).ok_or_else(broken)?;
        if number == GRAPH_INPUT && !names.inputs.contains(&name) {
            continue;
        }
        let by = |how: &str| Err(fixed(format_args!("its {what} `{name}`, {how}")));
        match rows(content)? {
            Rows::Fixed(1) => found = true,
            Rows::Free => {}
            Rows::Fixed(side) => return by(&format!("whose first side is {side}")),
            Rows::Single => return by("which is a single number"),
            // What comes out is found by the library; what goes in is not.
            Rows::Unknown if number == GRAPH_OUTPUT => {}
            Rows::Unknown => return by("whose shape is not told"),
        }
    }
    Ok(found)
}

/// What is said of a tensor's first side.
enum Rows {
    Free,
    Fixed(i64),
    /// It has no sides.
    Single,
    Unknown,
}

fn rows(value: &[u8]) -> Result<Rows, Error> {
    let mut shape = value;
    for step in TO_SHAPE {
        match last(shape, step)? {
            Some(found) => shape = found.content,
            None => return Ok(Rows::Unknown),
        }
    }
    let Some(side) = first(shape, SHAPE_SIDE)? else {
        return Ok(Rows::Single);
    };
    // A side of 0 or less is how some exporters write that it may be any.
    Ok(match last(side.content, SIDE_VALUE)? {
        Some(value) if value.integer.cast_signed() > 0 => Rows::Fixed(value.integer.cast_signed()),
        _ => Rows::Free,
    })
}

fn first(message: &[u8], number: u64) -> Result<Option<Field<'_>>, Error> {
    Fields(message)
        .map(|field| field.ok_or_else(broken))
        .find(|field| !field.as_ref().is_ok_and(|field| field.number != number))
        .transpose()
}

fn last(message: &[u8], number: u64) -> Result<Option<Field<'_>>, Error> {
    let mut found = None;
    for field in Fields(message) {
        let field = field.ok_or_else(broken)?;
        if field.number == number {
            found = Some(field);
        }
    }
    Ok(found)
}

fn free_graph(graph: &[u8], names: &Names) -> Result<Vec<u8>, Error> {
    let mut reshapes = Reshapes::new(graph, names)?;
    let mut freed = Vec::with_capacity(graph.len());
    for field in Fields(graph) {
        let field = field.ok_or_else(broken)?;
        match field.number {
            GRAPH_NODE => match reshapes.free(field.content)? {
                Some(nodes) => nodes
                    .iter()
                    .for_each(|node| put(&mut freed, GRAPH_NODE, node)),
                None => freed.extend_from_slice(field.whole),
            },
            GRAPH_INPUT | GRAPH_OUTPUT => {
                let name = text(field.content, VALUE_INFO_NAME).ok_or_else(broken)?;
                match field.number == GRAPH_OUTPUT || names.inputs.contains(&name) {
                    true => put(&mut freed, field.number, &free_value(field.content)?),
                    // A constant that is listed among the inputs.
                    false => freed.extend_from_slice(field.whole),
                }
            }
            GRAPH_VALUE_INFO => {}
            _ => freed.extend_from_slice(field.whole),
        }
    }
    Ok(freed)
}

fn free_value(value: &[u8]) -> Result<Vec<u8>, Error> {
    match rows(value)? {
        Rows::Fixed(1) => free_at(value, &TO_SHAPE),
        _ => Ok(value.to_vec()),
    }
}

/// The message, with the shape that lies at the end of a path of fields freed.
fn free_at(message: &[u8], path: &[u64]) -> Result<Vec<u8>, Error> {
    let Some((step, rest)) = path.split_first() else {
        return free_shape(message);
    };
    let mut freed = Vec::with_capacity(message.len());
    for field in Fields(message) {
        let field = field.ok_or_else(broken)?;
        match field.number == *step {
            true => put(&mut freed, *step, &free_at(field.content, rest)?),
            false => freed.extend_from_slice(field.whole),
        }
    }
    Ok(freed)
}

fn free_shape(shape: &[u8]) -> Result<Vec<u8>, Error> {
    let mut freed = Vec::new();
    let mut done = false;
    for field in Fields(shape) {
        let field = field.ok_or_else(broken)?;
        match field.number == SHAPE_SIDE && !done {
            true => {
                put(&mut freed, SHAPE_SIDE, &free_side(field.content)?);
                done = true;
            }
            false => freed.extend_from_slice(field.whole),
        }
    }
    Ok(freed)
}

fn free_side(side: &[u8]) -> Result<Vec<u8>, Error> {
    let mut freed = Vec::new();
    for field in Fields(side) {
        let field = field.ok_or_else(broken)?;
        if field.number != SIDE_VALUE && field.number != SIDE_NAME {
            freed.extend_from_slice(field.whole);
        }
    }
    put(&mut freed, SIDE_NAME, b"batch");
    Ok(freed)
}
