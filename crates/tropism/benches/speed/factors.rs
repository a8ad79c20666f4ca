//! Full-batch gradient steps of models that are a reparameterised linear predictor, as whole runs take them: steps a second,
//! against the multiplications of a step alone and the best rate seen elsewhere.

use crate::clock::{Effort, median, si};
use crate::kernels::step;
use crate::networks::bound;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use std::collections::BTreeSet;
use std::sync::Arc;
use tropism::Spec;
use tropism::data::Dataset;
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Csr, Design, Matrix, linalg};
use tropism::spec::Setup;

/// Steps a second that other tools were seen to take.
const COMPLETION: f64 = 3.7e3;
const DIAGONAL: f64 = 1.3e6;
const DIAGONAL_SCALES: f64 = 2.1e6;
const DIAGONAL_SEEDS: f64 = 1.36e6;

fn setup(data: Dataset, keys: &str) -> Setup {
    let text = format!("[data]\nkind = 'soudry_fig1'\n[loss]\nkind = 'squared'\n{keys}");
    let spec = Spec::parse(&text).expect("a valid experiment");
    Setup::with_data(&spec, data).expect("fitting data")
}

/// Three of a hundred weights.
fn sparse_truth(n: usize, d: usize, seed: u64) -> Dataset {
    let mut r = rng(seed, Stream::Data);
    let x = Matrix::from_fn(n, d, |_, _| StandardNormal.sample(&mut r));
    let y = (0..n).map(|i| x.get(i, 0) - 2.0 * x.get(i, 1) + x.get(i, 2)).collect();
    Dataset::regression("sparse truth", x, y)
}

fn diagonal(data: Dataset, scale: f64) -> Setup {
    let keys = format!(
        "[model]\nkind = 'diagonal'\ninit_scale = {scale}\n[optimizer]\nkind = 'gradient_descent'\nstep_size = 1e-3"
    );
    setup(data, &keys)
}

/// `count` entries of a square matrix of that order and rank.
fn completion(order: usize, rank: usize, count: usize) -> Setup {
    let mut r = rng(1, Stream::Data);
    let mut part = || Matrix::from_fn(order, rank, |_, _| StandardNormal.sample(&mut r));
    let truth = linalg::matmul_nt(&part(), &part());
    let mut places = BTreeSet::new();
    while places.len() < count {
        places.insert(r.random_range(0..(order * order) as u32));
    }
    let y = places.iter().map(|&e| truth.as_slice()[e as usize]).collect();
    let (indices, values) = (places.into_iter().collect(), vec![1.0; count]);
    let mask = Csr { rows: count, cols: order * order, offsets: (0..=count).collect(), indices, values };
    let mut data = Dataset::regression("entries", Matrix::zeros(count, order * order), y);
    data.x = Arc::new(Design::Sparse(mask));
    data.shape = Some((order, order));
    let keys = "[model]\nkind = 'matrix_factorization'\ndepth = 3\ninit = 'gaussian'\ninit_scale = 0.1\n[optimizer]\nkind = 'gradient_descent'\nstep_size = 1e-3";
    setup(data, keys)
}

fn line(name: &str, one: f64, bound: f64, elsewhere: f64) {
    println!(
        "{name:44} {:>12} {:>14} {:>14.2} {:>14.2}",
        si(1.0 / one),
        si(1.0 / bound),
        bound / one,
        1.0 / one / elsewhere
    );
}

pub fn table(effort: Effort) {
    println!("\nFull-batch gradient steps of reparameterised predictors");
    println!(
        "{:44} {:>12} {:>14} {:>14} {:>14}",
        "problem", "steps/s", "arithmetic/s", "of arithmetic", "x elsewhere"
    );
    let (order, count) = (100, 2000);
    // Two products forward, four back; the gradient in the predictor has `count` entries, the product on its way two dense sides.
    let products = 4 * order * order * order + 2 * count * order;
    let one = step(effort, &completion(order, 5, count));
    line("completion depth 3, 100 x 100, 2000 entries", one, bound(effort, products), COMPLETION);
    let (n, d) = (40, 100);
    let least = bound(effort, 2 * n * d + 6 * d);
    let one = step(effort, &diagonal(sparse_truth(n, d, 1), 0.1));
    line("diagonal, n = 40, d = 100", one, least, DIAGONAL);
    let middle = |setups: &[Setup]| {
        let each = Effort { most: effort.most / 10.0, ..effort };
        median(setups.iter().map(|s| step(each, s)))
    };
    let data = sparse_truth(n, d, 1);
    let scales: Vec<Setup> =
        (0..32).map(|k| diagonal(data.clone(), 10f64.powf(-3.0 + f64::from(k) / 8.0))).collect();
    line("diagonal, 32 scales", middle(&scales), least, DIAGONAL_SCALES);
    let seeds = if effort.quick { 50 } else { 1000 };
    let seeds: Vec<Setup> = (0..seeds).map(|s| diagonal(sparse_truth(n, d, s), 0.1)).collect();
    line(&format!("diagonal, {} seeds", seeds.len()), middle(&seeds), least, DIAGONAL_SEEDS);
}
