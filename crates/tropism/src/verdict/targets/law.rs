//! A law of a measured quantity: it tends to a value, or never falls.

use super::Target;
use crate::measures::{Measure, Moment, View};
use crate::spec::Setup;
use crate::theory::Relation;

/// A measure with what a theorem says of it.
pub struct LawTarget {
    pub measure: &'static dyn Measure,
    pub relation: Relation,
}

impl Target for LawTarget {
    fn gap(&self, view: &View) -> Option<f64> {
        let value = self.measure.evaluate(view)?;
        match self.relation {
            Relation::TendsTo(limit) => Some((value - limit).abs() / limit.abs().max(1.0)),
            Relation::AtMost(bound) => Some((value - bound).max(0.0) / bound.abs().max(f64::MIN_POSITIVE)),
            // One moment neither rises nor falls.
            Relation::NeverFalls => Some(0.0),
        }
    }

    fn gaps(&self, setup: &Setup, moments: &[Moment], target: Option<&[f64]>) -> Vec<Option<f64>> {
        let views = moments.iter().map(|moment| View { setup, moment, target });
        match self.relation {
            Relation::TendsTo(_) => views.map(|v| self.gap(&v)).collect(),
            Relation::AtMost(_) => running_largest(views.map(|v| self.gap(&v))),
            Relation::NeverFalls => {
                let mut highest = f64::NEG_INFINITY;
                running_largest(views.map(|v| {
                    let value = self.measure.evaluate(&v)?;
                    highest = highest.max(value);
                    Some((highest - value) / highest.abs().max(f64::MIN_POSITIVE))
                }))
            }
        }
    }
}

/// A law broken once stays broken: the largest gap so far, and none where the quantity has no value.
fn running_largest(gaps: impl Iterator<Item = Option<f64>>) -> Vec<Option<f64>> {
    let mut largest: f64 = 0.0;
    gaps.map(|gap| {
        largest = largest.max(gap?);
        Some(largest)
    })
    .collect()
}
