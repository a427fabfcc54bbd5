//! Making a picture, writing it, and measuring how sharp it is.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod pictures;

use footlight_media::{DecodeLimits, Error, Image, View};
use pictures::{difference, noise, paint};

#[test]
fn bytes_that_do_not_fit_the_size_are_refused() {
    for (width, height, bytes) in [
        (2, 2, 11),
        (2, 2, 13),
        (0, 2, 0),
        (2, 0, 0),
        (65_536, 1, 65_536 * 3),
    ] {
        let error = Image::new(width, height, vec![0; bytes]).unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
    }
    let image = Image::new(2, 1, vec![1, 2, 3, 4, 5, 6]).unwrap();
    assert_eq!((image.width(), image.height(), image.bytes()), (2, 1, 6));
}

#[test]
fn a_png_holds_the_very_pixels() {
    let image = noise(33, 21);
    let file = image.encode_png().unwrap();
    let read = Image::decode(&file, &DecodeLimits::default()).unwrap();
    assert_eq!(difference(&read, &image), 0);
}

#[test]
fn one_bright_pixel_has_the_sharpness_that_can_be_reckoned_by_hand() {
    // 5 x 5 with 100 in the middle: the inner 3 x 3 have -400 there, 100 at its four neighbours, 0 else.
    let dot = paint(5, 5, |x, y| [if (x, y) == (2, 2) { 100 } else { 0 }; 3]);
    let wanted = (400.0_f32 * 400.0 + 4.0 * 100.0 * 100.0) / 9.0;
    assert!(
        (dot.sharpness() - wanted).abs() < 1.0,
        "{}",
        dot.sharpness()
    );
}

#[test]
fn a_blurred_picture_is_less_sharp_and_an_even_one_not_at_all() {
    let sharp = noise(64, 64);
    let blurred = sharp.view(&View::whole(16, 16)).unwrap();
    let blurred = blurred.view(&View::whole(64, 64)).unwrap();
    assert!(blurred.sharpness() < sharp.sharpness() / 20.0);
    assert!(paint(20, 20, |_, _| [77, 12, 200]).sharpness() < 1e-3);
    // An even slope has no edges either.
    assert!(paint(20, 20, |x, y| [(x * 5 + y * 3) as u8; 3]).sharpness() < 1e-2);
    for (width, height) in [(1, 1), (2, 50), (50, 2)] {
        assert_eq!(noise(width, height).sharpness(), 0.0);
    }
}
