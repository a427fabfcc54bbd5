//! What is said of bytes that are no picture, or not all of one, or too large a one.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod pictures;

use footlight_media::{DecodeError, DecodeLimits, Image};
use jpeg_encoder::{ColorType, SamplingFactor};
use pictures::{jpeg, jpeg_with, noise, smooth};

fn decode(bytes: &[u8]) -> Result<Image, DecodeError> {
    Image::decode(bytes, &DecodeLimits::default())
}

#[test]
fn what_is_no_picture_is_called_so() {
    assert_eq!(decode(b""), Err(DecodeError::Empty));
    for text in [
        &b"hello"[..],
        b"\xFF",
        b"\xFF\xD8",
        b"\x89PNG",
        b"GIF89a...",
        &[0; 5000],
    ] {
        assert_eq!(decode(text), Err(DecodeError::NotAnImage), "{text:?}");
    }
}

#[test]
fn a_picture_that_is_cut_off_is_an_error_wherever_it_is_cut() {
    let picture = noise(40, 30);
    let baseline = jpeg(picture.rgb(), 40, 30, ColorType::Rgb);
    let progressive = jpeg_with(picture.rgb(), 40, 30, ColorType::Rgb, |encoder| {
        encoder.set_progressive(true);
    });
    for file in [baseline, progressive] {
        decode(&file).unwrap();
        for length in 3..file.len() {
            let error = decode(&file[..length]).unwrap_err();
            assert!(
                matches!(error, DecodeError::Truncated(_)),
                "{length} of {} bytes: {error}",
                file.len()
            );
        }
    }
    let file = picture.encode_png().unwrap();
    let end_chunk = 12;
    for length in 8..file.len() - end_chunk {
        let error = decode(&file[..length]).unwrap_err();
        assert!(
            matches!(error, DecodeError::Truncated(_)),
            "{length} of {} bytes: {error}",
            file.len()
        );
    }
}

#[test]
fn a_picture_that_is_cut_off_and_given_an_end_again_is_an_error() {
    for (bytes, colours) in [
        (noise(64, 48).rgb().to_vec(), ColorType::Rgb),
        (smooth(64, 48).rgb().to_vec(), ColorType::Rgb),
        (noise(32, 32).rgb()[..64 * 48].to_vec(), ColorType::Luma),
    ] {
        for restart in [0, 3] {
            let file = jpeg_with(&bytes, 64, 48, colours, |encoder| {
                encoder.set_restart_interval(restart);
            });
            let begin = file.windows(2).position(|b| b == [0xFF, 0xDA]).unwrap() + 14;
            // All but the last few bytes, which may be the end of just one block of pixels.
            for length in (begin..file.len() - 24).step_by(5) {
                let mut cut = file[..length].to_vec();
                cut.extend([0xFF, 0xD9]);
                let Err(error) = decode(&cut) else {
                    panic!("{length} of {} bytes, restart {restart}", file.len());
                };
                assert!(matches!(error.code(), "broken-image" | "truncated-image"));
            }
        }
    }
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let picture = smooth(16, 16);
    let mut file = jpeg(picture.rgb(), 16, 16, ColorType::Rgb);
    let frame = file.windows(2).position(|b| b == [0xFF, 0xC0]).unwrap();
    file[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
    let too_large = DecodeError::TooLarge {
        width: 65_500,
        height: 65_500,
        max_pixels: 40_000_000,
    };
    assert_eq!(decode(&file), Err(too_large.clone()));
    // It needs no more than the header.
    assert_eq!(decode(&file[..frame + 19]), Err(too_large));

    let mut file = picture.encode_png().unwrap();
    file[16..24].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]);
    assert!(matches!(decode(&file), Err(DecodeError::TooLarge { .. })));
}

#[test]
fn the_limit_is_the_number_of_pixels() {
    let file = noise(10, 10).encode_png().unwrap();
    let limit = |max_pixels| Image::decode(&file, &DecodeLimits { max_pixels });
    assert!(limit(100).is_ok());
    assert_eq!(limit(99).unwrap_err().code(), "too-large");
}

#[test]
fn a_size_of_zero_is_an_error() {
    let mut file = jpeg(smooth(16, 16).rgb(), 16, 16, ColorType::Rgb);
    let frame = file.windows(2).position(|b| b == [0xFF, 0xC0]).unwrap();
    file[frame + 5..frame + 7].fill(0);
    assert!(matches!(decode(&file), Err(DecodeError::Broken(_))));
}

#[test]
fn kinds_of_jpeg_that_are_not_read_are_named() {
    let mut file = jpeg(smooth(16, 16).rgb(), 16, 16, ColorType::Rgb);
    let frame = file.windows(2).position(|b| b == [0xFF, 0xC0]).unwrap();
    for (marker, kind) in [
        (0xC3, "lossless"),
        (0xC5, "hierarchical"),
        (0xC9, "arithmetic"),
    ] {
        file[frame + 1] = marker;
        let error = decode(&file).unwrap_err();
        assert_eq!(error.code(), "unsupported-image");
        assert!(error.to_string().contains(kind), "{error}");
    }
    file[frame + 1] = 0xC0;
    file[frame + 4] = 12;
    assert!(decode(&file).unwrap_err().to_string().contains("12 bits"));
}

#[test]
fn damaged_files_give_an_error_or_a_picture_of_the_size_they_state() {
    let picture = noise(40, 30);
    let files = [
        jpeg(picture.rgb(), 40, 30, ColorType::Rgb),
        jpeg_with(picture.rgb(), 40, 30, ColorType::Rgb, |encoder| {
            encoder.set_progressive(true);
            encoder.set_sampling_factor(SamplingFactor::F_2_2);
        }),
        picture.encode_png().unwrap(),
    ];
    let limits = DecodeLimits {
        max_pixels: 1_000_000,
    };
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    for file in files {
        for _ in 0..1_000 {
            let mut damaged = file.clone();
            for _ in 0..=random(4) {
                let at = random(damaged.len());
                damaged[at] = random(256) as u8;
            }
            match Image::decode(&damaged, &limits) {
                Ok(read) => {
                    assert_eq!(
                        read.bytes() as u64,
                        read.width() as u64 * read.height() as u64 * 3
                    );
                }
                Err(error) => assert!(error.to_string().ends_with(|c: char| c.is_alphabetic())),
            }
        }
    }
}
