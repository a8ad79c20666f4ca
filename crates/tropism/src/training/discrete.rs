//! The discrete loop: exact iterates, recorded at geometrically spaced steps.

use super::{
    Accumulators, Checkpoint, Coordinates, DataOracle, Ended, Job, Observer, Phase, Snapshot, Trajectory,
};
use crate::losses::Tail;
use crate::numerics::linalg::max_abs;
use crate::optimizers::{OptimizerFacts, Oracle, State};

/// Steps between looks at finiteness, progress and the horizon.
const STRIDE: u64 = 256;
/// Ratio between recorded steps: about 17 records a decade.
const RATIO: f64 = 1.15;
/// Steps when the experiment sets neither steps nor a flow.
pub const DEFAULT_STEPS: u64 = 100_000;

/// Runs the discrete part, from the start or from a checkpoint. Ends with `BudgetSpent` when its steps are used up
/// before the horizon's time.
pub fn run(
    job: &Job,
    facts: &OptimizerFacts,
    coordinates: &Coordinates,
    from: Option<Checkpoint>,
    observer: &mut dyn Observer,
) -> Trajectory {
    let (x, model, start) = match coordinates {
        Coordinates::Own { .. } => (&*job.data.x, job.model, job.theta0.to_vec()),
        Coordinates::RowSpace { reduced, .. } => (&reduced.x, &*reduced.model, reduced.start.clone()),
    };
    let mut oracle = DataOracle::new(model, job.loss, x, &job.data.targets, job.log_weight);
    let fresh = from.is_none();
    let (mut state, snapshots, sums) = match from {
        Some(c) => (c.state, c.snapshots, c.accumulators),
        None => (job.built.optimizer.start(start, job.seed), vec![], Accumulators::wanted(job, facts)),
    };
    let mut log = Log { coordinates, snapshots, sums };
    if fresh {
        log.record(&state, &mut oracle);
    }
    let ended = iterate(job, facts, &mut state, &mut oracle, &mut log, observer);
    // Without the record of where it happened to stop: continued from here, a run is as if it had never stopped.
    let checkpoint =
        Checkpoint { state: state.saved(), snapshots: log.snapshots.clone(), accumulators: log.sums.take() };
    if log.snapshots.last().is_none_or(|s| s.step != state.step) {
        log.record(&state, &mut oracle);
    }
    Trajectory {
        snapshots: log.snapshots,
        ended,
        log_time: state.clock.log(),
        steps: state.step,
        flow_steps: 0,
        flow_rejected: 0,
        continuation_bound: None,
        coordinates: coordinates.reason().into(),
        phases: vec![],
        checkpoint,
    }
}

struct Log<'a> {
    coordinates: &'a Coordinates,
    snapshots: Vec<Snapshot>,
    sums: Option<Accumulators>,
}

impl Log<'_> {
    fn record(&mut self, state: &State, oracle: &mut DataOracle) {
        self.snapshots.push(Snapshot {
            step: state.step,
            log_time: state.clock.log(),
            log_loss: oracle.log_loss_at(&state.theta),
            theta: self.coordinates.expand(&state.theta),
            phase: Phase::Discrete,
        });
    }
}

fn iterate(
    job: &Job,
    facts: &OptimizerFacts,
    state: &mut State,
    oracle: &mut DataOracle,
    log: &mut Log,
    observer: &mut dyn Observer,
) -> Ended {
    if facts.continuous {
        return Ended::BudgetSpent;
    }
    let budget = budget(job, facts);
    let mut next_record = after(1, state.step);
    let mut before = state.theta.clone();
    while state.step < budget {
        let stop = budget.min(next_record).min(state.step + STRIDE);
        if stop > state.step + 1 {
            before.copy_from_slice(&state.theta);
        }
        let first = state.step;
        match &mut log.sums {
            None => job.built.optimizer.steps(state, oracle, stop - state.step),
            Some(sums) => summed_steps(job, state, oracle, stop, sums),
        }
        if !max_abs(&state.theta).is_finite() {
            return Ended::Diverged;
        }
        if state.step == next_record {
            log.record(state, oracle);
            next_record = after(next_record, state.step);
        }
        if job.built.optimizer.finished(state) {
            return Ended::Completed;
        }
        let log_time = state.clock.log();
        if job.horizon.log_time.is_some_and(|t| log_time >= t) {
            return Ended::Completed;
        }
        if !observer.progress(state.step as f64 / budget as f64, state.step, log_time) {
            return Ended::Interrupted;
        }
        if state.step - first >= STRIDE && before == state.theta && !facts.stochastic {
            return standstill(job);
        }
    }
    let steps_were_the_horizon = job.horizon.steps.is_some_and(|s| state.step >= s);
    if steps_were_the_horizon { Ended::Completed } else { Ended::BudgetSpent }
}

/// Single steps up to `stop`, each added to the sums.
fn summed_steps(job: &Job, state: &mut State, oracle: &mut DataOracle, stop: u64, sums: &mut Accumulators) {
    let mut before = state.theta.clone();
    while state.step < stop {
        before.copy_from_slice(&state.theta);
        job.built.optimizer.step(state, oracle);
        sums.add(&before, &state.theta);
    }
}

/// The first step of the record plan, from `record` on, that lies beyond `step`.
fn after(mut record: u64, step: u64) -> u64 {
    while record <= step {
        record = ((record as f64 * RATIO).ceil() as u64).max(record + 1);
    }
    record
}

/// How many discrete steps: all of them, or only those before the flow takes over.
fn budget(job: &Job, facts: &OptimizerFacts) -> u64 {
    let h = &job.horizon;
    let flows = h.log_time.is_some() && facts.flow.is_some() && super::wants_flow(job, facts);
    match (h.steps, flows) {
        (Some(s), true) => s.min(h.exact_steps),
        (None, true) => h.exact_steps,
        (Some(s), false) => s,
        (None, false) => DEFAULT_STEPS,
    }
}

/// Nothing moved for a whole stride. At a finite root that is the end; with a tail the steps have only fallen below the
/// last bit, and whether the run is at rest is for the flow to find out, where there is one.
fn standstill(job: &Job) -> Ended {
    if job.loss.facts().tail == Tail::FiniteRoot { Ended::Stationary } else { Ended::PrecisionExhausted }
}
