//! The coordinates a run is carried out in: the user's own, or an orthonormal basis of the data's row space.
//!
//! An optimizer that commutes with rotations, on a model that is a function of `W x`, never leaves
//! `w₀ + rowspace(X)`: with `X = L Qᵀ` it makes the same iterates (up to rounding) on the `n × n` data `L` as on the
//! `n × d` data `X`.

use super::Job;
use crate::models::Model;
use crate::numerics::{Design, Matrix, linalg};
use crate::optimizers::{OptimizerFacts, Symmetry};

/// Largest number of samples for which the change of coordinates is worth its factorisation.
const MOST_SAMPLES: usize = 2_000;

/// Coordinates of a run.
pub enum Coordinates {
    /// The user's own.
    Own { reason: String },
    /// `W = W⊥ + C Qᵀ` with `Q [d × r]` orthonormal.
    RowSpace { reduced: Reduced, reason: String },
}

/// The reduced problem and the way back.
pub struct Reduced {
    /// `X Q`, `[n × r]`.
    pub x: Design,
    /// `Q`, `[d × r]`.
    pub basis: Matrix,
    /// Part of the start outside the row space, `[k * d]`.
    pub anchor: Vec<f64>,
    /// Start inside, `[k * r]`.
    pub start: Vec<f64>,
    pub model: Box<dyn Model>,
}

impl Coordinates {
    /// Chooses by the optimizer's symmetry and the shape of the data.
    pub fn choose(job: &Job, facts: &OptimizerFacts) -> Self {
        let (n, d) = (job.data.n(), job.data.d());
        let own = |reason: String| Coordinates::Own { reason };
        if facts.symmetry != Symmetry::Rotation {
            return own("the input coordinates: the optimizer is not invariant under rotations".into());
        }
        if n >= d {
            return own(format!("the input coordinates: {n} samples are not fewer than {d} inputs"));
        }
        if n > MOST_SAMPLES {
            return own(format!(
                "the input coordinates: factorising {n} samples would cost more than it saves"
            ));
        }
        let Some(model) = job.model.over_inputs(n) else {
            return own(
                "the input coordinates: the model does not commute with rotations of the inputs".into()
            );
        };
        let (lower, basis) = linalg::lq(&job.data.x.to_dense());
        let (anchor, start) = split(job.theta0, &basis, job.data.targets.outputs());
        let reduced = Reduced { x: Design::Lower(lower), basis, anchor, start, model };
        let reason = format!(
            "an orthonormal basis of the row space, {n} coordinates instead of {d} inputs: the optimizer is invariant \
             under rotations and n < d, so the iterates are the same up to rounding"
        );
        Coordinates::RowSpace { reduced, reason }
    }

    /// Why these coordinates were chosen.
    pub fn reason(&self) -> &str {
        match self {
            Coordinates::Own { reason } | Coordinates::RowSpace { reason, .. } => reason,
        }
    }

    /// Parameters in the user's coordinates.
    pub fn expand(&self, theta: &[f64]) -> Vec<f64> {
        match self {
            Coordinates::Own { .. } => theta.to_vec(),
            Coordinates::RowSpace { reduced, .. } => embed(&reduced.anchor, &reduced.basis, theta),
        }
    }
}

/// Splits `W [k * d]` into its part orthogonal to the basis and its coordinates `[k * r]` inside.
pub fn split(theta: &[f64], basis: &Matrix, k: usize) -> (Vec<f64>, Vec<f64>) {
    let (d, r) = (basis.rows(), basis.cols());
    let mut inside = vec![0.0; k * r];
    let mut anchor = theta.to_vec();
    if theta.iter().all(|&v| v == 0.0) {
        return (anchor, inside);
    }
    for c in 0..k {
        linalg::matvec_transposed(basis, &theta[c * d..(c + 1) * d], &mut inside[c * r..(c + 1) * r]);
        let mut back = vec![0.0; d];
        linalg::matvec(basis, &inside[c * r..(c + 1) * r], &mut back);
        anchor[c * d..(c + 1) * d].iter_mut().zip(&back).for_each(|(a, b)| *a -= b);
    }
    (anchor, inside)
}

/// `anchor + C Qᵀ`, row by row.
pub fn embed(anchor: &[f64], basis: &Matrix, coordinates: &[f64]) -> Vec<f64> {
    let (d, r) = (basis.rows(), basis.cols());
    let k = anchor.len() / d.max(1);
    let mut out = anchor.to_vec();
    let mut row = vec![0.0; d];
    for c in 0..k {
        linalg::matvec(basis, &coordinates[c * r..(c + 1) * r], &mut row);
        out[c * d..(c + 1) * d].iter_mut().zip(&row).for_each(|(o, v)| *o += v);
    }
    out
}
