//! Nuclear norm interpolation against known answers: the reference file, its images under the symmetries of the norm,
//! two-by-two matrices in closed form, and random measurements.

use rand::RngExt;
use serde_json::Value;
use std::sync::Arc;
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Csr, Design, Matrix, linalg, singular};
use tropism::programs::{
    Budget, Certificate, NuclearInterpolant, Program, Solution, SolveStatus, Uniqueness, certify,
};

/// Completion of a `rows × cols` matrix from entries `(row, column, value)`.
fn completion(rows: usize, cols: usize, entries: &[(usize, usize, f64)]) -> NuclearInterpolant {
    let mask = Csr {
        rows: entries.len(),
        cols: rows * cols,
        offsets: (0..=entries.len()).collect(),
        indices: entries.iter().map(|(i, j, _)| (i * cols + j) as u32).collect(),
        values: vec![1.0; entries.len()],
    };
    let b = entries.iter().map(|e| e.2).collect();
    NuclearInterpolant::new(Arc::new(Design::Sparse(mask)), b, rows).unwrap()
}

fn solved(p: &NuclearInterpolant) -> (Solution, Certificate) {
    let s = p.solve(&Budget::default());
    let c = certify(p, &s.w, &s.dual);
    (s, c)
}

fn known() -> (Vec<(usize, usize, f64)>, f64) {
    let v: Value = serde_json::from_str(include_str!("known/known-answers.json")).unwrap();
    let v = &v["nuclear_completion"];
    let at = |name: &str, i: usize, j: usize| v[name][i][j].as_f64().unwrap();
    let pairs = (0..6).flat_map(|i| (0..6).map(move |j| (i, j)));
    let seen = pairs.filter(|&(i, j)| at("mask", i, j) == 1.0);
    let entries = seen.map(|(i, j)| (i, j, at("observed", i, j))).collect();
    (entries, v["nuclear_norm"].as_f64().unwrap())
}

#[test]
fn the_reference_file_and_its_images() {
    let (entries, want) = known();
    type Change = fn(usize, usize, f64) -> (usize, usize, f64);
    let images: [(Change, f64); 5] = [
        (|i, j, v| (i, j, v), 1.0),
        (|i, j, v| (j, i, v), 1.0),
        (|i, j, v| ((5 * i + 2) % 6, (i64::from(j as u32) + 3) as usize % 6, v), 1.0),
        (|i, j, v| (i, j, 1e-7 * v), 1e-7),
        (|i, j, v| (i, j, if (i + j) % 2 == 0 { 1e6 * v } else { -1e6 * v }), 1e6),
    ];
    for (k, (change, scale)) in images.into_iter().enumerate() {
        let moved: Vec<_> = entries.iter().map(|&(i, j, v)| change(i, j, v)).collect();
        let (_, c) = solved(&completion(6, 6, &moved));
        // Theirs is good to 1e-8 (they print 33.1662479088 beside the truth's 33.1662479036), ours certified.
        assert!((c.value / scale / want - 1.0).abs() < 1e-8, "{k}: {c:?}");
        assert!(c.relative_gap < 1e-9 && c.violation < 1e-13, "{k}: {c:?}");
    }
}

/// `‖W‖_*² = ‖W‖_F² + 2 |det W|` for two by two; with `w₂₂` free the minimum is at `|w₂₂| = min(|bc/a|, |a|)`.
#[test]
fn two_by_two_in_closed_form() {
    for (a, b, c) in [(2.0, 1.0, 3.0), (1.0, 2.0, 3.0), (-2.0, 1.0, 1.5), (5.0, -1e-3, 2.0)] {
        let (s, certificate) = solved(&completion(2, 2, &[(0, 0, a), (0, 1, b), (1, 0, c)]));
        let free = f64::min((b * c / a).abs(), a.abs()) * (b * c / a).signum();
        let norm = (a * a + b * b + c * c + free * free + 2.0 * (a * free - b * c).abs()).sqrt();
        assert!((certificate.value / norm - 1.0).abs() < 1e-10, "{a} {b} {c}: {certificate:?}");
        assert!(certificate.relative_gap < 1e-9, "{a} {b} {c}: {certificate:?}");
        // A gap of 1e-10 leaves 1e-5 where the minimum is smooth.
        assert!((s.w[3] - free).abs() < 1e-4 * norm, "{} instead of {free}", s.w[3]);
    }
}

#[test]
fn empty_rows_and_columns_stay_empty() {
    let (s, c) = solved(&completion(3, 3, &[(0, 0, 3.0), (0, 1, 4.0)]));
    assert!((c.value - 5.0).abs() < 1e-9 && c.relative_gap < 1e-9, "{c:?}");
    assert!(s.w[2..].iter().all(|v| v.abs() < 1e-9), "{:?}", s.w);
    let (_, c) = solved(&completion(2, 5, &[(1, 2, -7.0)]));
    assert!((c.value - 7.0).abs() < 1e-9, "{c:?}");
}

fn low_rank(rows: usize, cols: usize, rank: usize, seed: u64) -> Matrix {
    let mut r = rng(seed, Stream::Data);
    let mut part = |m: usize| Matrix::from_fn(m, rank, |_, _| r.random_range(-1.0..1.0));
    let (u, v) = (part(rows), part(cols));
    linalg::matmul_nt(&u, &v)
}

#[test]
fn enough_random_measurements_recover_a_low_rank_matrix() {
    for (rows, cols) in [(10, 10), (6, 15), (15, 6)] {
        let truth = low_rank(rows, cols, 2, 7);
        let norm: f64 = linalg::singular_values(&truth).iter().sum();
        let mut r = rng(8, Stream::Data);
        let mut a = Matrix::from_fn(75, rows * cols, |_, _| r.random_range(-1.0..1.0));
        // Rows of very different length, one of them twice.
        (0..75).for_each(|i| a.row_mut(i).iter_mut().for_each(|v| *v *= 10f64.powi(i as i32 % 5 - 2)));
        let copy = a.row(3).to_vec();
        a.row_mut(4).copy_from_slice(&copy);
        let mut b = vec![0.0; 75];
        linalg::matvec(&a, truth.as_slice(), &mut b);
        let p = NuclearInterpolant::new(Arc::new(a.clone().into()), b.clone(), rows).unwrap();
        let (s, c) = solved(&p);
        assert!((c.value / norm - 1.0).abs() < 1e-9 && c.relative_gap < 1e-9, "{rows} {cols} {c:?}");
        assert_eq!(s.uniqueness, Uniqueness::Unique);
        let off: Vec<f64> = s.w.iter().zip(truth.as_slice()).map(|(a, b)| a - b).collect();
        assert!(linalg::norm2(&off) < 1e-6 * norm);
        b[4] += linalg::max_abs(&b);
        let p = NuclearInterpolant::new(Arc::new(a.into()), b, rows).unwrap();
        let (s, c) = solved(&p);
        assert_eq!(s.status, SolveStatus::Infeasible, "{c:?}");
        assert!(c.violation > 1e-3 && p.bound(&s.dual) > 1e3 * norm, "{}", p.bound(&s.dual));
    }
}

#[test]
fn too_few_measurements_and_ties() {
    // The sum of the diagonal: every M ⪰ 0 of trace one has nuclear norm one.
    let trace = Matrix::from_rows(&[vec![1.0, 0.0, 0.0, 1.0]]);
    let (s, c) = solved(&NuclearInterpolant::new(Arc::new(trace.into()), vec![1.0], 2).unwrap());
    assert!((c.value - 1.0).abs() < 1e-9, "{c:?}");
    assert_eq!(s.uniqueness, Uniqueness::NotUnique);
    let zero = completion(2, 2, &[(0, 0, 0.0)]);
    let (s, c) = solved(&zero);
    assert!(s.w.iter().all(|v| *v == 0.0) && c.value == 0.0 && s.uniqueness == Uniqueness::Unique);
    let shape = Arc::new(Design::Dense(Matrix::zeros(1, 6)));
    assert!(NuclearInterpolant::new(shape, vec![1.0], 4).is_err());
}

#[test]
fn norms_are_bounded_from_above_and_tightly() {
    let mut r = rng(9, Stream::Data);
    for (rows, cols, scale) in [(1, 1, 1.0), (7, 3, 1e-200), (4, 30, 1e150), (40, 40, 1.0), (5, 5, 0.0)] {
        // Columns of length two and orthogonal: all singular values are known.
        let m = Matrix::from_fn(rows, cols, |i, j| if i == j { 2.0 * scale } else { 0.0 });
        let p = rows.min(cols) as f64;
        let (nuclear, spectral) = (singular::nuclear_above(&m), singular::spectral_above(&m));
        assert!(nuclear >= 2.0 * p * scale && nuclear <= 2.0 * p * scale * (1.0 + 1e-12), "{nuclear:e}");
        assert!(spectral >= 2.0 * scale && spectral <= 2.0 * scale * (1.0 + 1e-12), "{spectral:e}");
        // Norm inequalities without any singular value: ‖Mx‖ ≤ ‖M‖ ‖x‖, and trace duality with signs.
        let m = Matrix::from_fn(rows, cols, |_, _| scale.min(1e100) * r.random_range(-1.0..1.0));
        let x: Vec<f64> = (0..cols).map(|_| r.random_range(-1.0..1.0)).collect();
        let mut y = vec![0.0; rows];
        linalg::matvec(&m, &x, &mut y);
        assert!(linalg::norm2(&y) <= singular::spectral_above(&m) * linalg::norm2(&x) * (1.0 + 1e-14));
        let diagonal: f64 = (0..rows.min(cols)).map(|i| m.get(i, i).abs()).sum();
        assert!(diagonal <= singular::nuclear_above(&m) * (1.0 + 1e-14));
    }
    assert_eq!(singular::nuclear_above(&Matrix::from_rows(&[vec![f64::NAN]])), f64::INFINITY);
}
