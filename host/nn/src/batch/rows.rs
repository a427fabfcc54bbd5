//! Tensors put together along their first sides, and taken apart again.

use super::line::Form;
use crate::tensor::byte_size;
use crate::{Buffer, Error, Graph, Tensor};

/// The number of rows that all of the inputs have, and their form; none where they differ, so that they
/// can go with nobody.
pub(super) fn describe(inputs: &[Tensor]) -> Option<(u32, Form)> {
    let mut form = Vec::with_capacity(inputs.len());
    let mut common = None;
    for tensor in inputs {
        let (rows, rest) = tensor.shape.split_first()?;
        if common.is_some_and(|common| common != *rows) {
            return None;
        }
        common = Some(*rows);
        form.push(rest.to_vec());
    }
    common.map(|rows| (rows, form))
}

/// The inputs of all callers, one after the other, in the library's memory where it has some. Each
/// caller has as many inputs as the graph, and all are of one form.
pub(super) fn join(graph: &dyn Graph, callers: &[&[Tensor]]) -> Result<Vec<Tensor>, Error> {
    let columns = (0..graph.inputs().len()).map(|index| {
        let column = callers.iter().filter_map(|inputs| inputs.get(index));
        column.collect::<Vec<&Tensor>>()
    });
    columns.map(|column| stack(graph, &column)).collect()
}

fn stack(graph: &dyn Graph, tensors: &[&Tensor]) -> Result<Tensor, Error> {
    let nothing = || Error::invalid("there are no rows to put together");
    let first = tensors.first().ok_or_else(nothing)?;
    let rows = tensors
        .iter()
        .filter_map(|tensor| tensor.shape.first())
        .sum();
    let rest = first.shape.iter().skip(1).copied();
    let shape: Vec<u32> = std::iter::once(rows).chain(rest).collect();
    let parts: Vec<&[u8]> = tensors.iter().map(|tensor| &*tensor.data).collect();
    let data = match graph.memory(first.element, &shape) {
        Some(memory) => fill(memory, &parts)?,
        None => parts.concat().into(),
    };
    Tensor::new(shape, first.element, data)
}

fn fill(mut memory: Buffer, parts: &[&[u8]]) -> Result<Buffer, Error> {
    let mut rest: &mut [u8] = &mut memory;
    for part in parts {
        let (place, after) = rest
            .split_at_mut_checked(part.len())
            .ok_or_else(|| Error::runtime("the library gave out less memory than was asked for"))?;
        place.copy_from_slice(part);
        rest = after;
    }
    Ok(memory)
}

/// The outputs for each caller, of whom is said how many rows they brought.
pub(super) fn part(
    outputs: &[(String, Tensor)],
    callers: &[u32],
) -> Result<Vec<Vec<(String, Tensor)>>, Error> {
    let total: u32 = callers.iter().sum();
    let mut parts: Vec<Vec<(String, Tensor)>> = callers.iter().map(|_| Vec::new()).collect();
    for (name, tensor) in outputs {
        let apart = || {
            Error::unsupported(format!(
                "the output `{name}` came out as {tensor:?} for {total} rows, and cannot be taken apart"
            ))
        };
        let (rows, rest) = tensor.shape.split_first().ok_or_else(apart)?;
        if *rows != total {
            return Err(apart());
        }
        let mut data: &[u8] = &tensor.data;
        for (rows, part) in callers.iter().zip(&mut parts) {
            let shape: Vec<u32> = std::iter::once(*rows).chain(rest.iter().copied()).collect();
            let size = byte_size(&shape, tensor.element)?;
            let (own, after) = data.split_at_checked(size).ok_or_else(apart)?;
            data = after;
            part.push((
                name.clone(),
                Tensor::new(shape, tensor.element, own.to_vec())?,
            ));
        }
    }
    Ok(parts)
}
