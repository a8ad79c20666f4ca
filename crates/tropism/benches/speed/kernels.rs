//! Full-batch logistic gradient descent: steps a second, against the arithmetic of a step alone and a plain loop.

use crate::clock::{Effort, seconds, si};
use std::hint::black_box;
use tropism::Spec;
use tropism::data::{Dataset, Targets};
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Matrix, linalg, vexp};
use tropism::spec::Setup;
use tropism::training::{self, Horizon, Silent};

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
    job.horizon = Horizon { log_time: None, steps: Some(steps), exact_steps: steps };
    black_box(training::run(&job, &mut Silent));
}

/// Seconds of one step in a long run, set-up taken out.
fn step(effort: Effort, setup: &Setup, steps: u64) -> f64 {
    let (long, short) = (seconds(effort, || run(setup, 2 * steps)), seconds(effort, || run(setup, steps)));
    ((long - short) / steps as f64).max(f64::MIN_POSITIVE)
}

/// What one step cannot do without in a form with `entries` stored numbers: each is multiplied and added twice (outputs and
/// gradient), and each sample takes one exponential. Nothing else: no loads of targets, no update, no divisions.
fn bound(effort: Effort, entries: usize, samples: usize) -> f64 {
    let x: Vec<f64> = (0..entries.next_multiple_of(64)).map(|i| 1.0 + 1e-3 * i as f64).collect();
    let v: Vec<f64> = (0..samples).map(|i| -0.1 * (i % 7) as f64).collect();
    let mut e = vec![0.0; samples];
    seconds(effort, || pulp::Arch::new().dispatch(Arithmetic { x: &x, v: &v, e: &mut e }))
}

struct Arithmetic<'a> {
    x: &'a [f64],
    v: &'a [f64],
    e: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Arithmetic<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        // Eight of the widest registers: enough to keep every multiplier busy, few enough to stay in registers.
        let mut sums = [0.0f64; 64];
        for _ in 0..2 {
            for block in black_box(self.x).as_chunks::<64>().0 {
                for l in 0..64 {
                    sums[l] = block[l].mul_add(0.999, sums[l]);
                }
            }
        }
        black_box(&mut sums);
        for (e, v) in self.e.iter_mut().zip(black_box(self.v)) {
            *e = vexp::exp(*v);
        }
        black_box(self.e);
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
    for ((n, d, steps), aim) in
        [(20, 2, 100_000), (100, 1000, 20_000), (1000, 100, 2_000)].into_iter().zip(aims)
    {
        let setup = setup(data(n, d, 1));
        let one = step(effort, &setup, if effort.quick { steps / 10 } else { steps });
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
    // One after the other, so that each stays in the cache; set-up taken out by the difference of long and short runs.
    let steps = if effort.quick { 500 } else { 10_000 };
    let few = Effort { repeats: 1, ..effort };
    let all = |steps| seconds(few, || runs.iter().for_each(|s| run(s, steps)));
    let one = ((all(2 * steps) - all(steps)) / (64 * steps) as f64).max(f64::MIN_POSITIVE);
    line(
        "n = 100, d = 1000, 64 seeds",
        one,
        bound(effort, 5050, 100),
        plain(few, &runs[0].data),
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
