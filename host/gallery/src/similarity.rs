//! How alike two features are.

/// The cosine of the angle between two features of length 1, -1 to 1: their scalar product.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let product: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    product.clamp(-1.0, 1.0)
}

/// The feature with length 1, or none where it has no direction: of length 0, or not finite.
pub(crate) fn normalise(feature: &[f32]) -> Option<Vec<f32>> {
    let length = feature
        .iter()
        .map(|v| f64::from(*v).powi(2))
        .sum::<f64>()
        .sqrt();
    if !length.is_finite() || length < f64::from(f32::MIN_POSITIVE) {
        return None;
    }
    // f64, as the square of an f32 may be beyond what an f32 holds.
    Some(
        feature
            .iter()
            .map(|v| (f64::from(*v) / length) as f32)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_kept_whatever_the_length() {
        for scale in [1e-30_f32, 1.0, 1e30] {
            let feature = normalise(&[3.0 * scale, 4.0 * scale]).unwrap();
            assert!(
                (feature[0] - 0.6).abs() < 1e-6 && (feature[1] - 0.8).abs() < 1e-6,
                "{feature:?}"
            );
        }
    }

    #[test]
    fn what_has_no_direction_is_no_feature() {
        for bad in [
            &[0.0, 0.0][..],
            &[f32::NAN, 1.0],
            &[f32::INFINITY, 1.0],
            &[],
        ] {
            assert_eq!(normalise(bad), None);
        }
    }
}
