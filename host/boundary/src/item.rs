//! Items, as a boundary sees them, and what becomes of one that leaves.

use std::collections::BTreeMap;

use crate::Element;

/// An item that is to leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item<'a> {
    /// Its class.
    pub class: &'a str,
    /// What it holds.
    pub payload: Payload<'a>,
    /// What is known of it.
    pub attributes: &'a [(&'a str, Value<'a>)],
}

/// What an item holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Payload<'a> {
    /// A picture. No byte of it is asked for.
    Image,
    /// Numbers.
    Tensor {
        /// The type of each.
        element: Element,
        /// The dimensions.
        shape: &'a [u32],
        /// The numbers, little endian, in row-major order.
        data: &'a [u8],
    },
    /// Named values.
    Document(&'a [(&'a str, Value<'a>)]),
}

/// A value of a field or an attribute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Text.
    Text(&'a str),
    /// Of a kind that never leaves, by its name: a list, a rectangle, JSON.
    Other(&'static str),
}

impl Value<'_> {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Flag(_) => "flag",
            Self::Integer(_) => "integer",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::Other(kind) => kind,
        }
    }
}

/// The labels of a host's models.
pub trait Labels {
    /// The place of a label among those of a model; none where the model does not have it.
    fn place(&self, model: &str, label: &str) -> Option<u64>;
}

/// What leaves in an item's stead. It holds what the rule says; whoever writes it to a connection adds nothing that a
/// stage chose.
#[derive(Debug, Clone, PartialEq)]
pub struct Parcel {
    /// The item's class.
    pub class: String,
    /// What the item holds.
    pub content: Packed,
    /// Those attributes that may go with it.
    pub attributes: BTreeMap<String, Sent>,
}

/// What a parcel holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Packed {
    /// Numbers, of the type and shape that the class has, or as they were rounded to.
    Tensor(Vec<u8>),
    /// Named values.
    Document(BTreeMap<String, Sent>),
}

/// A value that leaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number, rounded.
    Number(f64),
    /// A model's label.
    Label(String),
}
