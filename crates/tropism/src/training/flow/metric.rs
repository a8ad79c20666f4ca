//! The flow in a fixed diagonal metric, `dw/dt = −D⁻¹ ∇L(w)`: what AdaGrad follows once its sums of squared gradients have
//! settled.
//!
//! With `D = p⁻²` and `w = p ∘ v` it is the gradient flow in `v` on columns scaled by `p`. The true sums go on growing; along
//! the flow the growth is integrated, and half its largest relative size, times the norm of the weights, joins the bound on
//! the continuation.

use super::carry_on;
use crate::data::Dataset;
use crate::numerics::Norm;
use crate::numerics::linalg::{max_abs, norm2};
use crate::numerics::logscale::Scaled;
use crate::optimizers::{FlowLimit, Geometry, OptimizerFacts, Oracle, SecondMoment};
use crate::training::{DataOracle, Job, Observer, Snapshot, Trajectory};
use std::sync::Arc;

/// Continues `trajectory` in the metric `D = √v + ε` that its last discrete state holds.
pub fn follow(
    job: &Job,
    limit: FlowLimit,
    second: SecondMoment,
    trajectory: &mut Trajectory,
    observer: &mut dyn Observer,
) {
    let (Some(root), Some(last)) =
        (trajectory.checkpoint.state.slots.first().cloned(), trajectory.snapshots.last().cloned())
    else {
        return;
    };
    let p: Vec<f64> = second.metric(&root).into_iter().map(|d| d.sqrt().recip()).collect();
    let data = Dataset { x: Arc::new(job.data.x.scaled_columns(&p)), test: None, ..job.data.clone() };
    let start: Vec<f64> = last.theta.iter().zip(&p).map(|(w, p)| w / p).collect();
    let inner = Job { data: &data, theta0: &start, ..*job };
    let mut flow = Trajectory {
        snapshots: vec![Snapshot { theta: start.clone().into(), ..last }],
        ..trajectory.clone()
    };
    flow.phases.clear();
    let facts = OptimizerFacts { flow: Some(limit), ..OptimizerFacts::plain(Geometry::Norm(Norm::L2)) };
    carry_on(&inner, &facts, &mut flow, observer);
    let first = trajectory.snapshots.len() - 1;
    trajectory.snapshots.extend(flow.snapshots.into_iter().skip(1).map(|mut s| {
        Arc::make_mut(&mut s.theta).iter_mut().zip(&p).for_each(|(v, p)| *v *= p);
        s
    }));
    let drift = growth(job, &root, &trajectory.snapshots[first..]);
    let size = trajectory.snapshots.last().map_or(0.0, |s| norm2(&s.theta));
    let slip = flow.continuation_bound.map(|b| b * max_abs(&p) + 0.5 * drift * size);
    trajectory.phases.push(format!(
        "The flow is that of the metric √v + ε at the last exact step; along it the sums of squares would grow by at most a \
         share of {drift:.1e}, which is part of the bound on the continuation."
    ));
    trajectory.phases.extend(flow.phases);
    trajectory.continuation_bound = slip;
    (trajectory.ended, trajectory.log_time) = (flow.ended, flow.log_time);
    (trajectory.flow_steps, trajectory.flow_rejected) = (flow.flow_steps, flow.flow_rejected);
}

/// Largest relative growth of a sum of squares along the snapshots: `∫ g_j² dt / (η v_j)`, by trapezoids in `log t`.
fn growth(job: &Job, root: &Scaled, snapshots: &[Snapshot]) -> f64 {
    let log_step = job.built.step_size.unwrap_or(1.0).ln();
    let mut oracle = DataOracle::new(job.model, job.loss, &job.data.x, &job.data.targets, job.log_weight);
    let mut g = vec![0.0; root.direction.len()];
    let mut shares = |s: &Snapshot| -> Vec<f64> {
        let scale = oracle.gradient(&s.theta, None, &mut g);
        let one = |(g, r): (&f64, &f64)| {
            let log = scale + g.abs().ln() - root.log_scale - r.ln();
            if *r > 0.0 { (2.0 * log + s.log_time - log_step).exp() } else { 0.0 }
        };
        g.iter().zip(&root.direction).map(one).collect()
    };
    let mut total = vec![0.0; root.direction.len()];
    let mut before: Option<(f64, Vec<f64>)> = None;
    for s in snapshots {
        let now = shares(s);
        if let Some((time, old)) = &before {
            let width = 0.5 * (s.log_time - time);
            total.iter_mut().zip(old.iter().zip(&now)).for_each(|(t, (a, b))| *t += width * (a + b));
        }
        before = Some((s.log_time, now));
    }
    max_abs(&total)
}
