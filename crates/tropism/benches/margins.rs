//! Times of the margin programs on the shapes of the tests: `cargo bench -p tropism --bench margins`.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::sync::Arc;
use tropism::data::MarginMap;
use tropism::numerics::{Csr, Design, Matrix, Norm};
use tropism::programs::{Budget, MaxMargin, Program};

fn main() {
    divan::main();
}

/// Gaussian rows made separable by the first coordinate.
fn gaussian(n: usize, d: usize, shift: f64) -> MarginMap {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut z = Matrix::from_fn(n, d, |_, _| rng.sample(StandardNormal));
    for i in 0..n {
        let v = z.get(i, 0).abs() + shift;
        z.set(i, 0, v);
    }
    MarginMap::Binary { z: Arc::new(Design::Dense(z)) }
}

fn sparse(n: usize, d: usize, per_row: usize) -> MarginMap {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut csr = Csr { rows: n, cols: d, offsets: vec![0], ..Csr::default() };
    for _ in 0..n {
        let mut picked: Vec<u32> = (0..per_row).map(|_| rng.random_range(0..d as u32)).collect();
        picked.sort_unstable();
        picked.dedup();
        for j in picked {
            csr.indices.push(j);
            csr.values.push(rng.sample(StandardNormal));
        }
        csr.offsets.push(csr.indices.len());
    }
    MarginMap::Binary { z: Arc::new(Design::Sparse(csr)) }
}

fn classes(n: usize, d: usize, k: usize) -> MarginMap {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let centres = Matrix::from_fn(k, d, |_, _| rng.sample::<f64, _>(StandardNormal));
    let x = Matrix::from_fn(n, d, |i, j| centres.get(i % k, j) + 0.3 * rng.sample::<f64, _>(StandardNormal));
    MarginMap::Multiclass { x: Arc::new(x.into()), labels: (0..n).map(|i| i % k).collect(), classes: k }
}

fn solve(bencher: divan::Bencher<'_, '_>, margins: MarginMap, norm: Norm) {
    let program = MaxMargin::new(margins, norm);
    bencher.bench(|| program.solve(&Budget::default()));
}

#[divan::bench(args = [(200, 500), (2000, 50)])]
fn l2(bencher: divan::Bencher<'_, '_>, (n, d): (usize, usize)) {
    solve(bencher, gaussian(n, d, 0.1), Norm::L2);
}

#[divan::bench]
fn l2_sparse_5000_by_50000(bencher: divan::Bencher<'_, '_>) {
    solve(bencher, sparse(5000, 50_000, 100), Norm::L2);
}

#[divan::bench(args = ["l1", "linf"])]
fn linear_programs_100_by_1000(bencher: divan::Bencher<'_, '_>, norm: &str) {
    solve(bencher, gaussian(100, 1000, 0.0), Norm::parse(norm).unwrap_or(Norm::L1));
}

#[divan::bench(args = ["l2", "spectral", "nuclear"], sample_count = 10)]
fn ten_classes_500_by_25(bencher: divan::Bencher<'_, '_>, norm: &str) {
    solve(bencher, classes(500, 25, 10), Norm::parse(norm).unwrap_or(Norm::L2));
}
