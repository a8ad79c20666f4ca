//! References of programs that hold sums along the run: fixed before it, solved after it.

use super::judge::Broken;
use super::reference::{Reference, bare, interpolant, interpolant_of, margins, of_program, real};
use super::targets::{MeanTarget, PathTarget};
use crate::Error;
use crate::numerics::linalg;
use crate::optimizers::Geometry;
use crate::programs::{
    BregmanInterpolant, DataLoss, PenalisedLoss, Program, WeightedInterpolant, WeightedMargin, certify,
};
use crate::spec::Setup;
use crate::theory::{Cause, ProgramSpec};
use crate::training::{Accumulators, Ended, Trajectory};

/// Sums of squared relative changes from here on shrink a start below what doubles resolve.
const LARGEST_SQUARES: f64 = 30.0;

/// Broken where an error keeps the program from being posed.
const POSED: &str = "a program that can be posed";

impl Reference {
    /// The reference of a program that holds sums along the run.
    ///
    /// # Errors
    /// What the run did that leaves the program without a meaning, as the hypothesis it breaks and the evidence.
    pub fn of_the_run(setup: &Setup, program: &ProgramSpec, trajectory: &Trajectory) -> Result<Self, Broken> {
        if *program == ProgramSpec::AccumulatedMargin {
            return accumulated_margin(setup, trajectory).map_err(|e| broken(POSED, e.to_string()));
        }
        let Some(sums) = &trajectory.checkpoint.accumulators else {
            return Err(broken("sums along the run", "the run took none"));
        };
        if *program == ProgramSpec::WeightedInterpolant {
            let Some((mean, _)) = sums.mean.as_ref().and_then(|m| m.value()) else {
                return Err(broken("a mean along the run", "the run took none"));
            };
            return weighted_interpolant(setup, mean).map_err(|e| broken(POSED, e.to_string()));
        }
        if trajectory.ended == Ended::Diverged {
            return Err(broken("steps that do not diverge", "the step size is too long for these data"));
        }
        if sums.vanished {
            let what = "a step made a weight exactly zero, where it stays, and the sums do not exist";
            return Err(broken("no weight vanishes", what));
        }
        if !sums.squares.iter().all(|s| *s < LARGEST_SQUARES)
            && matches!(program, ProgramSpec::DiagonalSmallSteps { .. })
        {
            let what = "a weight changed by a multiple of itself, which no flow does";
            return Err(broken("small steps", what));
        }
        diagonal(setup, program, sums).map_err(|e| broken(POSED, e.to_string()))
    }
}

/// A hypothesis that only the run itself could break.
fn broken(name: &str, evidence: impl Into<String>) -> Broken {
    Broken { name: name.into(), evidence: evidence.into() }
}

/// The max margin in the norm that AdaGrad's sums of squares have weighted, as its last exact step left them.
fn accumulated_margin(setup: &Setup, trajectory: &Trajectory) -> Result<Reference, Error> {
    let Geometry::Adaptive(second) = setup.built.optimizer.facts().geometry else {
        return Err(Error::incompatible("weighted_margin", setup.spec.optimizer.id(), "it sums no squares"));
    };
    let Some(root) = trajectory.checkpoint.state.slots.first() else {
        return Err(Error::incompatible(
            "weighted_margin",
            setup.spec.optimizer.id(),
            "its state holds no sums",
        ));
    };
    let program = WeightedMargin::new(margins(setup, "weighted_margin")?, &second.metric(root))?;
    Ok(of_program(setup, program))
}

/// The loss on the training data, as a function of the predictor.
pub(super) fn data_loss(setup: &Setup) -> Result<DataLoss, Error> {
    let loss = setup.spec.loss.loss.build()?;
    Ok(DataLoss::new(setup.data.x.clone(), setup.data.targets.clone(), loss, setup.log_weight))
}

/// The minimiser of the penalised loss, and the distance of the weights to it.
pub(super) fn penalised(setup: &Setup, lambda: f64) -> Result<Reference, Error> {
    let program = PenalisedLoss::new(data_loss(setup)?, lambda)?;
    let found = program.solve(&setup.budget);
    let mut certificate = certify(&program, &found.w, &found.dual);
    // Values are flat near a minimiser: what is compared are weights, and so is what is certified.
    let radius = program.radius(&found.w);
    let size = linalg::norm2(&found.w).max(f64::MIN_POSITIVE);
    certificate.relative_gap = certificate.relative_gap.max(radius / size);
    let target = Box::new(PathTarget { point: found.w.clone(), rounding: radius });
    Ok(Reference {
        solution: Some(found.w),
        unique: Some(true),
        ..bare(target, certificate, found.method, program.facts().formula)
    })
}

/// The interpolant that label noise drives to, judged on the mean over the last part of the run.
fn weighted_interpolant(setup: &Setup, mean: Vec<f64>) -> Result<Reference, Error> {
    // A column of zeros moves no output, and its weight stays where it started.
    let weights = setup.mean_squares().into_iter().map(|h| if h > 0.0 { h } else { 1.0 }).collect();
    let program = WeightedInterpolant::new(setup.data.x.clone(), real(setup)?, weights)?;
    interpolant_of(setup, Box::new(program), Box::new(|inner| Box::new(MeanTarget { inner, mean })))
}

/// The interpolant that a diagonal network of depth 2 ends at: its start shrunk by `A/2` in the logarithm, and the linear term
/// `2R`.
fn diagonal(setup: &Setup, program: &ProgramSpec, sums: &Accumulators) -> Result<Reference, Error> {
    let d = setup.theta0.len() / 2;
    let (shrink, linear) = match program {
        ProgramSpec::DiagonalSmallSteps { cause: Cause::Sampling } => {
            let mut mean = setup.mean_squares();
            mean.iter_mut().for_each(|h| *h *= -8.0 * sums.noise);
            (mean, vec![0.0; d])
        }
        ProgramSpec::DiagonalSmallSteps { cause: Cause::Momentum } => {
            let (u, v) = sums.squares.split_at(sums.squares.len() / 2);
            let rest = 1.0 / (1.0 - setup.built.optimizer.facts().momentum);
            let join =
                |f: fn(f64, f64) -> f64| u.iter().zip(v).map(|(a, b)| rest * f(*a, *b)).collect::<Vec<f64>>();
            (join(|a, b| -(a + b)), join(|a, b| a - b))
        }
        _ => (sums.shrink.clone(), sums.excess.iter().map(|r| 2.0 * r).collect()),
    };
    let (u, v) = setup.theta0.split_at(d);
    let shrunk =
        |start: &[f64]| -> Vec<f64> { start.iter().zip(&shrink).map(|(s, a)| s * (0.5 * a).exp()).collect() };
    let (u, v) = (shrunk(u), shrunk(v));
    let (x, y) = (setup.data.x.clone(), real(setup)?);
    let program = BregmanInterpolant::diagonal_network_from(x, y, (&u, &v), Some(&linear))?;
    interpolant(setup, Box::new(program))
}
