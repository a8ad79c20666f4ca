//! Whether what is small in a diagonal or a full-width convolutional network stays small beside the rest: a KKT point can look settled
//! for any time while a weight, or a frequency, that started tiny grows faster than all others.
//!
//! Along `u_j' = D u_j^{D−1} g_j` the direction keeps a weight out for good only if its relative growth `D u_j^{D−2} g_j` is below
//! that of the norm. At `D = 2` this asks `|g_j| ≤ (1 + s) Σ_k g_k w_k/‖w‖₁` of every input, so the run's own weights certify the ℓ1
//! margin to the relative gap `s`. That of the inputs whose weights are not at zero, for these stay there.
//! For `D ≥ 3` small weights fall behind ever further, and a KKT point attracts. A convolutional network of `L` layers is the same thing
//! with the complex Fourier coefficients of its layers for weights: `|v̂_k|` beside `|û_k|`, each over all layers, is the growth that a
//! frequency reaches once its phases are right.

use crate::data::Targets;
use crate::measures::{Measure, Moment, View, kkt_residual::KktResidual};
use crate::models::{Structure, Workspace};
use crate::numerics::fourier::Fourier;
use crate::numerics::linalg::dot;
use crate::spec::Setup;

/// Residual up to which the parameters count as a KKT point: far from one it is of the order of one.
pub(super) const KKT: f64 = 0.05;
/// The same beside a certificate of the predictor.
pub(super) const NEAR_KKT: f64 = 0.25;

/// Whether [`escapes`] speaks of the model.
pub(super) fn is_spoken_of(setup: &Setup) -> bool {
    coordinates(setup).is_some()
}

/// What grows by itself in a model: the weights of a diagonal network, or the frequencies of full-width convolutions.
enum Coordinates {
    Weights,
    Frequencies,
}

fn coordinates(setup: &Setup) -> Option<Coordinates> {
    match setup.model.facts().structure {
        Structure::Diagonal { depth } if depth >= 2 => Some(Coordinates::Weights),
        Structure::Convolutional { full: true, .. } => Some(Coordinates::Frequencies),
        _ => None,
    }
}

/// Whether some weight of a diagonal network, or some frequency of a full-width convolutional one, grows by more than `1 + slack` times
/// the relative growth of the norm; `weights [n]` are the samples' shares in the gradient. Other models are not spoken of.
pub(super) fn escapes(setup: &Setup, moment: &Moment, weights: &[f64], slack: f64) -> bool {
    let (Targets::Sign(y), Some(own)) = (&setup.data.targets, coordinates(setup)) else { return false };
    let pulls: Vec<f64> = y.iter().zip(weights).map(|(y, a)| y * a).collect();
    let theta = &moment.theta;
    let mut speed = vec![0.0; theta.len()];
    setup.model.pullback(theta, &setup.data.x, &pulls, &mut Workspace::default(), &mut speed);
    let limit = dot(&speed, theta) / dot(theta, theta) * (1.0 + slack);
    if matches!(own, Coordinates::Frequencies) {
        return frequencies(theta, setup.data.d())
            .iter()
            .zip(frequencies(&speed, setup.data.d()))
            .any(|(size, speed)| *size > 0.0 && speed.sqrt() > limit * size.sqrt());
    }
    // A weight at zero stays there.
    let mut moving = speed.iter().zip(theta.iter()).filter(|(_, t)| **t != 0.0);
    moving.any(|(v, t)| v / t > limit)
}

/// `Σ_l |(F w_l)_k|²`, `[d]`, for the layers `w_l [d]` that `theta` consists of.
fn frequencies(theta: &[f64], d: usize) -> Vec<f64> {
    let fourier = Fourier::new(d);
    let mut total = vec![0.0; d];
    for layer in theta.chunks_exact(d) {
        total.iter_mut().zip(fourier.transform(layer)).for_each(|(t, (re, im))| *t += re * re + im * im);
    }
    total
}

/// Whether a network is at a KKT point of the margin program in its parameters, up to a residual of `most`.
pub(super) fn at_kkt_point(setup: &Setup, moment: &Moment, most: f64) -> bool {
    KktResidual.evaluate(&View { setup, moment, target: None }).is_some_and(|r| r <= most)
}
