//! An exactly known point of a path.

use super::Target;
use crate::measures::View;
use crate::numerics::linalg;

/// A point with the rounding error of its computation, both in parameter units.
pub struct PathTarget {
    pub point: Vec<f64>,
    pub rounding: f64,
}

impl Target for PathTarget {
    fn gap(&self, view: &View) -> Option<f64> {
        let size = linalg::norm2(&self.point).max(f64::MIN_POSITIVE);
        Some((linalg::distance(view.moment.w.as_deref()?, &self.point) - self.rounding).max(0.0) / size)
    }
}
