//! Why no theorem speaks of an experiment, where the literature's silence has a reason.

use super::Case;
use crate::losses::Tail;
use crate::optimizers::{Geometry, Noise};

/// A sentence about what keeps the known theorems from speaking; `None` where there is nothing particular to say.
pub fn silence(case: &Case) -> Option<String> {
    let f = &case.optimizer;
    let id = case.setup.spec.optimizer.id();
    let several = case.setup.data.targets.outputs() > 1;
    let at_infinity = case.setup.loss.facts().tail != Tail::FiniteRoot;
    let zeros = case.weights_at_zero();
    let words = match f.geometry {
        _ if zeros > 0 => {
            let weights = if zeros == 1 { "One weight starts".into() } else { format!("{zeros} weights start") };
            format!(
                "{weights} at zero, where every gradient vanishes, so that an input keeps one sign, or none; the theorems are on starts \
                 from which every weight can move."
            )
        }
        Geometry::Search => "It compares losses and follows no gradient: what it finds depends on how it searches.".into(),
        _ if f.weight_decay > 0.0 && (f.normalized || matches!(f.geometry, Geometry::Adaptive(_))) => format!(
            "Weight decay λ = {} keeps the weights of steps of unit size in the ball of radius 1/λ of their norm, so there is no limit \
             direction; for exact steps on all samples of a linear model there is a theorem.",
            f.weight_decay
        ),
        Geometry::NewtonSchulz { .. } => {
            "The usual Newton-Schulz iteration brings singular values into about [0.7, 1.2] and not to one, so a step is not \
             steepest in any norm; with polar = \"exact\" there is a theorem."
                .into()
        }
        Geometry::Hybrid(_) => "Matrices and vectors are stepped in two geometries, which no theorem joins.".into(),
        Geometry::Kronecker { .. } => {
            "The matrices that Shampoo gathers weigh the limit by the whole run; without memory (beta2 = 0, epsilon = 0) its steps \
             are spectral, and there is a theorem."
                .into()
        }
        Geometry::Adaptive(second) if second.beta2.is_none() && at_infinity && several => {
            "The limit of AdaGrad is known here for two classes.".into()
        }
        Geometry::Adaptive(second) if second.beta2.is_none() && at_infinity && case.mini_batches() => {
            "The limit of AdaGrad is known here for steps on all samples.".into()
        }
        Geometry::Adaptive(_) if !at_infinity => {
            format!("Where the loss has a finite minimiser, the limit of {id} depends on its steps and has no known program.")
        }
        Geometry::GaussNewton { .. } if at_infinity => {
            "The natural gradient moves the margins rather than the weights: with as many inputs as samples every margin grows alike, \
             and its limit direction has no known program."
                .into()
        }
        _ if matches!(f.noise, Some(Noise::Langevin { .. })) => {
            "Langevin noise samples a distribution and selects no point.".into()
        }
        _ => return None,
    };
    Some(words)
}
