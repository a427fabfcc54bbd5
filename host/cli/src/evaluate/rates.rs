//! Error rates of a set of scores, by ISO/IEC 19795-1: the false match rate (FMR) is the share of pairs of
//! different people that are taken for one person, the false non-match rate (FNMR) the share of pairs of one
//! person that are taken for two. A pair matches where its similarity is at least the threshold.

use serde::Serialize;

/// The scores of all pairs, each list in ascending order.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    same: Vec<f32>,
    different: Vec<f32>,
}

/// The errors at one threshold. A rate is none where there is no pair of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Point {
    /// The similarity from which a pair matches.
    pub threshold: f64,
    /// Pairs of different people that match.
    pub false_matches: u64,
    /// Pairs of one person that do not.
    pub false_non_matches: u64,
    /// False match rate, 0 to 1.
    pub fmr: Option<f64>,
    /// False non-match rate, 0 to 1.
    pub fnmr: Option<f64>,
}

/// Where both rates are equal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EqualError {
    /// The rate, 0 to 1.
    pub rate: f64,
    /// The threshold there: the middle of the range where one is as good as another.
    pub threshold: f64,
}

/// The lowest threshold with at most a wanted false match rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Wanted {
    /// The rate that was asked for.
    pub wanted_fmr: f64,
    /// The threshold and the errors there.
    #[serde(flatten)]
    pub at: Point,
    /// The lowest rate that this many pairs can show, see [`least_shown`].
    pub least_shown_fmr: f64,
    /// Whether the wanted rate is at least that.
    pub shown: bool,
}

/// The lowest rate that `pairs` pairs can show: where none of n fails, the true rate is below 3/n with 95 %
/// confidence (the rule of three; Hanley and Lippman-Hand, JAMA 249, 1983). It takes the pairs to be
/// independent; pairs that share a photo are not quite, so the truth is rather worse.
pub fn least_shown(pairs: usize) -> f64 {
    (3.0 / pairs as f64).min(1.0)
}

/// Decimals of a threshold that is proposed: what a person copies into a pipeline file.
const DECIMALS: f64 = 10_000.0;

impl Rates {
    /// Takes the similarities of pairs of the same person and of different people; none may be NaN.
    pub fn new(mut same: Vec<f32>, mut different: Vec<f32>) -> Self {
        same.sort_unstable_by(f32::total_cmp);
        different.sort_unstable_by(f32::total_cmp);
        Self { same, different }
    }

    /// Similarities of pairs of the same person, ascending.
    pub fn same(&self) -> &[f32] {
        &self.same
    }

    /// Similarities of pairs of different people, ascending.
    pub fn different(&self) -> &[f32] {
        &self.different
    }

    /// The errors at a threshold.
    pub fn at(&self, threshold: f64) -> Point {
        let below = |scores: &[f32]| scores.partition_point(|&score| f64::from(score) < threshold);
        let false_matches = self.different.len() - below(&self.different);
        let false_non_matches = below(&self.same);
        let rate = |errors: usize, of: usize| (of > 0).then(|| errors as f64 / of as f64);
        Point {
            threshold,
            false_matches: false_matches as u64,
            false_non_matches: false_non_matches as u64,
            fmr: rate(false_matches, self.different.len()),
            fnmr: rate(false_non_matches, self.same.len()),
        }
    }

    /// Where both rates are equal; none where there are no pairs of one of the kinds.
    ///
    /// Both rates are steps. Where a range of thresholds has equal rates, that is the answer; otherwise the
    /// steps cross at a score, and the rate is interpolated along the line between the points before and
    /// after it.
    pub fn equal_error(&self) -> Option<EqualError> {
        let mut thresholds = self.distinct();
        // Rates change just above each score, so the thresholds to look at are the scores and one above all.
        let highest = *thresholds.last()?;
        thresholds.push(highest.next_up());
        let rates = |threshold: f32| {
            let point = self.at(f64::from(threshold));
            Some((point.fmr?, point.fnmr?))
        };
        // From the first on, the false match rate only falls and the false non-match rate only rises. At the
        // lowest score everything matches, so there is always one before the crossing.
        let crossing = thresholds
            .partition_point(|&threshold| rates(threshold).is_some_and(|(fmr, fnmr)| fmr > fnmr));
        let before = *thresholds.get(crossing.checked_sub(1)?)?;
        let after = *thresholds.get(crossing)?;
        let (fmr_before, fnmr_before) = rates(before)?;
        let (fmr, fnmr) = rates(after)?;
        if fmr == fnmr {
            return Some(EqualError {
                rate: fmr,
                threshold: f64::from(before).midpoint(f64::from(after)),
            });
        }
        let gap_before = fmr_before - fnmr_before;
        let gap_after = fnmr - fmr;
        let share = gap_before / (gap_before + gap_after);
        Some(EqualError {
            rate: fmr_before + share * (fmr - fmr_before),
            threshold: f64::from(before),
        })
    }

    /// The lowest threshold, to four decimals, at which at most the share `wanted` of the pairs of different
    /// people match; none where there are no such pairs.
    pub fn for_fmr(&self, wanted: f64) -> Option<Wanted> {
        let pairs = self.different.len();
        if pairs == 0 {
            return None;
        }
        // A hair more, so that 0.001 of 3000 is 3 however the product is rounded.
        let allowed = (wanted * pairs as f64 * (1.0 + 1e-12)).floor() as usize;
        let threshold = match pairs.checked_sub(allowed + 1) {
            None => -1.0,
            // The best score that must not match: the threshold is above it.
            Some(index) => {
                let score = f64::from(*self.different.get(index)?);
                let rounded = (score * DECIMALS).ceil() / DECIMALS;
                if rounded > score {
                    rounded
                } else {
                    rounded + 1.0 / DECIMALS
                }
            }
        };
        let least_shown_fmr = least_shown(pairs);
        Some(Wanted {
            wanted_fmr: wanted,
            at: self.at(threshold),
            least_shown_fmr,
            shown: wanted >= least_shown_fmr,
        })
    }

    /// About a dozen round thresholds over the range where the rates change: from where a fifth of the pairs
    /// of different people match to where a fifth of those of one person do not.
    pub fn table(&self) -> Vec<Point> {
        let quantile = |scores: &[f32], share: f64| {
            let index = (scores.len() as f64 * share) as usize;
            scores.get(index).copied().map(f64::from)
        };
        let ends = [quantile(&self.different, 0.8), quantile(&self.same, 0.2)];
        let low = ends.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        let high = ends
            .iter()
            .flatten()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        if !(low.is_finite() && high.is_finite()) {
            return Vec::new();
        }
        const ROWS: i64 = 12;
        // Whole steps in thousandths, so that thresholds are round numbers.
        let steps = |step: i64| {
            let unit = step as f64 / 1000.0;
            ((low / unit).floor() as i64, (high / unit).ceil() as i64)
        };
        let step = [5, 10, 20, 50, 100, 200]
            .into_iter()
            .find(|&step| {
                let (first, last) = steps(step);
                last - first < ROWS
            })
            .unwrap_or(200);
        let (first, last) = steps(step);
        let spare = (ROWS - 1 - (last - first)).max(0);
        let first = first - spare / 2;
        (first..first + ROWS)
            .map(|row| self.at((row * step) as f64 / 1000.0))
            .filter(|point| point.threshold.abs() <= 1.0)
            .collect()
    }

    /// Every score once, ascending.
    fn distinct(&self) -> Vec<f32> {
        let mut scores: Vec<f32> = self.same.iter().chain(&self.different).copied().collect();
        scores.sort_unstable_by(f32::total_cmp);
        scores.dedup();
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn a_pair_at_the_threshold_matches() {
        let rates = Rates::new(vec![0.5, 0.25], vec![0.5, 0.75, 0.0, 0.25]);
        let point = rates.at(0.5);
        assert_eq!((point.false_matches, point.fmr), (2, Some(0.5)));
        assert_eq!((point.false_non_matches, point.fnmr), (1, Some(0.5)));
    }

    #[test]
    fn below_all_scores_everything_matches_and_above_nothing() {
        let rates = Rates::new(vec![0.1, 0.9], vec![0.2, 0.3]);
        assert_eq!(
            (rates.at(-1.0).fmr, rates.at(-1.0).fnmr),
            (Some(1.0), Some(0.0))
        );
        assert_eq!(
            (rates.at(1.0).fmr, rates.at(1.0).fnmr),
            (Some(0.0), Some(1.0))
        );
    }

    #[test]
    fn separable_scores_have_no_equal_error_and_a_threshold_in_the_gap() {
        let rates = Rates::new(vec![0.75, 0.5], vec![0.25, 0.0, 0.125]);
        let equal = rates.equal_error().unwrap();
        assert_eq!(equal.rate, 0.0);
        assert!(close(equal.threshold, 0.375));
    }

    #[test]
    fn overlapping_scores_meet_where_one_in_four_errs() {
        // In (0.4, 0.5]: of 0.1 0.2 0.3 0.6 one matches, of 0.4 0.5 0.7 0.8 one does not.
        let rates = Rates::new(vec![0.4, 0.5, 0.7, 0.8], vec![0.1, 0.2, 0.3, 0.6]);
        let equal = rates.equal_error().unwrap();
        assert!(close(equal.rate, 0.25));
        assert!(close(equal.threshold, 0.45));
    }

    #[test]
    fn rates_that_jump_past_each_other_are_interpolated() {
        // At 0.5 FMR is 1/2 and FNMR 0; just above it FMR is 1/2 and FNMR 1. They cross at 1/2.
        let rates = Rates::new(vec![0.5], vec![0.25, 0.75]);
        let equal = rates.equal_error().unwrap();
        assert!(close(equal.rate, 0.5));
        assert!(close(equal.threshold, 0.5));
        // At 0.5: FMR 1/3, FNMR 0; above: 0 and 1/2. Along the line 1/3 (1 - s) = s/2, so s = 2/5, rate 1/5.
        let tied = Rates::new(vec![0.5, 0.75], vec![0.0, 0.25, 0.5]);
        let equal = tied.equal_error().unwrap();
        assert!(close(equal.rate, 0.2), "{equal:?}");
        assert!(close(equal.threshold, 0.5));
    }

    #[test]
    fn scores_the_wrong_way_round_err_always() {
        let rates = Rates::new(vec![0.0, 0.1], vec![0.8, 0.9]);
        assert!(close(rates.equal_error().unwrap().rate, 1.0));
    }

    #[test]
    fn scores_that_are_all_one_value_tell_nothing() {
        let rates = Rates::new(vec![0.5; 4], vec![0.5; 4]);
        let equal = rates.equal_error().unwrap();
        assert!(close(equal.rate, 0.5));
        assert!(close(equal.threshold, 0.5));
    }

    #[test]
    fn without_pairs_of_a_kind_its_rate_is_not_known() {
        let one_person = Rates::new(vec![0.5], vec![]);
        assert_eq!(one_person.at(0.4).fmr, None);
        assert_eq!(one_person.at(0.6).fnmr, Some(1.0));
        assert_eq!(one_person.equal_error(), None);
        assert_eq!(one_person.for_fmr(0.1), None);
        let strangers = Rates::new(vec![], vec![0.5]);
        assert_eq!(strangers.at(0.4).fnmr, None);
        assert_eq!(strangers.equal_error(), None);
        assert_eq!(strangers.for_fmr(0.0).unwrap().at.fmr, Some(0.0));
        assert_eq!(Rates::default().table(), Vec::new());
    }

    #[test]
    fn a_wanted_rate_takes_the_lowest_threshold_that_keeps_it() {
        let different = (0..1000).map(|n| n as f32 / 2000.0).collect();
        let rates = Rates::new(vec![0.3, 0.499, 0.6], different);
        let wanted = rates.for_fmr(0.01).unwrap();
        assert_eq!(wanted.at.false_matches, 10);
        // The eleventh best is 0.4945; the threshold is just above it.
        assert!(wanted.at.threshold > 0.4945 && wanted.at.threshold < 0.4947);
        assert!(close(wanted.at.fnmr.unwrap(), 1.0 / 3.0));
        assert!(wanted.shown);
        assert_eq!(rates.at(wanted.at.threshold - 0.0002).false_matches, 11);
    }

    #[test]
    fn tied_scores_are_refused_together() {
        let rates = Rates::new(vec![0.9], vec![0.5, 0.5, 0.5, 0.1]);
        // One of four may match, but the three best are one score.
        let wanted = rates.for_fmr(0.25).unwrap();
        assert_eq!(wanted.at.false_matches, 0);
        assert!(wanted.at.threshold > 0.5 && wanted.at.threshold < 0.5002);
    }

    #[test]
    fn a_rate_below_three_in_the_number_of_pairs_is_not_shown() {
        let rates = Rates::new(vec![0.9], vec![0.1; 1000]);
        let wanted = rates.for_fmr(0.001).unwrap();
        assert!(!wanted.shown);
        assert!(close(wanted.least_shown_fmr, 0.003));
        assert!(rates.for_fmr(0.003).unwrap().shown);
        assert!(close(least_shown(2), 1.0));
    }

    #[test]
    fn a_rate_that_all_pairs_keep_asks_for_nothing() {
        let rates = Rates::new(vec![0.9], vec![0.1, 0.2]);
        let wanted = rates.for_fmr(0.999_999_999_999_9).unwrap();
        assert_eq!(wanted.at.fnmr, Some(0.0));
    }

    #[test]
    fn the_table_has_a_dozen_round_thresholds_around_the_scores() {
        let same = (0..100).map(|n| 0.35 + n as f32 / 200.0).collect();
        let different = (0..1000).map(|n| n as f32 / 3000.0).collect();
        let points = Rates::new(same, different).table();
        assert_eq!(points.len(), 12);
        assert!(points[0].threshold <= 0.27 && points[11].threshold >= 0.45);
        for pair in points.windows(2) {
            assert!(pair[0].threshold < pair[1].threshold);
            assert!(pair[0].fmr >= pair[1].fmr && pair[0].fnmr <= pair[1].fnmr);
        }
    }
}
