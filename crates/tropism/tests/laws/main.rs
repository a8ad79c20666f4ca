//! The laws of every trait, tested on every member of its registry.
//!
//! A law is a function from a trait object to `Result<(), String>`. Each is asserted `Ok` on all members and `Err` on a
//! deliberately broken one, so that no law can pass by testing nothing.

mod loss;
mod measure;
mod model;
mod optimizer;
mod optimizer_settings;
mod program;
mod program_functions;
mod theorem;
mod theorem_scope;
mod walls;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use tropism::data::Dataset;
use tropism::numerics::rng::{Rng, Stream, rng};
use tropism::numerics::{Matrix, linalg};

/// What a law returns: nothing, or what is wrong.
pub type Law = Result<(), String>;

/// The generator of a test: every test names its own seed.
pub fn random(seed: u64) -> Rng {
    rng(seed, Stream::Control)
}

/// Independent standard Gaussians.
pub fn gaussian(rng: &mut Rng, len: usize) -> Vec<f64> {
    (0..len).map(|_| StandardNormal.sample(rng)).collect()
}

/// A Gaussian matrix.
pub fn gaussian_matrix(rng: &mut Rng, rows: usize, cols: usize) -> Matrix {
    Matrix::from_vec(rows, cols, gaussian(rng, rows * cols))
}

/// A random orthogonal matrix: the right singular vectors of a Gaussian one, orthogonal to a few units in the last place.
pub fn orthogonal(rng: &mut Rng, d: usize) -> Matrix {
    linalg::svd(&gaussian_matrix(rng, d, d)).expect("a Gaussian matrix has singular values").v
}

/// A small binary problem, labels at random: `n < d` of them are almost surely separable.
pub fn binary(seed: u64, n: usize, d: usize) -> Dataset {
    let mut r = random(seed);
    let x = gaussian_matrix(&mut r, n, d);
    let y = (0..n).map(|_| if r.random::<bool>() { 1.0 } else { -1.0 }).collect();
    Dataset::binary("random", x, y)
}

/// A small multiclass problem in which every class occurs.
pub fn multiclass(seed: u64, n: usize, d: usize, classes: usize) -> Dataset {
    let x = gaussian_matrix(&mut random(seed), n, d);
    Dataset::multiclass("random", x, (0..n).map(|i| i % classes).collect(), classes)
}

/// A small regression problem.
pub fn regression(seed: u64, n: usize, d: usize) -> Dataset {
    let mut r = random(seed);
    let x = gaussian_matrix(&mut r, n, d);
    Dataset::regression("random", x, gaussian(&mut r, n))
}

/// `Ok` if `|got − want| ≤ tolerance`, with words; NaN fails.
pub fn close(got: f64, want: f64, tolerance: f64, what: impl FnOnce() -> String) -> Law {
    // Equal infinities agree; otherwise the comparison is false for NaN.
    if got == want || (got - want).abs() <= tolerance {
        return Ok(());
    }
    Err(format!("{}: {got:e} instead of {want:e}, tolerance {tolerance:.1e}", what()))
}

/// `Ok` if the condition holds.
pub fn holds(condition: bool, what: impl FnOnce() -> String) -> Law {
    if condition { Ok(()) } else { Err(what()) }
}
