//! Members and their templates, and the gallery as a model.
//!
//! A *template* is the feature of one enrolment photo: a vector that a feature model made of a face. A
//! *member* has one or more of them under a [`MemberId`]. A [`Gallery`] keeps members in one file;
//! photos are never kept, and features are never given out again, except inside the model below.
//!
//! # Enrolment
//!
//! Each photo passes the [`Gate`] by itself ([`Gate::quality`]): exactly one face, found with certainty,
//! large, frontal and sharp enough. [`Gallery::enrol`] then looks at the photos together
//! ([`Gate::agreement`]: they must show one person) and at everybody else ([`Gate::distinct`]: the face
//! must not be that of another member), and stores the templates, all in one transaction: two enrolments
//! at the same time cannot pass each other by. Whatever fails is a [`Refusal`], which says what was seen,
//! what the limit is and what to do; nothing is stored then.
//!
//! # The gallery as a model
//!
//! To find who a feature belongs to is an inference as well: [`Gallery::model`] builds an ONNX graph with
//! all templates as its weights ([`GalleryModel`]). It takes `feature`, f32 `[batch, dimension]`, each row
//! of length 1, and gives, for the `k = min(members, 8)` members most similar to it, best first:
//!
//! - `similarities`, f32 `[batch, k]`: the cosine with the most similar template of the member, -1 to 1;
//! - `rows`, i64 `[batch, k]`: which member, as a row of [`GalleryModel::labels`].
//!
//! An empty gallery is one row without a label, and similar to nothing (0). The digest of the model's
//! bytes is the gallery's version: it depends on the members' ids, their templates and the feature model,
//! not on the order in which they came, nor on the file or the time.
//!
//! # The file
//!
//! One redb database, which survives a crash at any moment: each change is one transaction, on disk when
//! the call returns. The file carries the version of its layout, the digest of the feature model and the
//! dimension of a feature; templates of different models cannot be compared, so a file made with another
//! model is refused. Every page's checksum is verified when it is opened. One process has it open at a
//! time; within it, any number of threads read while one writes. On Unix it is readable by its owner only.
//!
//! # To another host
//!
//! [`Gallery::seal`] encrypts all members with the key of a site, and [`SealedGallery::open`] makes a gallery of
//! them again, in memory: its model has the same digest. Nothing leaves this crate in between that could be read.
//! [`SealedAbout`] is what anybody may know of it, and is sealed along: nobody can say something else of it.
//!
//! # Kept in common
//!
//! Where several hosts share what they enrol, each member is sealed by itself: [`Gallery::admit`] checks as
//! [`Gallery::enrol`] does, [`Gallery::seal_member`] makes a [`SealedMember`], and whoever has that can open it and put
//! it into a gallery with [`Gallery::apply`]. It is kept under a name that only the key leads to.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod error;
mod face;
mod file;
mod gate;
mod member;
mod model;
mod onnx;
mod record;
mod refusal;
mod sealed;
mod sealed_member;
mod similarity;
mod store;

pub use error::{EnrolmentError, Error};
pub use face::{Candidate, turn};
pub use gate::Gate;
pub use member::{InvalidId, Member, MemberId, Quality, Template, TemplateInfo};
pub use model::{GalleryModel, MAX_MATCHES};
pub use refusal::Refusal;
pub use sealed::{SealedAbout, SealedError, SealedGallery};
pub use sealed_member::{Enrolled, MemberAbout, SealedMember, UnopenedMember};
pub use store::{Gallery, MAX_TEMPLATES};
