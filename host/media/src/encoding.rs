//! How pixels become the elements of a tensor.

use crate::Error;

/// The order of the channels in a tensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channels {
    /// Three: red, green, blue.
    #[default]
    Rgb,
    /// Three: blue, green, red.
    Bgr,
    /// One: luminance by ITU-R BT.601, `0.299 R + 0.587 G + 0.114 B`.
    Luma,
}

impl Channels {
    /// How many there are: 3 or 1.
    pub fn count(self) -> u32 {
        match self {
            Self::Rgb | Self::Bgr => 3,
            Self::Luma => 1,
        }
    }
}

/// The order of the dimensions in a tensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// `[1, channels, height, width]`.
    #[default]
    Nchw,
    /// `[1, height, width, channels]`.
    Nhwc,
}

/// The type of a tensor's element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PixelType {
    /// 8 bits without sign: rounded, and clamped to 0 to 255.
    U8,
    /// IEEE 754 half precision, rounded to the nearest.
    F16,
    /// IEEE 754 single precision.
    #[default]
    F32,
}

impl PixelType {
    /// The size of one element in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F16 => 2,
            Self::F32 => 4,
        }
    }
}

/// How pixels are written into a tensor: each element is `(pixel - mean) * scale`, where pixel is 0 to
/// 255 and mean and scale are those of the element's channel, in the tensor's order of channels (for
/// [`Channels::Luma`], the first).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encoding {
    /// The order of the channels.
    pub channels: Channels,
    /// The order of the dimensions.
    pub layout: Layout,
    /// The type of an element.
    pub element: PixelType,
    /// Subtracted from each channel.
    pub mean: [f32; 3],
    /// Multiplied with each channel after that.
    pub scale: [f32; 3],
}

impl Default for Encoding {
    /// Red, green, blue as f32 from 0 to 255, `[1, 3, height, width]`.
    fn default() -> Self {
        Self {
            channels: Channels::default(),
            layout: Layout::default(),
            element: PixelType::default(),
            mean: [0.0; 3],
            scale: [1.0; 3],
        }
    }
}

impl Encoding {
    /// The shape of a tensor of `width` x `height` pixels.
    pub fn shape(&self, width: u32, height: u32) -> [u32; 4] {
        let channels = self.channels.count();
        match self.layout {
            Layout::Nchw => [1, channels, height, width],
            Layout::Nhwc => [1, height, width, channels],
        }
    }

    /// Refuses a mean or a scale that is not a finite number, for the channels that are written.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let count = self.channels.count() as usize;
        let finite = |numbers: &[f32; 3]| numbers.iter().take(count).all(|n| n.is_finite());
        for (name, numbers) in [("mean", &self.mean), ("scale", &self.scale)] {
            if !finite(numbers) {
                return Err(Error::Invalid(format!(
                    "the {name} of an encoding must be finite numbers, not {numbers:?}"
                )));
            }
        }
        Ok(())
    }
}

/// The bytes of a tensor, with what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// The dimensions, outermost first.
    pub shape: Vec<u32>,
    /// The type of an element.
    pub element: PixelType,
    /// The elements, row-major, little endian.
    pub data: Vec<u8>,
}
