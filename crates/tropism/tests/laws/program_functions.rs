//! The programs over function spaces, posed for the laws.

use crate::program::Posed;
use crate::{gaussian, gaussian_matrix, random};
use rand::RngExt;
use tropism::numerics::rng::Rng;
use tropism::numerics::{Kernel, Matrix};
use tropism::programs::{Budget, GreedyRank, KernelInterpolant, KernelMargin, Program, VariationMargin};

const N: usize = 4;
const D: usize = 9;

/// One instance each.
pub fn members() -> Vec<Posed> {
    let mut rng = random(35);
    vec![
        kernel_interpolant(&mut rng),
        kernel_margin(&mut rng, Kernel::Ntk { depth: 3 }),
        kernel_margin(&mut rng, Kernel::Nngp { depth: 2 }),
        variation_margin(&mut rng, 2),
        variation_margin(&mut rng, 3),
        greedy_rank(),
    ]
}

/// A 3 × 3 matrix with all entries observed; the other order of them is the transpose, which turns every point over.
fn greedy_rank() -> Posed {
    let order: Vec<usize> = (0..D).map(|j| 3 * (j % 3) + j / 3).collect();
    let y: Vec<f64> = [6.0, 1.0, 0.0, 1.0, 3.0, 1.0, 2.0, 0.0, 1.0].into();
    let turned: Vec<f64> = order.iter().map(|&j| y[j]).collect();
    let build = |y: &[f64]| {
        let all = Matrix::from_fn(D, D, |i, j| f64::from(i == j));
        let start = Matrix::from_fn(6, 3, |i, j| if i % 3 == j { 1e-9 } else { 0.0 });
        Box::new(GreedyRank::new(&all.into(), y, 1.0, 3, &start).expect("posed"))
    };
    Posed {
        name: "greedy rank".into(),
        feasible: vec![y.clone(), vec![1.0; D], vec![0.0; D]],
        permuted: Some((build(&turned), order)),
        program: build(&y),
        duals: N,
    }
}

/// `K = [[I, B], [Bᵀ, BᵀB + E]]` with small integers: coefficients `(y − B z, z)` take the values `y` without rounding.
fn kernel_interpolant(rng: &mut Rng) -> Posed {
    let b = Matrix::from_fn(N, D - N, |_, _| f64::from(rng.random_range(-3..=3)));
    let y: Vec<f64> = (0..N).map(|_| f64::from(rng.random_range(20..60))).collect();
    let entry = |i: usize, j: usize| match (i < N, j < N) {
        (true, true) => f64::from(i == j),
        (true, false) => b.get(i, j - N),
        (false, true) => b.get(j, i - N),
        (false, false) => {
            let product: f64 = (0..N).map(|l| b.get(l, i - N) * b.get(l, j - N)).sum();
            product + if i == j { (i - 1) as f64 } else { 0.0 }
        }
    };
    let k = Matrix::from_fn(D, D, entry);
    let feasible = (0..20)
        .map(|_| {
            let z: Vec<f64> = (N..D).map(|_| f64::from(rng.random_range(1..4))).collect();
            let head = (0..N).map(|i| y[i] - (0..D - N).map(|j| b.get(i, j) * z[j]).sum::<f64>());
            head.chain(z.iter().copied()).collect()
        })
        .collect();
    // Training points reversed among themselves, test points likewise.
    let order: Vec<usize> = (0..D).map(|j| if j < N { N - 1 - j } else { D + N - 1 - j }).collect();
    let turned = Matrix::from_fn(D, D, |i, j| k.get(order[i], order[j]));
    let reversed: Vec<f64> = y.iter().rev().copied().collect();
    let pose = |k, y: &[f64]| Box::new(KernelInterpolant::from_gram(k, y, None).expect("posed"));
    Posed {
        name: "kernel interpolant".into(),
        program: pose(k, &y),
        feasible,
        duals: N,
        permuted: Some((pose(turned, &reversed), order)),
    }
}

fn labels(rng: &mut Rng, n: usize) -> Vec<f64> {
    (0..n).map(|_| if rng.random::<bool>() { 1.0 } else { -1.0 }).collect()
}

fn kernel_margin(rng: &mut Rng, kernel: Kernel) -> Posed {
    let x = gaussian_matrix(rng, D, 3);
    let y = labels(rng, D);
    let turned = Matrix::from_fn(D, 3, |i, j| x.get(D - 1 - i, j));
    let reversed: Vec<f64> = y.iter().rev().copied().collect();
    let pose = |x: Matrix, y: &[f64]| KernelMargin::new(kernel, &x.into(), y).expect("posed");
    let program = pose(x, &y);
    let separating = (0..10).map(|_| {
        let outputs: Vec<f64> = gaussian(rng, D).iter().zip(&y).map(|(v, y)| v.abs() * y).collect();
        program.representer(&outputs).expect("a definite kernel").0
    });
    let mut feasible: Vec<Vec<f64>> = separating.collect();
    feasible.extend((0..10).map(|_| gaussian(rng, D)));
    Posed {
        name: format!("kernel margin {}", kernel.name()),
        program: Box::new(program),
        feasible,
        duals: D,
        permuted: Some((Box::new(pose(turned, &reversed)), (0..D).rev().collect())),
    }
}

/// Feasible points are networks with the same input weights, over which the program is convex.
fn variation_margin(rng: &mut Rng, d: usize) -> Posed {
    let x = gaussian_matrix(rng, D, d);
    let y = labels(rng, D);
    let program = VariationMargin::new(&x.into(), &y).expect("posed");
    let best = program.solve(&Budget::default()).w;
    let feasible = (0..10)
        .map(|_| {
            let mut w = best.clone();
            w.chunks_exact_mut(d + 1).for_each(|neuron| neuron[0] *= 1.0 + 0.3 * rng.random::<f64>());
            w
        })
        .collect();
    Posed {
        name: format!("variation margin {d}"),
        program: Box::new(program),
        feasible,
        duals: D,
        permuted: None,
    }
}
