//! Items on their way into an instance and out of it.

use super::{HeldImage, HeldTensor};
use crate::bindings::{contract, values};
use crate::error::{Error, ErrorKind};
use crate::item::{Item, Payload};
use crate::state::State;
use crate::value::{Fields, Value};
use footlight_media as media;
use std::sync::Arc;

/// Hands an item to an instance. The picture it came with is not charged to the stage; a tensor is,
/// as wasi-nn's inference consumes it and needs one of its own.
pub(crate) fn lower(state: &mut State, item: Item) -> wasmtime::Result<contract::Item> {
    let payload = match item.payload {
        Payload::Image(image) => {
            contract::Payload::Image(state.table.push(HeldImage { image, charged: 0 })?)
        }
        Payload::Tensor(tensor) => {
            let tensor = Arc::unwrap_or_clone(tensor);
            state
                .budget
                .charge(tensor.data.len() as u64)
                .map_err(|error| Error::new(ErrorKind::HostMemory, error.to_string()))?;
            contract::Payload::Tensor(state.table.push(HeldTensor::from(tensor))?)
        }
        Payload::Document(fields) => contract::Payload::Document(lower_fields(&fields)),
    };
    Ok(contract::Item {
        class: item.class,
        payload,
        attributes: lower_fields(&item.attributes),
    })
}

/// Takes an item out of an instance.
pub(crate) fn lift(state: &mut State, item: contract::Item) -> Result<Item, Error> {
    let invalid = |message: String| Error::new(ErrorKind::InvalidItem, message);
    let gone = |error: wasmtime::component::ResourceTableError| invalid(error.to_string());
    let payload = match item.payload {
        contract::Payload::Image(handle) => {
            let held = state.table.delete(handle).map_err(gone)?;
            state.budget.release(held.charged);
            Payload::Image(held.image)
        }
        contract::Payload::Tensor(handle) => {
            let HeldTensor { tensor, .. } = state.table.delete(handle).map_err(gone)?;
            state.budget.release(tensor.data.len() as u64);
            tensor
                .check()
                .map_err(|error| invalid(format!("a tensor of class `{}`: {error}", item.class)))?;
            Payload::Tensor(Arc::new(tensor))
        }
        contract::Payload::Document(fields) => Payload::Document(lift_fields(fields)?),
    };
    Ok(Item {
        class: item.class,
        payload,
        attributes: lift_fields(item.attributes)?,
    })
}

fn lower_fields(fields: &Fields) -> Vec<values::Field> {
    fields
        .iter()
        .map(|(name, value)| values::Field {
            name: name.to_owned(),
            value: lower_value(value),
        })
        .collect()
}

pub(super) fn lower_value(value: &Value) -> values::Value {
    match value {
        Value::Flag(flag) => values::Value::Flag(*flag),
        Value::Integer(integer) => values::Value::Integer(*integer),
        Value::Number(number) => values::Value::Number(*number),
        Value::Text(text) => values::Value::Text(text.clone()),
        Value::Numbers(numbers) => values::Value::Numbers(numbers.clone()),
        Value::Rect(rect) => values::Value::Rect(values::Rect {
            x: rect.x,
            y: rect.y,
            width: rect.width,
            height: rect.height,
        }),
        Value::Points(points) => values::Value::Points(
            points
                .iter()
                .map(|point| values::Point {
                    x: point.x,
                    y: point.y,
                })
                .collect(),
        ),
        Value::Json(json) => values::Value::Json(json.to_string()),
    }
}

fn lift_fields(fields: Vec<values::Field>) -> Result<Fields, Error> {
    let mut lifted = Fields::default();
    for field in fields {
        let value = lift_value(field.value).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidItem,
                format!("the field `{}` holds a number that is not finite, a negative size, or text that is not JSON", field.name),
            )
        })?;
        lifted
            .push(field.name, value)
            .map_err(|error| Error::new(ErrorKind::InvalidItem, error.to_string()))?;
    }
    Ok(lifted)
}

fn lift_value(value: values::Value) -> Option<Value> {
    Some(match value {
        values::Value::Flag(flag) => Value::Flag(flag),
        values::Value::Integer(integer) => Value::Integer(integer),
        values::Value::Number(number) => Value::Number(Some(number).filter(|n| n.is_finite())?),
        values::Value::Text(text) => Value::Text(text),
        values::Value::Numbers(numbers) => {
            Value::Numbers(Some(numbers).filter(|n| n.iter().all(|n| n.is_finite()))?)
        }
        values::Value::Rect(rect) => {
            let numbers = [rect.x, rect.y, rect.width, rect.height];
            let valid =
                numbers.iter().all(|n| n.is_finite()) && rect.width >= 0.0 && rect.height >= 0.0;
            valid.then_some(Value::Rect(media::Rect {
                x: rect.x,
                y: rect.y,
                width: rect.width,
                height: rect.height,
            }))?
        }
        values::Value::Points(points) => Value::Points(
            points
                .iter()
                .map(|point| {
                    let finite = point.x.is_finite() && point.y.is_finite();
                    finite.then_some(media::Point {
                        x: point.x,
                        y: point.y,
                    })
                })
                .collect::<Option<_>>()?,
        ),
        values::Value::Json(text) => Value::Json(serde_json::from_str(&text).ok()?),
    })
}
