use crate::value::Fields;
use footlight_media::Image;
use footlight_nn::Tensor;
use std::sync::Arc;

/// What goes into a stage and comes out of it.
#[derive(Debug, Clone)]
pub struct Item {
    /// The data class, as the pipeline file names it.
    pub class: String,
    /// What it holds.
    pub payload: Payload,
    /// What is known of it.
    pub attributes: Fields,
}

/// What an item holds. Images and tensors are shared, not copied, where an item goes to two stages.
#[derive(Debug, Clone)]
pub enum Payload {
    /// A picture.
    Image(Arc<Image>),
    /// Numbers, with their type and shape.
    Tensor(Arc<Tensor>),
    /// A small document.
    Document(Fields),
}

impl Item {
    /// The bytes that the item takes in the host, roughly.
    pub fn bytes(&self) -> u64 {
        let payload = match &self.payload {
            Payload::Image(image) => image.bytes() as u64,
            Payload::Tensor(tensor) => tensor.data.len() as u64,
            Payload::Document(fields) => fields.bytes(),
        };
        payload.saturating_add(self.attributes.bytes())
    }
}

impl Payload {
    /// The kind, in the word that the pipeline file uses.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::Tensor(_) => "tensor",
            Self::Document(_) => "document",
        }
    }
}
