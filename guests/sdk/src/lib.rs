//! Write a Footlight stage in Rust.
//!
//! A *stage* is a WebAssembly component that takes one [`Item`] and yields any number of them. It
//! never sees a frame's pixels: it asks the host for a view of an [`Image`] as a [`Tensor`], hands
//! that to a [`Graph`] (an inference model that the pipeline file names), and reads what comes out.
//!
//! Here is a whole stage. It asks a classifier what is in a picture and yields a document.
//!
//! ```
//! use footlight_stage::{
//!     Channels, Encoding, Failure, Fields, Graph, Item, Layout, Stage, View, export, settings,
//! };
//!
//! struct WhatIsIt;
//!
//! impl Stage for WhatIsIt {
//!     fn process(input: Item) -> Result<Vec<Item>, Failure> {
//!         let least: f64 = settings::get("min-score")?.unwrap_or(0.5);
//!
//!         // Pixels go from image to tensor to graph inside the host.
//!         let encoding = Encoding::floats(Channels::Rgb, Layout::Nchw).scaled(1.0 / 255.0);
//!         let pixels = input.image()?.tensor(View::whole(224, 224), encoding)?;
//!
//!         let graph = Graph::named("classifier")?;
//!         let scores = graph.run([("input", pixels)])?.take("output")?.floats()?;
//!
//!         let best = scores.iter().zip(0_u32..).max_by(|a, b| a.0.total_cmp(b.0));
//!         let Some((&score, row)) = best.filter(|(score, _)| f64::from(**score) >= least) else {
//!             return Ok(Vec::new());
//!         };
//!         let name = graph.label(row).unwrap_or_else(|| row.to_string());
//!         let answer = Fields::new().with("name", name).with("score", score);
//!         Ok(vec![Item::new("label", answer)])
//!     }
//! }
//!
//! export!(WhatIsIt);
//! # fn main() {}
//! ```
//!
//! The crate that holds it is a `cdylib`, built for `wasm32-unknown-unknown` and turned into a
//! component by `footlight stage build`. `docs/write-your-own-stage.md` goes through that step by
//! step. Keep the logic in plain functions over numbers: those are tested natively with `cargo test`,
//! whereas whatever calls the host can only run in it.
//!
//! # Errors
//!
//! [`Failure::Unsuitable`] is for an item that this stage cannot work on, [`Failure::Failed`] for
//! everything else; both carry a text that reaches whoever submitted the frame. The refusals of the
//! host and the errors of wasi-nn convert by `?`. A stage that panics ends its item with a trap; the
//! panic's message goes to the host's log.

#![deny(missing_docs)]

#[allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
pub mod bindings;

mod decimal;
mod failure;
mod graph;
mod item;
pub mod log;
pub mod settings;
mod stage;
mod tensor;
mod value;
mod view;

pub use bindings::exports::footlight::stage::processing::{Failure, Item, Payload};
pub use bindings::footlight::stage::media::{
    Affine, Channels, Colour, Encoding, Filter, Image, Layout, Refusal, Region, View,
};
pub use bindings::footlight::stage::values::{Field, Point, Rect, Value};
pub use bindings::wasi::nn::tensor::{Tensor, TensorType};
pub use decimal::Decimal;
pub use graph::{Graph, Outputs};
pub use item::Fields;
pub use stage::Stage;
#[doc(hidden)]
pub use stage::run;
pub use tensor::Floats;
pub use value::FromValue;
