//! What a member's record in the file looks like: protobuf, so that fields can be added later.

use std::collections::BTreeMap;

use prost::Message;
use sha2::{Digest, Sha256};

use crate::{Quality, Template, TemplateInfo};

/// A member.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct MemberRecord {
    /// In the order of the photos.
    #[prost(message, repeated, tag = "1")]
    pub templates: Vec<TemplateRecord>,
}

/// A gallery as it travels, before it is sealed.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct GalleryRecord {
    /// In the order of their ids.
    #[prost(message, repeated, tag = "1")]
    pub members: Vec<NamedRecord>,
}

/// A member with the id.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct NamedRecord {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(message, optional, tag = "2")]
    pub member: Option<MemberRecord>,
}

/// A template.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TemplateRecord {
    /// f32, little endian, of length 1 as a vector.
    #[prost(bytes = "vec", tag = "1")]
    pub feature: Vec<u8>,
    #[prost(float, tag = "2")]
    pub face_pixels: f32,
    #[prost(float, tag = "3")]
    pub turn: f32,
    #[prost(float, tag = "4")]
    pub sharpness: f32,
    #[prost(float, tag = "5")]
    pub score: f32,
    /// Seconds since 1970.
    #[prost(uint64, tag = "6")]
    pub enrolled: u64,
}

impl TemplateRecord {
    /// The record of a template whose feature was normalised to `feature`.
    pub fn new(template: &Template, feature: &[f32]) -> TemplateRecord {
        let Quality {
            face_pixels,
            turn,
            sharpness,
            score,
        } = template.quality;
        TemplateRecord {
            feature: feature.iter().flat_map(|v| v.to_le_bytes()).collect(),
            face_pixels,
            turn,
            sharpness,
            score,
            enrolled: template.enrolled,
        }
    }

    /// The feature.
    pub fn feature(&self) -> Vec<f32> {
        let (values, _) = self.feature.as_chunks();
        values
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect()
    }

    /// What may be told of it.
    pub fn info(&self) -> TemplateInfo {
        TemplateInfo {
            quality: Quality {
                face_pixels: self.face_pixels,
                turn: self.turn,
                sharpness: self.sharpness,
                score: self.score,
            },
            enrolled: self.enrolled,
            digest: sha256_hex(&self.feature),
        }
    }
}

impl MemberRecord {
    /// Reads a record, and checks that every template is a feature of that dimension.
    pub fn read(bytes: &[u8], dimension: usize) -> Result<MemberRecord, String> {
        let record = MemberRecord::decode(bytes).map_err(|error| error.to_string())?;
        record.check(dimension)?;
        Ok(record)
    }

    /// Checks that there are templates, and that each is a feature of that dimension.
    pub fn check(&self, dimension: usize) -> Result<(), String> {
        let wanted = dimension.checked_mul(size_of::<f32>());
        if self.templates.is_empty() {
            return Err("a member without templates".to_owned());
        }
        for template in &self.templates {
            if Some(template.feature.len()) != wanted {
                return Err(format!("a template of {} bytes", template.feature.len()));
            }
            if !template.feature().iter().all(|v| v.is_finite()) {
                return Err("a template with numbers that are not finite".to_owned());
            }
        }
        Ok(())
    }
}

/// The members of a gallery with their features, in the order of their ids.
pub(crate) type Features = BTreeMap<crate::MemberId, Vec<Vec<f32>>>;

/// The SHA-256 of some bytes, in hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
