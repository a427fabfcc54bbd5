//! Values of fields and attributes against their forms.

use std::collections::BTreeMap;
use std::fmt;

use crate::count;
use crate::{Labels, Sent, Value, ValueForm};

/// The most characters of a label. Members' ids have at most 64.
const LONGEST_LABEL: usize = 64;

/// By how much of its range a number that is rounded may be beyond it: by what single precision is off after some hundred sums.
const OVER: f64 = 1e-5;

impl ValueForm {
    /// What is wrong with the form itself, and what to write.
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        match self {
            Self::Integer { min, max } if min > max => {
                Some("its `min` is above its `max`: exchange them")
            }
            Self::Number { min, max, .. } if !(min.is_finite() && max.is_finite() && min < max) => {
                Some(
                    "its `min` is not below its `max`: write two finite numbers, the smaller as `min`",
                )
            }
            _ => None,
        }
    }

    /// The bits that it has room for, counting that it may be absent.
    pub(crate) fn bits(&self) -> f64 {
        count::of(match self {
            Self::Flag {} => 3.0,
            Self::Integer { min, max } => (i128::from(*max) - i128::from(*min)) as f64 + 2.0,
            Self::Number { steps: None, .. } => 2f64.powi(64) + 1.0,
            Self::Number {
                steps: Some(steps), ..
            } => f64::from(steps.get()) + 2.0,
            Self::Label { at_most, .. } => f64::from(at_most.get()) + 1.0,
        })
    }

    /// What leaves of a value; why nothing does.
    fn pack(&self, value: &Value, labels: &dyn Labels) -> Result<Sent, String> {
        match (self, value) {
            (Self::Flag {}, Value::Flag(flag)) => Ok(Sent::Flag(*flag)),
            (Self::Integer { min, max }, Value::Integer(integer)) => (*min..=*max)
                .contains(integer)
                .then_some(Sent::Integer(*integer))
                .ok_or_else(|| format!("is {integer}, not within {min} to {max}")),
            (Self::Number { min, max, steps }, Value::Number(number)) => {
                // A cosine of 1 may have been computed as a bit more. It leaves as the step that it is nearest to.
                let over = steps.map_or(0.0, |_| (max - min) * OVER);
                if !(min - over..=max + over).contains(number) {
                    return Err(format!("is {number}, not within {min} to {max}"));
                }
                Ok(Sent::Number(round(*number, *min, *max, steps.map(f64_of))))
            }
            (Self::Label { model, at_most }, Value::Text(text)) => labels
                .place(model, text)
                .filter(|place| *place < u64::from(at_most.get()) && text.len() <= LONGEST_LABEL)
                .map(|_| Sent::Label((*text).to_owned()))
                .ok_or_else(|| {
                    format!("is a text that is not one of the first {at_most} labels of the model `{model}`")
                }),
            (form, value) => Err(format!("is of the kind `{}`, and may only be {form}", value.kind())),
        }
    }

    /// Why a value that arrives is not one that [`ValueForm::pack`] makes.
    fn flaw_of(&self, sent: &Sent) -> Option<String> {
        let fits = match (self, sent) {
            (Self::Flag {}, Sent::Flag(_)) => true,
            (Self::Integer { min, max }, Sent::Integer(integer)) => (min..=max).contains(&integer),
            (Self::Number { min, max, steps }, Sent::Number(number)) => {
                (*min..=*max).contains(number)
                    && round(*number, *min, *max, steps.map(f64_of)).to_bits() == number.to_bits()
            }
            // Which labels there are is known where it came from.
            (Self::Label { .. }, Sent::Label(label)) => {
                label.len() <= LONGEST_LABEL && !label.chars().any(char::is_control)
            }
            _ => false,
        };
        (!fits).then(|| format!("is not {self}"))
    }
}

fn f64_of(steps: std::num::NonZeroU32) -> f64 {
    f64::from(steps.get())
}

/// The nearest of the steps. What was rounded stays what it is.
fn round(number: f64, min: f64, max: f64, steps: Option<f64>) -> f64 {
    // There is one zero.
    let number = number + 0.0;
    let Some(steps) = steps else { return number };
    let place = ((number - min) / (max - min) * steps).round();
    // The ends exactly, as a sum may miss them by a bit.
    if place >= steps {
        max + 0.0
    } else {
        (min + place * ((max - min) / steps)).clamp(min, max) + 0.0
    }
}

/// What leaves of named values. With `strict`, one that has no form is refused; without, it is left behind.
pub(crate) fn pack(
    forms: &BTreeMap<String, ValueForm>,
    values: &[(&str, Value)],
    strict: bool,
    labels: &dyn Labels,
) -> Result<BTreeMap<String, Sent>, String> {
    let mut sent = BTreeMap::new();
    for (name, value) in values {
        let shown: String = name
            .chars()
            .take(64)
            .flat_map(char::escape_default)
            .collect();
        match forms.get(*name) {
            None if strict => return Err(format!("`{shown}` is not a field that the rule names")),
            None => {}
            Some(form) => {
                let packed = form
                    .pack(value, labels)
                    .map_err(|why| format!("`{shown}` {why}"))?;
                if sent.insert((*name).to_owned(), packed).is_some() {
                    return Err(format!("`{shown}` is there twice"));
                }
            }
        }
    }
    Ok(sent)
}

/// Why values that arrive are not what [`pack`] makes.
pub(crate) fn flaw(
    forms: &BTreeMap<String, ValueForm>,
    sent: &BTreeMap<String, Sent>,
) -> Option<String> {
    sent.iter().find_map(|(name, value)| {
        let shown: String = name
            .chars()
            .take(64)
            .flat_map(char::escape_default)
            .collect();
        match forms.get(name) {
            None => Some(format!("`{shown}` is not one that the rule names")),
            Some(form) => form.flaw_of(value).map(|why| format!("`{shown}` {why}")),
        }
    })
}

impl fmt::Display for ValueForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag {} => f.write_str("a flag"),
            Self::Integer { min, max } => write!(f, "an integer from {min} to {max}"),
            Self::Number { min, max, steps } => {
                write!(f, "a number from {min} to {max}")?;
                match steps {
                    Some(steps) => write!(f, " in {steps} steps"),
                    None => Ok(()),
                }
            }
            Self::Label { model, at_most } => {
                write!(f, "one of at most {at_most} labels of the model `{model}`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known(&'static [&'static str]);

    impl Labels for Known {
        fn place(&self, model: &str, label: &str) -> Option<u64> {
            let place = self.0.iter().position(|known| *known == label);
            place
                .filter(|_| model == "gallery")
                .map(|place| place as u64)
        }
    }

    fn number(steps: u32) -> ValueForm {
        ValueForm::Number {
            min: -1.0,
            max: 1.0,
            steps: std::num::NonZeroU32::new(steps),
        }
    }

    #[test]
    fn a_number_leaves_as_one_of_its_steps_and_no_other() {
        let known = Known(&[]);
        for steps in [1, 3, 7, 200, 1000] {
            let form = number(steps);
            let mut seen = std::collections::BTreeSet::new();
            for place in 0..=10_000 {
                let value = f64::from(place) / 5000.0 - 1.0;
                let sent = form.pack(&Value::Number(value), &known).unwrap();
                assert_eq!(form.flaw_of(&sent), None, "{value} {sent:?}");
                let Sent::Number(sent) = sent else {
                    panic!("{sent:?}")
                };
                assert!((sent - value).abs() <= 1.0 / f64::from(steps) + 1e-9);
                seen.insert(sent.to_bits());
            }
            assert_eq!(seen.len() as u32, steps + 1);
            assert!(f64::from(steps + 2).log2() <= form.bits());
        }
        let more = number(200).pack(&Value::Number(1.000_001), &known);
        assert_eq!(more, Ok(Sent::Number(1.0)));
        for wrong in [f64::NAN, 1.01, f64::INFINITY] {
            assert!(number(9).pack(&Value::Number(wrong), &known).is_err());
        }
        let zero = ValueForm::Number {
            min: -1.0,
            max: 1.0,
            steps: None,
        };
        assert_eq!(
            zero.flaw_of(&Sent::Number(-0.0)),
            Some(format!("is not {zero}"))
        );
        assert!(number(200).flaw_of(&Sent::Number(0.123_456)).is_some());
    }

    #[test]
    fn a_text_leaves_only_as_a_label_that_the_host_knows() {
        let form = ValueForm::Label {
            model: "gallery".to_owned(),
            at_most: 2.try_into().unwrap(),
        };
        let known = Known(&["ann", "bob", "eve"]);
        assert_eq!(
            form.pack(&Value::Text("bob"), &known),
            Ok(Sent::Label("bob".to_owned()))
        );
        for text in ["eve", "data:image/jpeg;base64,..."] {
            let why = form.pack(&Value::Text(text), &known).unwrap_err();
            assert!(
                why.contains("first 2 labels of the model `gallery`"),
                "{why}"
            );
            assert!(!why.contains(text), "what a stage wrote is not told: {why}");
        }
        assert!(form.flaw_of(&Sent::Label("x".repeat(65))).is_some());
    }

    #[test]
    fn bits_are_those_of_the_choices_and_of_absence() {
        assert_eq!(ValueForm::Integer { min: 0, max: 254 }.bits(), 8.0);
        assert_eq!(ValueForm::Flag {}.bits(), 3f64.log2());
        assert_eq!(number(254).bits(), 8.0);
        let whole = ValueForm::Integer {
            min: i64::MIN,
            max: i64::MAX,
        };
        assert!((64.0..64.001).contains(&whole.bits()));
    }
}
