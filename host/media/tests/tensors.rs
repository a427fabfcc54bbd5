//! How pixels are written into a tensor.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod pictures;

use footlight_media::{
    Channels, Colour, Encoding, Error, Filter, Image, Layout, PixelType, Pixels, Rect, Region, View,
};
use half::f16;
use pictures::{noise, paint};

/// Two pixels: (10, 20, 30) and (110, 120, 130).
fn two() -> Image {
    Image::new(2, 1, vec![10, 20, 30, 110, 120, 130]).unwrap()
}

fn floats(pixels: &Pixels) -> Vec<f32> {
    match pixels.element {
        PixelType::U8 => pixels.data.iter().map(|v| f32::from(*v)).collect(),
        PixelType::F16 => {
            let (values, _) = pixels.data.as_chunks::<2>();
            values
                .iter()
                .map(|v| f16::from_le_bytes(*v).to_f32())
                .collect()
        }
        PixelType::F32 => {
            let (values, _) = pixels.data.as_chunks::<4>();
            values.iter().map(|v| f32::from_le_bytes(*v)).collect()
        }
    }
}

#[test]
fn the_order_of_channels_and_dimensions_is_the_one_asked_for() {
    for (channels, layout, shape, values) in [
        (
            Channels::Rgb,
            Layout::Nchw,
            [1, 3, 1, 2],
            vec![10., 110., 20., 120., 30., 130.],
        ),
        (
            Channels::Bgr,
            Layout::Nchw,
            [1, 3, 1, 2],
            vec![30., 130., 20., 120., 10., 110.],
        ),
        (
            Channels::Rgb,
            Layout::Nhwc,
            [1, 1, 2, 3],
            vec![10., 20., 30., 110., 120., 130.],
        ),
        (
            Channels::Bgr,
            Layout::Nhwc,
            [1, 1, 2, 3],
            vec![30., 20., 10., 130., 120., 110.],
        ),
        (
            Channels::Luma,
            Layout::Nchw,
            [1, 1, 1, 2],
            vec![18.15, 118.15],
        ),
        (
            Channels::Luma,
            Layout::Nhwc,
            [1, 1, 2, 1],
            vec![18.15, 118.15],
        ),
    ] {
        for element in [PixelType::U8, PixelType::F16, PixelType::F32] {
            let encoding = Encoding {
                channels,
                layout,
                element,
                ..Encoding::default()
            };
            let view = View::whole(2, 1);
            let tensor = two().tensor(&view, &encoding).unwrap();
            assert_eq!(tensor.shape, shape, "{encoding:?}");
            assert_eq!(tensor.element, element);
            assert_eq!(
                tensor.data.len() as u64,
                view.tensor_bytes(&encoding).unwrap()
            );
            let tolerance = match element {
                PixelType::U8 => 0.5,
                PixelType::F16 => 0.05,
                PixelType::F32 => 1e-4,
            };
            for (got, wanted) in floats(&tensor).iter().zip(&values) {
                assert!(
                    (got - wanted).abs() <= tolerance,
                    "{encoding:?}: {got} and not {wanted}"
                );
            }
        }
    }
}

#[test]
fn rows_and_planes_of_larger_tensors_are_in_their_places() {
    let image = noise(7, 5);
    let view = View {
        filter: Filter::Nearest,
        ..View::whole(7, 5)
    };
    let encoding = Encoding {
        channels: Channels::Bgr,
        ..Encoding::default()
    };
    let planes = floats(&image.tensor(&view, &encoding).unwrap());
    let pixels = image.rgb().chunks_exact(3);
    for (i, pixel) in pixels.enumerate() {
        let element = [planes[70 + i], planes[35 + i], planes[i]];
        assert_eq!(element, [pixel[0], pixel[1], pixel[2]].map(f32::from));
    }
}

#[test]
fn mean_and_scale_are_those_of_the_tensors_channels() {
    let encoding = Encoding {
        channels: Channels::Bgr,
        mean: [100.0, 10.0, 0.0],
        scale: [2.0, 0.5, -1.0],
        ..Encoding::default()
    };
    let tensor = two().tensor(&View::whole(2, 1), &encoding).unwrap();
    assert_eq!(floats(&tensor), [-140.0, 60.0, 5.0, 55.0, -10.0, -110.0]);
    let encoding = Encoding {
        channels: Channels::Luma,
        ..encoding
    };
    let grey = Image::new(1, 1, vec![80; 3]).unwrap();
    let tensor = grey.tensor(&View::whole(1, 1), &encoding).unwrap();
    assert!((floats(&tensor)[0] + 40.0).abs() < 1e-3);
}

#[test]
fn elements_of_8_bits_are_rounded_and_clamped() {
    let image = Image::new(4, 1, (0..12).map(|i| i * 20).collect()).unwrap();
    let encoding = Encoding {
        layout: Layout::Nhwc,
        element: PixelType::U8,
        mean: [100.0; 3],
        scale: [2.03; 3],
        ..Encoding::default()
    };
    let tensor = image.tensor(&View::whole(4, 1), &encoding).unwrap();
    assert_eq!(tensor.data, [0, 0, 0, 0, 0, 0, 41, 81, 122, 162, 203, 244]);
    let bright = Encoding {
        scale: [20.0; 3],
        ..encoding
    };
    let tensor = image.tensor(&View::whole(4, 1), &bright).unwrap();
    assert_eq!(
        tensor.data,
        [0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255]
    );
}

#[test]
fn values_are_not_rounded_on_the_way_into_floats() {
    let image = paint(2, 1, |x, _| [x as u8; 3]);
    let tensor = image
        .tensor(&View::whole(1, 1), &Encoding::default())
        .unwrap();
    assert_eq!(floats(&tensor), [0.5; 3]);
}

#[test]
fn the_border_is_encoded_like_any_pixel() {
    let view = View {
        region: Region::Rect(Rect {
            x: 5.0,
            y: 5.0,
            width: 2.0,
            height: 2.0,
        }),
        border: Colour { r: 1, g: 2, b: 3 },
        ..View::whole(1, 1)
    };
    let encoding = Encoding {
        channels: Channels::Bgr,
        mean: [1.0; 3],
        scale: [10.0; 3],
        ..Encoding::default()
    };
    let tensor = two().tensor(&view, &encoding).unwrap();
    assert_eq!(floats(&tensor), [20.0, 10.0, 0.0]);
}

#[test]
fn an_encoding_that_is_not_finite_is_refused() {
    for encoding in [
        Encoding {
            mean: [0.0, f32::NAN, 0.0],
            ..Encoding::default()
        },
        Encoding {
            scale: [f32::INFINITY, 1.0, 1.0],
            ..Encoding::default()
        },
    ] {
        let error = two().tensor(&View::whole(2, 1), &encoding).unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
    }
}

#[test]
fn the_size_of_a_result_is_known_beforehand_even_where_it_overflows() {
    let encoding = Encoding::default();
    let view = View::whole(640, 384);
    assert_eq!(view.image_bytes(), Some(640 * 384 * 3));
    assert_eq!(view.tensor_bytes(&encoding), Some(640 * 384 * 3 * 4));
    let huge = View::whole(u32::MAX, u32::MAX);
    assert_eq!(huge.image_bytes(), None);
    assert_eq!(huge.tensor_bytes(&encoding), None);
    assert!(two().tensor(&huge, &encoding).is_err());
}
