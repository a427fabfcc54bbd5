//! Whether a graph computes rows in a batch as it does one by one.

use super::rows;
use super::samples::{self, numbers};
use crate::tensor::byte_size;
use crate::{ElementType, Error, Graph, Tensor, TensorInfo};

/// How many rows are compared.
const ROWS: u32 = 3;

/// Tried, one after the other, for sides that may be of any size: a model may want a multiple of some
/// power of 2, or be made for images and not for so small ones.
const SIDES: [u32; 5] = [64, 32, 256, 224, 1];

/// The most bytes that a row of an input is tried with.
const LARGEST: usize = 64 << 20;

type Outputs = Vec<(String, Tensor)>;

/// Compares a graph that takes any number of rows with the one it was made from: the rows of a batch
/// must be what the original gives for each alone. Inputs are pseudo-random and always the same; each
/// number may differ by a ten-thousandth of the largest in its row, or, where their type is coarser, by
/// four of its steps.
///
/// # Errors
///
/// `Unsupported` where the rows differ or cannot be told apart in what comes out, naming the output;
/// where the two do not have the same inputs and outputs; or where the original runs with none of the
/// sizes that are tried for its free sides. The error of the second graph where that fails.
pub fn verify_batch(original: &dyn Graph, freed: &dyn Graph) -> Result<(), Error> {
    alike("input", original.inputs(), freed.inputs())?;
    alike("output", original.outputs(), freed.outputs())?;
    let (rows, alone) = one_by_one(original)?;
    let single = rows.first().map(|row| infer(freed, row)).transpose()?;
    compare(single.as_slice(), alone.get(..1).unwrap_or_default())?;
    let inputs: Vec<&[Tensor]> = rows.iter().map(Vec::as_slice).collect();
    let together = rows::join(freed, &inputs).and_then(|inputs| infer(freed, &inputs))?;
    let parts = rows::part(&together, &[1; ROWS as usize])?;
    compare(&parts, &alone)
}

/// Whether every input and every output may have any number of rows.
pub(super) fn rows_are_free(graph: &dyn Graph) -> Result<(), Error> {
    for (what, infos) in [("input", graph.inputs()), ("output", graph.outputs())] {
        if let Some(info) = infos.iter().find(|info| info.shape.first() != Some(&None)) {
            return Err(cannot(format!(
                "the first side of its {what} {info} is not free"
            )));
        }
    }
    Ok(())
}

fn cannot(why: impl std::fmt::Display) -> Error {
    Error::unsupported(format!(
        "the model cannot compute several rows at once: {why}; turn batching off for this model"
    ))
}

fn alike(what: &str, original: &[TensorInfo], freed: &[TensorInfo]) -> Result<(), Error> {
    // Of a side that is free, only one of them may know.
    let agree = |(one, other): (&Option<u32>, &Option<u32>)| {
        one.is_none() || other.is_none() || one == other
    };
    let same = |(one, other): (&TensorInfo, &TensorInfo)| {
        one.name == other.name
            && one.element == other.element
            && one.shape.len() == other.shape.len()
            && one.shape.iter().zip(&other.shape).skip(1).all(agree)
    };
    if original.len() == freed.len() && original.iter().zip(freed).all(same) {
        return Ok(());
    }
    Err(cannot(format!(
        "changed for that, it no longer has the same {what}s"
    )))
}

/// Rows, and what the graph gives for each.
fn one_by_one(graph: &dyn Graph) -> Result<(Vec<Vec<Tensor>>, Vec<Outputs>), Error> {
    let mut failure = cannot("it was not tried, as its inputs are too large");
    for side in SIDES {
        let Some(shapes) = shapes(graph.inputs(), side) else {
            continue;
        };
        let rows: Vec<Vec<Tensor>> = (0..ROWS)
            .map(|row| samples::row(graph.inputs(), &shapes, row))
            .collect::<Result<_, _>>()?;
        let outputs: Result<_, _> = rows.iter().map(|row| infer(graph, row)).collect();
        match outputs {
            Ok(outputs) => return Ok((rows, outputs)),
            Err(error) => failure = cannot(format!("it was tried, and failed ({error})")),
        }
    }
    Err(failure)
}

/// The shapes of inputs with one row and this size for all other sides that are free; none where they
/// would be too large.
fn shapes(infos: &[TensorInfo], side: u32) -> Option<Vec<Vec<u32>>> {
    infos
        .iter()
        .map(|info| {
            let rest = info.shape.iter().skip(1).map(|given| given.unwrap_or(side));
            let shape: Vec<u32> = std::iter::once(1).chain(rest).collect();
            let size = byte_size(&shape, info.element).ok()?;
            (size <= LARGEST).then_some(shape)
        })
        .collect()
}

fn infer(graph: &dyn Graph, inputs: &[Tensor]) -> Result<Outputs, Error> {
    let names = graph.inputs().iter().map(|info| info.name.clone());
    graph.infer(names.zip(inputs.iter().cloned()).collect(), None)
}

fn compare(together: &[Outputs], alone: &[Outputs]) -> Result<(), Error> {
    for (together, alone) in together.iter().zip(alone) {
        for ((name, found), (_, expected)) in together.iter().zip(alone) {
            if found.shape != expected.shape || found.element != expected.element {
                return Err(cannot(format!(
                    "its output `{name}` for a row of a batch is {found:?}, and {expected:?} for a row alone"
                )));
            }
            if !near(found, expected) {
                return Err(cannot(format!(
                    "its output `{name}` has other numbers for a row of a batch than for a row alone"
                )));
            }
        }
    }
    Ok(())
}

fn near(found: &Tensor, expected: &Tensor) -> bool {
    let (found, numbers) = (numbers(found), numbers(expected));
    let largest = numbers
        .iter()
        .filter(|number| number.is_finite())
        .fold(0.0, |largest: f64, number| largest.max(number.abs()));
    let most = largest * tolerance(expected.element);
    found.iter().zip(&numbers).all(|(found, number)| {
        // What is not a number, or infinite, must be so in both.
        (found - number).abs() <= most || found == number || (found.is_nan() && number.is_nan())
    })
}

fn tolerance(element: ElementType) -> f64 {
    match element {
        ElementType::F32 | ElementType::F64 => 1e-4,
        ElementType::F16 => 4.0 / 1024.0,
        ElementType::Bf16 => 4.0 / 128.0,
        ElementType::U8 | ElementType::I32 | ElementType::I64 => 0.0,
    }
}
