//! What figures show of a run that visits saddles: where it is predicted to stand still, when to jump, and where it was.

use super::measured::Point;
use super::pictures::{MOST_SINGULAR_VALUES, short};
use super::reference::Reference;
use crate::measures::Moment;
use crate::programs::SaddlePath;
use crate::spec::Setup;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Coordinates shown: those that are largest at one of the saddles.
const MOST_COORDINATES: usize = 16;

/// The saddles that a run from a vanishing start is predicted to visit, and where it was at every recorded moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VisitsReport {
    /// log10 of the predicted times of the jumps, in their order.
    pub jumps: Vec<f64>,
    /// Names of the coordinates shown: those of the predictor that are largest at one of the saddles, or the singular values of a matrix.
    pub names: Vec<String>,
    /// Predicted values of these before the first jump, after it, …, after the last one: a row more than there are jumps.
    pub predicted: Vec<Vec<Option<f64>>>,
    /// The coordinates at every moment of the series; empty for a matrix, whose singular values the series holds.
    pub seen: Vec<Vec<Option<f64>>>,
}

/// `None` where no path of saddles is predicted.
pub(super) fn visits(
    setup: &Setup,
    reference: Option<&Reference>,
    moments: &[Moment],
    series: &[Point],
) -> Option<VisitsReport> {
    let path = reference?.path.as_ref().filter(|p| p.saddles.len() > 1)?;
    let jumps = path.saddles[1..].iter().map(|s| s.time.log10()).collect();
    let ranks = series.iter().map(|p| p.spectrum.len()).max().unwrap_or(0).min(MOST_SINGULAR_VALUES);
    if ranks > 0 {
        let (rows, _) = setup.data.shape?;
        let of = |w: &[f64]| crate::numerics::norm::singular(w, rows).into_iter().take(ranks).map(short);
        return Some(VisitsReport {
            jumps,
            names: (1..=ranks).map(|k| format!("σ_{k}")).collect(),
            predicted: path.saddles.iter().map(|s| of(&s.w).collect()).collect(),
            seen: vec![],
        });
    }
    let shown = largest(path);
    let name = |j: &usize| setup.data.features.get(*j).cloned().unwrap_or_else(|| format!("w_{j}"));
    let at = |w: &[f64]| shown.iter().map(|j| w.get(*j).copied().and_then(short)).collect();
    Some(VisitsReport {
        jumps,
        names: shown.iter().map(name).collect(),
        predicted: path.saddles.iter().map(|s| at(&s.w)).collect(),
        seen: moments.iter().map(|m| at(m.w.as_deref().unwrap_or_default())).collect(),
    })
}

/// The coordinates that are largest at one of the saddles, the largest first; none that is zero at all of them.
fn largest(path: &SaddlePath) -> Vec<usize> {
    let d = path.saddles.first().map_or(0, |s| s.w.len());
    let size = |j: usize| path.saddles.iter().map(|s| s.w[j].abs()).fold(0.0, f64::max);
    let mut shown: Vec<usize> = (0..d).filter(|j| size(*j) > 0.0).collect();
    shown.sort_by(|a, b| size(*b).total_cmp(&size(*a)));
    shown.truncate(MOST_COORDINATES);
    shown
}

#[cfg(test)]
mod tests {
    use crate::examine::examine_text;

    /// Two independent weights from 1e-30, sum of squares: jumps at log(√s/α) over twice the pulls 2 and 1, `s` the weight that fits best
    /// alone.
    #[test]
    fn the_jumps_and_what_lies_between_them_are_reported() {
        let text = "[data]\nkind = \"points\"\nx = [[1.0, 0.0], [0.0, 1.0]]\ny = [2.0, -1.0]\n[model]\nkind = \"diagonal\"\n\
                    init_scale = 1e-30\n[loss]\nkind = \"squared\"\nreduction = \"sum\"\n[optimizer]\nkind = \"gradient_flow\"\n\
                    [horizon]\ntime = 1e4\n";
        let report = examine_text(&format!("theorem = \"saddle_to_saddle\"\n{text}")).unwrap();
        let visits = report.visits.unwrap();
        let ratio = 10f64.powf(visits.jumps[1] - visits.jumps[0]);
        assert!(visits.jumps.len() == 2 && (ratio - 2.0).abs() < 1e-9, "{:?}", visits.jumps);
        assert_eq!(visits.predicted[0], [Some(0.0), Some(0.0)]);
        assert_eq!(visits.predicted[1], [Some(2.0), Some(0.0)]);
        assert_eq!(visits.predicted[2], [Some(2.0), Some(-1.0)]);
        assert_eq!(visits.seen.len(), report.series.len());
        assert_eq!(visits.seen.last().unwrap(), &visits.predicted[2]);
        assert!(examine_text(text).unwrap().visits.is_none(), "no saddles are predicted there");
    }

    #[test]
    fn of_a_matrix_the_singular_values_jump() {
        let text = include_str!("../../../../experiments/greedy-rank.toml");
        let report = examine_text(text).unwrap();
        let visits = report.visits.unwrap();
        assert_eq!((visits.jumps.len(), visits.predicted.len(), visits.names.len()), (2, 3, 7));
        assert!(visits.seen.is_empty());
        let (end, last) = (&visits.predicted[2], report.series.last().unwrap());
        for k in 0..2 {
            assert!((end[k].unwrap() / last.spectrum[k] - 1.0).abs() < 1e-3, "{end:?} {:?}", last.spectrum);
        }
    }
}
