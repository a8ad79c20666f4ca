//! The variation-norm margin: hand-solved cases, fine grids of neurons from below, function-space margins, random pairs.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::PI;
use std::sync::Arc;
use tropism::data::MarginMap;
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Design, Kernel, Matrix, Norm, linalg};
use tropism::programs::{
    Budget, Certificate, KernelMargin, MaxMargin, Program, Solution, SolveStatus, VariationMargin, certify,
    peer,
};

fn posed(rows: &[&[f64]], y: &[f64]) -> VariationMargin {
    let x = Matrix::from_rows(&rows.iter().map(|r| r.to_vec()).collect::<Vec<_>>());
    VariationMargin::new(&x.into(), y).unwrap()
}

fn solved(program: &VariationMargin) -> (Solution, Certificate) {
    let s = program.solve(&Budget::default());
    let c = certify(program, &s.w, &s.dual);
    (s, c)
}

/// Points with labels at random; a constant coordinate as the last one if `bias`.
fn random(n: usize, d: usize, bias: bool, seed: u64) -> (Matrix, Vec<f64>) {
    let mut r = rng(seed, Stream::Control);
    let x =
        Matrix::from_fn(n, d, |_, j| if bias && j + 1 == d { 1.0 } else { StandardNormal.sample(&mut r) });
    let y = (0..n).map(|_| if r.random::<bool>() { 1.0 } else { -1.0 }).collect();
    (x, y)
}

#[test]
fn cases_by_hand() {
    // One point: the neuron along it; margin ‖x‖.
    let (_, c) = solved(&posed(&[&[3.0, 4.0]], &[-1.0]));
    assert!((c.value - 0.2).abs() < 1e-12 && c.relative_gap < 1e-11, "{c:?}");
    // Two points at right angles with one label: u between them, both margins 1/√2 · 1: one neuron does.
    let (_, c) = solved(&posed(&[&[1.0, 0.0], &[0.0, 1.0]], &[1.0, 1.0]));
    assert!((c.value - 2f64.sqrt()).abs() < 1e-11 && c.relative_gap < 1e-11, "{c:?}");
    // The same with opposite labels: each neuron may ignore the other point, half the norm each: margin ½.
    // Better: lean away, relu cuts the other point off for free, so nothing is gained; the dual q = (½, ½) peaks at ½.
    let (_, c) = solved(&posed(&[&[1.0, 0.0], &[0.0, 1.0]], &[1.0, -1.0]));
    assert!((c.value - 2.0).abs() < 1e-11 && c.relative_gap < 1e-11, "{c:?}");
    // Opposite points with opposite labels in three dimensions: the same split.
    let (_, c) = solved(&posed(&[&[1.0, 2.0, 2.0], &[-1.0, -2.0, -2.0]], &[1.0, -1.0]));
    assert!((c.value - 2.0 / 3.0).abs() < 1e-11 && c.relative_gap < 1e-11, "{c:?}");
    // Four points of a cross in the plane of space, opposite ones alike: a neuron sees two neighbours, of both labels. The dual
    // ¼ (|⟨u, x₁⟩| − |⟨u, x₂⟩|) peaks at ¼.
    let cross: [&[f64]; 4] = [&[1.0, 0.0, 0.0], &[-1.0, 0.0, 0.0], &[0.0, 1.0, 0.0], &[0.0, -1.0, 0.0]];
    let (_, c) = solved(&posed(&cross, &[1.0, 1.0, -1.0, -1.0]));
    assert!((c.value - 4.0).abs() < 1e-10 && c.relative_gap < 1e-11, "{c:?}");
    // At 60°, opposite labels: the dual ½ |relu(cos θ) − relu(cos(θ − 60°))| peaks where one is cut off, θ = −30°:
    // ½ cos 30°. So γ = √3/4.
    let (_, c) = solved(&posed(&[&[1.0, 0.0], &[0.5, 0.75f64.sqrt()]], &[1.0, -1.0]));
    assert!((c.value - 4.0 / 3f64.sqrt()).abs() < 1e-10 && c.relative_gap < 1e-11, "{c:?}");
}

/// Two labels on one ray: no network without bias separates; refused inputs.
#[test]
fn what_no_network_separates() {
    for program in [
        posed(&[&[1.0, 1.0], &[2.0, 2.0]], &[1.0, -1.0]),
        posed(&[&[1.0, 1.0, 0.5], &[2.0, 2.0, 1.0], &[0.0, 1.0, 0.0]], &[1.0, -1.0, 1.0]),
    ] {
        let s = program.solve(&Budget { iterations: 30, ..Budget::default() });
        assert!(program.value(&s.w).is_infinite() && s.status == SolveStatus::Infeasible);
        // Farkas: q = (2, 1)/3 is zero on the whole sphere, to the oracle's slack of 1e-14.
        assert!(program.bound(&s.dual) > 1e12, "{}", program.bound(&s.dual));
    }
    let x: Design = Matrix::zeros(2, 4).into();
    assert!(VariationMargin::new(&x, &[1.0, 1.0]).is_err());
    let x: Design = Matrix::zeros(2, 2).into();
    assert!(VariationMargin::new(&x, &[1.0, 0.5]).is_err() && VariationMargin::new(&x, &[1.0]).is_err());
}

/// A grid of neurons is a restriction: its margin, found by the general conic solver, comes from below, and close.
fn against_grid(x: &Matrix, y: &[f64], grid: &[Vec<f64>], step: f64) {
    let program = VariationMargin::new(&x.clone().into(), y).unwrap();
    let (s, c) = solved(&program);
    assert!(c.relative_gap < 1e-9, "{c:?} after {} rounds, {:?}", s.iterations, s.status);
    let z = Matrix::from_fn(x.rows(), grid.len(), |i, j| y[i] * linalg::dot(x.row(i), &grid[j]).max(0.0));
    let restricted = MaxMargin::new(MarginMap::Binary { z: Arc::new(z.into()) }, Norm::L1);
    let peer = peer::max_margin(&restricted).unwrap();
    let coarse = certify(&restricted, &peer.w, &peer.dual);
    assert!(coarse.value >= c.lower_bound && coarse.relative_gap < 1e-6);
    // Moving every neuron to the grid moves its outputs by at most `step ‖x_i‖`.
    let longest = (0..x.rows()).map(|i| linalg::norm2(x.row(i))).fold(0.0, f64::max);
    let margin = 1.0 / c.value;
    assert!(1.0 / coarse.lower_bound >= margin - step * longest, "{} {margin}", 1.0 / coarse.value);
}

#[test]
fn grids_approach_from_below_on_the_circle() {
    let grid: Vec<Vec<f64>> =
        (0..2000).map(|k| PI * f64::from(k) / 1000.0).map(|a| vec![a.cos(), a.sin()]).collect();
    for seed in 0..8 {
        let (x, y) = random(6 + 3 * seed as usize, 2, seed % 2 == 0, 40 + seed);
        against_grid(&x, &y, &grid, PI / 2000.0);
    }
}

#[test]
fn grids_approach_from_below_on_the_sphere() {
    let mut grid = vec![];
    for i in 0..40 {
        let polar = PI * (f64::from(i) + 0.5) / 40.0;
        let around = (80.0 * polar.sin()).ceil();
        for k in 0..around as usize {
            let a = 2.0 * PI * k as f64 / around;
            grid.push(vec![polar.sin() * a.cos(), polar.sin() * a.sin(), polar.cos()]);
        }
    }
    for seed in 0..4 {
        let (x, y) = random(6 + 4 * seed as usize, 3, seed % 2 == 0, 60 + seed);
        // Half a cell of π/40 by π/40.
        against_grid(&x, &y, &grid, PI / 40.0);
    }
}

/// Circles in a plane of space are circles: the sweep and the branch and bound agree.
#[test]
fn both_oracles_agree_on_planar_data() {
    for seed in 0..4 {
        let (x, y) = random(12, 2, false, 80 + seed);
        // An orthonormal pair of directions in space.
        let (e, f) = ([2.0 / 3.0, 2.0 / 3.0, 1.0 / 3.0], [-2.0 / 3.0, 1.0 / 3.0, 2.0 / 3.0]);
        let lifted = Matrix::from_fn(12, 3, |i, j| x.get(i, 0) * e[j] + x.get(i, 1) * f[j]);
        let (_, flat) = solved(&VariationMargin::new(&x.into(), &y).unwrap());
        let (_, space) = solved(&VariationMargin::new(&lifted.into(), &y).unwrap());
        assert!(space.relative_gap < 1e-9 && flat.relative_gap < 1e-9, "{space:?} {flat:?}");
        assert!((space.value / flat.value - 1.0).abs() < 1e-9);
    }
}

/// `value(any network) ≥ bound(any dual)`, and F2 ⊂ F1: the random-feature margin is no larger.
#[test]
fn weak_duality_and_the_smaller_ball() {
    let mut r = rng(99, Stream::Control);
    for seed in 0..6 {
        let d = 2 + seed as usize % 2;
        let (x, y) = random(8, d, true, 120 + seed);
        let program = VariationMargin::new(&x.clone().into(), &y).unwrap();
        let (s, c) = solved(&program);
        for _ in 0..40 {
            let dual: Vec<f64> = (0..8).map(|_| StandardNormal.sample(&mut r)).collect();
            assert!(program.bound(&dual) <= c.value);
            let mut near = s.dual.clone();
            near.iter_mut().for_each(|a| *a *= 1.0 + 0.1 * r.random::<f64>());
            assert!(program.bound(&near) <= c.value);
            // The network with extra neurons and moved ones.
            let mut w: Vec<f64> = s.w.iter().map(|v| v * (1.0 + 0.05 * r.random::<f64>())).collect();
            w.extend((0..=d).map(|_| 0.01 * r.random::<f64>()));
            assert!(program.value(&w) >= c.lower_bound);
        }
        // K = nngp(2)/d is the kernel of random features uniform on the sphere.
        let mut k = Kernel::Nngp { depth: 2 }.gram(&x.into());
        k.as_mut_slice().iter_mut().for_each(|v| *v /= d as f64);
        let ridge = KernelMargin::from_gram(k, &y).unwrap();
        let t = ridge.solve(&Budget::default());
        assert!(ridge.value(&t.w) >= c.lower_bound, "{} {}", ridge.value(&t.w), c.lower_bound);
    }
}
