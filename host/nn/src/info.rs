use std::fmt;

use serde::Serialize;

use crate::ElementType;

/// What a model says of one of its inputs or outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TensorInfo {
    /// The model's own name for it.
    pub name: String,
    /// The type of its elements.
    #[serde(rename = "type")]
    pub element: ElementType,
    /// The size of each dimension, outermost first; `None` where any size will do (an input) or where
    /// it depends on the inputs (an output).
    pub shape: Vec<Option<u32>>,
}

impl TensorInfo {
    /// Whether a tensor of this shape is one that this describes.
    pub fn admits(&self, shape: &[u32]) -> bool {
        self.shape.len() == shape.len()
            && self
                .shape
                .iter()
                .zip(shape)
                .all(|(side, given)| side.is_none_or(|side| side == *given))
    }

    /// The shape alone, as `[1, 3, ?, ?]`.
    pub fn dimensions(&self) -> String {
        let sides: Vec<String> = self
            .shape
            .iter()
            .map(|side| side.map_or_else(|| "?".to_owned(), |side| side.to_string()))
            .collect();
        format!("[{}]", sides.join(", "))
    }
}

impl fmt::Display for TensorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.element, self.dimensions())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> TensorInfo {
        TensorInfo {
            name: "input".to_owned(),
            element: ElementType::F32,
            shape: vec![Some(1), Some(3), None, None],
        }
    }

    #[test]
    fn it_reads_well() {
        assert_eq!(image().to_string(), "input f32 [1, 3, ?, ?]");
    }

    #[test]
    fn it_admits_what_it_describes_and_nothing_else() {
        assert!(image().admits(&[1, 3, 320, 640]));
        assert!(!image().admits(&[2, 3, 320, 640]));
        assert!(!image().admits(&[1, 3, 320]));
        assert!(!image().admits(&[]));
    }
}
