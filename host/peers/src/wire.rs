//! How work is written on a connection.
//!
//! postcard: the same bytes for the same value, with no room for anything else. The version of the form is in the path
//! that it is sent to ([`WORK`]). Pixels and numbers are not copied while reading.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use footlight_boundary::{Packed, Parcel, Sent};
use footlight_media::{Image, Point, Rect};
use footlight_nn::{ElementType, Tensor};
use footlight_pipeline::{Made, Purpose, StageTiming, Worked};
use footlight_sandbox::{self as sandbox, Fields};
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// Where work is sent.
pub(crate) const WORK: &str = "/peers/v1/work";
/// Where a host says what it runs.
pub(crate) const STATUS: &str = "/peers/v1/status";
/// The id of the frame that work is for.
pub(crate) const FRAME: &str = "footlight-frame";
/// The node of the host that sends, where it is in the same zone as the one that is sent to.
pub(crate) const NODE: &str = "footlight-node";
/// How many milliseconds the work may take from its arrival on.
pub(crate) const WITHIN: &str = "footlight-within";

/// Work for another host.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request<'a> {
    #[serde(borrow)]
    pub(crate) pipeline: &'a str,
    pub(crate) version: &'a str,
    pub(crate) stage: &'a str,
    pub(crate) purpose: Purpose,
    pub(crate) cargo: Vec<Cargo<'a>>,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reply<'a> {
    #[serde(borrow)]
    pub(crate) made: Vec<(u32, Cargo<'a>)>,
    pub(crate) stages: Vec<Timing>,
    pub(crate) components: BTreeMap<String, String>,
    pub(crate) models: BTreeMap<String, String>,
}

/// An item, as it crosses.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Cargo<'a> {
    /// Whole, within a zone.
    #[serde(borrow)]
    Item(Item<'a>),
    /// What may cross from one zone to another in its stead.
    Parcel(WrittenParcel<'a>),
}

/// What a stage did.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Timing {
    stage: String,
    items: u64,
    yielded: u64,
    microseconds: u64,
}

/// An item.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Item<'a> {
    class: &'a str,
    #[serde(borrow)]
    payload: Payload<'a>,
    attributes: Vec<(String, Value)>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Payload<'a> {
    Image {
        width: u32,
        height: u32,
        #[serde(borrow)]
        rgb: Bytes<'a>,
    },
    Tensor {
        element: Element,
        shape: Vec<u32>,
        #[serde(borrow)]
        data: Bytes<'a>,
    },
    Document(Vec<(String, Value)>),
}

/// A parcel.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WrittenParcel<'a> {
    class: &'a str,
    #[serde(borrow)]
    content: Content<'a>,
    attributes: BTreeMap<String, WrittenSent>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Content<'a> {
    #[serde(borrow)]
    Tensor(Bytes<'a>),
    Document(BTreeMap<String, WrittenSent>),
}

#[derive(Debug, Serialize, Deserialize)]
enum WrittenSent {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Label(String),
}

#[derive(Debug, Serialize, Deserialize)]
enum Value {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    Numbers(Vec<f64>),
    Rect([f32; 4]),
    Points(Vec<[f32; 2]>),
    Json(String),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Element {
    F16,
    F32,
    F64,
    Bf16,
    U8,
    I32,
    I64,
}

/// Bytes that are written, and read, as a piece.
#[derive(Debug)]
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = &'de [u8];

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<&'de [u8], E> {
                Ok(bytes)
            }

            fn visit_bytes<E: serde::de::Error>(self, _: &[u8]) -> Result<&'de [u8], E> {
                Err(E::custom("the bytes are not there to be borrowed"))
            }
        }
        from.deserialize_bytes(Borrowed).map(Self)
    }
}

/// A message as bytes.
pub(crate) fn write(message: &impl Serialize) -> Result<Vec<u8>, String> {
    postcard::to_allocvec(message).map_err(|error| error.to_string())
}

/// The message in bytes, which are that and nothing more.
pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        Ok((_, rest)) => Err(format!("{} bytes follow the message", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}

impl<'a> Cargo<'a> {
    pub(crate) fn whole(item: &'a sandbox::Item) -> Self {
        Self::Item(Item {
            class: &item.class,
            payload: match &item.payload {
                sandbox::Payload::Image(image) => Payload::Image {
                    width: image.width(),
                    height: image.height(),
                    rgb: Bytes(image.rgb()),
                },
                sandbox::Payload::Tensor(tensor) => Payload::Tensor {
                    element: tensor.element.into(),
                    shape: tensor.shape.clone(),
                    data: Bytes(&tensor.data),
                },
                sandbox::Payload::Document(fields) => Payload::Document(write_fields(fields)),
            },
            attributes: write_fields(&item.attributes),
        })
    }

    pub(crate) fn parcel(parcel: &'a Parcel) -> Self {
        Self::Parcel(WrittenParcel {
            class: &parcel.class,
            content: match &parcel.content {
                Packed::Tensor(bytes) => Content::Tensor(Bytes(bytes)),
                Packed::Document(fields) => Content::Document(write_sent(fields)),
            },
            attributes: write_sent(&parcel.attributes),
        })
    }
}

impl Item<'_> {
    /// The item; what is wrong with it.
    pub(crate) fn read(self) -> Result<sandbox::Item, String> {
        let words = |error: &dyn std::fmt::Display| error.to_string();
        let payload = match self.payload {
            Payload::Image { width, height, rgb } => {
                let image = Image::new(width, height, rgb.0.to_vec());
                sandbox::Payload::Image(Arc::new(image.map_err(|error| words(&error))?))
            }
            Payload::Tensor {
                element,
                shape,
                data,
            } => {
                let tensor = Tensor::new(shape, element.into(), data.0.to_vec());
                sandbox::Payload::Tensor(Arc::new(tensor.map_err(|error| words(&error))?))
            }
            Payload::Document(fields) => sandbox::Payload::Document(read_fields(fields)?),
        };
        Ok(sandbox::Item {
            class: self.class.to_owned(),
            payload,
            attributes: read_fields(self.attributes)?,
        })
    }
}

impl WrittenParcel<'_> {
    pub(crate) fn read(self) -> Parcel {
        Parcel {
            class: self.class.to_owned(),
            content: match self.content {
                Content::Tensor(bytes) => Packed::Tensor(bytes.0.to_vec()),
                Content::Document(fields) => Packed::Document(read_sent(fields)),
            },
            attributes: read_sent(self.attributes),
        }
    }
}

/// What came of work, with its items as they cross.
pub(crate) fn reply<'a>(worked: &Worked, made: Vec<(usize, Cargo<'a>)>) -> Reply<'a> {
    Reply {
        made: made
            .into_iter()
            .map(|(parent, cargo)| (u32::try_from(parent).unwrap_or(u32::MAX), cargo))
            .collect(),
        stages: worked.stages.iter().map(Timing::of).collect(),
        components: worked.components.clone(),
        models: worked.models.clone(),
    }
}

/// What came of work, with its items as they were read.
pub(crate) fn worked(reply: Reply<'_>, made: Vec<(u32, sandbox::Item)>) -> Worked {
    let made = made.into_iter().map(|(parent, item)| Made {
        parent: parent as usize,
        item,
    });
    Worked {
        made: made.collect(),
        stages: reply.stages.into_iter().map(Timing::read).collect(),
        components: reply.components,
        models: reply.models,
    }
}

impl Timing {
    fn of(timing: &StageTiming) -> Self {
        Self {
            stage: timing.stage.clone(),
            items: timing.items,
            yielded: timing.yielded,
            microseconds: u64::try_from(timing.elapsed.as_micros()).unwrap_or(u64::MAX),
        }
    }

    fn read(self) -> StageTiming {
        StageTiming {
            stage: self.stage,
            items: self.items,
            yielded: self.yielded,
            elapsed: Duration::from_micros(self.microseconds),
        }
    }
}

fn write_fields(fields: &Fields) -> Vec<(String, Value)> {
    let write = |value: &sandbox::Value| match value {
        sandbox::Value::Flag(flag) => Value::Flag(*flag),
        sandbox::Value::Integer(integer) => Value::Integer(*integer),
        sandbox::Value::Number(number) => Value::Number(*number),
        sandbox::Value::Text(text) => Value::Text(text.clone()),
        sandbox::Value::Numbers(numbers) => Value::Numbers(numbers.clone()),
        sandbox::Value::Rect(rect) => Value::Rect([rect.x, rect.y, rect.width, rect.height]),
        sandbox::Value::Points(points) => {
            Value::Points(points.iter().map(|point| [point.x, point.y]).collect())
        }
        sandbox::Value::Json(json) => Value::Json(json.to_string()),
    };
    let fields = fields.iter();
    fields
        .map(|(name, value)| (name.to_owned(), write(value)))
        .collect()
}

fn read_fields(fields: Vec<(String, Value)>) -> Result<Fields, String> {
    let read = |value| {
        Ok(match value {
            Value::Flag(flag) => sandbox::Value::Flag(flag),
            Value::Integer(integer) => sandbox::Value::Integer(integer),
            Value::Number(number) => sandbox::Value::Number(finite(number)?),
            Value::Text(text) => sandbox::Value::Text(text),
            Value::Numbers(numbers) => {
                let numbers: Result<_, _> = numbers.into_iter().map(finite).collect();
                sandbox::Value::Numbers(numbers?)
            }
            Value::Rect([x, y, width, height]) => sandbox::Value::Rect(Rect {
                x,
                y,
                width,
                height,
            }),
            Value::Points(points) => {
                let points = points.into_iter().map(|[x, y]| Point { x, y });
                sandbox::Value::Points(points.collect())
            }
            Value::Json(json) => {
                let json = serde_json::from_str(&json);
                sandbox::Value::Json(json.map_err(|error| error.to_string())?)
            }
        })
    };
    let pairs = fields.into_iter();
    let pairs = pairs.map(|(name, value)| read(value).map(|value| (name, value)));
    let pairs: Result<Vec<_>, String> = pairs.collect();
    Fields::new(pairs?).map_err(|error| error.to_string())
}

fn finite(number: f64) -> Result<f64, String> {
    number
        .is_finite()
        .then_some(number)
        .ok_or_else(|| format!("a number is {number}"))
}

fn write_sent(fields: &BTreeMap<String, Sent>) -> BTreeMap<String, WrittenSent> {
    let write = |sent: &Sent| match sent {
        Sent::Flag(flag) => WrittenSent::Flag(*flag),
        Sent::Integer(integer) => WrittenSent::Integer(*integer),
        Sent::Number(number) => WrittenSent::Number(*number),
        Sent::Label(label) => WrittenSent::Label(label.clone()),
    };
    let fields = fields.iter();
    fields
        .map(|(name, sent)| (name.clone(), write(sent)))
        .collect()
}

fn read_sent(fields: BTreeMap<String, WrittenSent>) -> BTreeMap<String, Sent> {
    let read = |sent| match sent {
        WrittenSent::Flag(flag) => Sent::Flag(flag),
        WrittenSent::Integer(integer) => Sent::Integer(integer),
        WrittenSent::Number(number) => Sent::Number(number),
        WrittenSent::Label(label) => Sent::Label(label),
    };
    let fields = fields.into_iter();
    fields.map(|(name, sent)| (name, read(sent))).collect()
}

impl From<ElementType> for Element {
    fn from(element: ElementType) -> Self {
        match element {
            ElementType::F16 => Self::F16,
            ElementType::F32 => Self::F32,
            ElementType::F64 => Self::F64,
            ElementType::Bf16 => Self::Bf16,
            ElementType::U8 => Self::U8,
            ElementType::I32 => Self::I32,
            ElementType::I64 => Self::I64,
        }
    }
}

impl From<Element> for ElementType {
    fn from(element: Element) -> Self {
        match element {
            Element::F16 => Self::F16,
            Element::F32 => Self::F32,
            Element::F64 => Self::F64,
            Element::Bf16 => Self::Bf16,
            Element::U8 => Self::U8,
            Element::I32 => Self::I32,
            Element::I64 => Self::I64,
        }
    }
}
