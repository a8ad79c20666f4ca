//! Laws over several runs: the exponent seen with its interval, or the difference of two means with its interval.

use super::judge::Open;
use crate::terms::{Holds, Hypothesis, JudgeRule, VerdictKind};
use crate::theory::trends::Shape;
use crate::verdict::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A number with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub estimate: f64,
    /// Ends of the interval; `null` (NaN) where there are too few runs for one.
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub low: f64,
    #[serde(deserialize_with = "crate::numerics::null::nan")]
    pub high: f64,
    /// Values it rests on: one a run, or one a combination where the seeds count together.
    pub runs: usize,
}

/// One number that a law speaks of, as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// The combination whose mean is compared; `null` for an exponent.
    pub at: Option<usize>,
    #[serde(flatten)]
    pub interval: Interval,
}

/// Student's t quantile for a two-sided interval; NaN without degrees of freedom.
fn quantile(confidence: f64, freedom: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(t) if freedom > 0.0 => t.inverse_cdf(0.5 + 0.5 * confidence),
        _ => f64::NAN,
    }
}

fn around(estimate: f64, half: f64, runs: usize) -> Interval {
    Interval { estimate, low: estimate - half, high: estimate + half, runs }
}

/// Mean with its interval; `None` without values.
pub fn mean(values: &[f64], confidence: f64) -> Option<Interval> {
    let n = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    let half = quantile(confidence, n - 1.0) * (squares / (n - 1.0) / n).sqrt();
    Some(around(mean, half, values.len()))
}

/// Least-squares exponent of `y ∝ x^e` with its interval, from positive pairs; `None` where it is not determined.
pub fn exponent(pairs: &[(f64, f64)], confidence: f64) -> Option<Interval> {
    let logs: Vec<(f64, f64)> = pairs.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let n = logs.len() as f64;
    if logs.len() < 3 || logs.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
        return None;
    }
    let (mx, my) = (logs.iter().map(|l| l.0).sum::<f64>() / n, logs.iter().map(|l| l.1).sum::<f64>() / n);
    let sxx: f64 = logs.iter().map(|l| (l.0 - mx) * (l.0 - mx)).sum();
    let sxy: f64 = logs.iter().map(|l| (l.0 - mx) * (l.1 - my)).sum();
    if sxx <= 0.0 {
        return None;
    }
    let slope = sxy / sxx;
    let residual: f64 = logs.iter().map(|l| (l.1 - my - slope * (l.0 - mx)).powi(2)).sum();
    let half = quantile(confidence, n - 2.0) * (residual / (n - 2.0) / sxx).sqrt();
    Some(around(slope, half, logs.len()))
}

/// What a law's runs gave: for every combination, the value at every seed.
pub struct Observations<'a> {
    /// Values of the key that varies, where they are numbers.
    pub axis: Option<&'a [f64]>,
    /// `[combination][seed]`; `None` where a run has no value.
    pub values: &'a [Vec<Option<f64>>],
    pub confidence: f64,
}

impl Observations<'_> {
    /// The exponent, or the differences of means, that `shape` speaks of; nothing if a run has no value. Several differences
    /// share the confidence (Bonferroni).
    pub fn seen(&self, shape: &Shape) -> Vec<Seen> {
        match shape {
            Shape::Power { .. } => self.power().into_iter().collect(),
            Shape::EqualMeans { first, second } => {
                let level = 1.0 - (1.0 - self.confidence) / second.len().max(1) as f64;
                let one =
                    |&at: &usize| Some(Seen { at: Some(at), interval: self.difference(first, at, level)? });
                second.iter().map(one).collect::<Option<_>>().unwrap_or_default()
            }
        }
    }

    /// How far the exponents between neighbouring values are off the predicted one at the two ends of the axis, where that
    /// differs by more than a tenth: a power law is a limit, at either end, that is not reached then.
    pub fn bending(&self, shape: &Shape) -> Option<[f64; 2]> {
        let Shape::Power { exponent, .. } = shape else { return None };
        let point = |(x, row): (&f64, &Vec<Option<f64>>)| {
            let logs: Vec<f64> = row.iter().flatten().map(|v| v.ln()).collect();
            Some((x.ln(), mean(&logs, self.confidence)?.estimate))
        };
        let mut points: Vec<(f64, f64)> = self.axis?.iter().zip(self.values).filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let off = |p: &[(f64, f64)]| ((p[1].1 - p[0].1) / (p[1].0 - p[0].0) - exponent).abs();
        let slopes: Vec<f64> = points.windows(2).map(off).collect();
        let (first, last) = (*slopes.first()?, *slopes.last()?);
        ((first - last).abs() >= 0.1 * first.max(last)).then_some([first, last])
    }

    fn power(&self) -> Option<Seen> {
        let rows = self.axis?.iter().zip(self.values);
        let pairs = rows.flat_map(|(x, row)| row.iter().map(|y| Some((*x, (*y)?))));
        let interval = exponent(&pairs.collect::<Option<Vec<_>>>()?, self.confidence)?;
        Some(Seen { at: None, interval })
    }

    /// Mean of one combination less that of several others, paired by seed: each seed has the same data and start.
    fn difference(&self, others: &[usize], at: usize, level: f64) -> Option<Interval> {
        let own = self.values.get(at)?;
        let apart = |(seed, value): (usize, &Option<f64>)| {
            let beside: Option<Vec<f64>> = others.iter().map(|&i| self.values[i][seed]).collect();
            Some((*value)? - mean(&beside?, level)?.estimate)
        };
        mean(&own.iter().enumerate().map(apart).collect::<Option<Vec<f64>>>()?, level)
    }
}

/// What the judge of laws looks at.
pub struct TrendEvidence<'a> {
    pub shape: &'a Shape,
    pub seen: &'a [Seen],
    /// The first refuted hypothesis.
    pub broken: Option<&'a str>,
    pub hypotheses: &'a [Hypothesis],
    /// Lowest and wanted log10 of the training loss, where means are compared that were not taken at one loss.
    pub unequal: Option<[f64; 2]>,
    /// See [`Observations::bending`].
    pub bending: Option<[f64; 2]>,
}

/// The verdict on one law, read from the top.
///
/// | hypotheses | runs | intervals | verdict |
/// |---|---|---|---|
/// | one refuted | | | out of scope |
/// | | at unequal losses | | undecided |
/// | | | none | undecided |
/// | one unchecked | | one apart, or all inside | undecided |
/// | hold | exponents still bending | one apart from the allowed range | undecided |
/// | hold | | one apart from the allowed range | disagrees |
/// | hold | | all inside the allowed range | agrees |
/// | | | otherwise | undecided |
pub fn judge_trend(e: &TrendEvidence, rule: &JudgeRule) -> Finding {
    let finding = |verdict, reason: String| Finding { verdict, reason };
    if let Some(name) = e.broken {
        let why = e.hypotheses.iter().find(|h| h.name == name).map_or("", |h| &h.evidence);
        return finding(VerdictKind::OutOfScope, format!("The hypothesis \"{name}\" fails here: {why}."));
    }
    if let Some([lowest, goal]) = e.unequal {
        let reason = format!(
            "The runs do not end at one training loss: the lowest is 10^{lowest:.2}, less than half of 10^{goal:.2}, where \
             horizon.loss stops them."
        );
        return finding(VerdictKind::Undecided, reason);
    }
    let intervals: Vec<Interval> = e.seen.iter().map(|s| s.interval).collect();
    let ([low, high], words) = allowed(e.shape, rule);
    let apart = intervals.iter().find(|i| i.high < low || i.low > high);
    let inside = intervals.iter().all(|i| i.low >= low && i.high <= high);
    // The one that the sentence is about: apart, or reaching furthest.
    let reach = |i: &Interval| (i.high - high).max(low - i.low);
    let furthest = intervals.iter().max_by(|a, b| reach(a).total_cmp(&reach(b)));
    let bounded = intervals.iter().all(|i| i.low.is_finite() && i.high.is_finite());
    let Some(shown) = apart.or(furthest).filter(|_| bounded) else {
        let reason = "Some runs have no value of this quantity, or there are too few runs for an interval.";
        return finding(VerdictKind::Undecided, reason.into());
    };
    let several = intervals.len() > 1;
    let numbers = format!(
        "{words}, {:.4} with the interval {:.4} to {:.4} from {} values",
        shown.estimate, shown.low, shown.high, shown.runs
    );
    let found = format!("{} {numbers},", if several { "One" } else { "The" });
    let open: Vec<&str> =
        e.hypotheses.iter().filter(|h| h.holds == Holds::Unchecked).map(|h| &*h.name).collect();
    if (apart.is_some() || inside)
        && let Some(Open { the, .. }) = Open::of(&open)
    {
        let place = if inside { "lies within" } else { "lies apart from" };
        let reason = format!("{found} {place} what the law allows, but {the} could not be checked.");
        return finding(VerdictKind::Undecided, reason);
    }
    match (apart, e.bending) {
        (Some(_), Some([first, last])) => {
            let reason = format!(
                "{found} lies apart from what the law allows. But the exponents between neighbouring values are {first:.3} off \
                 the predicted one at one end and {last:.3} at the other: the limit is not reached, and nothing is refuted."
            );
            finding(VerdictKind::Undecided, reason)
        }
        (Some(_), None) => {
            finding(VerdictKind::Disagrees, format!("{found} lies apart from what the law allows."))
        }
        (None, _) if inside && several => {
            let reason = format!("All differences lie within what the law allows; the furthest {numbers}.");
            finding(VerdictKind::Agrees, reason)
        }
        (None, _) if inside => {
            finding(VerdictKind::Agrees, format!("{found} lies within what the law allows."))
        }
        (None, _) => {
            let reason = format!(
                "{found} reaches over the border of what the law allows; more seeds or values decide it."
            );
            finding(VerdictKind::Undecided, reason)
        }
    }
}

/// The range the law allows, and what it is a range of.
fn allowed(shape: &Shape, rule: &JudgeRule) -> ([f64; 2], &'static str) {
    match shape {
        Shape::Power { exponent, at_least } => {
            let slack = rule.slope_tolerance * exponent.abs();
            let (low, high) = (exponent - slack, exponent + slack);
            let range = match (*at_least, *exponent < 0.0) {
                (false, _) => [low, high],
                (true, true) => [f64::NEG_INFINITY, high],
                (true, false) => [low, f64::INFINITY],
            };
            (range, "exponent")
        }
        Shape::EqualMeans { .. } => ([-rule.tolerance, rule.tolerance], "difference of means"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Student's t for four degrees of freedom at 95 % is 2.776445 (tables); the mean of 1..5 is 3 ± 2.776445 √(2.5/5).
    #[test]
    fn intervals_are_students() {
        let m = mean(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).unwrap();
        assert!((m.estimate - 3.0).abs() < 1e-15);
        assert!((m.high - 3.0 - 2.776445 * 0.5f64.sqrt()).abs() < 1e-6, "{m:?}");
        assert!(mean(&[1.0], 0.95).unwrap().low.is_nan());
        assert!(mean(&[], 0.95).is_none());
    }

    /// An exact power has its exponent and no width; noise of known size gives the textbook standard error.
    #[test]
    fn exponents_are_least_squares() {
        let exact: Vec<(f64, f64)> =
            [1.0, 2.0, 8.0, 64.0].iter().map(|x: &f64| (*x, 3.0 * x.powf(-0.5))).collect();
        let e = exponent(&exact, 0.95).unwrap();
        assert!((e.estimate + 0.5).abs() < 1e-14 && e.high - e.low < 1e-12, "{e:?}");
        // log y = 0, 1, 0 at log x = 0, 1, 2: slope 0, residual 2/3, one degree of freedom: t = 12.7062.
        let bent = [(1.0, 1.0), (1f64.exp(), 1f64.exp()), (2f64.exp(), 1.0)];
        let e = exponent(&bent, 0.95).unwrap();
        assert!(e.estimate.abs() < 1e-15);
        assert!((e.high - 12.7062 * (2.0f64 / 3.0 / 2.0).sqrt()).abs() < 1e-3, "{e:?}");
        assert!(exponent(&[(1.0, 1.0), (2.0, 0.0), (3.0, 1.0)], 0.95).is_none());
    }

    fn at(low: f64, high: f64) -> Seen {
        Seen { at: None, interval: Interval { estimate: 0.5 * (low + high), low, high, runs: 9 } }
    }

    fn verdict(shape: &Shape, low: f64, high: f64) -> VerdictKind {
        let seen = [at(low, high)];
        judge_trend(&evidence(shape, &seen), &JudgeRule::default()).verdict
    }

    fn evidence<'a>(shape: &'a Shape, seen: &'a [Seen]) -> TrendEvidence<'a> {
        TrendEvidence { shape, seen, broken: None, hypotheses: &[], unequal: None, bending: None }
    }

    /// Walks the table of `judge_trend` with intervals inside, across and apart from the allowed range.
    #[test]
    fn every_row_of_the_table() {
        use VerdictKind::*;
        let exact = Shape::Power { exponent: 2.0, at_least: false };
        let bound = Shape::Power { exponent: -0.5, at_least: true };
        let equal = Shape::EqualMeans { first: vec![0], second: vec![1] };
        let rows = [
            (&exact, 1.9, 2.1, Agrees),
            (&exact, 0.9, 1.1, Disagrees),
            (&exact, 1.3, 2.1, Undecided),
            (&bound, -1.2, -0.9, Agrees),
            (&bound, -0.2, -0.1, Disagrees),
            (&bound, -0.6, -0.1, Undecided),
            (&equal, -0.005, 0.005, Agrees),
            (&equal, 0.02, 0.03, Disagrees),
            (&equal, -0.02, 0.005, Undecided),
        ];
        for (shape, low, high, expected) in rows {
            assert_eq!(verdict(shape, low, high), expected, "{shape:?} {low} {high}");
        }
        let rule = JudgeRule::default();
        let judged = |e: TrendEvidence| judge_trend(&e, &rule).verdict;
        assert_eq!(judged(evidence(&exact, &[])), Undecided);
        assert_eq!(judged(TrendEvidence { broken: Some("seeds"), ..evidence(&exact, &[]) }), OutOfScope);
        let (near, far) = ([at(1.9, 2.1)], [at(0.9, 1.1)]);
        assert_eq!(judged(TrendEvidence { bending: Some([0.5, 0.1]), ..evidence(&exact, &far) }), Undecided);
        assert_eq!(judged(TrendEvidence { bending: Some([0.5, 0.1]), ..evidence(&exact, &near) }), Agrees);
        let same = [at(-0.001, 0.001)];
        assert_eq!(
            judged(TrendEvidence { unequal: Some([-2.0, -0.5]), ..evidence(&equal, &same) }),
            Undecided
        );
        let several = |seen: &[Seen]| judge_trend(&evidence(&equal, seen), &rule).verdict;
        assert_eq!(several(&[at(-0.001, 0.001), at(0.02, 0.03)]), Disagrees);
        assert_eq!(several(&[at(-0.001, 0.001), at(0.0, 0.03)]), Undecided);
        assert_eq!(several(&[at(-0.001, 0.001), at(0.0, 0.003)]), Agrees);
        let open = Hypothesis { name: "h".into(), holds: Holds::Unchecked, evidence: String::new() };
        assert_eq!(judged(TrendEvidence { hypotheses: &[open], ..evidence(&exact, &near) }), Undecided);
    }

    /// Means are compared seed by seed: what all optimizers share on a seed cancels.
    #[test]
    fn differences_are_paired() {
        let values: Vec<Vec<Option<f64>>> =
            vec![vec![Some(0.1), Some(0.5), Some(0.9)], vec![Some(0.11), Some(0.51), Some(0.91)]];
        let o = Observations { axis: None, values: &values, confidence: 0.95 };
        let d = o.seen(&Shape::EqualMeans { first: vec![0], second: vec![1] });
        let i = d[0].interval;
        assert!((i.estimate - 0.01).abs() < 1e-15 && i.high - i.low < 1e-12, "{d:?}");
        let missing = vec![vec![Some(0.1), None], vec![Some(0.1), Some(0.2)]];
        let o = Observations { axis: None, values: &missing, confidence: 0.95 };
        assert!(o.seen(&Shape::EqualMeans { first: vec![0], second: vec![1] }).is_empty());
    }
}
