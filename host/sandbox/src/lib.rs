//! Runs stages: WebAssembly components that implement the world `stage` of `footlight:stage`.
//!
//! The only crate that knows wasmtime. A [`Sandbox`] holds the engine; [`Sandbox::compile`] turns the
//! bytes of a component into a [`Component`] and refuses one that asks for more than a stage may have;
//! a [`Stage`] is a component with what the pipeline file gives it: graphs by name, settings, limits.
//! [`Stage::process`] runs one [`Item`] in a fresh instance, on the thread that calls it: it blocks for
//! as long as the inference takes, so an async program calls it on a blocking thread.
//!
//! What an instance can reach, and where that is implemented:
//!
//! | import | module |
//! |---|---|
//! | `footlight:stage/media` | `host::media`: pixels stay here, the guest holds handles |
//! | `footlight:stage/{settings, models, log}` | `host::surroundings` |
//! | `wasi:nn` | `host::nn`: graphs by name only, unless the pipeline file allows more |
//! | `wasi:*` | `host::wasi`: an empty world, clocks and randomness only |

#![deny(missing_docs)]
// Only `kept` may, with the reason there.
#![deny(unsafe_code)]

mod bindings;
mod budget;
mod component;
mod engine;
mod error;
mod host;
mod inspect;
mod item;
mod kept;
mod limits;
mod stage;
mod state;
mod value;

pub use budget::Usage;
pub use component::Component;
pub use engine::Sandbox;
pub use error::{Error, ErrorKind};
pub use inspect::{Import, Inspection};
pub use item::{Item, Payload};
pub use limits::Limits;
pub use stage::{Configuration, Stage};
pub use value::{FieldError, Fields, Value};
