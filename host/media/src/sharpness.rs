//! How sharp a picture is.

use crate::Image;
use crate::write::luma;

/// The variance of the Laplacian of the luminance (BT.601, 0 to 255): of the four neighbours of each
/// pixel minus four times the pixel, for all pixels that have four neighbours. 0 where none has.
///
/// The measure is that of J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy: a
/// comparative study", ICPR 2000.
pub(crate) fn sharpness(image: &Image) -> f32 {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width < 3 || height < 3 {
        return 0.0;
    }
    let mut above = vec![0.0; width];
    let mut here = vec![0.0; width];
    let mut below = vec![0.0; width];
    read(image, 0, &mut here);
    read(image, 1, &mut below);
    let (mut sum, mut squares) = (0.0_f64, 0.0_f64);
    for y in 2..height {
        std::mem::swap(&mut above, &mut here);
        std::mem::swap(&mut here, &mut below);
        read(image, y, &mut below);
        let (mut row_sum, mut row_squares) = (0.0_f32, 0.0_f32);
        let vertical = above.iter().zip(&below).skip(1);
        for (window, (above, below)) in here.windows(3).zip(vertical) {
            if let [left, centre, right] = window {
                let edge = above + below + left + right - 4.0 * centre;
                row_sum += edge;
                row_squares += edge * edge;
            }
        }
        sum += f64::from(row_sum);
        squares += f64::from(row_squares);
    }
    let count = ((width - 2) * (height - 2)) as f64;
    let mean = sum / count;
    (squares / count - mean * mean).max(0.0) as f32
}

/// The luminance of a row.
fn read(image: &Image, y: usize, to: &mut [f32]) {
    for (to, pixel) in to.iter_mut().zip(image.row(y)) {
        *to = luma(&pixel.map(f32::from));
    }
}
