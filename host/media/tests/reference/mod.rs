//! Views made pixel by pixel, as the contract defines them.

use footlight_media::{Colour, Encoding, Filter, Image, Layout, Region, View};

use super::pictures::pixel;

const BORDER: Colour = Colour {
    r: 200,
    g: 40,
    b: 90,
};

/// A view with a border that no test picture has.
pub fn view(region: Region, width: u32, height: u32, filter: Filter) -> View {
    View {
        region,
        width,
        height,
        filter,
        border: BORDER,
    }
}

/// The pixels of a view as floats, not rounded.
pub fn floats(image: &Image, view: &View) -> Vec<[f64; 3]> {
    let encoding = Encoding {
        layout: Layout::Nhwc,
        ..Encoding::default()
    };
    let pixels = image.tensor(view, &encoding).unwrap();
    let (values, _) = pixels.data.as_chunks::<4>();
    let values: Vec<f64> = values
        .iter()
        .map(|v| f64::from(f32::from_le_bytes(*v)))
        .collect();
    values
        .chunks_exact(3)
        .map(|p| p.try_into().unwrap())
        .collect()
}

/// The map of a view, as the contract defines it.
pub fn map(image: &Image, view: &View) -> [f64; 6] {
    let (w, h) = (f64::from(view.width), f64::from(view.height));
    match view.region {
        Region::Whole => [
            f64::from(image.width()) / w,
            0.0,
            0.0,
            0.0,
            f64::from(image.height()) / h,
            0.0,
        ],
        Region::Rect(rect) => [
            f64::from(rect.width) / w,
            0.0,
            f64::from(rect.x),
            0.0,
            f64::from(rect.height) / h,
            f64::from(rect.y),
        ],
        Region::Affine(m) => [m.a, m.b, m.c, m.d, m.e, m.f].map(f64::from),
    }
}

/// The source's colour at a pixel, of which there may be none.
fn source(image: &Image, x: i64, y: i64) -> Option<[f64; 3]> {
    let inside = x >= 0 && y >= 0 && x < image.width().into() && y < image.height().into();
    inside.then(|| pixel(image, x as u32, y as u32).map(f64::from))
}

fn border() -> [f64; 3] {
    [BORDER.r, BORDER.g, BORDER.b].map(f64::from)
}

/// The bilinear sample, or the nearest, at a point.
pub fn sample(image: &Image, filter: Filter, x: f64, y: f64) -> [f64; 3] {
    if x < 0.0 || y < 0.0 || x >= image.width().into() || y >= image.height().into() {
        return border();
    }
    if filter == Filter::Nearest {
        return source(image, x.floor() as i64, y.floor() as i64).unwrap();
    }
    let (left, top) = ((x - 0.5).floor(), (y - 0.5).floor());
    let (right, below) = (x - 0.5 - left, y - 0.5 - top);
    let mut sum = [0.0; 3];
    for (i, j, weight) in [
        (0, 0, (1.0 - right) * (1.0 - below)),
        (1, 0, right * (1.0 - below)),
        (0, 1, (1.0 - right) * below),
        (1, 1, right * below),
    ] {
        let column = (left as i64 + i).clamp(0, i64::from(image.width()) - 1);
        let row = (top as i64 + j).clamp(0, i64::from(image.height()) - 1);
        let colour = source(image, column, row).unwrap();
        (0..3).for_each(|c| sum[c] += weight * colour[c]);
    }
    sum
}

/// The mean over a rectangle of the source, pixel by pixel.
fn mean(image: &Image, x: [f64; 2], y: [f64; 2]) -> [f64; 3] {
    let mut sum = [0.0; 3];
    let share = |pixel: i64, [from, to]: [f64; 2]| {
        (to.min(pixel as f64 + 1.0) - from.max(pixel as f64)).max(0.0)
    };
    for j in y[0].floor() as i64..=y[1].floor() as i64 {
        for i in x[0].floor() as i64..=x[1].floor() as i64 {
            let weight = share(i, x) * share(j, y) / (x[1] - x[0]) / (y[1] - y[0]);
            let colour = source(image, i, j).unwrap_or(border());
            (0..3).for_each(|c| sum[c] += weight * colour[c]);
        }
    }
    sum
}

/// A view as the contract says, for `nearest`, `bilinear`, and an `area` that reduces along both axes.
fn reference(image: &Image, view: &View) -> Vec<[f64; 3]> {
    let [a, b, c, d, e, f] = map(image, view);
    let pixels = (0..view.height).flat_map(|y| (0..view.width).map(move |x| (x, y)));
    pixels
        .map(|(x, y)| {
            let (x, y) = (f64::from(x), f64::from(y));
            if view.filter == Filter::Area {
                let (left, right) = (a * x + c, a * (x + 1.0) + c);
                let (top, bottom) = (e * y + f, e * (y + 1.0) + f);
                let [x, y] = [[left, right], [top, bottom]]
                    .map(|[one, other]| [one.min(other), one.max(other)]);
                return mean(image, x, y);
            }
            let (x, y) = (x + 0.5, y + 0.5);
            sample(image, view.filter, a * x + b * y + c, d * x + e * y + f)
        })
        .collect()
}

/// Compares a view, as a tensor and as an image, with the reference.
pub fn check(image: &Image, view: &View) {
    let (got, wanted) = (floats(image, view), reference(image, view));
    assert_eq!(got.len(), wanted.len());
    for (i, (got, wanted)) in got.iter().zip(&wanted).enumerate() {
        let (x, y) = (i as u32 % view.width, i as u32 / view.width);
        for (got, wanted) in got.iter().zip(wanted) {
            assert!(
                (got - wanted).abs() < 0.02,
                "{view:?} at ({x}, {y}): {got} and not {wanted}"
            );
        }
    }
    let rounded: Vec<u8> = got.iter().flatten().map(|v| (v + 0.5) as u8).collect();
    assert_eq!(image.view(view).unwrap().rgb(), rounded);
}
