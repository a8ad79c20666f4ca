//! A law of a measured quantity: it tends to a value, hovers at one, stays below one, or never falls.

use super::{Along, Target};
use crate::measures::{Measure, View};
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
            Relation::TendsTo(limit) | Relation::HoversAt(limit) => {
                Some((value - limit).abs() / limit.abs().max(1.0))
            }
            Relation::AtMost(bound) => Some((value - bound).max(0.0) / bound.abs().max(f64::MIN_POSITIVE)),
            // One moment neither rises nor falls.
            Relation::NeverFalls => Some(0.0),
        }
    }

    fn gaps(&self, run: &Along) -> Vec<Option<f64>> {
        match self.relation {
            Relation::TendsTo(_) => run.each(|v| self.gap(&v)).collect(),
            Relation::HoversAt(_) => {
                let deviations: Vec<Option<f64>> = run.each(|v| self.gap(&v)).collect();
                let times: Vec<f64> = run.moments.iter().map(|m| m.log_time).collect();
                late_means(&times, &deviations).collect()
            }
            Relation::AtMost(_) => running_largest(run.each(|v| self.gap(&v))),
            Relation::NeverFalls => {
                let mut highest = f64::NEG_INFINITY;
                running_largest(run.each(|v| {
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

/// Part of the run's time that does not count for a late mean.
const EARLY: f64 = 1.0 / 3.0;
/// Moments that a late mean takes at least.
const FEWEST: usize = 5;

/// At each moment the mean of the values since a third of its time; none where there are few, or where one has no value.
fn late_means<'a>(log_times: &'a [f64], values: &'a [Option<f64>]) -> impl Iterator<Item = Option<f64>> + 'a {
    (0..values.len()).map(|last| {
        let since = log_times[last] + EARLY.ln();
        let first = log_times[..=last].iter().position(|t| *t >= since)?;
        let late = &values[first..=last];
        let sum = late.iter().copied().sum::<Option<f64>>()?;
        (late.len() >= FEWEST).then(|| sum / late.len() as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::late_means;

    /// Nine moments, the last at 9.2: those after 3.07 count, six of them.
    #[test]
    fn a_late_mean_leaves_out_the_first_third_of_the_time() {
        let times = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.2].map(f64::ln);
        let mut values: Vec<Option<f64>> = (1..=9).map(|t| Some(f64::from(t))).collect();
        let means = |values: &[Option<f64>]| late_means(&times, values).collect::<Vec<_>>();
        let found = means(&values);
        assert_eq!(found[3], None, "three moments are too few");
        assert_eq!(found[8], Some(6.5));
        values[0] = None;
        assert_eq!(means(&values)[8], Some(6.5), "what is early does not matter");
        values[4] = None;
        assert_eq!(means(&values)[8], None, "a late moment has no value");
    }
}
