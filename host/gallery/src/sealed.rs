//! A gallery on its way from one host of a site to another: encrypted, with what may be known of it beside it.

use footlight_trust::{OpenError, SealError, SiteKey};
use prost::Message;
use serde::{Deserialize, Serialize};

use crate::record::{GalleryRecord, MemberRecord, NamedRecord, sha256_hex};
use crate::{Error, Gallery, MAX_TEMPLATES, MemberId};

/// An encrypted gallery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedGallery {
    /// What may be known of it: a [`SealedAbout`] in JSON, on one line, in ASCII. Not a byte of it may change, as
    /// the gallery is bound to it.
    pub about: String,
    /// The members with their templates, encrypted.
    pub sealed: Vec<u8>,
}

/// What anybody may know of an encrypted gallery. Who is in it is not among that, nor the digest of its model: who
/// has a photo of somebody could find out by that whether they are the only member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SealedAbout {
    /// The pipeline whose gallery it is.
    pub pipeline: String,
    /// The digest of the model that made the templates.
    pub made_by: String,
    /// How many numbers a template has.
    pub dimension: usize,
    /// How many members there are.
    pub members: u64,
    /// How many templates they have together.
    pub templates: u64,
    /// Which key it is encrypted with: [`SiteKey::id`].
    pub site_key: String,
    /// When it was encrypted, in seconds since 1970-01-01T00:00:00Z.
    pub sealed: u64,
}

/// Why a gallery cannot travel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealedError {
    /// What is said of it is not what every such gallery says.
    #[error(
        "what it says of itself cannot be read ({0}): push it again with `footlight gallery push`, and run the same \
         release on both hosts"
    )]
    About(String),
    /// It is of another pipeline.
    #[error(
        "it is the gallery of the pipeline `{found}`, and this one is `{wanted}`: use the reference under which \
         the gallery of `{wanted}` was pushed"
    )]
    OtherPipeline {
        /// The pipeline that it says.
        found: String,
        /// The pipeline that it is for.
        wanted: String,
    },
    /// Another model made its templates.
    #[error(
        "its templates are {} numbers of the model {}, and here they are {dimension} numbers of the model {made_by}; \
         features of different models cannot be compared: run the model that it was enrolled with, or enrol the \
         members again with this one and push that", found.dimension, found.made_by
    )]
    OtherFeatureModel {
        /// What it says of itself.
        found: Box<SealedAbout>,
        /// The digest of the model that is in use.
        made_by: String,
        /// How many numbers its features have.
        dimension: usize,
    },
    /// What is said of it is not what was said when it was sealed.
    #[error(
        "what it says of itself was altered after it was sealed: push it again, and ask who may write to the \
         repository"
    )]
    AboutAltered,
    /// It cannot be decrypted.
    #[error(transparent)]
    Unopened(OpenError),
    /// It was decrypted, and is not what a gallery is.
    #[error(
        "it opens, and what is in it cannot be used ({0}): run the same release on both hosts, and push it again"
    )]
    Content(String),
    /// It cannot be encrypted.
    #[error("the gallery cannot be encrypted: {0}")]
    Unsealed(#[from] SealError),
    /// The gallery itself failed.
    #[error(transparent)]
    Gallery(#[from] Error),
}

impl Gallery {
    /// All members as of now, encrypted, as the gallery of this pipeline; `now` in seconds since
    /// 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// [`SealedError::Gallery`], [`SealedError::Unsealed`].
    pub fn seal(
        &self,
        key: &SiteKey,
        pipeline: &str,
        now: u64,
    ) -> Result<SealedGallery, SealedError> {
        let records = self.records()?;
        let templates = records.iter().map(|(_, member)| member.templates.len());
        let about = SealedAbout {
            pipeline: pipeline.to_owned(),
            made_by: self.feature_model().to_owned(),
            dimension: self.dimension(),
            members: records.len() as u64,
            templates: templates.sum::<usize>() as u64,
            site_key: key.id(),
            sealed: now,
        };
        let about =
            serde_json::to_string(&about).map_err(|error| SealedError::About(error.to_string()))?;
        let members = records.into_iter().map(|(id, member)| NamedRecord {
            id: id.into(),
            member: Some(member),
        });
        let content = GalleryRecord {
            members: members.collect(),
        };
        let sealed = key.seal(&content.encode_to_vec(), &context(&about))?;
        Ok(SealedGallery { about, sealed })
    }
}

impl SealedGallery {
    /// What may be known of it. Whoever wrote to where it comes from may have altered that: only
    /// [`SealedGallery::open`] finds out.
    ///
    /// # Errors
    ///
    /// [`SealedError::About`].
    pub fn about(&self) -> Result<SealedAbout, SealedError> {
        serde_json::from_str(&self.about).map_err(|error| SealedError::About(error.to_string()))
    }

    /// The gallery in memory, if it is that of this pipeline and its templates were made by this model, which
    /// gives so many numbers.
    ///
    /// # Errors
    ///
    /// [`SealedError`] says which of that it is not, or that it was altered, or sealed with another key.
    pub fn open(
        &self,
        key: &SiteKey,
        pipeline: &str,
        made_by: &str,
        dimension: usize,
    ) -> Result<Gallery, SealedError> {
        let about = self.about()?;
        // Before the rest, so that the reason is the nearest one; that it says the truth is found out next.
        if about.pipeline != pipeline {
            return Err(SealedError::OtherPipeline {
                found: about.pipeline,
                wanted: pipeline.to_owned(),
            });
        }
        if (about.made_by.as_str(), about.dimension) != (made_by, dimension) {
            return Err(SealedError::OtherFeatureModel {
                found: Box::new(about),
                made_by: made_by.to_owned(),
                dimension,
            });
        }
        let opened = key.open(&self.sealed, &context(&self.about));
        let content = opened.map_err(|error| match error {
            OpenError::OtherContext { .. } => SealedError::AboutAltered,
            error => SealedError::Unopened(error),
        })?;
        let content = GalleryRecord::decode(content.as_slice())
            .map_err(|error| SealedError::Content(error.to_string()))?;
        let members = content
            .members
            .into_iter()
            .map(|named| member(named, dimension).map_err(SealedError::Content))
            .collect::<Result<Vec<_>, _>>()?;
        let gallery = Gallery::in_memory(made_by, dimension)?;
        gallery.put_records(members)?;
        Ok(gallery)
    }
}

/// What a gallery is sealed as: all that is said of it.
fn context(about: &str) -> String {
    format!(
        "footlight gallery, of which is said sha256:{}",
        sha256_hex(about.as_bytes())
    )
}

/// A member, if that is one; why it is none.
pub(crate) fn member(
    named: NamedRecord,
    dimension: usize,
) -> Result<(MemberId, MemberRecord), String> {
    let id: MemberId = named
        .id
        .parse()
        .map_err(|error: crate::InvalidId| error.to_string())?;
    let fails = |why: String| format!("member {id}: {why}");
    let record = named.member.unwrap_or_default();
    record.check(dimension).map_err(fails)?;
    if record.templates.len() > MAX_TEMPLATES {
        return Err(fails(format!("{} templates", record.templates.len())));
    }
    Ok((id, record))
}
