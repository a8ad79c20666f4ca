//! Distance of the parameters from a KKT point of the margin program `min ½‖θ‖² s.t. margins ≥ 1`.
//!
//! The larger of `min_{λ ≥ 0} ‖θ − Σ λ_i ∇m_i‖/‖θ‖` over samples with near-minimal margin and of the complementarity
//! `Σ λ_i (m_i − min m)/Σ λ_i m_i`; zero exactly at KKT points.
//!
//! Where units of a ReLU network stand on their kink (to 1e-5 of the lengths of their weights and inputs; a flow brings them
//! there and holds them), `∇m_i` is any element of the Clarke subdifferential: the residual is the smallest found by adding,
//! round by round, for each such margin the gradient that points farthest along what is left. It is an upper bound.
//!
//! Shapes: `θ [p]`, one gradient `[p]` for each margin.
//! Assumes: a homogeneous model that separates the data.
//! Source: Lyu, Li 2020 (arXiv 1906.05890), approximate KKT points.
//! Units and invariance: between 0 and 1; invariant under scaling of the parameters.
//! Errors: none; `None` for regression, where a margin is not positive, and for problems too large to hold all gradients.
//! Example: the law of `tropism explain homogeneous_kkt`.

use super::clarke::KinkedMargin;
use super::{Measure, MeasureFacts, View};
use crate::data::Targets;
use crate::models::Workspace;
use crate::numerics::Matrix;
use crate::numerics::linalg::axpy;
use crate::programs::{Budget, kkt};
use crate::spec::Setup;

/// Margins within one plus this of the smallest may carry weight. Weight on larger margins buys a smaller residual with
/// complementarity: the best of several limits is taken.
pub(super) const SLACKS: [f64; 6] = [0.1, 0.03, 0.01, 3e-3, 1e-3, 1e-4];

/// The smallest of the larger of residual and complementarity over all limits.
pub(super) fn smallest(setup: &Setup, found: impl Fn(f64) -> Option<kkt::KktResidual>) -> Option<f64> {
    least(setup, |slack| found(slack).map(|k| k.residual.max(k.complementarity)))
}

/// The smallest over all limits on margins; `None` if told to stop in between, for what is left is no minimum over all of them.
pub(super) fn least(setup: &Setup, mut found: impl FnMut(f64) -> Option<f64>) -> Option<f64> {
    let goes_on = |_: &&f64| !setup.budget.stopped();
    let each = SLACKS.iter().take_while(goes_on).filter_map(|&s| found(s));
    each.reduce(f64::min).filter(|_| !setup.budget.stopped())
}

/// Rounds of further gradients at kinks.
const ROUNDS: usize = 40;
/// Largest number of entries of all gradients together.
const LARGEST: usize = 20_000_000;

/// See the module header.
pub struct KktResidual;

impl Measure for KktResidual {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let (setup, moment) = (view.setup, view.moment);
        if setup.budget.stopped() {
            return None;
        }
        setup.model.facts().homogeneity?;
        let margins = moment.margins.as_ref()?;
        let near = near_minimal(margins)?;
        let gradients = margin_gradients(view, &near)?;
        let chosen: Vec<f64> = near.iter().map(|&i| margins[i]).collect();
        let mut kinked = kinked_margins(view, &near);
        if kinked.is_empty() {
            return smallest(setup, |slack| kkt::kkt_residual(&gradients, &moment.theta, &chosen, slack));
        }
        let mut pool = Pool { rows: rows_of(&gradients), margins: chosen, budget: &setup.budget };
        least(setup, |slack| pool.best(&moment.theta, slack, &mut kinked))
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: None, scale_invariant: true, shown: false }
    }
}

/// Gradients collected so far, each with the margin it belongs to.
struct Pool<'a> {
    rows: Vec<Vec<f64>>,
    margins: Vec<f64>,
    budget: &'a Budget,
}

impl Pool<'_> {
    /// The larger of residual and complementarity for one limit on margins, with gradients added while they help.
    fn best(&mut self, theta: &[f64], slack: f64, kinked: &mut [(f64, KinkedMargin)]) -> Option<f64> {
        let limit = self.margins.iter().copied().fold(f64::INFINITY, f64::min) * (1.0 + slack);
        let mut best: Option<f64> = None;
        for _ in 0..ROUNDS {
            let gradients = Matrix::from_rows(&self.rows);
            let found = kkt::kkt_residual(&gradients, theta, &self.margins, slack)?;
            let value = found.residual.max(found.complementarity);
            let helped = best.is_none_or(|b| found.residual > found.complementarity && value < 0.98 * b);
            best = Some(best.map_or(value, |b| b.min(value)));
            if !helped || self.budget.stopped() || (self.rows.len() + kinked.len()) * theta.len() > LARGEST {
                break;
            }
            let mut rest = theta.to_vec();
            self.rows.iter().zip(&found.weights).for_each(|(row, w)| axpy(-w, row, &mut rest));
            for (margin, sample) in kinked.iter_mut().filter(|(m, _)| *m <= limit) {
                let mut row = vec![0.0; theta.len()];
                sample.gradient_along(&rest, &mut row);
                self.rows.push(row);
                self.margins.push(*margin);
            }
        }
        best
    }
}

fn rows_of(m: &Matrix) -> Vec<Vec<f64>> {
    (0..m.rows()).map(|i| m.row(i).to_vec()).collect()
}

/// Those of the margins `which` in whose samples units stand on their kink.
fn kinked_margins<'a>(view: &View<'a>, which: &[usize]) -> Vec<(f64, KinkedMargin<'a>)> {
    let (setup, moment) = (view.setup, view.moment);
    let (Some(network), Some(margins)) = (setup.model.network(), &moment.margins) else { return vec![] };
    let one = |&i: &usize| {
        let (sample, slope) = margin_slope(&setup.data.targets, i)?;
        let x = setup.data.x.select(&[sample]);
        Some((margins[i], KinkedMargin::new(network, &moment.theta, x, slope)?))
    };
    which.iter().filter_map(one).collect()
}

/// Indices of the margins that may carry weight; `None` if one is not positive.
pub(super) fn near_minimal(margins: &[f64]) -> Option<Vec<usize>> {
    let least = margins.iter().copied().fold(f64::INFINITY, f64::min);
    (least > 0.0 && least.is_finite())
        .then(|| (0..margins.len()).filter(|&i| margins[i] <= least * (1.0 + SLACKS[0])).collect())
}

/// Gradients of the margins `which` in the parameters, one a row.
pub(super) fn margin_gradients(view: &View, which: &[usize]) -> Option<Matrix> {
    let (setup, theta) = (view.setup, &view.moment.theta);
    if which.len().saturating_mul(theta.len()) > LARGEST {
        return None;
    }
    let mut work = Workspace::default();
    let mut out = Matrix::zeros(which.len(), theta.len());
    for (row, &i) in which.iter().enumerate() {
        let (sample, slope) = margin_slope(&setup.data.targets, i)?;
        let x = setup.data.x.select(&[sample]);
        setup.model.pullback(theta, &x, &slope, &mut work, out.row_mut(row));
    }
    Some(out)
}

/// The sample that margin `i` belongs to, and the margin's slope in its outputs.
fn margin_slope(targets: &Targets, i: usize) -> Option<(usize, Vec<f64>)> {
    match targets {
        Targets::Real(_) => None,
        Targets::Sign(y) => Some((i, vec![y[i]])),
        Targets::Class { labels, classes } => {
            let (sample, nth) = (i / (classes - 1), i % (classes - 1));
            let own = labels[sample];
            let other = (0..*classes).filter(|&c| c != own).nth(nth)?;
            let mut slope = vec![0.0; *classes];
            (slope[own], slope[other]) = (1.0, -1.0);
            Some((sample, slope))
        }
    }
}
