//! Partly separable data: a finite minimiser inside one subspace, a max-margin direction across it.

use super::Target;
use crate::measures::View;
use crate::numerics::linalg;
use crate::programs::{Decomposition, certify};

/// The split, with the length of a weight vector that moves an output by one.
pub struct SplitTarget {
    pub split: Box<Decomposition>,
    pub unit: f64,
}

impl Target for SplitTarget {
    /// The larger of the relative distance to the finite minimiser inside `S` and the margin gap across it. A minimiser
    /// shorter than the `unit` of the weights is measured against that.
    fn gap(&self, view: &View) -> Option<f64> {
        let (d, w) = (&self.split, view.moment.w.as_deref()?);
        let r = d.basis.cols();
        let mut inside = vec![0.0; r];
        linalg::matvec_transposed(&d.basis, w, &mut inside);
        let mut projected = vec![0.0; w.len()];
        linalg::matvec(&d.basis, &inside, &mut projected);
        let size = linalg::norm2(&d.minimiser).max(self.unit);
        let settled = if r > 0 { linalg::distance(&projected, &d.minimiser) / size } else { 0.0 };
        let Some((solution, _)) = &d.direction else { return Some(settled) };
        let program = d.program.as_ref()?;
        let across: Vec<f64> = w.iter().zip(&projected).map(|(a, b)| a - b).collect();
        let c = certify(program, &across, &solution.dual);
        c.relative_gap.is_finite().then(|| c.relative_gap.max(settled))
    }

    fn least_margin(&self, margins: &[f64]) -> f64 {
        self.split.separable.iter().map(|&i| margins[i]).fold(f64::INFINITY, f64::min)
    }
}
