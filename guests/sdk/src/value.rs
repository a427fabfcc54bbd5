//! Values to and from Rust's own types.

use crate::{Decimal, Failure, Field, Point, Rect, Value};

/// A type that a setting, an attribute or a document's field can be read as: `bool`, `i64`, `u32`,
/// `f64`, `String`, `Vec<f64>`, [`Rect`], `Vec<Point>`.
pub trait FromValue: Sized {
    /// What it is called in an error: "a number".
    const KIND: &'static str;

    /// The value as this type, or none if it is of another kind.
    fn from_value(value: Value) -> Option<Self>;
}

/// Finds a field by name and reads it as `T`. `whose` names the field in an error: "setting".
pub(crate) fn read<T: FromValue>(
    fields: &[Field],
    name: &str,
    whose: &str,
) -> Result<Option<T>, Failure> {
    fields
        .iter()
        .find(|field| field.name == name)
        .map(|field| convert(field.value.clone(), name, whose).map_err(Failure::Unsuitable))
        .transpose()
}

/// Reads a value as `T`, or says what it is instead.
pub(crate) fn convert<T: FromValue>(value: Value, name: &str, whose: &str) -> Result<T, String> {
    let kind = kind(&value);
    T::from_value(value)
        .ok_or_else(|| format!("the {whose} `{name}` must be {}, but it is {kind}", T::KIND))
}

/// What a value is, in words. A single number is shown, as that tells `-1` from `0.5`.
pub(crate) fn kind(value: &Value) -> String {
    match value {
        Value::Flag(flag) => flag.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => Decimal(*number).to_string(),
        Value::Text(_) => "text".to_owned(),
        Value::Numbers(numbers) => format!("a list of {} numbers", numbers.len()),
        Value::Rect(_) => "a rectangle".to_owned(),
        Value::Points(points) => format!("a list of {} points", points.len()),
        Value::Json(_) => "JSON".to_owned(),
    }
}

macro_rules! from_value {
    ($($type:ty, $kind:literal: $($pattern:pat => $value:expr),+;)*) => {$(
        impl FromValue for $type {
            const KIND: &'static str = $kind;

            fn from_value(value: Value) -> Option<Self> {
                match value {
                    $($pattern => $value,)+
                    _ => None,
                }
            }
        }
    )*};
}

from_value! {
    bool, "true or false": Value::Flag(flag) => Some(flag);
    i64, "a whole number": Value::Integer(number) => Some(number);
    u32, "a whole number from 0 up": Value::Integer(number) => u32::try_from(number).ok();
    // A file that says `1` means `1.0` where a number is wanted.
    f64, "a number": Value::Number(number) => Some(number), Value::Integer(number) => Some(number as f64);
    String, "text": Value::Text(text) => Some(text);
    Vec<f64>, "a list of numbers": Value::Numbers(numbers) => Some(numbers);
    Rect, "a rectangle": Value::Rect(rect) => Some(rect);
    Vec<Point>, "a list of points": Value::Points(points) => Some(points);
}

macro_rules! into_value {
    ($($type:ty: $name:ident => $value:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($name: $type) -> Value {
                $value
            }
        }
    )*};
}

into_value! {
    bool: flag => Value::Flag(flag);
    i64: number => Value::Integer(number);
    u32: number => Value::Integer(i64::from(number));
    f64: number => Value::Number(number);
    f32: number => Value::Number(f64::from(number));
    &str: text => Value::Text(text.to_owned());
    String: text => Value::Text(text);
    Vec<f64>: numbers => Value::Numbers(numbers);
    Rect: rect => Value::Rect(rect);
    Vec<Point>: points => Value::Points(points);
    &[Point]: points => Value::Points(points.to_vec());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_read_where_a_number_is_wanted() {
        assert_eq!(convert::<f64>(Value::Integer(1), "iou", "setting"), Ok(1.0));
    }

    #[test]
    fn a_wrong_kind_is_named_with_what_is_wanted() {
        let error = convert::<f64>(Value::from("high"), "iou", "setting").unwrap_err();
        assert_eq!(error, "the setting `iou` must be a number, but it is text");
        let error = convert::<u32>(Value::Integer(-1), "max-faces", "setting").unwrap_err();
        assert_eq!(
            error,
            "the setting `max-faces` must be a whole number from 0 up, but it is -1"
        );
        let error = convert::<Vec<f64>>(Value::Flag(true), "sizes", "setting").unwrap_err();
        assert_eq!(
            error,
            "the setting `sizes` must be a list of numbers, but it is true"
        );
    }
}
