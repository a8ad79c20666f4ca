//! What the variation norm is dual to: `max_{‖u‖ = 1} |Σ c_i relu(⟨u, x_i⟩)|`, enclosed, with the neurons that attain it.

use super::{variation_circle, variation_sphere};
use crate::numerics::{Matrix, linalg};

/// A direction and the modulus of the sum there, computed in floating point.
#[derive(Debug, Clone)]
pub(super) struct Peak {
    pub value: f64,
    pub u: Vec<f64>,
}

/// The largest found and a bound that none exceeds.
#[derive(Debug, Clone, Default)]
pub(super) struct Peaks {
    /// No direction has a larger modulus.
    pub above: f64,
    /// Distinct directions of large modulus, the largest first.
    pub found: Vec<Peak>,
}

/// How many directions are kept.
const KEPT: usize = 24;
/// Squared chord below which two directions are one.
const SAME: f64 = 1e-3;

impl Peaks {
    pub fn best(&self) -> f64 {
        self.found.first().map_or(0.0, |p| p.value)
    }

    pub fn offer(&mut self, peak: Peak) {
        if self.found.len() == KEPT && self.found.last().is_some_and(|p| p.value >= peak.value) {
            return;
        }
        let chord = |p: &Peak| p.u.iter().zip(&peak.u).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        if let Some(at) = self.found.iter().position(|p| chord(p) < SAME) {
            if self.found[at].value >= peak.value {
                return;
            }
            self.found.remove(at);
        }
        let at = self.found.partition_point(|p| p.value > peak.value);
        self.found.insert(at, peak);
        self.found.truncate(KEPT);
    }
}

/// Largest number of input coordinates.
pub(super) const MOST_INPUTS: usize = 3;

/// `x [n × d]`, `1 ≤ d ≤ 3`, `c [n]`. The bound holds for any `tolerance`; with a large one it is wider and found sooner.
pub(super) fn peaks(x: &Matrix, c: &[f64], tolerance: f64) -> Peaks {
    let lengths = (0..x.rows()).map(|i| linalg::norm2(x.row(i)));
    let lipschitz: f64 = lengths.zip(c).map(|(r, c)| r * c.abs()).sum();
    match x.cols() {
        1 => ends(x, c, lipschitz),
        2 => variation_circle::peaks(x, c, lipschitz),
        _ => variation_sphere::peaks(x, c, lipschitz, tolerance),
    }
}

/// The sphere of a line: two points.
fn ends(x: &Matrix, c: &[f64], lipschitz: f64) -> Peaks {
    let mut peaks = Peaks::default();
    for sign in [1.0, -1.0] {
        let terms = (0..x.rows()).map(|i| c[i] * (sign * x.get(i, 0)).max(0.0));
        peaks.offer(Peak { value: terms.sum::<f64>().abs(), u: vec![sign] });
    }
    let rounding = crate::numerics::directed::gamma(x.rows() + 4);
    peaks.above = (peaks.best() + rounding * lipschitz).next_up();
    peaks
}
