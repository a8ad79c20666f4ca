//! The margin of a diagonal network at a finite loss: one sample in closed form, its two limits, and bad data. The margin
//! of a convolutional network against the reference file.

use rand::RngExt;
use serde_json::Value;
use std::sync::Arc;
use tropism::data::MarginMap;
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Matrix, Norm};
use tropism::programs::{
    Budget, Certificate, FourierMargin, MaxMargin, Program, QMargin, Solution, SolveStatus, certify, peer,
};

fn map(z: &Matrix) -> MarginMap {
    MarginMap::Binary { z: Arc::new(z.clone().into()) }
}

fn solved(p: &dyn Program) -> (Solution, Certificate) {
    let s = p.solve(&Budget::default());
    let c = certify(p, &s.w, &s.dual);
    (s, c)
}

fn separable(seed: u64, n: usize, d: usize) -> Matrix {
    let mut r = rng(seed, Stream::Data);
    Matrix::from_fn(n, d, |_, j| {
        let v: f64 = r.random_range(-1.0..1.0);
        if j == 0 { 0.1 + v.abs() } else { v }
    })
}

/// `w = 2μ sinh(a z)` with `⟨z, w⟩ = 1`: for `z = (1, 0)`, `Q = μ q(1/μ)`.
#[test]
fn one_sample_in_closed_form() {
    for mu in [1e-12_f64, 1e-3, 1.0, 1e6] {
        let z = Matrix::from_rows(&[vec![1.0, 0.0]]);
        let p = QMargin::new(map(&z), mu, 2).unwrap();
        let (s, c) = solved(&p);
        // μ q(1/μ) with the square root's cancellation taken out.
        let want = (0.5 / mu).asinh() - 1.0 / (2.0 * mu + (4.0 * mu * mu + 1.0).sqrt());
        assert!((c.value / want - 1.0).abs() < 1e-9, "{mu}: {c:?} instead of {want}");
        assert!(c.relative_gap < 1e-12 && s.w == [1.0, 0.0], "{mu}: {c:?} {:?}", s.w);
        // Any scale of a direction is the same direction.
        assert!((p.value(&[7.0, 0.0]) / c.value - 1.0).abs() < 1e-14);
        assert!(p.value(&[-1.0, 0.0]).is_infinite() && p.violation(&[-1.0, 0.0]) > 0.5);
    }
    // A dual far off the scale proves as much as one on it: the best multiple is taken.
    let z = separable(3, 6, 10);
    let p = QMargin::new(map(&z), 0.1, 2).unwrap();
    let (s, c) = solved(&p);
    let off: Vec<f64> = s.dual.iter().map(|a| 1e-9 * a).collect();
    assert!((p.bound(&off) / c.lower_bound - 1.0).abs() < 1e-12);
}

#[test]
fn between_the_l1_and_the_l2_margin() {
    for (seed, n, d) in [(5, 8, 20), (6, 30, 12)] {
        let z = separable(seed, n, d);
        let l1 = solved(&MaxMargin::new(map(&z), Norm::L1)).1.value;
        let l2 = solved(&MaxMargin::new(map(&z), Norm::L2));
        let mut last = (f64::INFINITY, 0.0);
        for e in [-14, -9, -6, -3, 0, 3, 6, 9] {
            let p = QMargin::new(map(&z), 10f64.powi(e), 2).unwrap();
            let (s, c) = solved(&p);
            assert!(c.relative_gap < 1e-10, "{seed} 1e{e} {c:?} {:?} {}", s.status, s.iterations);
            let size = |norm: Norm| norm.value(&s.w, 1);
            assert!((p_margin(&z, &s.w) - 1.0).abs() < 1e-12);
            // From sparse to short as μ grows.
            assert!(
                size(Norm::L2) <= last.0 * (1.0 + 1e-9) && size(Norm::L1) >= last.1 * (1.0 - 1e-9),
                "1e{e}"
            );
            last = (size(Norm::L2), size(Norm::L1));
            if e == -14 {
                // |w| (log(|w|/μ) − 1) instead of |w|: what is not shared is about one part in log(1/μ) = 32.
                assert!(size(Norm::L1) < l1 * (1.0 + 1.0 / 32.0), "{} {l1}", size(Norm::L1));
            }
        }
        // The relative correction to the square is (w/μ)²/48.
        assert!((last.0 / l2.1.value - 1.0).abs() < 1e-9);
    }
}

/// The conditions that make a point optimal, written out: `w = μ h(Zᵀa)`, `a ≥ 0`, margins of at least one, and of exactly one where
/// `a > 0`. And one sample, whose value is `μ` times the integral of `h⁻¹` from 0 to `1/μ`.
#[test]
fn deeper_networks_by_their_conditions() {
    for (depth, mu) in [(3_u32, 1e-4), (3, 0.3), (3, 1e3), (4, 0.05), (7, 2.0)] {
        let k = f64::from(depth) / f64::from(depth - 2);
        let h = |z: f64| (1.0 - z).powf(-k) - (1.0 + z).powf(-k);
        for (seed, n, d) in [(21, 9, 20), (22, 40, 6)] {
            let z = separable(seed, n, d);
            let (s, c) = solved(&QMargin::new(map(&z), mu, depth).unwrap());
            assert!(c.relative_gap < 1e-11, "{depth} {mu} {c:?}");
            let image = |j: usize| (0..n).map(|i| z.get(i, j) * s.dual[i]).sum::<f64>();
            for (j, w) in s.w.iter().enumerate() {
                let want = mu * h(image(j));
                // A value of relative gap 1e-11 leaves the weights free by its root.
                assert!((w - want).abs() < 1e-5 * Norm::LInf.value(&s.w, 1), "{depth} {mu}: {w} {want}");
            }
            let most = s.dual.iter().fold(0.0_f64, |m, a| m.max(*a));
            for (i, a) in s.dual.iter().enumerate() {
                let m: f64 = z.row(i).iter().zip(&s.w).map(|(z, w)| z * w).sum();
                assert!(
                    *a >= 0.0 && m >= 1.0 - 1e-12 && a / most * (m - 1.0) < 1e-6,
                    "{depth} {mu}: {a} {m}"
                );
            }
        }
        let one = solved(&QMargin::new(map(&Matrix::from_rows(&[vec![1.0]])), mu, depth).unwrap()).1;
        // ∫₀^{1/μ} h⁻¹ = (1/μ) ζ − ∫₀^ζ h with h(ζ) = 1/μ, by bisection and the midpoint rule.
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..200 {
            let mid = 0.5 * (low + high);
            if h(mid) < 1.0 / mu { low = mid } else { high = mid }
        }
        let cells = 400_000;
        let area: f64 = (0..cells).map(|i| h(low * (f64::from(i) + 0.5) / f64::from(cells))).sum::<f64>();
        let want = low - mu * area * low / f64::from(cells);
        assert!((one.value / want - 1.0).abs() < 1e-6, "{depth} {mu}: {one:?} instead of {want}");
    }
}

fn p_margin(z: &Matrix, w: &[f64]) -> f64 {
    map(z).min_margin(w)
}

/// The general conic engine on the dual's exponential cones: another method for the same number.
#[test]
fn the_conic_engine_agrees() {
    for (seed, mu) in [(11, 0.05), (12, 1.0)] {
        let z = separable(seed, 10, 16);
        let p = QMargin::new(map(&z), mu, 2).unwrap();
        let (_, own) = solved(&p);
        let s = peer::q_margin(&z.clone().into(), mu);
        let other = certify(&p, &s.w, &s.dual);
        // What that engine reaches on exponential cones.
        assert!(other.relative_gap < 1e-5, "{other:?}");
        assert!(
            own.value <= other.value * (1.0 + 1e-12) && own.lower_bound >= other.lower_bound * (1.0 - 1e-12)
        );
    }
}

#[test]
fn scales_and_data_that_are_not_separable() {
    let z = separable(7, 10, 15);
    let (_, c) = solved(&QMargin::new(map(&z), 0.2, 2).unwrap());
    for scale in [1e-6, 3e5] {
        // Z → cZ sends w → w/c, and with μ → μ/c the value to value/c.
        let moved = Matrix::from_fn(10, 15, |i, j| scale * z.get(9 - i, (j + 4) % 15));
        let (_, m) = solved(&QMargin::new(map(&moved), 0.2 / scale, 2).unwrap());
        assert!((m.value * scale / c.value - 1.0).abs() < 1e-11 && m.relative_gap < 1e-11, "{m:?}");
    }
    let torn = Matrix::from_rows(&[vec![1.0, 2.0], vec![-1.0, -2.0]]);
    let p = QMargin::new(map(&torn), 1.0, 2).unwrap();
    let s = p.solve(&Budget::default());
    assert!(s.status != SolveStatus::Converged && p.value(&s.w).is_infinite());
    assert!(QMargin::new(map(&z), 1.0, 1).is_err());
    assert!(QMargin::new(map(&z), 0.0, 2).is_err() && QMargin::new(map(&z), f64::NAN, 2).is_err());
}

/// Circular shifts only turn the phases; flips of all signs and scales are the norm's own.
#[test]
fn fourier_margin_of_the_reference_file_and_its_images() {
    let v: Value = serde_json::from_str(include_str!("known/known-answers.json")).unwrap();
    let numbers =
        |v: &Value| -> Vec<f64> { v.as_array().unwrap().iter().map(|e| e.as_f64().unwrap()).collect() };
    let rows: Vec<Vec<f64>> = v["X"].as_array().unwrap().iter().map(numbers).collect();
    let y = numbers(&v["y_classification"]);
    let want = v["max_margin"]["fourier-l1"]["margin"].as_f64().unwrap();
    for (shift, scale) in [(0, 1.0), (5, 1.0), (1, 1e-5), (0, 3e6)] {
        let z = Matrix::from_fn(5, 12, |i, j| scale * y[4 - i] * rows[4 - i][(j + shift) % 12]);
        let p = FourierMargin::new(map(&z)).unwrap();
        let (s, c) = solved(&p);
        assert!((1.0 / c.value / scale / want - 1.0).abs() < 1e-8, "{shift} {scale}: {c:?}");
        assert!(c.relative_gap < 1e-9 && (map(&z).min_margin(&s.w) - 1.0).abs() < 1e-9, "{c:?}");
        let tilted: Vec<f64> =
            s.w.iter().enumerate().map(|(j, w)| w * (1.0 + 0.01 * (j as f64).sin())).collect();
        assert!(certify(&p, &tilted, &s.dual).relative_gap > 1e-4);
    }
    // Between ‖w‖₂ ≤ ‖Fw‖₁ ≤ √d ‖w‖₂, so are the margins.
    let z = separable(9, 12, 16);
    let (_, c) = solved(&FourierMargin::new(map(&z)).unwrap());
    let l2 = solved(&MaxMargin::new(map(&z), Norm::L2)).1;
    assert!(c.relative_gap < 1e-8 && c.value >= l2.lower_bound && c.value <= 4.0 * l2.value, "{c:?}");
}
