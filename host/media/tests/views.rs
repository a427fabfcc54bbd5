//! What each region and filter gives, against a reference that does each pixel by itself.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod pictures;
mod reference;

use footlight_media::{Affine, Filter, Rect, Region};
use pictures::{difference, noise, paint, pixel, smooth};
use reference::{check, floats, map, sample, view};

fn rect(x: f32, y: f32, width: f32, height: f32) -> Region {
    Region::Rect(Rect {
        x,
        y,
        width,
        height,
    })
}

fn affine(a: f32, b: f32, c: f32, d: f32, e: f32, f: f32) -> Region {
    Region::Affine(Affine { a, b, c, d, e, f })
}

/// Turned by an angle about a point of the image that is put in the middle of a result of a size.
fn turned(scale: f32, degrees: f32, at: (f32, f32), size: u32) -> Region {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let (a, d) = (scale * cosine, scale * sine);
    let middle = size as f32 / 2.0;
    affine(
        a,
        -d,
        at.0 - a * middle + d * middle,
        d,
        a,
        at.1 - d * middle - a * middle,
    )
}

#[test]
fn nearest_and_bilinear_take_what_the_contract_says() {
    let image = noise(37, 23);
    for filter in [Filter::Nearest, Filter::Bilinear] {
        for region in [
            Region::Whole,
            rect(3.0, 4.0, 20.0, 10.0),
            rect(3.3, 4.7, 20.2, 10.9),
            rect(-5.5, -3.25, 60.0, 40.0),
            rect(30.0, 20.0, 20.0, 20.0),
            affine(1.7, 0.0, -4.0, 0.0, 1.7, 3.0),
            affine(-1.3, 0.0, 36.0, 0.0, -0.4, 22.5),
            affine(0.9, -0.43, 8.0, 0.43, 0.9, -6.0),
            affine(-0.3, 1.9, 2.0, 2.2, 0.4, -9.0),
            affine(0.0, 1.0, 0.0, 1.0, 0.0, 0.0),
        ] {
            for (width, height) in [(37, 23), (5, 4), (61, 90), (1, 1)] {
                check(&image, &view(region, width, height, filter));
            }
        }
    }
}

#[test]
fn area_is_the_exact_mean_where_it_reduces() {
    let image = noise(61, 47);
    for (region, width, height) in [
        (Region::Whole, 20, 9),
        (Region::Whole, 1, 1),
        (Region::Whole, 60, 46),
        (rect(2.5, 3.25, 50.5, 40.75), 13, 11),
        // Beyond the image on every side.
        (rect(-10.0, -7.5, 90.0, 70.0), 17, 13),
        (rect(55.0, 40.0, 30.0, 30.0), 7, 7),
        // A letterbox: the right of the result, or its bottom, is beyond the image.
        (affine(3.05, 0.0, 0.0, 0.0, 3.05, 0.0), 20, 20),
        // Mirrored.
        (affine(-2.3, 0.0, 61.0, 0.0, 2.3, 0.0), 26, 20),
        // Each pixel covers more than the whole image.
        (affine(1000.0, 0.0, -300.0, 0.0, 500.0, -100.0), 3, 2),
    ] {
        check(&image, &view(region, width, height, Filter::Area));
    }
}

#[test]
fn area_is_bilinear_where_it_enlarges() {
    let image = noise(13, 9);
    for region in [
        Region::Whole,
        rect(2.2, 3.1, 5.0, 4.0),
        affine(0.3, 0.0, -2.0, 0.0, 0.25, 1.0),
        affine(0.5, -0.2, 3.0, 0.2, 0.5, 1.0),
    ] {
        let area = floats(&image, &view(region, 40, 31, Filter::Area));
        let bilinear = floats(&image, &view(region, 40, 31, Filter::Bilinear));
        assert_eq!(area, bilinear);
    }
}

#[test]
fn area_along_one_axis_only_is_the_mean_along_that_axis() {
    // Stripes from top to bottom: the height does not matter for them.
    let image = paint(60, 5, |x, _| [(x * 4) as u8; 3]);
    let wide = floats(&image, &view(Region::Whole, 20, 50, Filter::Area));
    for (i, pixel) in wide.iter().enumerate() {
        let wanted = ((i % 20) * 12 + 4) as f64;
        assert!((pixel[0] - wanted).abs() < 1e-3, "{i}: {pixel:?}");
    }
}

#[test]
fn the_whole_at_its_own_size_is_the_picture_itself() {
    let image = noise(31, 17);
    for filter in [Filter::Nearest, Filter::Bilinear, Filter::Area] {
        let same = image.view(&view(Region::Whole, 31, 17, filter)).unwrap();
        assert_eq!(difference(&same, &image), 0, "{filter:?}");
    }
}

#[test]
fn the_whole_never_shows_the_border() {
    let grey = paint(10, 7, |_, _| [50; 3]);
    for filter in [Filter::Nearest, Filter::Bilinear, Filter::Area] {
        for (width, height) in [(3, 2), (10, 7), (33, 71), (7, 20)] {
            let seen = grey
                .view(&view(Region::Whole, width, height, filter))
                .unwrap();
            assert!(seen.rgb().iter().all(|value| *value == 50), "{filter:?}");
        }
    }
}

#[test]
fn the_parts_of_a_letterbox_beyond_the_image_are_the_border() {
    let grey = paint(64, 32, |_, _| [50; 3]);
    for filter in [Filter::Nearest, Filter::Bilinear, Filter::Area] {
        let scale = 64.0 / 20.0;
        let letterbox = affine(scale, 0.0, 0.0, 0.0, scale, 0.0);
        let seen = grey.view(&view(letterbox, 20, 20, filter)).unwrap();
        for x in 0..20 {
            assert_eq!(pixel(&seen, x, 9), [50; 3], "{filter:?}");
            assert_eq!(pixel(&seen, x, 10), [200, 40, 90], "{filter:?}");
        }
    }
}

#[test]
fn area_through_a_turn_is_near_to_the_mean_of_what_a_pixel_covers() {
    let image = smooth(200, 160);
    for (scale, degrees) in [(2.0, 30.0), (3.4, 45.0), (5.0, -70.0), (8.0, 10.0)] {
        let view = view(
            turned(scale, degrees, (100.0, 80.0), 24),
            24,
            24,
            Filter::Area,
        );
        let got = floats(&image, &view);
        let [a, b, c, d, e, f] = map(&image, &view);
        for (i, got) in got.iter().enumerate() {
            let (x, y) = ((i % 24) as f64, (i / 24) as f64);
            let points = (0..256).map(|k| {
                let (x, y) = (
                    x + (f64::from(k % 16) + 0.5) / 16.0,
                    y + (f64::from(k / 16) + 0.5) / 16.0,
                );
                (a * x + b * y + c, d * x + e * y + f)
            });
            let far_from_edges = points
                .clone()
                .all(|(x, y)| (10.0..190.0).contains(&x) && (10.0..150.0).contains(&y));
            if !far_from_edges {
                continue;
            }
            let mut wanted = [0.0; 3];
            for (x, y) in points {
                let colour = sample(&image, Filter::Nearest, x, y);
                (0..3).for_each(|c| wanted[c] += colour[c] / 256.0);
            }
            for (got, wanted) in got.iter().zip(wanted) {
                assert!(
                    (got - wanted).abs() < 2.0,
                    "x{scale}, {degrees} degrees at {i}"
                );
            }
        }
    }
}

#[test]
fn area_through_a_turn_does_not_alias() {
    // A checkerboard, reduced to a fifth, is an even grey; single samples of it are not.
    let board = paint(200, 200, |x, y| [if (x + y) % 2 == 0 { 255 } else { 0 }; 3]);
    let region = turned(5.0, 20.0, (100.0, 100.0), 20);
    let spread = |filter| {
        let pixels = floats(&board, &view(region, 20, 20, filter));
        let inner = pixels.iter().map(|pixel| (pixel[0] - 127.5).abs());
        inner.fold(0.0, f64::max)
    };
    assert!(spread(Filter::Area) < 6.0, "{}", spread(Filter::Area));
    assert!(spread(Filter::Bilinear) > 40.0);
}

#[test]
fn area_through_a_turn_keeps_the_edge_of_the_image_where_it_is() {
    let grey = paint(90, 70, |_, _| [50; 3]);
    let region = turned(4.0, 30.0, (45.0, 35.0), 40);
    let area = grey.view(&view(region, 40, 40, Filter::Area)).unwrap();
    let nearest = grey.view(&view(region, 40, 40, Filter::Nearest)).unwrap();
    assert_eq!(difference(&area, &nearest), 0);
    assert!(area.rgb().chunks_exact(3).any(|pixel| pixel == [50; 3]));
    assert!(
        area.rgb()
            .chunks_exact(3)
            .any(|pixel| pixel == [200, 40, 90])
    );
}

#[test]
fn views_without_sense_are_refused() {
    let image = noise(8, 8);
    let nan = f32::NAN;
    for (region, width, height) in [
        (Region::Whole, 0, 5),
        (Region::Whole, 5, 0),
        (Region::Whole, u32::MAX, u32::MAX),
        (Region::Whole, 65_536, 1),
        (rect(0.0, 0.0, 0.0, 5.0), 5, 5),
        (rect(0.0, 0.0, 5.0, -1.0), 5, 5),
        (rect(nan, 0.0, 5.0, 5.0), 5, 5),
        (rect(0.0, 0.0, f32::INFINITY, 5.0), 5, 5),
        (affine(1.0, 0.0, nan, 0.0, 1.0, 0.0), 5, 5),
        (affine(f32::INFINITY, 0.0, 0.0, 0.0, 1.0, 0.0), 5, 5),
        (affine(0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 5, 5),
        (affine(2.0, 4.0, 0.0, 1.0, 2.0, 0.0), 5, 5),
    ] {
        for filter in [Filter::Nearest, Filter::Bilinear, Filter::Area] {
            let view = view(region, width, height, filter);
            let error = image.view(&view).unwrap_err();
            assert!(
                matches!(error, footlight_media::Error::Invalid(_)),
                "{view:?}: {error}"
            );
        }
    }
}

#[test]
fn far_away_is_the_border() {
    let image = noise(8, 8);
    let far = 1e30;
    for region in [
        rect(far, far, 5.0, 5.0),
        rect(-far, 0.0, 1e20, 5.0),
        rect(0.0, f32::MIN, 5.0, f32::MIN_POSITIVE),
        affine(1.0, 0.0, far, 0.0, 1.0, 0.0),
        affine(1e-30, 1e-31, far, 2e-31, 1e-30, -far),
        affine(1.0, 0.5, far, -0.5, 1.0, far),
        affine(f32::MAX, 1.0, f32::MAX, 1.0, f32::MAX, f32::MAX),
        affine(3.0, 1.0, -far, 1.0, 3.0, 2.0),
    ] {
        for filter in [Filter::Nearest, Filter::Bilinear, Filter::Area] {
            let seen = image.view(&view(region, 9, 6, filter)).unwrap();
            assert!(
                seen.rgb()
                    .chunks_exact(3)
                    .all(|pixel| pixel == [200, 40, 90]),
                "{region:?} {filter:?}"
            );
        }
    }
}

#[test]
fn a_picture_of_one_pixel_can_be_looked_at() {
    let image = paint(1, 1, |_, _| [10, 20, 30]);
    for filter in [Filter::Nearest, Filter::Bilinear, Filter::Area] {
        let seen = image.view(&view(Region::Whole, 5, 3, filter)).unwrap();
        assert!(
            seen.rgb()
                .chunks_exact(3)
                .all(|pixel| pixel == [10, 20, 30])
        );
        let region = turned(0.05, 30.0, (0.5, 0.5), 6);
        let seen = image.view(&view(region, 6, 6, filter)).unwrap();
        assert!(
            seen.rgb()
                .chunks_exact(3)
                .all(|pixel| pixel == [10, 20, 30])
        );
        let region = turned(9.0, 30.0, (0.5, 0.5), 7);
        let seen = image.view(&view(region, 7, 7, filter)).unwrap();
        assert_eq!(pixel(&seen, 3, 3), [10, 20, 30]);
        assert_eq!(pixel(&seen, 0, 0), [200, 40, 90]);
    }
}
