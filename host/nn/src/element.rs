use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The type of the elements of a tensor: those of wasi-nn, and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementType {
    /// IEEE 754 half precision, 2 bytes.
    F16,
    /// IEEE 754 single precision, 4 bytes.
    F32,
    /// IEEE 754 double precision, 8 bytes.
    F64,
    /// The upper half of an `F32`, 2 bytes.
    Bf16,
    /// Unsigned, 1 byte.
    U8,
    /// Signed, 4 bytes.
    I32,
    /// Signed, 8 bytes.
    I64,
}

impl ElementType {
    /// Every element type there is.
    pub const ALL: [ElementType; 7] = [
        ElementType::F16,
        ElementType::F32,
        ElementType::F64,
        ElementType::Bf16,
        ElementType::U8,
        ElementType::I32,
        ElementType::I64,
    ];

    /// The size of one element in bytes.
    pub fn size(self) -> usize {
        match self {
            ElementType::U8 => 1,
            ElementType::F16 | ElementType::Bf16 => 2,
            ElementType::F32 | ElementType::I32 => 4,
            ElementType::F64 | ElementType::I64 => 8,
        }
    }

    /// Its name, as cards and pipeline files write it: `f32`.
    pub fn name(self) -> &'static str {
        match self {
            ElementType::F16 => "f16",
            ElementType::F32 => "f32",
            ElementType::F64 => "f64",
            ElementType::Bf16 => "bf16",
            ElementType::U8 => "u8",
            ElementType::I32 => "i32",
            ElementType::I64 => "i64",
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ElementType {
    type Err = Error;

    fn from_str(text: &str) -> Result<ElementType, Error> {
        Self::ALL
            .into_iter()
            .find(|element| element.name() == text)
            .ok_or_else(|| {
                let known = Self::ALL.map(ElementType::name).join(", ");
                Error::invalid(format!(
                    "`{text}` is not an element type; there are {known}"
                ))
            })
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn a_name_reads_back_as_the_type_it_was_written_from() {
        for element in ElementType::ALL {
            assert_eq!(element.to_string().parse::<ElementType>().unwrap(), element);
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = "float32".parse::<ElementType>().unwrap_err().to_string();
        assert!(
            error.contains("float32") && error.contains("bf16"),
            "{error}"
        );
    }
}
