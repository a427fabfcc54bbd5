use footlight_media::{Point, Rect};
use serde_json::{Map, Value as Json, json};

/// One value of a field or a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// Text.
    Text(String),
    /// Finite numbers.
    Numbers(Vec<f64>),
    /// A rectangle in the frame, in pixels.
    Rect(Rect),
    /// Points in the frame, in pixels.
    Points(Vec<Point>),
    /// Anything else.
    Json(Json),
}

impl Value {
    /// As JSON: a rectangle is `{"x", "y", "width", "height"}`, points are `[[x, y], ...]`.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Flag(flag) => json!(flag),
            Self::Integer(integer) => json!(integer),
            Self::Number(number) => json!(number),
            Self::Text(text) => json!(text),
            Self::Numbers(numbers) => json!(numbers),
            Self::Rect(rect) => {
                json!({"x": rect.x, "y": rect.y, "width": rect.width, "height": rect.height})
            }
            Self::Points(points) => points.iter().map(|p| json!([p.x, p.y])).collect(),
            Self::Json(json) => json.clone(),
        }
    }

    /// The bytes that the value takes, roughly.
    pub(crate) fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::Flag(_) | Self::Integer(_) | Self::Number(_) => 8,
            Self::Text(text) => text.len(),
            Self::Numbers(numbers) => numbers.len().saturating_mul(8),
            Self::Rect(_) => 16,
            Self::Points(points) => points.len().saturating_mul(8),
            Self::Json(json) => json.to_string().len(),
        };
        bytes as u64
    }
}

/// Named values, each name once, in the order in which the stage gave them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(Vec<(String, Value)>);

/// Why a name or a value is not one that a field may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// It is no name.
    #[error("the name `{0}` is not 1 to 64 characters of a-z, 0-9 and - that start with a letter")]
    Name(String),
    /// Another value has it.
    #[error("the name `{0}` occurs twice")]
    Twice(String),
}

impl Fields {
    /// Those of these names and values, in their order.
    ///
    /// # Errors
    /// [`FieldError`] for a name that none may have, or that occurs twice.
    pub fn new(pairs: impl IntoIterator<Item = (String, Value)>) -> Result<Self, FieldError> {
        let mut fields = Self::default();
        for (name, value) in pairs {
            fields.push(name, value)?;
        }
        Ok(fields)
    }

    /// Adds a field; a name that is there already, or that is not a name, is refused.
    pub(crate) fn push(&mut self, name: String, value: Value) -> Result<(), FieldError> {
        let letters = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let starts_well = name.bytes().next().is_some_and(|c| c.is_ascii_lowercase());
        if !starts_well || name.len() > 64 || !name.bytes().all(letters) {
            return Err(FieldError::Name(name.chars().take(64).collect()));
        }
        if self.get(&name).is_some() {
            return Err(FieldError::Twice(name));
        }
        self.0.push((name, value));
        Ok(())
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// All fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a JSON object.
    pub fn to_json(&self) -> Map<String, Json> {
        self.iter()
            .map(|(name, value)| (name.to_owned(), value.to_json()))
            .collect()
    }

    /// The bytes that the fields take, roughly.
    pub(crate) fn bytes(&self) -> u64 {
        self.iter()
            .map(|(name, value)| (name.len() as u64).saturating_add(value.bytes()))
            .fold(0, u64::saturating_add)
    }
}
