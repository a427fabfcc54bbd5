//! Makes stages: writes new ones from templates, and builds what an author wrote to a WebAssembly component, with
//! compilers that are found or fetched.
//!
//! The `footlight` binary does it for anybody's stage, `cargo xtask` for those of the source tree. Nothing here runs a
//! stage or knows an engine: whether a component is one that a host runs, `footlight-sandbox` says.
//!
//! | module | |
//! |---|---|
//! | [`template`] | a new stage that builds as it is |
//! | [`Project`] | somebody's stage in a folder, of whatever language |
//! | [`cargo`] | packages, as cargo knows them |
//! | [`rust`] | crates become components; the compiler for it |
//! | [`cache`], [`process`], [`progress`] | fetched things, other programs, what the user sees meanwhile |

#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod cache;
pub mod cargo;
mod error;
mod javascript;
pub mod process;
pub mod progress;
mod project;
mod python;
pub mod rust;
mod sdk;
pub mod template;
mod tool;

pub use cache::Cache;
pub use error::{Error, Result};
pub use progress::Progress;
pub use project::{Language, Project};

/// A built component, which may or may not be a stage.
#[derive(Debug)]
pub struct Component {
    /// The name of what it was built from.
    pub name: String,
    /// The component.
    pub bytes: Vec<u8>,
}
