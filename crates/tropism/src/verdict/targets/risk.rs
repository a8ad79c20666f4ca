//! The risk of a least-squares flow against that of ridge regression.

use super::Target;
use crate::measures::View;
use crate::numerics::linalg::distance;
use crate::numerics::{Design, linalg};
use crate::programs::{SpectralFilter, SpectralRisk};
use std::sync::Arc;

/// The risks, the data of the exact path, and the log of the mean loss's time over the run's.
pub struct RiskTarget {
    pub risk: SpectralRisk,
    pub x: Arc<Design>,
    pub y: Vec<f64>,
    pub start: Vec<f64>,
    pub log_scale: f64,
}

impl Target for RiskTarget {
    fn gap(&self, view: &View) -> Option<f64> {
        let log_time = view.moment.log_time + self.log_scale;
        let t = log_time.exp();
        let ratio = self.risk.flow(t) / self.risk.ridge(1.0 / t);
        let excess = (ratio / SpectralRisk::FLOW_OVER_RIDGE - 1.0).max(0.0);
        // The risk is that of the exact path; the run must be on it for the bound to speak of the run.
        let exact = SpectralFilter::new(&self.x, &self.y, Some(self.start.clone()), log_time).ok()?;
        let size = linalg::norm2(exact.point()).max(f64::MIN_POSITIVE);
        let off = distance(view.moment.w.as_deref()?, exact.point()) - exact.rounding();
        (t > 0.0 && ratio.is_finite()).then(|| excess.max(off.max(0.0) / size))
    }
}
