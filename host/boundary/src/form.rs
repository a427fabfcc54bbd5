//! The exact form in which items of a class leave.

use std::collections::BTreeMap;
use std::fmt;

use crate::pipeline::{Class, Element};
use crate::values;
use crate::{Content, Item, Labels, Packed, Parcel, Payload, Quantise, Rule, ValueForm};

/// The most bits of an item that leaves: 8 KiB. The features of all common face models fit, and a face of 112 x 112
/// pixels that somebody calls a tensor does not.
pub(crate) const MOST_BITS: f64 = 65_536.0;

/// The exact form in which items of a class leave.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    body: Body,
    attributes: BTreeMap<String, ValueForm>,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Tensor {
        element: Element,
        shape: Vec<u32>,
        quantise: Option<Quantise>,
    },
    Document(BTreeMap<String, ValueForm>),
}

/// Why a rule gives no form, and what to write.
pub(crate) struct Flaw {
    pub(crate) why: String,
    pub(crate) change: String,
}

impl Form {
    /// The form that a rule gives to items of a class.
    pub(crate) fn new(name: &str, class: &Class, rule: &Rule) -> Result<Self, Flaw> {
        let flaw = |why: String, change: String| Err(Flaw { why, change });
        let values = rule.fields.iter().chain(&rule.attributes);
        for (value, form) in values {
            if let Some(why) = form.flaw() {
                return flaw(format!("`{value}`: {why}"), "write a range".to_owned());
            }
        }
        let body = match class {
            Class::Image => {
                return flaw(
                    format!("`{name}` is an image, and no rule lets an image leave its zone"),
                    format!(
                        "take [boundary.{name}] away, and let the stages that take `{name}` run where it is made; \
                         two places that may see each other's pictures are one zone"
                    ),
                );
            }
            Class::Document if rule.quantise.is_some() => {
                return flaw(
                    "`quantise` rounds vectors, and the class is a document".to_owned(),
                    "take `quantise` away; a number is rounded by its `steps`".to_owned(),
                );
            }
            Class::Document => Body::Document(rule.fields.clone()),
            Class::Tensor { .. } if !rule.fields.is_empty() => {
                return flaw(
                    "it has `fields`, and the class is a tensor".to_owned(),
                    "take `fields` away".to_owned(),
                );
            }
            Class::Tensor { element, shape } => {
                if let Some(flaw) = tensor_flaw(name, *element, shape, rule.quantise) {
                    return Err(flaw);
                }
                Body::Tensor {
                    element: *element,
                    shape: shape.clone(),
                    quantise: rule.quantise,
                }
            }
        };
        let form = Self {
            body,
            attributes: rule.attributes.clone(),
        };
        if form.bits() > MOST_BITS {
            return flaw(
                format!(
                    "an item of `{name}` would have room for {:.0} bits, and {MOST_BITS} are the most: as much may be a picture",
                    form.bits()
                ),
                "let something smaller leave: a feature, a verdict".to_owned(),
            );
        }
        Ok(form)
    }

    /// The bits that an item has room for, at most.
    pub fn bits(&self) -> f64 {
        let sum = |forms: &BTreeMap<String, ValueForm>| forms.values().map(ValueForm::bits).sum();
        let body: f64 = match &self.body {
            Body::Tensor {
                element,
                shape,
                quantise,
            } => {
                let numbers = numbers(shape);
                match quantise {
                    Some(quantise) => quantise.bits(numbers),
                    None => numbers as f64 * element.size() as f64 * 8.0,
                }
            }
            Body::Document(fields) => sum(fields),
        };
        body + sum(&self.attributes)
    }

    /// What leaves in an item's stead; why nothing does.
    pub(crate) fn pack(&self, item: &Item, labels: &dyn Labels) -> Result<Parcel, String> {
        let content = match (&self.body, &item.payload) {
            (
                Body::Tensor {
                    element,
                    shape,
                    quantise,
                },
                Payload::Tensor {
                    element: its_element,
                    shape: its_shape,
                    data,
                },
            ) => {
                let size = numbers(shape).saturating_mul(element.size());
                if element != its_element || shape != its_shape || data.len() as u64 != size {
                    let its_shape = its_shape.get(..16).unwrap_or(its_shape);
                    return Err(format!(
                        "it is a tensor of {its_element} {its_shape:?} with {} bytes, and not of {element} {shape:?}",
                        data.len()
                    ));
                }
                Packed::Tensor(match quantise {
                    None => data.to_vec(),
                    Some(quantise) => {
                        let (words, _) = data.as_chunks::<4>();
                        let vector: Vec<f32> =
                            words.iter().map(|word| f32::from_le_bytes(*word)).collect();
                        quantise.pack(&vector)?
                    }
                })
            }
            (Body::Document(forms), Payload::Document(fields)) => {
                Packed::Document(values::pack(forms, fields, true, labels)?)
            }
            (_, Payload::Image) => return Err("it is an image".to_owned()),
            (_, Payload::Tensor { .. }) => return Err("it is a tensor".to_owned()),
            (_, Payload::Document(_)) => return Err("it is a document".to_owned()),
        };
        Ok(Parcel {
            class: item.class.to_owned(),
            content,
            attributes: values::pack(&self.attributes, item.attributes, false, labels)?,
        })
    }

    /// What arrives in a parcel; why it is not one that [`Form::pack`] makes.
    pub(crate) fn unpack(&self, parcel: &Parcel) -> Result<Content, String> {
        if let Some(why) = values::flaw(&self.attributes, &parcel.attributes) {
            return Err(format!("its attribute {why}"));
        }
        match (&self.body, &parcel.content) {
            (
                Body::Tensor {
                    element,
                    shape,
                    quantise,
                },
                Packed::Tensor(bytes),
            ) => {
                let data = match quantise {
                    None => Some(bytes.clone()),
                    Some(quantise) => quantise.unpack(bytes).map(|vector| {
                        let bytes = vector.iter().flat_map(|value| value.to_le_bytes());
                        bytes.collect()
                    }),
                };
                let size = numbers(shape).saturating_mul(element.size());
                let data = data.filter(|data| data.len() as u64 == size);
                let data =
                    data.ok_or_else(|| format!("its {} bytes are not {self}", bytes.len()))?;
                Ok(Content::Tensor {
                    element: *element,
                    shape: shape.clone(),
                    data,
                })
            }
            (Body::Document(forms), Packed::Document(fields)) => {
                match values::flaw(forms, fields) {
                    Some(why) => Err(format!("its field {why}")),
                    None => Ok(Content::Document(fields.clone())),
                }
            }
            (Body::Tensor { .. }, Packed::Document(_)) => Err("it holds a document".to_owned()),
            (Body::Document(_), Packed::Tensor(_)) => Err("it holds a tensor".to_owned()),
        }
    }
}

fn numbers(shape: &[u32]) -> u64 {
    shape.iter().fold(1, |product: u64, side| {
        product.saturating_mul(u64::from(*side))
    })
}

fn tensor_flaw(
    name: &str,
    element: Element,
    shape: &[u32],
    quantise: Option<Quantise>,
) -> Option<Flaw> {
    let flaw = |why: String, change: String| Some(Flaw { why, change });
    if shape.contains(&0) {
        return flaw(
            format!(
                "the class `{name}` is a tensor of {shape:?}: a dimension of 0 stands for any, and so may hold anything"
            ),
            format!("write every dimension in [classes.{name}]"),
        );
    }
    if quantise.is_some() && element != Element::F32 {
        return flaw(
            format!("`quantise` rounds numbers of f32, and `{name}` is of {element}"),
            "take `quantise` away".to_owned(),
        );
    }
    let vectors = shape.split_last().map_or(1, |(_, outer)| numbers(outer));
    if quantise == Some(Quantise::I8) && vectors != 1 {
        return flaw(
            format!(
                "`quantise = \"i8\"` scales one vector to length 1, and an item of `{name}` is {vectors}"
            ),
            "yield one item for each vector, or write quantise = \"f16\"".to_owned(),
        );
    }
    None
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |forms: &BTreeMap<String, ValueForm>| {
            let each = forms
                .iter()
                .map(|(name, form)| format!("`{name}` ({form})"));
            each.collect::<Vec<_>>().join(", ")
        };
        match &self.body {
            Body::Tensor {
                element,
                shape,
                quantise,
            } => {
                write!(f, "{element} {shape:?}")?;
                if let Some(quantise) = quantise {
                    write!(f, ", {}", quantise.describe())?;
                }
            }
            Body::Document(fields) if fields.is_empty() => f.write_str("an empty document")?,
            Body::Document(fields) => f.write_str(&list(fields))?,
        }
        if self.attributes.is_empty() {
            return Ok(());
        }
        write!(f, ", with the attributes {}", list(&self.attributes))
    }
}
