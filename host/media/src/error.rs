//! What can go wrong, in words for whoever sent the picture or wrote the stage.

/// Why a view or an image could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An argument makes no sense: a size of zero, a map that cannot be inverted, a scale that is not
    /// finite. The text says which, and what would be right.
    #[error("{0}")]
    Invalid(String),
    /// The result would not fit in this machine's memory.
    #[error("a result of {width} x {height} pixels does not fit in memory; ask for a smaller one")]
    TooLarge {
        /// Width asked for, in pixels.
        width: u32,
        /// Height asked for, in pixels.
        height: u32,
    },
    /// The picture could not be written as a PNG.
    #[error("the picture could not be written as a PNG: {0}")]
    Encode(String),
}

/// Why bytes could not be decoded into a picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// There were no bytes.
    #[error("no picture was sent (0 bytes); send a JPEG or a PNG")]
    Empty,
    /// The bytes are neither a JPEG nor a PNG.
    #[error("this is not a picture that can be read; send a JPEG or a PNG")]
    NotAnImage,
    /// A JPEG or a PNG of a kind that is not read. The text says which.
    #[error(
        "this kind of picture is not supported: {0}; send a baseline or progressive JPEG, or a PNG"
    )]
    Unsupported(String),
    /// The picture ends before all of it is there.
    #[error("the picture is cut off: {0}; send the whole file")]
    Truncated(String),
    /// The picture contradicts itself.
    #[error("the picture is damaged: {0}; send an intact file")]
    Broken(String),
    /// The picture has more pixels than allowed. Known from its header alone: nothing was decoded.
    #[error(
        "the picture is too large: {width} x {height} pixels, and at most {max_pixels} pixels are \
         allowed; send a smaller one"
    )]
    TooLarge {
        /// Width that the header states, in pixels.
        width: u32,
        /// Height that the header states, in pixels.
        height: u32,
        /// The most pixels allowed.
        max_pixels: u64,
    },
}

impl DecodeError {
    /// A short name for metrics and machine-readable errors, such as `too-large`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotAnImage => "not-an-image",
            Self::Unsupported(_) => "unsupported-image",
            Self::Truncated(_) => "truncated-image",
            Self::Broken(_) => "broken-image",
            Self::TooLarge { .. } => "too-large",
        }
    }
}
