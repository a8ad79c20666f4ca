//! A limit that the run keeps moving about: at its end the mean over its last part counts.

use super::{Along, InterpolantTarget, Target};
use crate::measures::View;
use crate::programs::Certificate;

/// Interpolants, for a run that never comes to rest, with the mean predictor `[d]` of its last part.
pub struct MeanTarget {
    pub inner: InterpolantTarget,
    pub mean: Vec<f64>,
}

impl Target for MeanTarget {
    fn gap(&self, view: &View) -> Option<f64> {
        self.inner.gap(view)
    }

    fn gaps(&self, run: &Along) -> Vec<Option<f64>> {
        let mut gaps = self.inner.gaps(run);
        if let Some(last) = gaps.last_mut() {
            *last = self.inner.gap_of(&self.mean);
        }
        gaps
    }

    fn certify(&self, _w: &[f64]) -> Option<Certificate> {
        self.inner.certify(&self.mean)
    }
}
