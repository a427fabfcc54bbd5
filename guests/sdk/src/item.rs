//! Items, and the fields of documents and attributes.

use crate::value::read;
use crate::{Failure, Field, FromValue, Image, Item, Payload, Tensor, Value};

impl Item {
    /// An item of a data class that holds an [`Image`], a [`Tensor`] or [`Fields`] (a document).
    pub fn new(class: impl Into<String>, payload: impl Into<Payload>) -> Item {
        Item {
            class: class.into(),
            payload: payload.into(),
            attributes: Vec::new(),
        }
    }

    /// The same item with one attribute more. The name is 1 to 64 characters of `a-z`, `0-9` and
    /// `-` and starts with a letter; the host refuses an item with another, or with one name twice.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Item {
        self.attributes.push(Field {
            name: name.into(),
            value: value.into(),
        });
        self
    }

    /// The attribute of that name, or none.
    ///
    /// # Errors
    ///
    /// The attribute is of another kind.
    pub fn attribute<T: FromValue>(&self, name: &str) -> Result<Option<T>, Failure> {
        read(&self.attributes, name, "attribute")
    }

    /// The image that this item holds.
    ///
    /// # Errors
    ///
    /// It holds something else.
    pub fn image(&self) -> Result<&Image, Failure> {
        match &self.payload {
            Payload::Image(image) => Ok(image),
            _ => Err(self.not("an image")),
        }
    }

    /// The tensor that this item holds, to look at. To hand it to a graph, see
    /// [`into_tensor`](Item::into_tensor).
    ///
    /// # Errors
    ///
    /// It holds something else.
    pub fn tensor(&self) -> Result<&Tensor, Failure> {
        match &self.payload {
            Payload::Tensor(tensor) => Ok(tensor),
            _ => Err(self.not("a tensor")),
        }
    }

    /// The tensor that this item holds, to hand to a graph: no byte of it is read.
    ///
    /// # Errors
    ///
    /// It holds something else.
    pub fn into_tensor(self) -> Result<Tensor, Failure> {
        match self.payload {
            Payload::Tensor(tensor) => Ok(tensor),
            _ => Err(self.not("a tensor")),
        }
    }

    /// The document that this item holds.
    ///
    /// # Errors
    ///
    /// It holds something else.
    pub fn document(&self) -> Result<Fields, Failure> {
        match &self.payload {
            Payload::Document(fields) => Ok(Fields(fields.clone())),
            _ => Err(self.not("a document")),
        }
    }

    fn not(&self, wanted: &str) -> Failure {
        let is = match self.payload {
            Payload::Image(_) => "an image",
            Payload::Tensor(_) => "a tensor",
            Payload::Document(_) => "a document",
        };
        Failure::Unsuitable(format!(
            "this stage works on {wanted}, but the {} that came in is {is}",
            self.class
        ))
    }
}

impl From<Image> for Payload {
    fn from(image: Image) -> Payload {
        Payload::Image(image)
    }
}

impl From<Tensor> for Payload {
    fn from(tensor: Tensor) -> Payload {
        Payload::Tensor(tensor)
    }
}

impl From<Fields> for Payload {
    fn from(fields: Fields) -> Payload {
        Payload::Document(fields.0)
    }
}

/// Named values: what a document is made of.
///
/// ```
/// use footlight_stage::Fields;
///
/// let answer = Fields::new().with("member", true).with("similarity", 0.61);
/// assert_eq!(answer.get::<f64>("similarity")?, Some(0.61));
/// # Ok::<(), footlight_stage::Failure>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// None yet.
    pub fn new() -> Fields {
        Fields::default()
    }

    /// The same fields with one more at the end. For names, see [`Item::with`].
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Fields {
        self.0.push(Field {
            name: name.into(),
            value: value.into(),
        });
        self
    }

    /// The field of that name, or none.
    ///
    /// # Errors
    ///
    /// The field is of another kind.
    pub fn get<T: FromValue>(&self, name: &str) -> Result<Option<T>, Failure> {
        read(&self.0, name, "field")
    }

    /// The fields in the order in which they were added.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = &'a Field;
    type IntoIter = std::slice::Iter<'a, Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_back_as_they_were_given() {
        let item = Item::new("verdict", Fields::new())
            .with("score", 0.5)
            .with("label", "cat");
        assert_eq!(item.attribute::<f64>("score").unwrap(), Some(0.5));
        assert_eq!(
            item.attribute::<String>("label").unwrap().as_deref(),
            Some("cat")
        );
        assert_eq!(item.attribute::<bool>("absent").unwrap(), None);
    }

    #[test]
    fn an_attribute_of_another_kind_makes_the_item_unsuitable() {
        let item = Item::new("crop", Fields::new()).with("score", "high");
        let failure = item.attribute::<f64>("score").unwrap_err();
        assert!(matches!(failure, Failure::Unsuitable(_)));
        assert_eq!(
            failure.message(),
            "the attribute `score` must be a number, but it is text"
        );
    }

    #[test]
    fn a_wrong_payload_is_named() {
        let failure = Item::new("verdict", Fields::new())
            .into_tensor()
            .unwrap_err();
        assert_eq!(
            failure.message(),
            "this stage works on a tensor, but the verdict that came in is a document"
        );
    }
}
