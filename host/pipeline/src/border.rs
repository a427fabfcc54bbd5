//! Items as the boundary sees them, and back.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use footlight_boundary as boundary;
use footlight_boundary::{Arrived, Content, Departure, Frame, Labels, Parcel, Refusal, Sent, Zone};
use footlight_nn::{ElementType, Snapshot, Tensor};
use footlight_sandbox::{FieldError, Fields, Item, Payload, Value};

/// The beginning that times are counted from.
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What leaves in an item's stead.
pub(crate) fn pack(
    departure: &mut Departure,
    left: &mut Frame,
    item: &Item,
    to: &Zone,
    models: &Snapshot,
) -> Result<Parcel, Refusal> {
    let attributes = seen_fields(&item.attributes);
    let fields;
    let payload = match &item.payload {
        Payload::Image(_) => boundary::Payload::Image,
        Payload::Tensor(tensor) => boundary::Payload::Tensor {
            element: seen_element(tensor.element),
            shape: &tensor.shape,
            data: &tensor.data,
        },
        Payload::Document(document) => {
            fields = seen_fields(document);
            boundary::Payload::Document(&fields)
        }
    };
    let seen = boundary::Item {
        class: &item.class,
        payload,
        attributes: &attributes,
    };
    departure.admit(left, &seen, to, &Known(models), now())
}

/// The item that arrived.
pub(crate) fn item(arrived: Arrived) -> Result<Item, String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let fields = |sent| its_fields(sent).map_err(|error| words(&error));
    Ok(Item {
        class: arrived.class,
        payload: match arrived.content {
            Content::Tensor {
                element,
                shape,
                data,
            } => {
                let tensor = Tensor::new(shape, its_element(element), data);
                Payload::Tensor(Arc::new(tensor.map_err(|error| words(&error))?))
            }
            Content::Document(sent) => Payload::Document(fields(sent)?),
        },
        attributes: fields(arrived.attributes)?,
    })
}

fn now() -> Duration {
    BEGINNING.elapsed()
}

fn seen_fields(fields: &Fields) -> Vec<(&str, boundary::Value<'_>)> {
    let seen = |value| match value {
        &Value::Flag(flag) => boundary::Value::Flag(flag),
        &Value::Integer(integer) => boundary::Value::Integer(integer),
        &Value::Number(number) => boundary::Value::Number(number),
        Value::Text(text) => boundary::Value::Text(text),
        Value::Numbers(_) => boundary::Value::Other("list of numbers"),
        Value::Rect(_) => boundary::Value::Other("rectangle"),
        Value::Points(_) => boundary::Value::Other("list of points"),
        Value::Json(_) => boundary::Value::Other("JSON"),
    };
    fields
        .iter()
        .map(|(name, value)| (name, seen(value)))
        .collect()
}

fn its_fields(sent: BTreeMap<String, Sent>) -> Result<Fields, FieldError> {
    let pairs = sent.into_iter().map(|(name, sent)| {
        let value = match sent {
            Sent::Flag(flag) => Value::Flag(flag),
            Sent::Integer(integer) => Value::Integer(integer),
            Sent::Number(number) => Value::Number(number),
            Sent::Label(label) => Value::Text(label),
        };
        (name, value)
    });
    Fields::new(pairs)
}

pub(crate) fn seen_element(element: ElementType) -> boundary::Element {
    match element {
        ElementType::F16 => boundary::Element::F16,
        ElementType::F32 => boundary::Element::F32,
        ElementType::F64 => boundary::Element::F64,
        ElementType::Bf16 => boundary::Element::Bf16,
        ElementType::U8 => boundary::Element::U8,
        ElementType::I32 => boundary::Element::I32,
        ElementType::I64 => boundary::Element::I64,
    }
}

fn its_element(element: boundary::Element) -> ElementType {
    match element {
        boundary::Element::F16 => ElementType::F16,
        boundary::Element::F32 => ElementType::F32,
        boundary::Element::F64 => ElementType::F64,
        boundary::Element::Bf16 => ElementType::Bf16,
        boundary::Element::U8 => ElementType::U8,
        boundary::Element::I32 => ElementType::I32,
        boundary::Element::I64 => ElementType::I64,
    }
}

/// The labels of this host's models.
struct Known<'a>(&'a Snapshot);

impl Labels for Known<'_> {
    fn place(&self, model: &str, label: &str) -> Option<u64> {
        let labels = &self.0.get(model)?.labels;
        let place = labels.iter().position(|known| known == label)?;
        u64::try_from(place).ok()
    }
}
