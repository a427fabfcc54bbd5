//! Where models run, in words.

use footlight_nn::Placement;

use crate::output;

/// Where a model runs; where that is a fallback, from what.
pub fn words(library: &str, device: &str, fallback_from: &[&str]) -> String {
    match fallback_from {
        [] => format!("{library}/{device}"),
        passed => format!("{library}/{device}, a fallback from {}", passed.join(", ")),
    }
}

/// Says on standard error why a model runs on a fallback; nothing where it does not.
pub fn note(model: &str, placement: &Placement) {
    for passed in &placement.passed_over {
        output::note(format_args!(
            "footlight: the model {model} runs on {placement}, a fallback from {passed}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fallback_is_told_from_what_was_asked_for() {
        assert_eq!(words("openvino", "cpu", &[]), "openvino/cpu");
        assert_eq!(
            words("openvino", "cpu", &["cuda:0", "gpu"]),
            "openvino/cpu, a fallback from cuda:0, gpu"
        );
    }
}
