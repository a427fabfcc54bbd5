//! Tiny ONNX models, made here. Only the fields that they need are named; the numbers are those of
//! onnx.proto3, version 1.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct Model {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<Opset>,
}

#[derive(Clone, PartialEq, Message)]
struct Opset {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    #[prost(message, repeated, tag = "1")]
    pub nodes: Vec<Node>,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(message, repeated, tag = "5")]
    pub constants: Vec<Constant>,
    #[prost(message, repeated, tag = "11")]
    pub inputs: Vec<Value>,
    #[prost(message, repeated, tag = "12")]
    pub outputs: Vec<Value>,
    /// What is said of tensors inside.
    #[prost(message, repeated, tag = "13")]
    pub inner: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Node {
    #[prost(string, repeated, tag = "1")]
    inputs: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    outputs: Vec<String>,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(string, tag = "4")]
    operation: String,
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int64, tag = "3")]
    integer: i64,
    #[prost(message, optional, tag = "5")]
    tensor: Option<Constant>,
    #[prost(int64, repeated, tag = "8")]
    integers: Vec<i64>,
    #[prost(int32, tag = "20")]
    kind: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Constant {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    element: i32,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "vec", tag = "9")]
    raw_data: Vec<u8>,
    #[prost(message, repeated, tag = "13")]
    external: Vec<Entry>,
    #[prost(int32, tag = "14")]
    location: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Value {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Message)]
struct Kind {
    #[prost(message, optional, tag = "1")]
    tensor: Option<TensorKind>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorKind {
    #[prost(int32, tag = "1")]
    element: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "1")]
    sides: Vec<Side>,
}

#[derive(Clone, PartialEq, Message)]
struct Side {
    #[prost(oneof = "Size", tags = "1, 2")]
    size: Option<Size>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Size {
    #[prost(int64, tag = "1")]
    Fixed(i64),
    #[prost(string, tag = "2")]
    Named(String),
}

/// An input or output; a side of 0 may be any size.
pub fn value(name: &str, element: i32, sides: &[i64]) -> Value {
    let sides = sides.iter().enumerate().map(|(index, side)| Side {
        size: Some(match side {
            0 => Size::Named(format!("{name}-{index}")),
            side => Size::Fixed(*side),
        }),
    });
    let shape = Shape {
        sides: sides.collect(),
    };
    Value {
        name: name.to_owned(),
        kind: Some(Kind {
            tensor: Some(TensorKind {
                element,
                shape: Some(shape),
            }),
        }),
    }
}

pub fn node(operation: &str, inputs: &[&str], outputs: &[&str]) -> Node {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Node {
        inputs: owned(inputs),
        outputs: owned(outputs),
        name: String::new(),
        operation: operation.to_owned(),
        attributes: Vec::new(),
    }
}

impl Node {
    pub fn with(mut self, name: &str, integer: i64) -> Node {
        self.attributes.push(Attribute {
            name: name.to_owned(),
            integer,
            kind: 2,
            ..Attribute::default()
        });
        self
    }

    pub fn with_integers(mut self, name: &str, integers: &[i64]) -> Node {
        self.attributes.push(Attribute {
            name: name.to_owned(),
            integers: integers.to_vec(),
            kind: 7,
            ..Attribute::default()
        });
        self
    }

    pub fn with_tensor(mut self, name: &str, tensor: Constant) -> Node {
        self.attributes.push(Attribute {
            name: name.to_owned(),
            tensor: Some(tensor),
            kind: 4,
            ..Attribute::default()
        });
        self
    }
}

pub fn constant(name: &str, dims: &[i64], values: &[f32]) -> Constant {
    Constant {
        dims: dims.to_vec(),
        element: 1,
        name: name.to_owned(),
        raw_data: values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect(),
        ..Constant::default()
    }
}

/// A constant that is a shape.
pub fn shape(name: &str, sides: &[i64]) -> Constant {
    Constant {
        dims: vec![sides.len() as i64],
        element: 7,
        name: name.to_owned(),
        raw_data: sides.iter().flat_map(|side| side.to_le_bytes()).collect(),
        ..Constant::default()
    }
}

/// A constant whose content lies in another file.
pub fn external(name: &str, element: i32, length: i64, file: &str) -> Constant {
    let entry = |key: &str, value: String| Entry {
        key: key.to_owned(),
        value,
    };
    Constant {
        dims: vec![length],
        element,
        name: name.to_owned(),
        external: vec![
            entry("location", file.to_owned()),
            entry("offset", "0".to_owned()),
            entry("length", length.to_string()),
        ],
        location: 1,
        ..Constant::default()
    }
}

impl Graph {
    /// The model file.
    pub fn file(self) -> Vec<u8> {
        Model {
            ir_version: 8,
            graph: Some(Graph {
                name: "test".to_owned(),
                ..self
            }),
            opset_import: vec![Opset {
                domain: String::new(),
                version: 17,
            }],
        }
        .encode_to_vec()
    }
}
