//! Full-batch logistic gradient descent: steps a second, against the arithmetic of a step alone and a plain loop.

use crate::clock::{Effort, median, seconds, si};
use crate::networks::bound as multiplications;
use std::hint::black_box;
use std::time::Instant;
use tropism::Spec;
use tropism::data::{Dataset, Targets};
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Matrix, linalg, vexp};
use tropism::spec::Setup;
use tropism::training::{self, Accumulators, Coordinates, DataOracle, Horizon, Silent};

/// Gaussian inputs with labels of a random truth.
fn data(n: usize, d: usize, seed: u64) -> Dataset {
    use rand_distr::{Distribution, StandardNormal};
    let mut r = rng(seed, Stream::Data);
    let x = Matrix::from_fn(n, d, |_, _| StandardNormal.sample(&mut r));
    let y = (0..n).map(|i| if x.get(i, 0) >= 0.0 { 1.0 } else { -1.0 }).collect();
    Dataset::binary("gaussian", x, y)
}

fn setup(data: Dataset) -> Setup {
    let text =
        "[data]\nkind = 'soudry_fig1'\n[loss]\nkind = 'logistic'\n[optimizer]\nkind = 'gradient_descent'";
    let spec = Spec::parse(text).expect("a valid experiment");
    Setup::with_data(&spec, data).expect("fitting data")
}

/// Seconds of a run of `steps` steps, factorisations included.
fn run(setup: &Setup, steps: u64) {
    let mut job = setup.job();
    job.horizon = Horizon { log_time: None, steps: Some(steps), exact_steps: steps, log_loss: None };
    black_box(training::run(&job, &mut Silent));
}

/// Steps between two looks at a run, as in a run.
const STRIDE: u64 = 256;

/// Seconds of one step in a long run, set-up left out: in the coordinates that the run chooses, with the sums that it keeps.
pub fn step(effort: Effort, setup: &Setup) -> f64 {
    let (job, optimizer) = (setup.job(), &setup.built.optimizer);
    let facts = optimizer.facts();
    let coordinates = Coordinates::choose(&job, &facts);
    let (x, model, start) = match &coordinates {
        Coordinates::Own { .. } => (&*setup.data.x, &*setup.model, setup.theta0.clone()),
        Coordinates::RowSpace { reduced: r, .. } => (&r.x, &*r.model, r.start.clone()),
    };
    let mut oracle = DataOracle::new(model, &*setup.loss, x, &setup.data.targets, setup.log_weight);
    let mut state = optimizer.start(start, 1);
    let mut sums = Accumulators::wanted(&job, &facts);
    let eta = setup.built.step_size.expect("a step size");
    let mut go = |steps: u64| match &mut sums {
        None => optimizer.steps(&mut state, &mut oracle, steps),
        Some(sums) => {
            let taken = oracle.descend_summed(&mut state.theta, eta, steps, sums);
            assert_eq!(taken, steps, "plain steps go in one");
            state.step += taken;
        }
    };
    // As many as are short enough to be left undisturbed.
    let single = (0..9).map(|_| {
        let begin = Instant::now();
        go(1);
        begin.elapsed().as_secs_f64()
    });
    let steps = ((effort.least / single.fold(f64::INFINITY, f64::min)) as u64).clamp(1, STRIDE);
    let all = seconds(effort, || go(steps));
    assert!(state.theta.iter().all(|t| t.is_finite()), "a stable step size");
    all / steps as f64
}

/// What one step cannot do without in a form with `entries` stored numbers: each is multiplied and added twice (outputs and
/// gradient), and each sample takes one exponential. Nothing else: no loads, no targets, no update, no divisions.
fn bound(effort: Effort, entries: usize, samples: usize) -> f64 {
    let v: Vec<[f64; 8]> = (0..samples.div_ceil(8)).map(|i| [-0.1 * (i % 7) as f64; 8]).collect();
    let mut e = v.clone();
    let exponentials = seconds(effort, || {
        pulp::Arch::new().dispatch(Exponentials { v: black_box(&v), e: black_box(&mut e) });
    });
    multiplications(effort, 2 * entries) + exponentials
}

struct Exponentials<'a> {
    v: &'a [[f64; 8]],
    e: &'a mut [[f64; 8]],
}

impl pulp::NullaryFnOnce for Exponentials<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        for (e, v) in self.e.iter_mut().zip(self.v) {
            let (v, mut lane) = (*v, [0.0; 8]);
            for l in 0..8 {
                lane[l] = vexp::exp(v[l]);
            }
            *e = lane;
        }
    }
}

/// The loop anyone would write: outputs, sigmoids by the standard library, gradient, update; in the data's own coordinates.
fn plain(effort: Effort, data: &Dataset) -> f64 {
    let (x, Targets::Sign(y)) = (data.x.to_dense(), &data.targets) else { return f64::NAN };
    let (n, d) = (x.rows(), x.cols());
    let mut w = vec![0.0; d];
    let mut g = vec![0.0; d];
    seconds(effort, || {
        g.fill(0.0);
        for (i, y) in y.iter().enumerate() {
            let m = y * linalg::dot(x.row(i), &w);
            linalg::axpy(-y / (1.0 + m.exp()), x.row(i), &mut g);
        }
        linalg::axpy(-0.1 / n as f64, black_box(&g), &mut w);
    })
}

pub fn table(effort: Effort) {
    println!("\nFull-batch logistic gradient descent");
    println!(
        "{:34} {:>16} {:>14} {:>14} {:>12} {:>8}",
        "problem", "steps/s", "arithmetic/s", "of arithmetic", "x plain loop", "of aim"
    );
    let aims = [Some(10e6), Some(2e6), None];
    for ((n, d), aim) in [(20, 2), (100, 1000), (1000, 100)].into_iter().zip(aims) {
        let setup = setup(data(n, d, 1));
        let one = step(effort, &setup);
        // With fewer samples than inputs the triangle of an LQ factorisation is all there is.
        let entries = if n < d { n * (n + 1) / 2 } else { n * d };
        line(&format!("n = {n}, d = {d}"), one, bound(effort, entries, n), plain(effort, &setup.data), aim);
    }
    let runs: Vec<Setup> = (0..64).map(|seed| setup(data(20, 2, seed))).collect();
    let steps = if effort.quick { 500 } else { 5_000 };
    let all = seconds(effort, || runs.iter().for_each(|s| run(s, steps)));
    let one = all / (64 * steps) as f64;
    line(
        "n = 20, d = 2, 64 seeds, whole runs",
        one,
        bound(effort, 40, 20),
        plain(effort, &runs[0].data),
        None,
    );
    let runs: Vec<Setup> = (0..64).map(|seed| setup(data(100, 1000, seed))).collect();
    // One after the other, so that each stays in the cache.
    let each = Effort { most: effort.most / 10.0, ..effort };
    let one = median(runs.iter().map(|s| step(each, s)));
    line(
        "n = 100, d = 1000, 64 seeds",
        one,
        bound(effort, 5050, 100),
        plain(effort, &runs[0].data),
        Some(1.5e6),
    );
}

/// `aim` in steps a second.
fn line(name: &str, one: f64, bound: f64, plain: f64, aim: Option<f64>) {
    println!(
        "{name:34} {:>16} {:>14} {:>14.2} {:>12.1} {:>8}",
        si(1.0 / one),
        si(1.0 / bound),
        bound / one,
        plain / one,
        aim.map_or(String::new(), |aim| format!("{:.2}", 1.0 / one / aim))
    );
}
