//! How many bits a choice holds.

use std::f64::consts::PI;

/// The bits of a choice among so many.
pub(crate) fn of(choices: f64) -> f64 {
    choices.max(1.0).log2()
}

/// The bits of a vector of length 1 whose `n` numbers are rounded to multiples of `1 / steps`.
///
/// Each rounded vector is the middle of a cube with edges of `1 / steps` that touches the sphere of radius 1. In units
/// of an edge: the cubes do not overlap, have a volume of 1, and lie within a ball of radius `steps + sqrt(n)`, as the
/// diagonal of a cube is `sqrt(n)`. So there are no more of them than that ball's volume. Where that says more than
/// `2 * steps + 1` choices for each number, the latter holds.
pub(crate) fn of_direction(n: u64, steps: f64) -> f64 {
    let dimension = n as f64;
    let each = dimension * of(2.0 * steps + 1.0);
    let radius = steps + dimension.sqrt();
    let ball =
        dimension / 2.0 * PI.log2() - log2_gamma(dimension / 2.0 + 1.0) + dimension * radius.log2();
    each.min(ball.max(0.0))
}

/// The binary logarithm of the gamma function, from below: Stirling's series without its last, positive term.
fn log2_gamma(x: f64) -> f64 {
    let natural = (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln();
    natural / std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_one_holds_nothing() {
        assert_eq!(of(1.0), 0.0);
        assert_eq!(of(2.0), 1.0);
        assert_eq!(of(256.0), 8.0);
    }

    #[test]
    fn no_more_rounded_directions_are_counted_than_the_bound_says() {
        // In the plane and in space, all of them, by trying a great many directions.
        for steps in [3.0_f64, 10.0, 40.0] {
            let mut seen = std::collections::BTreeSet::new();
            for turn in 0..20_000 {
                let angle = f64::from(turn) / 20_000.0 * 2.0 * PI;
                seen.insert((
                    (angle.cos() * steps).round() as i64,
                    (angle.sin() * steps).round() as i64,
                ));
            }
            let bound = of_direction(2, steps);
            assert!(
                (seen.len() as f64).log2() <= bound,
                "{steps}: {} > {bound}",
                seen.len()
            );
        }
        let mut seen = std::collections::BTreeSet::new();
        for a in 0..400 {
            for b in 0..400 {
                let (a, b) = (f64::from(a) / 400.0 * PI, f64::from(b) / 200.0 * PI);
                let at = [a.sin() * b.cos(), a.sin() * b.sin(), a.cos()];
                seen.insert(at.map(|x| (x * 5.0).round() as i64));
            }
        }
        assert!((seen.len() as f64).log2() <= of_direction(3, 5.0));
    }

    #[test]
    fn a_feature_of_512_numbers_has_less_room_than_its_bytes() {
        let bits = of_direction(512, 127.0);
        assert!((2400.0..2480.0).contains(&bits), "{bits}");
        assert!(bits < 512.0 * of(255.0));
    }

    #[test]
    fn gamma_is_not_too_large() {
        // gamma(5) = 24, gamma(257) = 256!
        assert!(log2_gamma(5.0) <= 24f64.log2());
        let factorial: f64 = (1..=256).map(|n| f64::from(n).log2()).sum();
        assert!(log2_gamma(257.0) <= factorial && log2_gamma(257.0) > factorial - 0.01);
    }
}
