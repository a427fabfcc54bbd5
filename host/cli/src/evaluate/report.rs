//! What an evaluation found, as JSON and for people.

use serde::Serialize;

use super::photos::{Collected, Unusable};
use super::rates::{EqualError, Point, Rates, Wanted};
use crate::table::{self, count, percent, plural};

/// What an evaluation found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The name of the folder.
    pub dataset: String,
    /// How many folders it has.
    pub people: usize,
    /// How many photos are in them.
    pub photos: usize,
    /// How many of those were compared.
    pub compared: usize,
    /// Those where no face was found.
    pub no_face: Vec<String>,
    /// Those that could not be read, or that a stage refused.
    pub unusable: Vec<Unusable>,
    /// How many pairs there are.
    pub pairs: Pairs,
    /// What the similarities are like.
    pub similarity: Similarities,
    /// The errors at a dozen thresholds.
    pub thresholds: Vec<Point>,
    /// Where both rates are equal; none where there are no pairs of one of the kinds.
    pub equal_error: Option<EqualError>,
    /// The lowest threshold with the wanted false match rate; none where there are no pairs of different people.
    pub wanted: Option<Wanted>,
    /// The errors at the pipeline's own threshold; none where it has none.
    pub default: Option<Point>,
}

/// How many pairs there are.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Pairs {
    /// Of the same person.
    pub same: usize,
    /// Of different people.
    pub different: usize,
}

/// What the similarities are like.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Similarities {
    /// Of the same person; none where there is no pair.
    pub same: Option<Spread>,
    /// Of different people; none where there is no pair.
    pub different: Option<Spread>,
}

/// A list of numbers in three.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The lowest.
    pub lowest: f32,
    /// The mean.
    pub mean: f64,
    /// The highest.
    pub highest: f32,
}

impl Spread {
    fn of(ascending: &[f32]) -> Option<Self> {
        let sum: f64 = ascending.iter().copied().map(f64::from).sum();
        Some(Self {
            lowest: *ascending.first()?,
            mean: sum / ascending.len() as f64,
            highest: *ascending.last()?,
        })
    }
}

impl Report {
    /// Draws the numbers together.
    pub fn new(
        dataset: String,
        people: usize,
        collected: &Collected,
        rates: &Rates,
        threshold: Option<f64>,
        wanted_fmr: f64,
    ) -> Self {
        let compared = collected.featured.len();
        Self {
            dataset,
            people,
            photos: compared + collected.no_face.len() + collected.unusable.len(),
            compared,
            no_face: collected.no_face.clone(),
            unusable: collected.unusable.clone(),
            pairs: Pairs {
                same: rates.same().len(),
                different: rates.different().len(),
            },
            similarity: Similarities {
                same: Spread::of(rates.same()),
                different: Spread::of(rates.different()),
            },
            thresholds: rates.table(),
            equal_error: rates.equal_error(),
            wanted: rates.for_fmr(wanted_fmr),
            default: threshold.map(|threshold| rates.at(threshold)),
        }
    }

    /// What was compared, in a line.
    pub fn size(&self) -> String {
        format!(
            "{} of {}: {} of one person, {} of different people",
            plural(self.compared as u64, "photo", "photos"),
            plural(self.people as u64, "person", "people"),
            plural(self.pairs.same as u64, "pair", "pairs"),
            count(self.pairs.different as u64),
        )
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("{}: {}", self.dataset, self.size())];
        lines.extend(self.missing());
        lines.push(self.rows());
        lines.extend(self.conclusions());
        lines.join("\n")
    }

    fn missing(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.no_face.is_empty() {
            let photos = plural(self.no_face.len() as u64, "photo", "photos");
            lines.push(format!("no face was found in {photos}:"));
            lines.extend(self.no_face.iter().map(|photo| format!("  {photo}")));
        }
        if !self.unusable.is_empty() {
            let photos = plural(self.unusable.len() as u64, "file", "files");
            lines.push(format!("{photos} could not be used:"));
            let reason = |file: &Unusable| format!("  {}: {}", file.photo, file.reason);
            lines.extend(self.unusable.iter().map(reason));
        }
        lines
    }

    fn rows(&self) -> String {
        let headings = [
            "threshold",
            "false match rate",
            "false matches",
            "false non-match rate",
            "false non-matches",
        ];
        let rate = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), percent);
        let row = |point: &Point| {
            vec![
                format!("{:.3}", point.threshold),
                rate(point.fmr),
                count(point.false_matches),
                rate(point.fnmr),
                count(point.false_non_matches),
            ]
        };
        table::table(
            &headings,
            &headings,
            self.thresholds.iter().map(row).collect(),
        )
    }

    fn conclusions(&self) -> Vec<String> {
        let at = |point: &Point| {
            let rate = |rate: Option<f64>, errors: u64, pairs: usize| match rate {
                Some(rate) => format!(
                    "{} ({} of {})",
                    percent(rate),
                    count(errors),
                    count(pairs as u64)
                ),
                None => "not known".to_owned(),
            };
            format!(
                "false match rate {}, false non-match rate {}",
                rate(point.fmr, point.false_matches, self.pairs.different),
                rate(point.fnmr, point.false_non_matches, self.pairs.same),
            )
        };
        let mut lines = Vec::new();
        lines.push(match &self.equal_error {
            Some(equal) => {
                format!("equal error rate: {} at threshold {:.4}", percent(equal.rate), equal.threshold)
            }
            None => "equal error rate: not known; it takes pairs of the same person and of different people".to_owned(),
        });
        lines.push(match &self.default {
            Some(point) => format!(
                "at the pipeline's threshold {}: {}",
                point.threshold,
                at(point)
            ),
            None => "the pipeline has no setting `threshold`".to_owned(),
        });
        let Some(wanted) = &self.wanted else {
            lines.push(
                "no pair of different people: no false match rate can be measured".to_owned(),
            );
            return lines;
        };
        lines.push(format!(
            "for a false match rate of {}: threshold {:.4}, with {}",
            percent(wanted.wanted_fmr),
            wanted.at.threshold,
            at(&wanted.at)
        ));
        if !wanted.shown {
            lines.push(format!(
                "  but {} cannot show a rate below {} (rule of three, 95 % confidence): \
                 take more photos, or ask for --fmr {} or more",
                plural(
                    self.pairs.different as u64,
                    "pair of different people",
                    "pairs of different people"
                ),
                percent(wanted.least_shown_fmr),
                // Rounded up, so that what is proposed is enough.
                (wanted.least_shown_fmr * 1e6).ceil() / 1e6,
            ));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::super::photos::Featured;
    use super::*;

    fn report(same: Vec<f32>, different: Vec<f32>, fmr: f64) -> Report {
        let featured = |name: &str| Featured {
            person: 0,
            name: name.to_owned(),
            feature: vec![1.0],
        };
        let collected = Collected {
            featured: vec![featured("a/1.jpg"), featured("a/2.jpg")],
            no_face: vec!["a/wall.jpg".to_owned()],
            unusable: vec![Unusable {
                photo: "a/notes.txt".to_owned(),
                reason: "no picture".to_owned(),
            }],
        };
        Report::new(
            "set".to_owned(),
            1,
            &collected,
            &Rates::new(same, different),
            Some(0.42),
            fmr,
        )
    }

    #[test]
    fn what_could_not_be_compared_is_listed() {
        let text = report(vec![0.5], vec![0.1], 0.5).text();
        assert!(text.contains("no face was found in 1 photo:\n  a/wall.jpg"));
        assert!(text.contains("1 file could not be used:\n  a/notes.txt: no picture"));
    }

    #[test]
    fn errors_at_the_pipelines_threshold_are_given_with_their_numbers() {
        let text = report(vec![0.5, 0.4, 0.6, 0.7], vec![0.1, 0.2], 0.5).text();
        let wanted = "at the pipeline's threshold 0.42: false match rate 0 % (0 of 2), false non-match rate 25.0 % (1 of 4)";
        assert!(text.contains(wanted), "{text}");
    }

    #[test]
    fn a_rate_that_so_few_pairs_cannot_show_is_said_to_be_one() {
        let different = vec![0.1; 1000];
        let text = report(vec![0.5], different.clone(), 0.001).text();
        assert!(
            text.contains("1,000 pairs of different people cannot show a rate below 0.30 %"),
            "{text}"
        );
        assert!(
            !report(vec![0.5], different, 0.01)
                .text()
                .contains("cannot show")
        );
    }

    #[test]
    fn a_folder_of_one_person_says_what_it_cannot() {
        let text = report(vec![0.5], vec![], 0.001).text();
        assert!(text.contains("equal error rate: not known"));
        assert!(text.contains("no pair of different people"));
    }

    #[test]
    fn json_has_the_same_numbers() {
        let json = serde_json::to_value(report(vec![0.5, 0.25], vec![0.1, 0.5], 0.5)).unwrap();
        assert_eq!(json["pairs"]["different"], 2);
        assert_eq!(json["no-face"][0], "a/wall.jpg");
        assert_eq!(json["unusable"][0]["photo"], "a/notes.txt");
        assert_eq!(json["default"]["fmr"], 0.5);
        assert_eq!(json["default"]["false-non-matches"], 1);
        assert_eq!(json["wanted"]["wanted-fmr"], 0.5);
        assert_eq!(json["wanted"]["false-matches"], 1);
        assert_eq!(json["similarity"]["same"]["lowest"], 0.25);
        assert!(json["equal-error"]["rate"].is_number());
    }
}
