//! What the tests of this crate share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use footlight_gallery::{Gallery, MemberId, Quality, Template};

/// How many numbers the features of these tests have.
pub const DIMENSION: usize = 16;
/// The digest of the feature model of these tests.
pub const MODEL: &str = "8f2c";

pub fn id(text: &str) -> MemberId {
    text.parse().unwrap()
}

pub fn quality() -> Quality {
    Quality {
        face_pixels: 94.0,
        turn: 0.125,
        sharpness: 160.5,
        score: 0.75,
    }
}

/// A template that is the same for the same seed; those of different seeds have little in common.
pub fn template(seed: u64) -> Template {
    Template {
        feature: feature(seed, DIMENSION),
        quality: quality(),
        enrolled: 1_700_000_000 + seed,
    }
}

/// Numbers from -1 to 1 by SplitMix64, which is enough to be unlike one another.
pub fn feature(seed: u64, dimension: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0xA076_1D64_78BD_642F).wrapping_add(1);
    (0..dimension)
        .map(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            (z >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// A feature at `cosine` to the first axis, on the plane of the first and the `axis`th one.
pub fn at(cosine: f32, axis: usize) -> Vec<f32> {
    let mut feature = vec![0.0; DIMENSION];
    feature[0] = cosine;
    feature[axis] = (1.0 - cosine * cosine).sqrt();
    feature
}

pub fn with(feature: Vec<f32>) -> Template {
    Template {
        feature,
        quality: quality(),
        enrolled: 1,
    }
}

pub fn in_memory() -> Gallery {
    Gallery::in_memory(MODEL, DIMENSION).unwrap()
}

/// The names of the members, in order.
pub fn names(gallery: &Gallery) -> Vec<String> {
    gallery
        .members()
        .unwrap()
        .iter()
        .map(|member| member.id.to_string())
        .collect()
}
