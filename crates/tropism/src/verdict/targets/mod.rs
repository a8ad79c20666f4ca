//! What a recorded moment is measured against: one kind of reference a file.
//!
//! A target turns a moment into one number, the judged quantity, that is zero exactly where the prediction holds.

mod function;
mod law;
mod margin;
mod mean;
mod path;
mod program;
mod risk;
mod saddles;
mod split;

pub use function::FunctionTarget;
pub use law::LawTarget;
pub use margin::{FeatureMarginTarget, NetworkMarginTarget};
pub use mean::MeanTarget;
pub use path::PathTarget;
pub use program::{InterpolantTarget, ProgramTarget};
pub use risk::RiskTarget;
pub use saddles::SaddleTarget;
pub use split::SplitTarget;

use crate::measures::{Moment, View};
use crate::programs::Certificate;
use crate::spec::Setup;

/// A run whose moments are measured one after the other.
pub struct Along<'a> {
    pub setup: &'a Setup,
    pub moments: &'a [Moment],
    /// The predicted solution, where there is one.
    pub target: Option<&'a [f64]>,
    /// Asked before every moment; once it says no, no further one is measured.
    pub goes_on: &'a dyn Fn() -> bool,
}

impl<'a> Along<'a> {
    /// What `of` finds at each moment; nothing at those that are no longer measured.
    fn each<T>(&self, mut of: impl FnMut(View<'a>) -> Option<T>) -> impl Iterator<Item = Option<T>> {
        let (setup, target) = (self.setup, self.target);
        let one = move |moment| {
            if (self.goes_on)() { of(View { setup, moment, target }) } else { None }
        };
        self.moments.iter().map(one)
    }
}

/// What moments are measured against.
pub trait Target: Send + Sync {
    /// The judged quantity of one moment: a certified relative gap where there is a program; `None` where the moment
    /// has none (a direction that does not separate).
    fn gap(&self, view: &View) -> Option<f64>;

    /// The judged quantity along a run; targets that speak of the whole run override it.
    fn gaps(&self, run: &Along) -> Vec<Option<f64>> {
        run.each(|view| self.gap(&view)).collect()
    }

    /// Certificate of a predictor, for programs.
    fn certify(&self, _w: &[f64]) -> Option<Certificate> {
        None
    }

    /// A lower bound that `dual` certifies, for programs.
    fn bound(&self, _dual: &[f64]) -> Option<f64> {
        None
    }

    /// Whether the predicted point fits every target.
    fn interpolates(&self) -> bool {
        false
    }

    /// Smallest of those margins that go to infinity.
    fn least_margin(&self, margins: &[f64]) -> f64 {
        margins.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// The unit in which gaps are relative to a bound.
pub(super) fn relative(bound: f64) -> f64 {
    bound.abs().max(f64::MIN_POSITIVE)
}

/// How far a certified value is above a certified bound, in `unit`.
fn excess(value: f64, bound: f64, unit: f64) -> Option<f64> {
    let gap = ((value - bound) / unit).max(0.0);
    gap.is_finite().then_some(gap)
}
