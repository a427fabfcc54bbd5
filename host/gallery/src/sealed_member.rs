//! One member, encrypted, for where members are kept that several hosts share.

use footlight_trust::{OpenError, SealError, SiteKey};
use prost::Message;
use serde::{Deserialize, Serialize};

use crate::record::{MemberRecord, NamedRecord, TemplateRecord, sha256_hex};
use crate::sealed::member;
use crate::{Gallery, Member, MemberId};

/// A member with the templates, outside of a gallery: about to be stored in one, or taken out of what was sealed.
#[derive(Clone, PartialEq)]
pub struct Enrolled {
    /// What the member is called.
    pub id: MemberId,
    pub(crate) record: MemberRecord,
}

/// An encrypted member. All of it is sealed together: not a byte may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedMember {
    /// What it is kept under: [`SealedMember::name_of`] its member.
    pub name: String,
    /// What may be known of it: a [`MemberAbout`] in JSON, on one line, in ASCII.
    pub about: String,
    /// The id and the templates, encrypted.
    pub sealed: Vec<u8>,
}

/// What anybody may know of an encrypted member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MemberAbout {
    /// The pipeline in whose gallery the member is.
    pub pipeline: String,
    /// The digest of the model that made the templates.
    pub made_by: String,
    /// How many numbers a template has.
    pub dimension: usize,
    /// How many templates there are.
    pub templates: u64,
    /// The zone of the host that enrolled the member, where it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Which key it is encrypted with: [`SiteKey::id`].
    pub site_key: String,
    /// When it was encrypted, in seconds since 1970-01-01T00:00:00Z.
    pub sealed: u64,
}

/// Why an encrypted member is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnopenedMember {
    /// What is said of it is not what every such member says.
    #[error("what it says of itself cannot be read ({0}): run the same release on all hosts")]
    About(String),
    /// It is of another pipeline.
    #[error("it is a member of the pipeline `{found}`, and not of `{wanted}`")]
    OtherPipeline {
        /// The pipeline that it says.
        found: String,
        /// The pipeline that it was looked for in.
        wanted: String,
    },
    /// Another model made the templates.
    #[error(
        "its templates are {} numbers of the model {}, and here they are {dimension} numbers of the model {made_by}; \
         features of different models cannot be compared: enrol the member again", found.dimension, found.made_by
    )]
    OtherFeatureModel {
        /// What it says of itself.
        found: Box<MemberAbout>,
        /// The digest of the model that is in use.
        made_by: String,
        /// How many numbers its features have.
        dimension: usize,
    },
    /// What is said of it, or what it is kept under, is not what it was sealed with.
    #[error(
        "what it says of itself or is called was altered after it was sealed: enrol the member again, and ask who may \
         write to where it is kept"
    )]
    AboutAltered,
    /// It cannot be decrypted.
    #[error(transparent)]
    Unopened(OpenError),
    /// It was decrypted, and is not what a member is.
    #[error(
        "it opens, and what is in it cannot be used ({0}): run the same release on all hosts, and enrol the member again"
    )]
    Content(String),
}

impl Enrolled {
    /// What may be told of the member.
    pub fn member(&self) -> Member {
        Member {
            id: self.id.clone(),
            templates: self
                .record
                .templates
                .iter()
                .map(TemplateRecord::info)
                .collect(),
        }
    }
}

/// Without the templates, which are nobody's business.
impl std::fmt::Debug for Enrolled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Enrolled({})", self.id)
    }
}

impl Gallery {
    /// A member of this gallery, or one who is to be, encrypted, as one of this pipeline who was enrolled in this zone;
    /// `now` in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// [`SealError`].
    pub fn seal_member(
        &self,
        enrolled: &Enrolled,
        key: &SiteKey,
        pipeline: &str,
        zone: Option<&str>,
        now: u64,
    ) -> Result<SealedMember, SealError> {
        let about = MemberAbout {
            pipeline: pipeline.to_owned(),
            made_by: self.feature_model().to_owned(),
            dimension: self.dimension(),
            templates: enrolled.record.templates.len() as u64,
            zone: zone.map(str::to_owned),
            site_key: key.id(),
            sealed: now,
        };
        // Texts and numbers always have a JSON.
        let about = serde_json::to_string(&about).unwrap_or_default();
        let name = SealedMember::name_of(key, pipeline, &enrolled.id);
        let content = NamedRecord {
            id: enrolled.id.as_str().to_owned(),
            member: Some(enrolled.record.clone()),
        };
        let sealed = key.seal(&content.encode_to_vec(), &context(&name, &about))?;
        Ok(SealedMember {
            name,
            about,
            sealed,
        })
    }
}

impl SealedMember {
    /// What a member is kept under: 32 hexadecimal digits, by which nobody without the key knows whose they are.
    pub fn name_of(key: &SiteKey, pipeline: &str, id: &MemberId) -> String {
        // No id has a space in it.
        key.name_for(&format!("member {id} of {pipeline}"))
    }

    /// What may be known of it. Whoever wrote to where it is kept may have altered that: only [`SealedMember::open`]
    /// finds out.
    ///
    /// # Errors
    ///
    /// [`UnopenedMember::About`].
    pub fn about(&self) -> Result<MemberAbout, UnopenedMember> {
        serde_json::from_str(&self.about).map_err(|error| UnopenedMember::About(error.to_string()))
    }

    /// The member, if it is one of this pipeline and the templates were made by this model, which gives so many
    /// numbers.
    ///
    /// # Errors
    ///
    /// [`UnopenedMember`] says which of that it is not, or that it was altered, or sealed with another key.
    pub fn open(
        &self,
        key: &SiteKey,
        pipeline: &str,
        made_by: &str,
        dimension: usize,
    ) -> Result<Enrolled, UnopenedMember> {
        let about = self.about()?;
        // Before the rest, so that the reason is the nearest one; that it says the truth is found out next.
        if about.pipeline != pipeline {
            return Err(UnopenedMember::OtherPipeline {
                found: about.pipeline.chars().take(64).collect(),
                wanted: pipeline.to_owned(),
            });
        }
        if (about.made_by.as_str(), about.dimension) != (made_by, dimension) {
            return Err(UnopenedMember::OtherFeatureModel {
                found: Box::new(about),
                made_by: made_by.to_owned(),
                dimension,
            });
        }
        let opened = key.open(&self.sealed, &context(&self.name, &self.about));
        let content = opened.map_err(|error| match error {
            OpenError::OtherContext { .. } => UnopenedMember::AboutAltered,
            error => UnopenedMember::Unopened(error),
        })?;
        let named = NamedRecord::decode(content.as_slice())
            .map_err(|error| UnopenedMember::Content(error.to_string()))?;
        let (id, record) = member(named, dimension).map_err(UnopenedMember::Content)?;
        Ok(Enrolled { id, record })
    }
}

/// What a member is sealed as: all that is said of it, and what it is called. A whole gallery is sealed as something
/// else, so that neither is taken for the other.
fn context(name: &str, about: &str) -> String {
    format!(
        "footlight member {name}, of which is said sha256:{}",
        sha256_hex(about.as_bytes())
    )
}
