//! Known answers of the margin programs: hand-solved cases, the reference file, and the laws every answer obeys.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde_json::Value;
use std::sync::Arc;
use tropism::data::MarginMap;
use tropism::numerics::linalg::spectral_norm;
use tropism::numerics::{Csr, Design, Matrix, Norm};
use tropism::programs::{
    Budget, MarginLoss, MaxMargin, Program, Separability, SolveStatus, certify, decompose, separability,
};

const VECTOR: [&str; 5] = ["l1", "l1.5", "l2", "l3", "linf"];
const MATRIX: [(&str, Norm); 5] = [
    ("frobenius", Norm::L2),
    ("spectral", Norm::Spectral),
    ("nuclear", Norm::Nuclear),
    ("max-entry", Norm::LInf),
    ("sum-entry", Norm::L1),
];

fn known() -> Value {
    serde_json::from_str(include_str!("known/known-answers.json")).unwrap()
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|e| e.as_f64().unwrap()).collect()
}

fn inputs(v: &Value) -> Matrix {
    Matrix::from_rows(&v["X"].as_array().unwrap().iter().map(numbers).collect::<Vec<_>>())
}

fn binary(z: Matrix) -> MarginMap {
    MarginMap::Binary { z: Arc::new(Design::Dense(z)) }
}

fn rows(z: &[&[f64]]) -> MarginMap {
    binary(Matrix::from_rows(&z.iter().map(|r| r.to_vec()).collect::<Vec<_>>()))
}

/// The certified margin; the gap must be at most `gap`.
fn margin(map: MarginMap, norm: Norm, gap: f64) -> f64 {
    let program = MaxMargin::new(map, norm);
    let s = program.solve(&Budget::default());
    let c = certify(&program, &s.w, &s.dual);
    assert!(c.relative_gap <= gap, "{norm:?}: gap {} by {}", c.relative_gap, s.method);
    assert_eq!(c.violation, 0.0);
    // The documented scale: margin one, and Σa = ‖w‖² up to the gap.
    let size = norm.value(&s.w, program.margins.outputs());
    assert!((program.margins.min_margin(&s.w) - 1.0).abs() < 1e-9);
    assert!((s.dual.iter().sum::<f64>() / (size * size) - 1.0).abs() < 1e-9);
    MaxMargin::margin_of(&c)
}

fn close(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got / want - 1.0).abs() <= tolerance, "{what}: {got} instead of {want}");
}

/// Rows reversed, columns rotated by three and every other one flipped, everything multiplied by `scale`.
fn disguised(x: &Matrix, scale: f64) -> Matrix {
    let (n, d) = (x.rows(), x.cols());
    Matrix::from_fn(n, d, |i, j| {
        let sign = if j % 2 == 0 { scale } else { -scale };
        sign * x.get(n - 1 - i, (j + 3) % d)
    })
}

/// The reference is good to 1e-8; all norms here are invariant under the disguise, and margins scale with the data.
#[test]
fn vector_norms_agree_with_the_reference_file() {
    let v = known();
    let (x, y) = (inputs(&v), numbers(&v["y_classification"]));
    let z = Matrix::from_fn(x.rows(), x.cols(), |i, j| y[i] * x.get(i, j));
    for name in VECTOR {
        let norm = Norm::parse(name).unwrap();
        let want = v["max_margin"][name]["margin"].as_f64().unwrap();
        close(margin(binary(z.clone()), norm, 1e-9), want, 1e-7, name);
        for scale in [1.0, 1e-6, 3e5] {
            close(margin(binary(disguised(&z, scale)), norm, 1e-9), want * scale, 1e-7, name);
        }
        // A strictly convex ball has one maximiser: the vector must agree too. Its distance is at most
        // about sqrt(gap) of the reference, 1e-4.
        if norm.strictly_convex() {
            let program = MaxMargin::new(binary(z.clone()), norm);
            let w = program.solve(&Budget::default()).w;
            for (a, b) in w.iter().zip(numbers(&v["max_margin"][name]["w"])) {
                assert!((a - b).abs() < 1e-4 * want.recip(), "{name}: {a} instead of {b}");
            }
        }
    }
}

#[test]
fn matrix_norms_agree_with_the_reference_file() {
    let v = known();
    let x = inputs(&v);
    let labels: Vec<usize> = v["multiclass_margin"]["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e.as_u64().unwrap() as usize)
        .collect();
    let map =
        |x: Matrix, labels: Vec<usize>| MarginMap::Multiclass { x: Arc::new(x.into()), labels, classes: 3 };
    let mut seen = vec![];
    for (name, norm) in MATRIX {
        let want = v["multiclass_margin"]["margin"][name].as_f64().unwrap();
        let got = margin(map(x.clone(), labels.clone()), norm, 1e-9);
        close(got, want, 1e-7, name);
        seen.push((name, got));
        for scale in [1.0, 1e-6, 3e5] {
            // Classes renamed as well: 0 → 1 → 2 → 0.
            let renamed: Vec<usize> = labels.iter().rev().map(|l| (l + 1) % 3).collect();
            close(margin(map(disguised(&x, scale), renamed), norm, 1e-9), want * scale, 1e-7, name);
        }
    }
    // Nested balls: max-entry ⊃ spectral ⊃ Frobenius ⊃ nuclear ⊃ sum-entry.
    let of = |name: &str| seen.iter().find(|s| s.0 == name).unwrap().1;
    let order = ["max-entry", "spectral", "frobenius", "nuclear", "sum-entry"].map(of);
    assert!(order.windows(2).all(|p| p[0] >= p[1] * (1.0 - 1e-9)), "{order:?}");
}

/// Two rows `u`, `v`: the ℓ2 margin is the distance from the origin to the segment between them.
#[test]
fn two_points_by_hand() {
    // (3, 0) and (0, 4): the foot on the line 4x + 3y = 12 is at distance 12/5.
    close(margin(rows(&[&[3.0, 0.0], &[0.0, 4.0]]), Norm::L2, 1e-12), 2.4, 1e-12, "l2");
    // ℓ1: weights a, 1 − a with max(3a, 4(1 − a)) least: a = 4/7, 12/7. ℓ∞: w = (1, 1): min(3, 4) = 3.
    close(margin(rows(&[&[3.0, 0.0], &[0.0, 4.0]]), Norm::L1, 1e-12), 12.0 / 7.0, 1e-12, "l1");
    close(margin(rows(&[&[3.0, 0.0], &[0.0, 4.0]]), Norm::LInf, 1e-12), 3.0, 1e-12, "linf");
    // One row: the dual norm of it.
    for norm in [Norm::L1, Norm::L2, Norm::LInf, Norm::Lp(3.0), Norm::Spectral, Norm::Nuclear] {
        let want = norm.dual().value(&[3.0, -4.0, 1.0], 1);
        close(margin(rows(&[&[3.0, -4.0, 1.0]]), norm, 1e-9), want, 1e-9, "one row");
    }
}

/// Soudry et al. 2018, Figure 1: support vectors (0.5, 1.5), (1.5, 0.5) and their negatives.
#[test]
fn the_figure_of_soudry() {
    let map = rows(&[&[0.5, 1.5], &[1.5, 0.5], &[0.5, 1.5], &[1.5, 0.5], &[2.0, 2.5], &[3.0, 0.6]]);
    let program = MaxMargin::new(map, Norm::L2);
    let s = program.solve(&Budget::default());
    let c = certify(&program, &s.w, &s.dual);
    close(MaxMargin::margin_of(&c), 2.0f64.sqrt(), 1e-13, "gamma");
    // Margin one: ŵ = (1, 1)/2, and Σ a_i = 1/γ² = 1/2 although the duplicates leave the a_i free.
    assert!(s.w.iter().all(|v| (v - 0.5).abs() < 1e-14) && (s.dual.iter().sum::<f64>() - 0.5).abs() < 1e-13);
    assert!(c.relative_gap < 1e-12);
}

/// A row that touches the margin with zero dual: (0, 1) is optimal for rows (±1, 1) alone, and (0, 1) joins them.
#[test]
fn a_support_vector_with_zero_dual() {
    for norm in [Norm::L2, Norm::Lp(3.0)] {
        close(margin(rows(&[&[1.0, 1.0], &[-1.0, 1.0], &[0.0, 1.0]]), norm, 1e-9), 1.0, 1e-9, "zero dual");
    }
    close(margin(rows(&[&[1.0, 1.0], &[-1.0, 1.0], &[0.0, 1.0]]), Norm::L1, 1e-12), 1.0, 1e-12, "zero dual");
    close(
        margin(rows(&[&[1.0, 1.0], &[-1.0, 1.0], &[0.0, 1.0]]), Norm::LInf, 1e-12),
        1.0,
        1e-12,
        "zero dual",
    );
}

fn gaussian(n: usize, d: usize, shift: f64, seed: u64) -> Matrix {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut z = Matrix::from_fn(n, d, |_, _| rng.sample(StandardNormal));
    for i in 0..n {
        let v = z.get(i, 0).abs() + shift;
        z.set(i, 0, v);
    }
    z
}

fn classes(n: usize, d: usize, k: usize, seed: u64) -> MarginMap {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let centres = Matrix::from_fn(k, d, |_, _| rng.sample::<f64, _>(StandardNormal));
    let x = Matrix::from_fn(n, d, |i, j| centres.get(i % k, j) + 0.2 * rng.sample::<f64, _>(StandardNormal));
    MarginMap::Multiclass { x: Arc::new(x.into()), labels: (0..n).map(|i| i % k).collect(), classes: k }
}

/// `value(w) ≥ bound(a)` whatever `w` and `a` are, signs and NaN included.
#[test]
fn weak_duality_on_random_pairs() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let norms = [Norm::L1, Norm::L2, Norm::LInf, Norm::Lp(1.3), Norm::Lp(4.0), Norm::Spectral, Norm::Nuclear];
    for round in 0..300 {
        let map = if round % 2 == 0 { binary(gaussian(6, 4, 0.0, round)) } else { classes(6, 4, 3, round) };
        let program = MaxMargin::new(map, norms[round as usize % norms.len()]);
        let mut w: Vec<f64> = (0..program.margins.cols()).map(|_| rng.sample(StandardNormal)).collect();
        if round % 3 == 0 {
            // Mostly separating: the mean of the rows.
            program.margins.adjoint(&vec![1.0; program.margins.rows()], &mut w);
        }
        let a: Vec<f64> = (0..program.margins.rows()).map(|_| rng.sample(StandardNormal)).collect();
        assert!(program.value(&w) >= program.bound(&a));
        let mut broken = a.clone();
        broken[rng.next_u32() as usize % a.len()] = f64::NAN;
        assert!(program.value(&w) >= program.bound(&broken) && program.bound(&broken) >= 0.0);
    }
    let program = MaxMargin::new(rows(&[&[1.0, 0.0]]), Norm::L2);
    assert_eq!(program.value(&[f64::NAN, 0.0]), f64::INFINITY);
    assert_eq!(program.value(&[0.0, 0.0]), f64::INFINITY);
    assert_eq!(program.bound(&[0.0]), 0.0);
}

/// Moving the optimum by a relative 1e-4 must cost about its square at least, 1e-9, and never gain.
#[test]
fn a_nudged_optimum_is_certified_worse() {
    for norm in [Norm::L1, Norm::L2, Norm::LInf, Norm::Lp(3.0)] {
        let program = MaxMargin::new(binary(gaussian(30, 10, 0.1, 3)), norm);
        let s = program.solve(&Budget::default());
        let base = certify(&program, &s.w, &s.dual);
        for j in 0..10 {
            let mut w = s.w.clone();
            w[j] += 1e-4 * w.iter().map(|v| v.abs()).fold(0.0, f64::max);
            let moved = certify(&program, &w, &s.dual);
            assert!(moved.relative_gap > base.relative_gap + 1e-10, "{norm:?} {j}: {}", moved.relative_gap);
        }
    }
}

#[test]
fn data_that_are_not_separable_have_no_value_and_a_tiny_margin_bound() {
    for norm in [Norm::L1, Norm::L2, Norm::LInf, Norm::Lp(3.0)] {
        let program = MaxMargin::new(rows(&[&[1.0, 0.2], &[-1.0, 0.3], &[0.1, -1.0]]), norm);
        let s = program.solve(&Budget::default());
        assert_eq!(s.status, SolveStatus::Infeasible, "{norm:?}");
        assert_eq!(program.value(&s.w), f64::INFINITY);
        // The margin is at most 1/bound: the Farkas vector is good to the engine's 1e-12, seen 1e-8 at worst.
        assert!(program.bound(&s.dual) > 1e7, "{norm:?}: {}", program.bound(&s.dual));
    }
}

#[test]
fn duplicated_dependent_and_badly_scaled_data() {
    let z = gaussian(20, 8, 0.2, 11);
    let want = margin(binary(z.clone()), Norm::L2, 1e-12);
    // Every row twice, and a column that repeats the first: then the margin grows, but the certificate must hold.
    let twice = Matrix::from_fn(40, 8, |i, j| z.get(i % 20, j));
    close(margin(binary(twice), Norm::L2, 1e-12), want, 1e-12, "duplicated rows");
    let wide = Matrix::from_fn(20, 9, |i, j| z.get(i, j % 8));
    assert!(margin(binary(wide), Norm::L2, 1e-12) >= want);
    // Columns from 1e-3 to 1e4; rows from 1 to 1e6.
    let columns = Matrix::from_fn(20, 8, |i, j| z.get(i, j) * 10f64.powi(j as i32 - 3));
    margin(binary(columns), Norm::L2, 1e-9);
    let lengths = Matrix::from_fn(20, 8, |i, j| z.get(i, j) * 10f64.powi((i % 7) as i32));
    for norm in [Norm::L1, Norm::L2, Norm::LInf] {
        margin(binary(lengths.clone()), norm, 1e-9);
    }
}

/// Margins from 1e-2 to 1e-8 of the data's scale, still certified.
#[test]
fn tiny_margins() {
    for e in [1e-2, 1e-4, 1e-6, 1e-8] {
        let got = margin(rows(&[&[1.0, e, 0.0], &[-1.0, e, 0.0], &[0.3, 1.0, 0.5]]), Norm::L2, 1e-9);
        close(got, e, 1e-9, "opposed rows");
        let answer = separability(&binary(gaussian(40, 3, e, 5)), &Budget::default());
        assert!(matches!(answer, Separability::Separable { .. }), "{answer:?}");
    }
}

/// Random signs on 60 points in 5 dimensions: separable with probability about 1e-12 (Cover 1965).
#[test]
fn random_labels_are_proven_inseparable() {
    for seed in 0..10 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let z = Matrix::from_fn(60, 5, |_, _| rng.sample(StandardNormal));
        let answer = separability(&binary(z), &Budget::default());
        assert!(matches!(answer, Separability::NotSeparable { .. }), "{answer:?}");
    }
}

#[test]
fn nested_balls_order_the_margins_of_random_classes() {
    for seed in 0..3 {
        let map = classes(30, 6, 4, seed);
        let order: Vec<f64> = [Norm::LInf, Norm::Spectral, Norm::L2, Norm::Nuclear, Norm::L1]
            .iter()
            .map(|n| margin(map.clone(), *n, 1e-8))
            .collect();
        assert!(order.windows(2).all(|p| p[0] >= p[1] * (1.0 - 1e-8)), "{order:?}");
    }
}

/// The same rows held sparse give the same margin as held dense.
#[test]
fn sparse_and_dense_agree() {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let (n, d) = (80, 300);
    let mut csr = Csr { rows: n, cols: d, offsets: vec![0], ..Csr::default() };
    for _ in 0..n {
        for j in (0..d as u32).filter(|_| rng.random_bool(0.05)).collect::<Vec<_>>() {
            csr.indices.push(j);
            csr.values.push(rng.sample(StandardNormal));
        }
        csr.offsets.push(csr.indices.len());
    }
    let sparse = Design::Sparse(csr);
    let dense = margin(binary(sparse.to_dense()), Norm::L2, 1e-11);
    let got = margin(MarginMap::Binary { z: Arc::new(sparse) }, Norm::L2, 1e-9);
    close(got, dense, 2e-9, "sparse");
}

/// Rows that fight in the first two coordinates and agree, once those are projected out, in the others.
#[test]
fn a_random_mixture_is_split_where_it_was_joined() {
    let mut rng = ChaCha8Rng::seed_from_u64(31);
    let n = 40;
    // The first 20 rows live in two dimensions and come with their negatives; the others have a positive third entry.
    let half = Matrix::from_fn(10, 2, |_, _| rng.sample::<f64, _>(StandardNormal));
    let z = Matrix::from_fn(n, 5, |i, j| match (i, j) {
        (0..10, 0..2) => half.get(i, j),
        (10..20, 0..2) => -1.5 * half.get(i - 10, j),
        (0..20, _) => 0.0,
        (_, 2) => 0.1 + rng.random::<f64>(),
        _ => rng.sample(StandardNormal),
    });
    for loss in [MarginLoss::Logistic, MarginLoss::Exponential] {
        let split = decompose(&binary(z.clone()), loss, &Budget::default()).unwrap();
        assert_eq!(split.convex, (0..20).collect::<Vec<_>>());
        assert_eq!(split.basis.cols(), 2);
        // Newton ends at rounding: a few ulp per row.
        assert!(split.gradient < 1e-14, "{}", split.gradient);
        assert!(split.carried < 1e-9 && split.separated > 0.0);
        let (u, c) = split.direction.unwrap();
        assert!(c.relative_gap < 1e-11 && u.w[0].abs() < 1e-12 && u.w[1].abs() < 1e-12);
        // The same direction by solving in the last three coordinates alone.
        let rest = Matrix::from_fn(20, 3, |i, j| z.get(20 + i, 2 + j));
        close(margin(binary(rest), Norm::L2, 1e-11), split.separated, 1e-10, "projected margin");
    }
}

/// Of a matrix with few rows the norm is found on `X Xᵀ`. `X = diag(3, 2) [Q; R]` with orthonormal rows Q, R: norm 3.
#[test]
fn the_spectral_norm_of_a_wide_matrix() {
    let r = 0.125f64;
    let x = Matrix::from_fn(2, 64, |i, j| match i {
        0 => 3.0 * r,
        _ if j % 2 == 0 => 2.0 * r,
        _ => -2.0 * r,
    });
    let found = spectral_norm(&Design::Dense(x));
    // An upper estimate good to 1e-6 by its own word.
    assert!((3.0..3.0 * (1.0 + 2e-6)).contains(&found), "{found}");
}

/// A solver told to stop returns at once, with vectors whose certificate holds.
#[test]
fn a_stopped_solver_returns_valid_vectors() {
    let margins = binary(gaussian(20, 30, 0.0, 11));
    for norm in [Norm::L1, Norm::L2, Norm::LInf] {
        let program = MaxMargin::new(margins.clone(), norm);
        let certified = |budget: &Budget| {
            let s = program.solve(budget);
            certify(&program, &s.w, &s.dual)
        };
        let full = certified(&Budget::default());
        let wide = certified(&Budget { stop: || true, ..Budget::default() });
        // Twenty rows in thirty dimensions are separable; both bounds hold for the same optimum.
        assert!(full.relative_gap < 1e-9, "{norm:?}: {full:?}");
        assert!(wide.lower_bound <= full.value && full.lower_bound <= wide.value, "{norm:?}: {wide:?}");
    }
}
