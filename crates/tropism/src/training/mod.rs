//! The only loops: discrete iteration, and the flow in log time that continues it.
//!
//! This room never imports `theory`, `programs` or `measures`: a run cannot see what is expected of it.

mod accumulators;
mod coordinates;
mod discrete;
pub mod flow;
mod fused;
mod oracle;

pub use accumulators::Accumulators;
pub use coordinates::Coordinates;
pub use oracle::DataOracle;

use crate::data::Dataset;
use crate::losses::Loss;
use crate::models::Model;
use crate::optimizers::{Built, Curve, Geometry, OptimizerFacts, State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Horizon {
    /// Natural logarithm of the time `t = Σ η_k` to reach.
    pub log_time: Option<f64>,
    /// Largest number of discrete steps.
    pub steps: Option<u64>,
    /// Discrete steps run exactly before the flow takes over.
    pub exact_steps: u64,
    /// Natural logarithms of the training losses between which to stop.
    pub log_loss: Option<[f64; 2]>,
}

impl Horizon {
    /// Discrete steps at most, where no flow goes on.
    pub fn most_steps(&self) -> u64 {
        self.steps.unwrap_or(discrete::DEFAULT_STEPS)
    }
}

/// Everything a run needs, and nothing else.
pub struct Job<'a> {
    pub data: &'a Dataset,
    pub model: &'a dyn Model,
    pub loss: &'a dyn Loss,
    pub built: &'a Built,
    /// Log of the weight of one sample in the loss: `−ln n` for the mean, 0 for the sum.
    pub log_weight: f64,
    pub theta0: &'a [f64],
    pub horizon: Horizon,
    pub seed: u64,
}

/// Which part of the run a snapshot belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Discrete,
    Flow,
}

/// One recorded moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub step: u64,
    /// Natural logarithm of the time.
    pub log_time: f64,
    /// Natural logarithm of the training loss.
    pub log_loss: f64,
    /// Parameters in the user's coordinates; checkpoint and measures hold the same memory.
    pub theta: Arc<Vec<f64>>,
    pub phase: Phase,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The horizon was reached.
    Completed,
    /// The parameters stopped moving for good: they stay there at every later time.
    Stationary,
    /// Interrupted from outside; what was recorded stands.
    Interrupted,
    /// The parameters are no longer finite.
    Diverged,
    /// The step budget was spent before the horizon.
    BudgetSpent,
    /// Steps or margins fell below the rounding error of the parameters.
    PrecisionExhausted,
    /// The gradient vanished at a point that is no minimiser.
    Saddle,
}

impl Ended {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Ended::Completed => "completed",
            Ended::Stationary => "stationary",
            Ended::Interrupted => "interrupted",
            Ended::Diverged => "diverged",
            Ended::BudgetSpent => "budget_spent",
            Ended::PrecisionExhausted => "precision_exhausted",
            Ended::Saddle => "saddle",
        }
    }
}

/// A finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    pub snapshots: Vec<Snapshot>,
    pub ended: Ended,
    /// Log of the time up to which the last snapshot is valid (later than its own time if stationary).
    pub log_time: f64,
    pub steps: u64,
    pub flow_steps: u64,
    pub flow_rejected: u64,
    /// Bound (leading order) on the distance between iterates and flow, if a flow continued them.
    pub continuation_bound: Option<f64>,
    /// In which coordinates the run was carried out and why.
    pub coordinates: String,
    /// What was followed when, in full sentences.
    pub phases: Vec<String>,
    /// Where the discrete part stopped, from which [`resume`] continues it bit for bit.
    pub checkpoint: Checkpoint,
}

/// An interrupted run: the optimizer's state and what was recorded on the way. The flow needs none: it starts anew
/// from the last discrete state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub state: State,
    pub snapshots: Vec<Snapshot>,
    /// Sums along the run, where a theorem could ask for them.
    pub accumulators: Option<Accumulators>,
}

/// Told of progress; may stop the run.
pub trait Observer {
    /// `fraction` of the horizon in the run's own measure (steps, or log time on a log scale). Returns `false` to stop.
    fn progress(&mut self, fraction: f64, step: u64, log_time: f64) -> bool;
}

/// Never stops and says nothing.
pub struct Silent;

impl Observer for Silent {
    fn progress(&mut self, _fraction: f64, _step: u64, _log_time: f64) -> bool {
        true
    }
}

/// Carries a job out: discrete steps first, then the flow where the optimizer has one and the horizon asks for it.
pub fn run(job: &Job, observer: &mut dyn Observer) -> Trajectory {
    carry_out(job, None, observer)
}

/// Continues an interrupted run of the same job: the result has the same bits as a run that never stopped.
pub fn resume(job: &Job, checkpoint: Checkpoint, observer: &mut dyn Observer) -> Trajectory {
    carry_out(job, Some(checkpoint), observer)
}

fn carry_out(job: &Job, from: Option<Checkpoint>, observer: &mut dyn Observer) -> Trajectory {
    let facts = job.built.optimizer.facts();
    let coordinates = Coordinates::choose(job, &facts);
    let mut trajectory = discrete::run(job, &facts, &coordinates, from, observer);
    // Steps below the last bit are the ideal place to hand over: the flow and the iterates are one there.
    let handed_over = matches!(trajectory.ended, Ended::BudgetSpent | Ended::PrecisionExhausted);
    if handed_over {
        match follows_flow(job, &facts) {
            Ok(()) => flow::carry_on(job, &facts, &mut trajectory, observer),
            Err(Some(why)) => trajectory.phases.push(why.into()),
            Err(None) => {}
        }
    }
    trajectory
}

/// Whether the flow takes over.
fn wants_flow(job: &Job, facts: &OptimizerFacts) -> bool {
    follows_flow(job, facts).is_ok()
}

/// The flow takes over where the optimizer has one and the horizon is a time beyond the steps; if not, why not, where
/// that needs saying.
fn follows_flow(job: &Job, facts: &OptimizerFacts) -> Result<(), Option<&'static str>> {
    let (Some(limit), Some(_)) = (facts.flow, job.horizon.log_time) else { return Err(None) };
    let model = job.model.facts();
    if matches!(facts.geometry, Geometry::Adaptive(_)) && model.outputs > 1 {
        return Err(Some(
            "The run stays with its discrete steps: with several classes the metric of the sums of squares is no scaling of the \
             inputs.",
        ));
    }
    let plain = limit.curve == Curve::Flow && matches!(facts.geometry, Geometry::Norm(_));
    if model.is_predictor {
        let too_large = "The run stays with its discrete steps: these data are too large for the implicit stages of this \
                         curve.";
        // A flow from the start has no steps to stay with; products with the data will do.
        let only_way = plain && facts.continuous;
        return if only_way || flow::fits(job, facts) { Ok(()) } else { Err(Some(too_large)) };
    }
    if !plain {
        return Err(Some(
            "The run stays with its discrete steps: this curve is followed for linear models only.",
        ));
    }
    if limit.batch.is_some() {
        return Err(Some(
            "The run stays with its discrete steps: in a model that is curved in its parameters the noise of batches has a \
             say in what is selected, and the flow of the full loss has none.",
        ));
    }
    Ok(())
}
