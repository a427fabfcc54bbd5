//! Container images as OCI layouts, and the host's own image.
//!
//! The same files give the same digest, whoever packs them, when, and in whatever order a folder lists them. xtask makes
//! the host's image with it; the measurements make those that the host is compared with.
//!
//! | module | |
//! |---|---|
//! | [`Builder`], [`Image`] | layers and what describes them |
//! | [`layer`] | what a layer is made of |
//! | [`host`] | the host's own image |
//! | [`archive`] | a layout as one file |

#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod archive;
mod builder;
mod counted;
mod error;
pub mod host;
pub mod layer;

pub use builder::{Builder, Image, Program, Sizes, TAG};
pub use error::{Error, Result};
