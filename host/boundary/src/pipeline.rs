//! What a boundary needs to know of a pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A pipeline: its classes of data, and who takes and makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The class that a frame enters as.
    pub source: String,
    /// What an item of each class is.
    pub classes: BTreeMap<String, Class>,
    /// The stages.
    pub stages: Vec<Stage>,
    /// The classes of which an answer has a list.
    pub answer: BTreeSet<String>,
    /// The gallery, where there is one.
    pub gallery: Option<Gallery>,
}

impl Pipeline {
    /// The classes of which an answer tells: those that it has a list of, and the documents made of these.
    pub fn told(&self) -> BTreeSet<String> {
        let mut made = self.answer.clone();
        loop {
            let before = made.len();
            for stage in &self.stages {
                if made.contains(&stage.input) {
                    made.extend(stage.yields.iter().cloned());
                }
            }
            if made.len() == before {
                break;
            }
        }
        let told = |class: &String| {
            self.answer.contains(class) || self.classes.get(class) == Some(&Class::Document)
        };
        made.into_iter().filter(told).collect()
    }

    /// The classes of all that a stage makes and that is made of that.
    pub(crate) fn made_after(&self, stage: &Stage) -> BTreeSet<String> {
        let mut made = stage.yields.clone();
        loop {
            let before = made.len();
            for stage in &self.stages {
                if made.contains(&stage.input) {
                    made.extend(stage.yields.iter().cloned());
                }
            }
            if made.len() == before {
                return made;
            }
        }
    }
}

/// What an item of a class is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// A picture.
    Image,
    /// Numbers; a dimension of 0 stands for any.
    Tensor {
        /// The type of each.
        element: Element,
        /// The dimensions.
        shape: Vec<u32>,
    },
    /// Named values.
    Document,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// The class that it takes.
    pub input: String,
    /// The classes that it may yield.
    pub yields: BTreeSet<String>,
    /// The models that it may use.
    pub models: BTreeSet<String>,
}

/// The gallery of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gallery {
    /// The class of what it keeps.
    pub template: String,
    /// The class that an enrolment's gate looks at.
    pub face: String,
    /// The name under which stages use it.
    pub model: String,
}

/// The type of a number in a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// Half precision.
    F16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// The upper half of an `F32`.
    Bf16,
    /// Unsigned, 1 byte.
    U8,
    /// Signed, 4 bytes.
    I32,
    /// Signed, 8 bytes.
    I64,
}

impl Element {
    /// Bytes of one.
    pub fn size(self) -> u64 {
        match self {
            Self::U8 => 1,
            Self::F16 | Self::Bf16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// Its name, as pipeline files write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Bf16 => "bf16",
            Self::U8 => "u8",
            Self::I32 => "i32",
            Self::I64 => "i64",
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
