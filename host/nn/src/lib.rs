//! Tensors, models, and the inference libraries that run them. This crate knows nothing of
//! WebAssembly.
//!
//! A [`Backend`] is an inference library: [`OpenVino`] and [`OnnxRuntime`] are loaded when the host
//! runs, [`Tract`] is a part of it. It compiles a model, once for the whole host, into a [`Graph`],
//! which any number of threads run at the same time. Tensors go in and come out by the model's own
//! names, in any of the [types](ElementType) that wasi-nn has and the library can compute with.
//!
//! ```no_run
//! use footlight_nn::{Backend, Card, OpenVino, Tensor, cache_dir};
//!
//! # fn main() -> Result<(), footlight_nn::Error> {
//! let backend = OpenVino::load(None)?;
//! let card = Card::read("models/fr-feature.toml".as_ref())?;
//! let graph = backend.compile(&card.load(&cache_dir())?, "cpu")?;
//! let face = Tensor::from_f32(vec![1, 3, 112, 112], &[0.0; 3 * 112 * 112])?;
//! for (name, tensor) in graph.infer(vec![("input".to_owned(), face)], None)? {
//!     println!("{name}: {tensor:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every tensor is checked against the model before a native library sees it, so whatever a guest
//! hands over ends in an [`Error`]. A device that was asked for and is not there is an error as well,
//! never another device.
//!
//! A [`Batched`] graph computes what several threads ask for at about the same time in one inference.
//! [`Runtimes`] are the libraries of a host, and take a device by the name that a pipeline file has for it
//! ([`DeviceSpec`]), with other devices to fall back on where the file says so.
//!
//! A [`Card`] says what is known of a model. A [`Registry`] holds the models that stages may ask for
//! by name, and lets one be replaced while others run.

#![deny(missing_docs)]
#![deny(unsafe_code)]

mod backend;
mod batch;
mod buffer;
mod cache;
mod card;
mod contain;
mod device;
mod digest;
mod element;
mod error;
mod info;
mod location;
mod onnx;
mod onnxruntime;
mod openvino;
mod placement;
pub mod quantity;
mod registry;
mod runtimes;
mod tensor;
mod text;
mod tract;

pub use crate::onnxruntime::OnnxRuntime;
pub use crate::openvino::OpenVino;
pub use crate::tract::Tract;
pub use backend::{Backend, Graph, arrange};
pub use batch::{BatchOptions, BatchStats, Batched, batched, verify_batch};
pub use buffer::{Buffer, Memory};
pub use cache::cache_dir;
pub use card::{Card, CardTensor, PackageRegistry, Preprocessing, Side, Source, Threshold};
pub use device::{DeviceSpec, Library};
pub use digest::sha256_hex;
pub use element::ElementType;
pub use error::{Error, ErrorKind};
pub use info::TensorInfo;
pub use onnx::free_batch;
pub use placement::{Compiled, PassedOver, Placement};
pub use registry::{Model, Registry, Snapshot};
pub use runtimes::{Folders, Runtimes};
pub use tensor::{MAX_RANK, Tensor, byte_size};
pub use text::read_text;
