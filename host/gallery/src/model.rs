//! The gallery as a model.

use prost::Message;

use crate::Error;
use crate::onnx::{
    AttributeProto, Dimension, FLOAT, GraphProto, INT64, IR_VERSION, ModelProto, NodeProto, OPSET,
    OperatorSetIdProto, StringStringEntryProto, TensorProto, ValueInfoProto,
};
use crate::record::{Features, sha256_hex};

/// The most members that the model names for a feature.
pub const MAX_MATCHES: usize = 8;

/// The most bytes of templates in a model: protobuf ends at 2 GiB, and readers copy.
const MAX_BYTES: usize = 1 << 30;

/// The gallery as a model: what the crate's documentation describes.
#[derive(Clone, Debug, PartialEq)]
pub struct GalleryModel {
    /// The model: an ONNX file.
    pub onnx: Vec<u8>,
    /// The member's id for each row, in the order of the ids. Empty for an empty gallery, whose model has
    /// one row all the same.
    pub labels: Vec<String>,
    /// The SHA-256 of `onnx` in hex: the version of the gallery. The labels are in the file's metadata
    /// too, so a member who got another id makes another version.
    pub digest: String,
}

impl GalleryModel {
    /// The name of the model's input.
    pub const FEATURE: &str = "feature";
    /// The name of the model's first output.
    pub const SIMILARITIES: &str = "similarities";
    /// The name of the model's second output.
    pub const ROWS: &str = "rows";

    /// Builds the model. Each feature has `dimension` numbers and length 1.
    ///
    /// Every member gets as many rows of weights as the member with the most templates has; the rows that
    /// are left are filled with the member's first template, which does not change the greatest similarity.
    /// So the rows of a member are found by arithmetic alone:
    ///
    /// ```text
    /// feature [batch, D] -- Gemm with templates [M*T, D], transposed --> [batch, M*T]
    ///   -- Reshape --> [batch, M, T] -- ReduceMax over T --> [batch, M] -- TopK --> [batch, k], [batch, k]
    /// ```
    pub(crate) fn build(
        dimension: usize,
        feature_model: &str,
        members: &Features,
    ) -> Result<GalleryModel, Error> {
        let rows = members.len().max(1);
        let depth = members.values().map(Vec::len).max().unwrap_or(1).max(1);
        let weights = weights(dimension, members, rows, depth)?;
        let labels: Vec<String> = members.keys().map(ToString::to_string).collect();
        // Sizes fit: they were multiplied with one another just now, and stay below MAX_BYTES.
        let (d, m, t) = (dimension as i64, rows as i64, depth as i64);
        let k = rows.min(MAX_MATCHES) as i64;
        let graph = GraphProto {
            name: Some("gallery".to_owned()),
            node: vec![
                NodeProto::new(
                    "Gemm",
                    &[Self::FEATURE, "templates"],
                    &["cosines"],
                    vec![AttributeProto::int("transB", 1)],
                ),
                // 0 keeps the batch as it is.
                NodeProto::new(
                    "Reshape",
                    &["cosines", "by_member"],
                    &["member_cosines"],
                    vec![],
                ),
                NodeProto::new(
                    "ReduceMax",
                    &["member_cosines"],
                    &["best"],
                    vec![
                        AttributeProto::ints("axes", &[2]),
                        AttributeProto::int("keepdims", 0),
                    ],
                ),
                NodeProto::new(
                    "TopK",
                    &["best", "k"],
                    &[Self::SIMILARITIES, Self::ROWS],
                    vec![
                        AttributeProto::int("axis", 1),
                        AttributeProto::int("largest", 1),
                        AttributeProto::int("sorted", 1),
                    ],
                ),
            ],
            initializer: vec![
                TensorProto::floats("templates", vec![m * t, d], weights),
                TensorProto::integers("by_member", &[0, m, t]),
                TensorProto::integers("k", &[k]),
            ],
            input: vec![tensor(Self::FEATURE, FLOAT, d)],
            output: vec![
                tensor(Self::SIMILARITIES, FLOAT, k),
                tensor(Self::ROWS, INT64, k),
            ],
        };
        let onnx = ModelProto {
            ir_version: Some(IR_VERSION),
            producer_name: Some("footlight".to_owned()),
            graph: Some(graph),
            opset_import: vec![OperatorSetIdProto {
                domain: Some(String::new()),
                version: Some(OPSET),
            }],
            // Ids hold no line break.
            metadata_props: vec![
                metadata("footlight.feature-model", feature_model.to_owned()),
                metadata("footlight.labels", labels.join("\n")),
            ],
        }
        .encode_to_vec();
        Ok(GalleryModel {
            digest: sha256_hex(&onnx),
            onnx,
            labels,
        })
    }
}

/// The templates as the bytes of a `[rows * depth, dimension]` tensor.
fn weights(
    dimension: usize,
    members: &Features,
    rows: usize,
    depth: usize,
) -> Result<Vec<u8>, Error> {
    let bytes = [depth, dimension, size_of::<f32>()]
        .iter()
        .try_fold(rows, |product, factor| product.checked_mul(*factor))
        .filter(|bytes| *bytes <= MAX_BYTES)
        .ok_or(Error::ModelTooLarge {
            members: members.len(),
            templates: depth,
        })?;
    let mut weights = Vec::with_capacity(bytes);
    for features in members.values() {
        let padding = features.first().into_iter().cycle();
        for feature in features.iter().chain(padding).take(depth) {
            weights.extend(feature.iter().flat_map(|v| v.to_le_bytes()));
        }
    }
    // The one row of an empty gallery.
    weights.resize(bytes, 0);
    Ok(weights)
}

/// A tensor `[batch, size]`.
fn tensor(name: &str, element: i32, size: i64) -> ValueInfoProto {
    ValueInfoProto::tensor(
        name,
        element,
        vec![Dimension::any("batch"), Dimension::fixed(size)],
    )
}

/// An entry of the file's metadata.
fn metadata(key: &str, value: String) -> StringStringEntryProto {
    StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value),
    }
}
