//! Views of images, and how they are written into tensors.

use crate::{Affine, Channels, Colour, Encoding, Filter, Layout, Rect, Region, TensorType, View};

impl View {
    /// All of an image, stretched to `width` x `height` pixels.
    pub const fn whole(width: u32, height: u32) -> View {
        View::of(Region::Whole, width, height)
    }

    /// A rectangle of an image, stretched to `width` x `height` pixels.
    pub const fn rect(rect: Rect, width: u32, height: u32) -> View {
        View::of(Region::Rect(rect), width, height)
    }

    /// An affine warp of an image, `width` x `height` pixels large.
    pub const fn warp(affine: Affine, width: u32, height: u32) -> View {
        View::of(Region::Affine(affine), width, height)
    }

    /// A region of an image, bilinear, black beyond its edges.
    const fn of(region: Region, width: u32, height: u32) -> View {
        let border = Colour { r: 0, g: 0, b: 0 };
        View {
            region,
            width,
            height,
            filter: Filter::Bilinear,
            border,
        }
    }

    /// The same view, resampled in another way. Without this it is [`Filter::Bilinear`]; where the
    /// image is reduced to less than half, [`Filter::Area`] is the better one.
    #[must_use]
    pub const fn filtered(self, filter: Filter) -> View {
        View { filter, ..self }
    }

    /// The same view with another colour beyond the image's edges. Without this it is black.
    #[must_use]
    pub const fn bordered(self, border: Colour) -> View {
        View { border, ..self }
    }
}

impl Affine {
    /// The same map, given between *pixel indices*, where (0, 0) is the centre of the first pixel:
    /// what `cv2.warpAffine` takes with `WARP_INVERSE_MAP`. The contract's coordinates are
    /// continuous: there that centre is at (0.5, 0.5). So the map is moved by half a pixel on either
    /// side.
    #[must_use]
    pub fn between_pixel_indices(self) -> Affine {
        Affine {
            c: self.c + 0.5 - 0.5 * (self.a + self.b),
            f: self.f + 0.5 - 0.5 * (self.d + self.e),
            ..self
        }
    }
}

impl Encoding {
    /// Pixels from 0 to 255 as 32-bit floats.
    pub const fn floats(channels: Channels, layout: Layout) -> Encoding {
        let (mean, scale) = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0));
        Encoding {
            channels,
            layout,
            ty: TensorType::Fp32,
            mean,
            scale,
        }
    }

    /// The same, less a mean for each channel, in the tensor's order of channels.
    #[must_use]
    pub const fn less(self, mean: [f32; 3]) -> Encoding {
        let [first, second, third] = mean;
        Encoding {
            mean: (first, second, third),
            ..self
        }
    }

    /// The same, multiplied with one scale for all channels, after the mean is taken off. For a
    /// scale for each, set the field.
    #[must_use]
    pub const fn scaled(self, scale: f32) -> Encoding {
        Encoding {
            scale: (scale, scale, scale),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_by_pixel_index_starts_at_the_first_pixels_centre() {
        // Index i of the result is index 2i of the source: the centre of pixel 0 stays where it is.
        let half = Affine {
            a: 2.0,
            b: 0.0,
            c: 0.0,
            d: 0.0,
            e: 2.0,
            f: 0.0,
        };
        let map = half.between_pixel_indices();
        assert_eq!(map.a * 0.5 + map.b * 0.5 + map.c, 0.5);
        assert_eq!(map.a * 3.5 + map.b * 0.5 + map.c, 6.5);
        assert_eq!(map.d * 0.5 + map.e * 1.5 + map.f, 2.5);
    }
}
