//! A program's certified optimum, in the space of the linear predictor.

use super::{Target, excess};
use crate::data::Dataset;
use crate::measures::View;
use crate::numerics::{PseudoInverse, linalg};
use crate::programs::{Certificate, Program, certify};

/// A program without equality constraints, and the bound its reference's dual certifies.
pub struct ProgramTarget {
    pub program: Box<dyn Program>,
    pub dual: Vec<f64>,
    pub lower_bound: f64,
    /// Unit of gaps.
    pub unit: f64,
}

impl ProgramTarget {
    /// The certificate with its gap in this target's unit.
    pub fn in_units(&self, c: Certificate) -> Certificate {
        let gap = (c.value - c.lower_bound) / self.unit;
        Certificate { relative_gap: if gap.is_nan() { f64::INFINITY } else { gap.max(0.0) }, ..c }
    }
}

impl Target for ProgramTarget {
    fn gap(&self, view: &View) -> Option<f64> {
        // The bound is that of the reference's dual, certified once; only the value is new.
        excess(self.program.value(view.moment.w.as_deref()?), self.lower_bound, self.unit)
    }

    fn certify(&self, w: &[f64]) -> Option<Certificate> {
        Some(self.in_units(certify(&*self.program, w, &self.dual)))
    }

    fn bound(&self, dual: &[f64]) -> Option<f64> {
        Some(self.program.bound(dual))
    }
}

/// A program over the interpolants `Xw = y`, with the projection `w + X⁺(y − Xw)` back to them.
pub struct InterpolantTarget {
    pub program: Box<dyn Program>,
    pub dual: Vec<f64>,
    inverse: PseudoInverse,
    y: Vec<f64>,
    /// Size of the predicted step from the start: what a correction is measured against.
    scale: f64,
}

/// Largest distance to the nearest interpolant, relative to the predicted step, that still counts as interpolating.
const INTERPOLATES: f64 = 1e-2;

impl InterpolantTarget {
    /// `None` if the data matrix cannot be factorised. `start` and `solution` are linear predictors `[d]`.
    pub fn new(
        data: &Dataset,
        y: Vec<f64>,
        program: Box<dyn Program>,
        dual: Vec<f64>,
        [start, solution]: [&[f64]; 2],
    ) -> Option<Self> {
        let inverse = PseudoInverse::new(data.x.clone())?;
        // Where the start already interpolates, rounding of the solution itself is the only scale there is.
        let step = linalg::distance(solution, start);
        let scale = step.max(1e-9 * linalg::norm2(solution)).max(f64::MIN_POSITIVE);
        Some(Self { program, dual, inverse, y, scale })
    }

    /// `‖X⁺(y − Xw)‖` relative to the predicted step: how far the nearest interpolant is.
    fn correction(&self, w: &[f64]) -> f64 {
        let mut rest = vec![0.0; self.y.len()];
        self.inverse.design().apply(w, &mut rest);
        rest.iter_mut().zip(&self.y).for_each(|(r, y)| *r = y - *r);
        linalg::norm2(&self.inverse.solve(&rest)) / self.scale
    }
}

impl Target for InterpolantTarget {
    fn gap(&self, view: &View) -> Option<f64> {
        self.gap_of(view.moment.w.as_deref()?)
    }

    fn certify(&self, w: &[f64]) -> Option<Certificate> {
        Some(certify(&*self.program, w, &self.dual))
    }

    fn interpolates(&self) -> bool {
        true
    }
}

impl InterpolantTarget {
    /// The judged quantity of a predictor.
    pub fn gap_of(&self, w: &[f64]) -> Option<f64> {
        let c = certify(&*self.program, w, &self.dual);
        // A value below the optimum is no merit: it is bought with infeasibility. Count the distance to the
        // nearest interpolant, and the difference of values on either side.
        let off = self.correction(w);
        let scale = c.lower_bound.abs().max(1e-9 * self.scale);
        let difference = (c.value - c.lower_bound).abs() / scale;
        (difference.is_finite() && off <= INTERPOLATES).then_some(difference.max(off))
    }
}
