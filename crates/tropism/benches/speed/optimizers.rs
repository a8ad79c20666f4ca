//! Steps of other optimizers at n = 100, d = 1000, against the plain gradient step and their own arithmetic: what the update itself
//! cannot do without, as loops over plain arrays. All in the inputs' own coordinates.

use crate::clock::{Effort, seconds, si};
use rand_distr::{Distribution, StandardNormal};
use std::hint::black_box;
use tropism::Spec;
use tropism::data::Dataset;
use tropism::numerics::polar::newton_schulz;
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Matrix, linalg};
use tropism::spec::Setup;
use tropism::training::DataOracle;

const SAMPLES: usize = 100;
const INPUTS: usize = 1000;
const CLASSES: usize = 10;

fn data(classes: usize) -> Dataset {
    let mut r = rng(1, Stream::Data);
    let x = Matrix::from_fn(SAMPLES, INPUTS, |_, _| StandardNormal.sample(&mut r));
    if classes == 2 {
        let y = (0..SAMPLES).map(|i| if x.get(i, 0) >= 0.0 { 1.0 } else { -1.0 }).collect();
        return Dataset::binary("gaussian", x, y);
    }
    Dataset::multiclass("gaussian", x, (0..SAMPLES).map(|i| i % classes).collect(), classes)
}

/// Seconds of one step.
fn step(effort: Effort, classes: usize, keys: &str) -> f64 {
    let loss = if classes == 2 { "logistic" } else { "cross_entropy" };
    let text = format!("[data]\nkind = 'soudry_fig1'\n[loss]\nkind = '{loss}'\n[optimizer]\n{keys}");
    let spec = Spec::parse(&text).expect("a valid experiment");
    let setup = Setup::with_data(&spec, data(classes)).expect("fitting data");
    let targets = &setup.data.targets;
    let mut oracle = DataOracle::new(&*setup.model, &*setup.loss, &setup.data.x, targets, setup.log_weight);
    let optimizer = &setup.built.optimizer;
    let mut state = optimizer.start(setup.theta0.clone(), 1);
    seconds(effort, || optimizer.step(black_box(&mut state), &mut oracle))
}

/// Two moments, one root and one division a coordinate.
fn adam(effort: Effort) -> f64 {
    let g: Vec<f64> = (0..INPUTS).map(|i| 0.1 + (i % 7) as f64).collect();
    let (mut m, mut v, mut w) = (vec![0.0; INPUTS], vec![0.0; INPUTS], vec![0.0; INPUTS]);
    seconds(effort, || {
        for i in 0..INPUTS {
            let g = black_box(&g)[i];
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            w[i] -= 1e-3 * m[i] / (v[i].sqrt() + 1e-8);
        }
        black_box(&mut w);
    })
}

/// The iteration, or the decomposition and the product of its factors, on a matrix of the gradient's shape.
fn polar(effort: Effort, exact: bool) -> f64 {
    let mut r = rng(2, Stream::Data);
    let g = Matrix::from_fn(CLASSES, INPUTS, |_, _| StandardNormal.sample(&mut r));
    let (mut x, mut work) = (g.as_slice().to_vec(), vec![]);
    seconds(effort, || {
        if exact {
            let svd = linalg::svd(black_box(&g)).expect("finite");
            black_box(linalg::matmul_nt(&svd.u, &svd.v));
        } else {
            x.copy_from_slice(black_box(&g).as_slice());
            newton_schulz(&mut x, (CLASSES, INPUTS), 5, &mut work);
            black_box(&mut x);
        }
    })
}

pub fn table(effort: Effort) {
    println!("\nOne step at n = {SAMPLES}, d = {INPUTS}");
    println!("{:34} {:>12} {:>12} {:>12} {:>12}", "optimizer", "step", "plain", "own", "of both");
    let binary = step(effort, 2, "kind = 'gradient_descent'");
    let many = step(effort, CLASSES, "kind = 'gradient_descent'");
    let line = |name: &str, one: f64, plain: f64, own: f64| {
        let cells = [one, plain, own].map(|t| format!("{}s", si(t)));
        println!(
            "{name:34} {:>12} {:>12} {:>12} {:>12.2}",
            cells[0],
            cells[1],
            cells[2],
            one / (plain + own)
        );
    };
    let one = |keys: &str| step(effort, 2, keys);
    line("sgd, batch 1", one("kind = 'sgd'"), binary, 0.0);
    line("sgd, batch 100 of 100", one("kind = 'sgd'\nbatch = 100"), binary, 0.0);
    line("adam", one("kind = 'adam'"), binary, adam(effort));
    line("adam, no epsilon", one("kind = 'adam'\nepsilon = 0.0"), binary, adam(effort));
    line("signum", one("kind = 'signum'"), binary, 0.0);
    let matrix = |keys: &str| step(effort, CLASSES, keys);
    line("muon, 10 classes", matrix("kind = 'muon'"), many, polar(effort, false));
    line("muon exact, 10 classes", matrix("kind = 'muon'\npolar = 'exact'"), many, polar(effort, true));
}
