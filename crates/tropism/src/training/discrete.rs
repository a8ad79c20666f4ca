//! The discrete loop: exact iterates, recorded at geometrically spaced steps.

use super::{
    Accumulators, Checkpoint, Coordinates, DataOracle, Ended, Job, Observer, Phase, Snapshot, Trajectory,
};
use crate::losses::Tail;
use crate::numerics::linalg::max_abs;
use crate::optimizers::{Geometry, OptimizerFacts, Oracle, State};

/// Steps between looks at finiteness, progress and the horizon.
const STRIDE: u64 = 256;
/// Ratio between recorded steps: about 17 records a decade, fewer where parameters are many.
const RATIO: f64 = 1.15;
/// Numbers that records may hold in all: 128 MB.
const MOST_RECORDED: usize = 1 << 24;
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
            theta: self.coordinates.expand(&state.theta).into(),
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
    let ratio = ratio(budget, job.theta0.len());
    let mut next_record = after(1, state.step, ratio);
    let (mut before, mut between) = (state.theta.clone(), state.theta.clone());
    while state.step < budget {
        let stop = budget.min(next_record).min(state.step + stride(job, state));
        if stop > state.step + 1 {
            before.copy_from_slice(&state.theta);
        }
        let first = state.step;
        match &mut log.sums {
            None => job.built.optimizer.steps(state, oracle, stop - state.step),
            Some(sums) => summed_steps(job, facts, state, (oracle, &mut between), stop, sums),
        }
        if !max_abs(&state.theta).is_finite() {
            return Ended::Diverged;
        }
        if state.step == next_record {
            log.record(state, oracle);
            next_record = after(next_record, state.step, ratio);
        }
        if job.built.optimizer.finished(state) {
            return Ended::Completed;
        }
        if job
            .horizon
            .log_loss
            .is_some_and(|[low, high]| (low..=high).contains(&oracle.log_loss_at(&state.theta)))
        {
            return Ended::Completed;
        }
        let log_time = state.clock.log();
        if job.horizon.log_time.is_some_and(|t| log_time >= t) || steps_left(job, state) < SHORT {
            return Ended::Completed;
        }
        if !observer.progress(state.step as f64 / budget as f64, state.step, log_time) {
            return Ended::Interrupted;
        }
        if state.step - first >= STRIDE
            && before == state.theta
            && !facts.stochastic
            && rests(job, facts, state, oracle)
        {
            return standstill(job, facts, oracle.log_loss_at(&state.theta));
        }
    }
    let steps_were_the_horizon = job.horizon.steps.is_some_and(|s| state.step >= s);
    if steps_were_the_horizon { Ended::Completed } else { Ended::BudgetSpent }
}

/// Part of a step by which rounding of the clock may miss the horizon's time.
const SHORT: f64 = 1e-6;

/// How many steps of constant size are left to the horizon's time; infinite without one.
fn steps_left(job: &Job, state: &State) -> f64 {
    match (job.horizon.log_time, job.built.step_size) {
        (Some(goal), Some(eta)) => (goal.exp() - state.clock.log().exp()) / eta,
        _ => f64::INFINITY,
    }
}

/// Steps to take at once: single ones where the first iterate below a loss is looked for, and no further than the horizon's
/// time, so that runs with several step sizes end at the same time.
fn stride(job: &Job, state: &State) -> u64 {
    let left = steps_left(job, state);
    match job.horizon.log_loss {
        Some(_) => 1,
        None if left < STRIDE as f64 => (left - SHORT).ceil().max(1.0) as u64,
        None => STRIDE,
    }
}

/// Steps up to `stop`, each added to the sums: many in one go where they are plain descent with one step size, else singly.
fn summed_steps(
    job: &Job,
    facts: &OptimizerFacts,
    state: &mut State,
    (oracle, before): (&mut DataOracle, &mut [f64]),
    stop: u64,
    sums: &mut Accumulators,
) {
    let full = facts.sampling.is_none() && !facts.stochastic;
    let constant = facts.schedule.filter(|s| full && facts.bare_gradient_steps() && s.is_constant());
    if let Some(schedule) = constant {
        let taken = oracle.descend_summed(&mut state.theta, schedule.base, stop - state.step, sums);
        (0..taken).for_each(|_| state.clock.advance(schedule.base));
        state.step += taken;
    }
    while state.step < stop {
        before.copy_from_slice(&state.theta);
        if sums.wants_loss(state.step) {
            let mean = oracle.log_loss_at(&state.theta) - (job.data.n() as f64).ln() - job.log_weight;
            sums.add_loss(mean.exp());
        }
        job.built.optimizer.step(state, oracle);
        sums.add(before, &state.theta);
    }
}

/// Ratio between the recorded steps of a run of `budget` steps with `p` parameters.
fn ratio(budget: u64, p: usize) -> f64 {
    let records = (MOST_RECORDED / p.max(1)).max(8);
    RATIO.max((budget as f64).powf(1.0 / records as f64))
}

/// The first step of the record plan, from `record` on, that lies beyond `step`.
fn after(mut record: u64, step: u64, ratio: f64) -> u64 {
    while record <= step {
        record = ((record as f64 * ratio).ceil() as u64).max(record + 1);
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

/// Part of the parameters by which the last bits may go to and fro at rest.
const LAST_BITS: f64 = 1e-12;

/// Whether one more step does not move either: a cycle of even length comes back to itself after a stride. Where the size of a step
/// does not depend on the gradient's, a momentum that still fades turns the step in the end: it must rest, too.
fn rests(job: &Job, facts: &OptimizerFacts, state: &State, oracle: &mut DataOracle) -> bool {
    let mut next = state.saved();
    job.built.optimizer.steps(&mut next, oracle, 1);
    let moved = next.theta.iter().zip(&state.theta).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
    let unit_steps = facts.normalized || matches!(facts.geometry, Geometry::Adaptive(_));
    let remembers = state.slots.iter().zip(&next.slots).all(|(a, b)| a.is_near(b, LAST_BITS));
    moved <= LAST_BITS * max_abs(&state.theta) && (!unit_steps || remembers)
}

/// Nothing moved for a whole stride. At a finite root, or with weight decay, that is the end; with a tail the steps have only fallen below the
/// last bit, and whether the run is at rest is for the flow to find out, where there is one. Outputs beyond the range of numbers leave no
/// gradient either.
fn standstill(job: &Job, facts: &OptimizerFacts, log_loss: f64) -> Ended {
    let root = job.loss.facts().tail == Tail::FiniteRoot;
    // A root that is met exactly leaves no loss, and that is the end.
    if !(log_loss.is_finite() || root && log_loss == f64::NEG_INFINITY) {
        Ended::Diverged
    } else if root || facts.weight_decay > 0.0 {
        Ended::Stationary
    } else {
        Ended::PrecisionExhausted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records of small models are dense in log time; those of large ones fit into the memory set aside for them.
    #[test]
    fn records_of_many_parameters_are_few() {
        let records = |budget: u64, p: usize| {
            let (ratio, mut step, mut count) = (ratio(budget, p), 1, 0);
            while step <= budget {
                (step, count) = (after(step, step, ratio), count + 1);
            }
            count
        };
        // 17 a decade, fewer at the start, where steps are whole.
        assert!((60..=85).contains(&records(100_000, 30_000)), "{}", records(100_000, 30_000));
        for p in [500_000, 2_000_000, 100_000_000] {
            let count = records(100_000, p);
            // One more than planned, for the last step of the plan lies beyond the budget.
            assert!(count <= (MOST_RECORDED / p).max(8) + 1 && count >= 8, "{count} records of {p}");
        }
    }
}
