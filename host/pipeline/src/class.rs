use footlight_nn::ElementType;
use footlight_sandbox::{Item, Payload};
use serde::Deserialize;

/// What an item of a class must be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Class {
    /// A picture, of exactly this width and height where a size is given.
    Image {
        /// Width and height in pixels.
        size: Option<(u32, u32)>,
    },
    /// A tensor of this type and shape; a dimension of 0 stands for any.
    Tensor {
        /// The type of an element.
        #[serde(rename = "type")]
        element: ElementType,
        /// The dimensions.
        shape: Vec<u32>,
    },
    /// A small document.
    Document,
}

/// How an item is not what its class promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The stage may not yield this class.
    #[error(
        "it yielded an item of class `{class}`, and the pipeline file lets it yield only {allowed}"
    )]
    Class {
        /// The item's class.
        class: String,
        /// Those that it may yield.
        allowed: String,
    },
    /// The item is of another kind.
    #[error("it yielded {found} as class `{class}`, which the pipeline file says is {expected}")]
    Kind {
        /// The item's class.
        class: String,
        /// What it is, with its article.
        found: String,
        /// What it should be.
        expected: String,
    },
}

impl Class {
    /// Checks an item that is said to be of this class.
    pub(crate) fn check(&self, item: &Item) -> Result<(), Misfit> {
        let fits = match (self, &item.payload) {
            (Self::Image { size }, Payload::Image(image)) => {
                size.is_none_or(|size| size == (image.width(), image.height()))
            }
            (Self::Tensor { element, shape }, Payload::Tensor(tensor)) => {
                tensor.element == *element
                    && tensor.shape.len() == shape.len()
                    && tensor
                        .shape
                        .iter()
                        .zip(shape)
                        .all(|(a, b)| a == b || *b == 0)
            }
            (Self::Document, Payload::Document(_)) => true,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(Misfit::Kind {
            class: item.class.clone(),
            found: describe(&item.payload),
            expected: self.to_string(),
        })
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Image { size: None } => f.write_str("an image"),
            Self::Image {
                size: Some((width, height)),
            } => {
                write!(f, "an image of {width} x {height} pixels")
            }
            Self::Tensor { element, shape } => write!(f, "a tensor of {element} {shape:?}"),
            Self::Document => f.write_str("a document"),
        }
    }
}

fn describe(payload: &Payload) -> String {
    match payload {
        Payload::Image(image) => {
            format!("an image of {} x {} pixels", image.width(), image.height())
        }
        Payload::Tensor(tensor) => format!("a tensor of {} {:?}", tensor.element, tensor.shape),
        Payload::Document(_) => "a document".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footlight_media::Image;
    use footlight_nn::Tensor;
    use footlight_sandbox::Fields;
    use std::sync::Arc;

    fn item(payload: Payload) -> Item {
        Item {
            class: "feature".to_owned(),
            payload,
            attributes: Fields::default(),
        }
    }

    #[test]
    fn a_face_does_not_pass_where_a_feature_is_declared() {
        let feature = Class::Tensor {
            element: ElementType::F32,
            shape: vec![1, 4],
        };
        let face = Image::new(2, 2, vec![0; 12]).unwrap();
        let why = feature
            .check(&item(Payload::Image(Arc::new(face))))
            .unwrap_err();
        assert!(why.to_string().contains("image of 2 x 2"), "{why}");
        let right = Tensor::from_f32(vec![1, 4], &[0.0; 4]).unwrap();
        assert_eq!(
            feature.check(&item(Payload::Tensor(Arc::new(right)))),
            Ok(())
        );
        let long = Tensor::from_f32(vec![1, 5], &[0.0; 5]).unwrap();
        assert!(
            feature
                .check(&item(Payload::Tensor(Arc::new(long))))
                .is_err()
        );
        let bytes = Tensor::new(vec![1, 4], ElementType::U8, vec![0; 4]).unwrap();
        assert!(
            feature
                .check(&item(Payload::Tensor(Arc::new(bytes))))
                .is_err()
        );
    }

    #[test]
    fn an_image_has_the_size_that_its_class_says() {
        let crop = Class::Image { size: Some((2, 2)) };
        let frame = Image::new(3, 2, vec![0; 18]).unwrap();
        assert!(crop.check(&item(Payload::Image(Arc::new(frame)))).is_err());
        assert!(
            crop.check(&item(Payload::Document(Fields::default())))
                .is_err()
        );
    }
}
