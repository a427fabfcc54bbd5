//! Bringing a feature to length 1.

/// The vector at length 1. One of length 0 stays as it is: it is like no other, and its cosine with
/// any is 0.
///
/// # Errors
///
/// A number is not finite, or there are none.
pub fn normalised(mut vector: Vec<f32>) -> Result<Vec<f32>, String> {
    if vector.is_empty() {
        return Err("the graph `features` gave no numbers".to_owned());
    }
    if !vector.iter().all(|value| value.is_finite()) {
        return Err("the graph `features` gave a number that is not finite".to_owned());
    }
    // In double precision the squares neither overflow nor vanish.
    let length = vector
        .iter()
        .map(|value| f64::from(*value).powi(2))
        .sum::<f64>()
        .sqrt();
    if length > 0.0 {
        for value in &mut vector {
            *value = (f64::from(*value) / length) as f32;
        }
    }
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_keeps_its_direction_and_has_length_one() {
        assert_eq!(normalised(vec![3.0, 0.0, -4.0]).unwrap(), [0.6, 0.0, -0.8]);
    }

    #[test]
    fn very_long_and_very_short_vectors_are_brought_to_length_one_too() {
        for value in [1e30, 1e-30, f32::MAX, f32::MIN_POSITIVE / 8.0] {
            let feature = normalised(vec![value; 4]).unwrap();
            assert!(
                feature.iter().all(|part| (part - 0.5).abs() < 1e-6),
                "{value}: {feature:?}"
            );
        }
    }

    #[test]
    fn a_zero_vector_stays_zero() {
        assert_eq!(normalised(vec![0.0; 3]).unwrap(), [0.0; 3]);
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        assert!(
            normalised(vec![1.0, f32::NAN])
                .unwrap_err()
                .contains("not finite")
        );
        assert!(
            normalised(vec![f32::INFINITY])
                .unwrap_err()
                .contains("not finite")
        );
        assert!(normalised(Vec::new()).unwrap_err().contains("no numbers"));
    }
}
