use std::fmt::{Display, Formatter, Result};

/// A number as people are shown it: with up to six decimals, `0.42` or `-1`.
///
/// Rust's own way to write an `f64` is exact for any number, and is a third of the code of a small stage. What is
/// not there need not be fetched, nor compiled while frames wait.
#[derive(Clone, Copy, Debug)]
pub struct Decimal(pub f64);

/// As many parts as six decimals tell apart.
const PARTS: u64 = 1_000_000;

/// From here on a number is only called large. Below, it has room in a `u64` in millionths.
const LARGE: f64 = 1e12;

impl Display for Decimal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Decimal(number) = *self;
        if number.is_nan() {
            return f.write_str("not a number");
        }
        let sign = if number < 0.0 { "-" } else { "" };
        let size = number.abs();
        if size >= LARGE {
            return write!(f, "{sign}1000000000000 or beyond");
        }
        let parts = (size * PARTS as f64 + 0.5) as u64;
        if parts == 0 && size > 0.0 {
            return write!(f, "nearly {sign}0");
        }
        write!(f, "{sign}{}", parts / PARTS)?;
        let decimals = format!("{:06}", parts % PARTS);
        match decimals.trim_end_matches('0') {
            "" => Ok(()),
            decimals => write!(f, ".{decimals}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_people_write_it() {
        let pairs = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.0, "-1"),
            (1.5, "1.5"),
            (0.42, "0.42"),
            (-0.050001, "-0.050001"),
            (320.0, "320"),
            (1.0 / 3.0, "0.333333"),
            (0.9999999, "1"),
            (123_456_789.25, "123456789.25"),
            (1e-9, "nearly 0"),
            (-1e-9, "nearly -0"),
            (1e12, "1000000000000 or beyond"),
            (f64::NEG_INFINITY, "-1000000000000 or beyond"),
            (f64::NAN, "not a number"),
        ];
        for (number, text) in pairs {
            assert_eq!(Decimal(number).to_string(), text);
        }
    }
}
