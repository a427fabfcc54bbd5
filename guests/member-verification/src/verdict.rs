//! From similarities to a verdict.

use footlight_stage::Fields;

/// Whether a feature is a member's, and how that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The member's id; none for a stranger.
    pub member: Option<String>,
    /// Cosine to the most similar member.
    pub similarity: f64,
    /// How much the next member is less similar; none where there is none.
    pub margin: Option<f64>,
    /// The least similarity that makes a member.
    pub threshold: f64,
}

impl Verdict {
    /// Decides. `similarities` and `rows` are what the gallery gave, the most similar first; `label`
    /// tells whose a row is. A row without a label is nobody's and never makes a member, however
    /// similar it is.
    ///
    /// # Errors
    ///
    /// The gallery gave nothing, or a number that is not finite.
    pub fn of(
        similarities: &[f32],
        rows: &[i64],
        threshold: f64,
        label: impl FnOnce(i64) -> Option<String>,
    ) -> Result<Verdict, String> {
        let (Some(best), Some(row)) = (similarities.first(), rows.first()) else {
            return Err("the graph `gallery` gave no similarity".to_owned());
        };
        let second = similarities.get(1);
        if !best.is_finite() || second.is_some_and(|second| !second.is_finite()) {
            return Err("the graph `gallery` gave a similarity that is not finite".to_owned());
        }
        let similarity = f64::from(*best);
        let member = if similarity >= threshold {
            label(*row)
        } else {
            None
        };
        let margin = second.map(|second| similarity - f64::from(*second));
        Ok(Verdict {
            member,
            similarity,
            margin,
            threshold,
        })
    }

    /// The verdict as a document's fields.
    pub fn fields(self) -> Fields {
        let mut fields = Fields::new().with("member", self.member.is_some());
        if let Some(id) = self.member {
            fields = fields.with("id", id);
        }
        fields = fields.with("similarity", self.similarity);
        if let Some(margin) = self.margin {
            fields = fields.with("margin", margin);
        }
        fields.with("threshold", self.threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(row: i64) -> Option<String> {
        [(0, "ann"), (1, "bob")]
            .into_iter()
            .find(|(has, _)| *has == row)
            .map(|(_, name)| name.to_owned())
    }

    fn names(verdict: Verdict) -> Vec<String> {
        verdict
            .fields()
            .iter()
            .map(|field| field.name.clone())
            .collect()
    }

    #[test]
    fn a_member_is_named_with_the_margin_to_the_next() {
        let verdict = Verdict::of(&[0.75, 0.25], &[1, 0], 0.42, label).unwrap();
        assert_eq!(verdict.member.as_deref(), Some("bob"));
        assert_eq!((verdict.similarity, verdict.margin), (0.75, Some(0.5)));
        assert_eq!(
            names(verdict),
            ["member", "id", "similarity", "margin", "threshold"]
        );
    }

    #[test]
    fn a_stranger_is_given_no_name() {
        let verdict = Verdict::of(&[0.25, 0.125], &[1, 0], 0.42, label).unwrap();
        assert_eq!(verdict.member, None);
        let fields = verdict.fields();
        assert_eq!(fields.get::<bool>("member").unwrap(), Some(false));
        assert!(fields.get::<String>("id").unwrap().is_none());
        assert_eq!(fields.get::<f64>("threshold").unwrap(), Some(0.42));
    }

    #[test]
    fn a_similarity_of_exactly_the_threshold_makes_a_member() {
        let verdict = Verdict::of(&[0.5], &[0], 0.5, label).unwrap();
        assert_eq!(verdict.member.as_deref(), Some("ann"));
    }

    #[test]
    fn a_gallery_of_one_member_gives_no_margin() {
        let verdict = Verdict::of(&[0.75], &[0], 0.42, label).unwrap();
        assert_eq!(names(verdict), ["member", "id", "similarity", "threshold"]);
    }

    #[test]
    fn an_empty_gallery_never_makes_a_member() {
        let verdict = Verdict::of(&[0.0], &[0], 0.0, |_| None).unwrap();
        assert_eq!(verdict.member, None);
        assert_eq!(names(verdict), ["member", "similarity", "threshold"]);
    }

    #[test]
    fn a_gallery_that_gives_nothing_or_nonsense_is_an_error() {
        assert!(
            Verdict::of(&[], &[], 0.42, label)
                .unwrap_err()
                .contains("no similarity")
        );
        assert!(
            Verdict::of(&[0.5], &[], 0.42, label)
                .unwrap_err()
                .contains("no similarity")
        );
        assert!(
            Verdict::of(&[f32::NAN], &[0], 0.42, label)
                .unwrap_err()
                .contains("not finite")
        );
        assert!(
            Verdict::of(&[0.5, f32::NAN], &[0, 1], 0.4, label)
                .unwrap_err()
                .contains("not finite")
        );
    }
}
