//! From finished runs to means, laws judged and the picture.

use super::Sweep;
use crate::numerics::linalg::norm2;
use crate::report::{PhasePicture, SweepAxis, SweepGroup, SweepReport, SweepRun, TrendReport};
use crate::terms::VerdictKind;
use crate::theory::trends::{Foreseen, Quantity, Shape};
use crate::verdict::{Interval, Observations, TrendEvidence, judge_trend, mean};
use std::collections::BTreeMap;

/// Rows of a picture.
const LEVELS: usize = 48;

impl Sweep {
    /// The report on the runs of [`Sweep::runs`], in that order; `None` for a run that is missing.
    pub(super) fn conclude(&self, done: Vec<Option<SweepRun>>) -> SweepReport {
        let axes: Vec<SweepAxis> = self.spec.axes.iter().map(describe).collect();
        let seeds = self.spec.keys.seeds as usize;
        let rows: Vec<&[Option<SweepRun>]> = done.chunks(seeds).collect();
        let trends: Vec<TrendReport> = self.foreseen.iter().map(|f| self.judged(f, &axes, &rows)).collect();
        let (verdict, reason) = overall(&trends);
        let groups =
            self.spec.combinations().into_iter().zip(&rows).map(|(at, row)| self.group(at, row)).collect();
        SweepReport {
            schema: "tropism-sweep/1".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            title: self.title(&axes),
            verdict,
            reason,
            hash: self.hash.clone(),
            data: self.data.clone(),
            picture: self.spec.keys.picture.as_ref().and_then(|q| picture(q, self.depth, &rows)),
            axes,
            seeds: (0..self.spec.keys.seeds).map(|r| self.seed(r)).collect(),
            confidence: self.spec.keys.confidence,
            quantities: self.quantities.iter().map(|q| q.name()).collect(),
            trends,
            groups,
            missing: done.iter().filter(|r| r.is_none()).count(),
            runs: done.into_iter().flatten().collect(),
        }
    }

    fn title(&self, axes: &[SweepAxis]) -> String {
        let keys: Vec<&str> = axes.iter().map(|a| a.key.as_str()).collect();
        let made = || format!("{} over {}", self.data.name, keys.join(" and "));
        self.spec.title().map_or_else(made, String::from)
    }

    fn judged(&self, foreseen: &Foreseen, axes: &[SweepAxis], rows: &[&[Option<SweepRun>]]) -> TrendReport {
        let Foreseen { id, trend, hypotheses, prediction, broken } = foreseen;
        let quantity = prediction.quantity.name();
        let value = |run: &Option<SweepRun>| run.as_ref()?.values.get(&quantity).copied();
        let of_row = |row: &&[Option<SweepRun>]| match prediction.quantity {
            Quantity::MeanOffset(_) => vec![mean_offset(row)],
            _ => row.iter().map(value).collect(),
        };
        let values: Vec<Vec<Option<f64>>> = rows.iter().map(of_row).collect();
        let key = axes.first().and_then(|a| a.numbers.as_deref());
        let axis = prediction.abscissa.as_ref().map(|a| a.values.as_slice()).or(key);
        let observations = Observations { axis, values: &values, confidence: self.spec.keys.confidence };
        let seen = observations.seen(&prediction.shape);
        let finding = judge_trend(
            &TrendEvidence {
                shape: &prediction.shape,
                seen: &seen,
                broken: broken.as_deref(),
                hypotheses,
                unequal: self.unequal_losses(&prediction.shape, rows),
                bending: observations.bending(&prediction.shape),
            },
            &self.rule,
        );
        TrendReport {
            id: (*id).into(),
            source: trend.source().into(),
            statement: prediction.statement.clone(),
            quantity,
            shape: prediction.shape.clone(),
            abscissa: prediction.abscissa.as_ref().map(|a| a.name.clone()),
            hypotheses: hypotheses.clone(),
            seen,
            verdict: finding.verdict,
            reason: finding.reason,
        }
    }

    /// The lowest log10 of a training loss at which a run ended and the one where `horizon.loss` stops runs, where means are
    /// compared that do not all lie between half of that and it.
    fn unequal_losses(&self, shape: &Shape, rows: &[&[Option<SweepRun>]]) -> Option<[f64; 2]> {
        let goal = self.log10_loss.filter(|_| matches!(shape, Shape::EqualMeans { .. }))?;
        let losses = rows.iter().flat_map(|row| row.iter().flatten()).filter_map(|r| r.log10_loss);
        let lowest = losses.fold(f64::INFINITY, f64::min);
        (lowest < goal - std::f64::consts::LOG10_2).then_some([lowest, goal])
    }

    fn group(&self, at: Vec<usize>, row: &[Option<SweepRun>]) -> SweepGroup {
        let runs: Vec<&SweepRun> = row.iter().flatten().collect();
        let mut verdicts = BTreeMap::new();
        for run in &runs {
            *verdicts.entry(word(run.verdict)).or_insert(0) += 1;
        }
        let of = |quantity: &Quantity| {
            if let Quantity::MeanOffset(_) = quantity {
                let [low, high] = [f64::NAN; 2];
                let interval = Interval { estimate: mean_offset(row)?, low, high, runs: runs.len() };
                return Some((quantity.name(), interval));
            }
            let quantity = quantity.name();
            let values: Vec<f64> = runs.iter().filter_map(|r| r.values.get(&quantity).copied()).collect();
            mean(&values, self.spec.keys.confidence).map(|m| (quantity, m))
        };
        let means = self.quantities.iter().filter_map(of).collect();
        SweepGroup { name: self.spec.name(&at), at, runs: runs.len(), verdicts, means }
    }
}

/// Length of the mean offset; `None` unless every run has one.
fn mean_offset(row: &[Option<SweepRun>]) -> Option<f64> {
    let offsets: Vec<&[f64]> =
        row.iter().map(|r| Some(r.as_ref()?.offset.as_slice())).collect::<Option<_>>()?;
    let p = offsets.first()?.len();
    if p == 0 || offsets.iter().any(|o| o.len() != p) {
        return None;
    }
    let sum = |j: usize| offsets.iter().map(|o| o[j]).sum::<f64>();
    Some(norm2(&(0..p).map(sum).collect::<Vec<_>>()) / offsets.len() as f64)
}

fn word(verdict: VerdictKind) -> String {
    let value = serde_json::to_value(verdict).unwrap_or_default();
    value.as_str().unwrap_or_default().to_string()
}

fn describe(axis: &crate::spec::Axis) -> SweepAxis {
    let names = (0..axis.values.len()).map(|i| axis.name(i)).collect();
    SweepAxis { key: axis.key.clone(), names, numbers: axis.numbers() }
}

/// The worst of the laws' verdicts.
fn overall(trends: &[TrendReport]) -> (VerdictKind, String) {
    use VerdictKind::{Agrees, Disagrees, NoPrediction, OutOfScope, Undecided};
    let worst = [Disagrees, Undecided, OutOfScope, Agrees]
        .into_iter()
        .find_map(|kind| trends.iter().find(|t| t.verdict == kind));
    match worst {
        None => {
            (NoPrediction, "No law in the registry speaks of this sweep; the table stands for itself.".into())
        }
        Some(t) if trends.len() == 1 => (t.verdict, format!("{}: {}", t.id, t.reason)),
        Some(t) => (t.verdict, each(trends, t.verdict)),
    }
}

/// What became of every law of several: those that decide the verdict first, in their order.
fn each(trends: &[TrendReport], verdict: VerdictKind) -> String {
    let deciding = trends.iter().filter(|t| t.verdict == verdict);
    let others = trends.iter().filter(|t| t.verdict != verdict);
    let words = |t: &TrendReport| format!("{} ({}): {}", t.id, t.verdict.words(), t.reason);
    deciding.chain(others).map(words).collect::<Vec<_>>().join(" ")
}

/// The quantity over axis and loss: at every level the mean over the seeds of the last value recorded before it.
fn picture(quantity: &str, depth: Option<u32>, rows: &[&[Option<SweepRun>]]) -> Option<PhasePicture> {
    let paths: Vec<Vec<&SweepRun>> = rows.iter().map(|row| row.iter().flatten().collect()).collect();
    let depths = |run: &SweepRun| {
        let finite = run.path.iter().map(|p| -p.log10_loss).filter(|d| d.is_finite() && *d > 0.0);
        finite.fold((f64::INFINITY, 0.0f64), |(l, h), d| (l.min(d), h.max(d)))
    };
    // Up to the loss that every run has reached.
    let ends = paths.iter().flatten().map(|r| depths(r)).filter(|(_, high)| *high > 0.0);
    let (low, high) = ends.fold((f64::INFINITY, f64::INFINITY), |(l, h), (a, b)| (l.min(a), h.min(b)));
    if low >= high || !high.is_finite() {
        return None;
    }
    let low = low.max(0.1f64.min(0.5 * high));
    // Levels are even in log log(1/ε), where the theory's transitions are.
    let levels: Vec<f64> =
        (0..LEVELS).map(|k| low * (high / low).powf(k as f64 / (LEVELS - 1) as f64)).collect();
    let at = |run: &SweepRun, level: f64| {
        let reached = run.path.iter().any(|p| -p.log10_loss >= level * (1.0 - 1e-9));
        let before = run.path.iter().rev().find(|p| -p.log10_loss <= level * (1.0 + 1e-9));
        before.filter(|_| reached).map(|p| p.value)
    };
    let cell = |level: f64, runs: &Vec<&SweepRun>| {
        let found: Vec<f64> = runs.iter().filter_map(|r| at(r, level)).collect();
        (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
    };
    let values = levels.iter().flat_map(|&level| paths.iter().map(move |runs| cell(level, runs))).collect();
    Some(PhasePicture { quantity: quantity.into(), depth, levels, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law(id: &str, verdict: VerdictKind) -> TrendReport {
        TrendReport {
            id: id.into(),
            source: String::new(),
            statement: String::new(),
            quantity: String::new(),
            shape: Shape::Power { exponent: 1.0, at_least: false },
            abscissa: None,
            hypotheses: vec![],
            seen: vec![],
            verdict,
            reason: format!("Reason of {id}."),
        }
    }

    /// The verdict is the worst one, and no law goes without a word.
    #[test]
    fn the_headline_speaks_of_every_law() {
        let laws = [
            law("one", VerdictKind::Agrees),
            law("two", VerdictKind::Undecided),
            law("three", VerdictKind::Agrees),
        ];
        let (verdict, reason) = overall(&laws);
        assert_eq!(verdict, VerdictKind::Undecided);
        assert_eq!(
            reason,
            "two (undecided): Reason of two. one (agrees): Reason of one. three (agrees): Reason of three."
        );
        assert_eq!(overall(&laws[..1]).1, "one: Reason of one.");
    }
}
