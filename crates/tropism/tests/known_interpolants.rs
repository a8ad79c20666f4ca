//! Interpolation programs against known answers: an independent small problem (`known/known-answers.json`, good to
//! about 1e-8), its images under symmetries, hand-solved cases, and random pairs.

use rand::RngExt;
use serde_json::Value;
use std::sync::Arc;
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Csr, Design, Matrix, Norm, Potential};
use tropism::programs::{
    BregmanInterpolant, Budget, Certificate, FourierInterpolant, MinNormInterpolant, Program, Solution,
    SolveStatus, Uniqueness, certify,
};

const NORMS: [Norm; 7] =
    [Norm::L1, Norm::L2, Norm::LInf, Norm::Lp(1.1), Norm::Lp(1.5), Norm::Lp(3.0), Norm::Lp(10.0)];

fn known() -> Value {
    serde_json::from_str(include_str!("known/known-answers.json")).unwrap()
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|e| e.as_f64().unwrap()).collect()
}

fn problem(k: &Value) -> (Matrix, Vec<f64>) {
    let rows: Vec<Vec<f64>> = k["X"].as_array().unwrap().iter().map(numbers).collect();
    (Matrix::from_rows(&rows), numbers(&k["y_regression"]))
}

fn solved(p: &dyn Program) -> (Solution, Certificate) {
    let s = p.solve(&Budget::default());
    let c = certify(p, &s.w, &s.dual);
    (s, c)
}

type Back = Box<dyn Fn(&[f64]) -> Vec<f64>>;

/// A change of the data and how weights follow it.
struct Image {
    x: Matrix,
    y: Vec<f64>,
    back: Back,
    /// Factor of `w`.
    scale: f64,
}

/// The problem itself, rows permuted, targets scaled, `X` scaled, features permuted and sign-flipped.
fn images(x: &Matrix, y: &[f64]) -> Vec<Image> {
    let (n, d) = (x.rows(), x.cols());
    let row = |i: usize| (3 * i + 1) % n;
    let col = move |j: usize| (5 * j + 2) % d;
    let sign = |j: usize| if (j * 7) % 3 == 1 { -1.0 } else { 1.0 };
    let keep = |scale: f64| -> Back { Box::new(move |w: &[f64]| w.iter().map(|v| v / scale).collect()) };
    let mut list = vec![Image { x: x.clone(), y: y.to_vec(), back: keep(1.0), scale: 1.0 }];
    let permuted = Matrix::from_fn(n, d, |i, j| x.get(row(i), j));
    list.push(Image { x: permuted, y: (0..n).map(|i| y[row(i)]).collect(), back: keep(1.0), scale: 1.0 });
    for s in [1e-6, 1e5] {
        list.push(Image { x: x.clone(), y: y.iter().map(|v| v * s).collect(), back: keep(s), scale: s });
        let scaled = Matrix::from_fn(n, d, |i, j| s * x.get(i, j));
        list.push(Image { x: scaled, y: y.to_vec(), back: keep(1.0 / s), scale: 1.0 / s });
    }
    let rows_scaled = Matrix::from_fn(n, d, |i, j| 10f64.powi(3 * i as i32 - 6) * x.get(i, j));
    let y_scaled = (0..n).map(|i| 10f64.powi(3 * i as i32 - 6) * y[i]).collect();
    list.push(Image { x: rows_scaled, y: y_scaled, back: keep(1.0), scale: 1.0 });
    let flipped = Matrix::from_fn(n, d, |i, j| sign(j) * x.get(i, col(j)));
    let back = move |w: &[f64]| {
        let mut out = vec![0.0; w.len()];
        (0..w.len()).for_each(|j| out[col(j)] = sign(j) * w[j]);
        out
    };
    list.push(Image { x: flipped, y: y.to_vec(), back: Box::new(back), scale: 1.0 });
    list
}

#[test]
fn min_norm_answers_and_their_images() {
    let k = known();
    let (x, y) = problem(&k);
    for name in ["l1", "l2", "linf", "l3"] {
        let entry = &k["min_norm_interpolant"][name];
        let (norm, value) = (Norm::parse(name).unwrap(), entry["norm"].as_f64().unwrap());
        for (i, image) in images(&x, &y).into_iter().enumerate() {
            let p = MinNormInterpolant::new(Arc::new(image.x.into()), image.y, norm, None).unwrap();
            let (s, c) = solved(&p);
            assert_eq!(s.status, SolveStatus::Converged, "{name} {i} {c:?} {}", s.method);
            // Ours is certified to 1e-12; theirs is good to 1e-8, so 1e-7 is their tolerance with a margin.
            assert!((c.value / image.scale / value - 1.0).abs() < 1e-7, "{name} {i}: {c:?}");
            assert!(c.relative_gap < 1e-12 && c.violation < 1e-13, "{name} {i}: {c:?}");
            // A conic solver's value error δ is √(δ/curvature) in w: for l3, whose curvature 2|w_j| is 0.05 at the
            // smallest weight, 1e-12 in value is 1e-6 in w. Linear programs have vertices instead.
            let tolerance = if name == "l3" { 1e-6 } else { 1e-7 };
            if s.uniqueness == Uniqueness::Unique {
                for (a, b) in (image.back)(&s.w).iter().zip(numbers(&entry["w"])) {
                    assert!((a - b).abs() < tolerance, "{name} {i}: {a} {b}");
                }
            }
        }
    }
}

/// Circular shifts of the features turn phases only; scales are the norm's own.
#[test]
fn fourier_answer_and_its_images() {
    let k = known();
    let (x, y) = problem(&k);
    let want = k["min_norm_interpolant"]["fourier-l1"]["norm"].as_f64().unwrap();
    let theirs = numbers(&k["min_norm_interpolant"]["fourier-l1"]["w"]);
    for (shift, of_x, of_y) in [(0, 1.0, 1.0), (5, 1.0, 1.0), (1, 1e-5, 1.0), (0, 3e6, 1.0), (2, 1.0, 1e-6)] {
        let moved = Matrix::from_fn(5, 12, |i, j| of_x * x.get(4 - i, (j + shift) % 12));
        let targets = (0..5).map(|i| of_y * y[4 - i]).collect();
        let p = FourierInterpolant::new(Arc::new(moved.into()), targets).unwrap();
        let (s, c) = solved(&p);
        let unit = of_y / of_x;
        // Both come from interior point methods that stop near 1e-8 or below.
        assert!((c.value / unit / want - 1.0).abs() < 1e-7, "{shift} {of_x} {of_y}: {c:?}");
        assert!(c.relative_gap < 1e-9 && c.violation < 1e-12, "{shift} {of_x} {of_y}: {c:?}");
        // Their point, moved alike, is as good.
        let w: Vec<f64> = (0..12).map(|j| unit * theirs[(j + shift) % 12]).collect();
        assert!(certify(&p, &w, &s.dual).relative_gap < 1e-7);
        let tilted: Vec<f64> =
            s.w.iter().enumerate().map(|(j, w)| w * (1.0 + 0.1 * (j as f64).sin())).collect();
        assert!(p.violation(&tilted) > 1e-3);
    }
    // ‖w‖₂ ≤ ‖Fw‖₁ ≤ √d ‖w‖₂ bounds the optimum by that of ℓ2.
    let x: Arc<Design> = Arc::new(x.into());
    let l2 = solved(&MinNormInterpolant::new(x.clone(), y, Norm::L2, None).unwrap()).1.value;
    assert!(l2 <= want && want <= 12.0f64.sqrt() * l2);
    // Two targets for one row.
    let twice: Arc<Design> = Arc::new(x.select(&[0, 0]));
    let p = FourierInterpolant::new(twice, vec![1.0, 2.0]).unwrap();
    let (s, _) = solved(&p);
    assert!(s.status == SolveStatus::Infeasible && p.bound(&s.dual) > 1e5, "{s:?}");
}

#[test]
fn diagonal_network_answers_and_their_images() {
    let k = known();
    let (x, y) = problem(&k);
    for (alpha, entry) in k["diagonal_depth2_interpolant"].as_object().unwrap() {
        let alpha: f64 = alpha.parse().unwrap();
        let expected = numbers(&entry["w"]);
        for (i, image) in images(&x, &y).into_iter().enumerate() {
            // β has the units of w: it follows the scale.
            let beta = 2.0 * alpha * alpha * image.scale;
            let x = Arc::new(image.x.into());
            let p = BregmanInterpolant::new(x, image.y, Potential::Hypentropy(beta), None).unwrap();
            let (s, c) = solved(&p);
            assert_eq!(s.status, SolveStatus::Converged, "{alpha} {i} {c:?}");
            assert!(c.relative_gap < 1e-12 && c.violation < 1e-13, "{alpha} {i}: {c:?}");
            for (a, b) in (image.back)(&s.w).iter().zip(&expected) {
                assert!((a - b).abs() < 1e-7, "{alpha} {i}: {a} {b}");
            }
        }
    }
}

#[test]
fn deep_diagonal_network_answers_and_their_images() {
    let k = known();
    let (x, y) = problem(&k);
    for (name, entry) in k["diagonal_deep_interpolant"].as_object().unwrap() {
        let (depth, alpha) = name[1..].split_once("_alpha").unwrap();
        let (depth, alpha): (u32, f64) = (depth.parse().unwrap(), alpha.parse().unwrap());
        let expected = numbers(&entry["w"]);
        for (i, image) in images(&x, &y).into_iter().enumerate() {
            // α^D has the units of w.
            let scale = alpha.powi(depth as i32) * image.scale;
            let potential = Potential::DiagonalDepth { scale, depth };
            let (s, c) =
                solved(&BregmanInterpolant::new(Arc::new(image.x.into()), image.y, potential, None).unwrap());
            assert!(c.relative_gap < 1e-12 && c.violation < 1e-13, "{name} {i}: {c:?} {:?}", s.status);
            for (a, b) in (image.back)(&s.w).iter().zip(&expected) {
                assert!((a - b).abs() < 1e-7, "{name} {i}: {a} {b}");
            }
        }
    }
}

fn random(seed: u64, n: usize, d: usize) -> (Matrix, Vec<f64>) {
    let mut r = rng(seed, Stream::Data);
    let x = Matrix::from_fn(n, d, |_, _| r.random_range(-1.0..1.0));
    let y = (0..n).map(|_| r.random_range(-1.0..1.0)).collect();
    (x, y)
}

fn programs(x: &Matrix, y: &[f64], start: Option<Vec<f64>>) -> Vec<Box<dyn Program>> {
    let x: Arc<Design> = Arc::new(x.clone().into());
    let mut list: Vec<Box<dyn Program>> = vec![];
    for norm in NORMS {
        list.push(Box::new(MinNormInterpolant::new(x.clone(), y.to_vec(), norm, start.clone()).unwrap()));
    }
    for p in [
        Potential::HalfSquare,
        Potential::PNorm(1.3),
        Potential::PNorm(4.0),
        Potential::Hypentropy(1e-8),
        Potential::Hypentropy(1.0),
        Potential::Hypentropy(1e4),
    ] {
        list.push(Box::new(BregmanInterpolant::new(x.clone(), y.to_vec(), p, start.clone()).unwrap()));
    }
    list
}

#[test]
fn random_problems_are_certified_and_nudges_are_seen() {
    for seed in 0..6 {
        let (n, d) = [(4, 9), (10, 30), (20, 25)][seed as usize % 3];
        let (x, y) = random(seed, n, d);
        let start = (seed >= 3).then(|| (0..d).map(|j| 0.3 * f64::sin(j as f64)).collect());
        for p in programs(&x, &y, start) {
            let (s, c) = solved(&*p);
            let name = p.facts().formula;
            assert_eq!(s.status, SolveStatus::Converged, "{name} {seed}: {c:?} {}", s.method);
            assert!(c.relative_gap <= 1e-12 && c.violation < 1e-12, "{name} {seed}: {c:?}");
            // A feasible nudge: a null-space direction, by projecting through the ℓ2 program with target 0.
            let toward: Vec<f64> = (0..d).map(|j| f64::cos(3.0 * j as f64)).collect();
            let zero =
                MinNormInterpolant::new(Arc::new(x.clone().into()), vec![0.0; n], Norm::L2, Some(toward));
            let h = zero.unwrap().solve(&Budget::default()).w;
            let nudged: Vec<f64> = s.w.iter().zip(&h).map(|(a, b)| a + 1e-2 * b).collect();
            let worse = certify(&*p, &nudged, &s.dual);
            // Second-order growth of at least 1e-4 times a curvature that is smallest (1e-5 relatively) for small
            // hypentropy and p = 10; first-order growth for l1 and linf.
            assert!(worse.violation < 1e-12 && worse.relative_gap > 1e-8, "{name} {seed}: {worse:?}");
        }
    }
}

#[test]
fn weak_duality_on_random_pairs() {
    let (x, y) = random(11, 6, 15);
    let mut r = rng(12, Stream::Control);
    for start in [None, Some(vec![0.2; 15])] {
        for p in programs(&x, &y, start) {
            for k in 0..50 {
                // Any feasible point: the ℓ2 projection of a random one.
                let size = 10f64.powi(k % 7 - 3);
                let from: Vec<f64> = (0..15).map(|_| size * r.random_range(-1.0..1.0)).collect();
                let x: Arc<Design> = Arc::new(x.clone().into());
                let w = MinNormInterpolant::new(x, y.clone(), Norm::L2, Some(from)).unwrap();
                let w = w.solve(&Budget::default()).w;
                let nu: Vec<f64> = (0..6).map(|_| size * r.random_range(-1.0..1.0)).collect();
                let (value, bound) = (p.value(&w), p.bound(&nu));
                // w misses the constraint by rounding, which moves the inequality by ⟨ν, Xw − y⟩ ≤ 1e-11 here.
                assert!(bound <= value * (1.0 + 1e-12) + 1e-11, "{} {value} {bound}", p.facts().formula);
            }
            assert_eq!(p.bound(&[f64::NAN; 6]), 0.0);
            assert_eq!(p.value(&[f64::NAN; 15]), f64::INFINITY);
        }
    }
}

#[test]
fn hand_solved() {
    // One equation 3 w₁ + 4 w₂ = 12. ℓ2: 12 (3, 4)/25; ℓ1: all on the larger coefficient, (0, 3); ℓ∞: 12/7 (1, 1);
    // ℓp: w ∝ a^{q−1}: ‖w‖_p = 12/‖a‖_q.
    let x: Arc<Design> = Arc::new(Matrix::from_rows(&[vec![3.0, 4.0]]).into());
    let answers =
        [(Norm::L1, vec![0.0, 3.0]), (Norm::L2, vec![1.44, 1.92]), (Norm::LInf, vec![12.0 / 7.0; 2])];
    for (norm, w) in answers {
        let p = MinNormInterpolant::new(x.clone(), vec![12.0], norm, None).unwrap();
        let (s, c) = solved(&p);
        assert!(s.w.iter().zip(&w).all(|(a, b)| (a - b).abs() < 1e-14), "{norm:?} {:?}", s.w);
        assert!(c.relative_gap < 1e-13 && s.uniqueness == Uniqueness::Unique, "{norm:?} {c:?}");
    }
    let (q, p) = (4.0f64, 4.0 / 3.0);
    let (_, c) = solved(&MinNormInterpolant::new(x.clone(), vec![12.0], Norm::Lp(p), None).unwrap());
    let exact = 12.0 / (81.0f64 + 256.0).powf(1.0 / q);
    assert!((c.value / exact - 1.0).abs() < 1e-13);
    // Entropy from (1, 1): w = (e^{3ν}, e^{4ν}) with 3 w₁ + 4 w₂ = 7: w = (1, 1), the start itself. With 3 w₁ + 4 w₂
    // = 3e³ + 4e⁴, ν = 1.
    let e = f64::exp;
    let target = 3.0 * e(3.0) + 4.0 * e(4.0);
    let p = BregmanInterpolant::new(x, vec![target], Potential::NegEntropy, None).unwrap();
    let (s, c) = solved(&p);
    assert!((s.w[0] / e(3.0) - 1.0).abs() < 1e-13 && (s.w[1] / e(4.0) - 1.0).abs() < 1e-13);
    assert!((s.dual[0] - 1.0).abs() < 1e-13 && c.relative_gap < 1e-12);
}

#[test]
fn ties_are_not_called_unique() {
    // w₁ + w₂ = 1 in ℓ1: the whole segment. max(|w₁|, |w₂|) with w₁ = 1: w₂ anywhere in [−1, 1].
    let tie: Arc<Design> = Arc::new(Matrix::from_rows(&[vec![1.0, 1.0]]).into());
    let p = MinNormInterpolant::new(tie, vec![1.0], Norm::L1, None).unwrap();
    assert_eq!(solved(&p).0.uniqueness, Uniqueness::NotUnique);
    let flat: Arc<Design> = Arc::new(Matrix::from_rows(&[vec![1.0, 0.0]]).into());
    let p = MinNormInterpolant::new(flat, vec![1.0], Norm::LInf, None).unwrap();
    assert_eq!(solved(&p).0.uniqueness, Uniqueness::NotUnique);
    // A sparse truth below the number of equations: degenerate, yet unique by construction of a dual certificate.
    let (x, _) = random(5, 20, 40);
    let y: Vec<f64> = (0..20).map(|i| 2.0 * x.get(i, 3) - x.get(i, 17)).collect();
    let p = MinNormInterpolant::new(Arc::new(x.into()), y, Norm::L1, None).unwrap();
    let (s, c) = solved(&p);
    assert!(c.relative_gap < 1e-12 && (c.value - 3.0).abs() < 1e-12, "{c:?}");
    assert_eq!(s.uniqueness, Uniqueness::Unique);
}

#[test]
fn rank_deficient_infeasible_and_overdetermined() {
    let (x, y) = random(21, 6, 14);
    let doubled = Matrix::from_fn(12, 14, |i, j| x.get(i % 6, j) * if i < 6 { 1.0 } else { -2.0 });
    let twice: Vec<f64> = (0..12).map(|i| y[i % 6] * if i < 6 { 1.0 } else { -2.0 }).collect();
    for (plain, more) in programs(&x, &y, None).into_iter().zip(programs(&doubled, &twice, None)) {
        let ((_, a), (s, b)) = (solved(&*plain), solved(&*more));
        assert_eq!(s.status, SolveStatus::Converged, "{} {b:?}", more.facts().formula);
        assert!((a.value / b.value - 1.0).abs() < 1e-11, "{} {a:?} {b:?}", more.facts().formula);
    }
    let mut wrong = twice;
    wrong[0] += 1e-3;
    for p in programs(&doubled, &wrong, None) {
        let (s, c) = solved(&*p);
        assert_eq!(s.status, SolveStatus::Infeasible, "{}", p.facts().formula);
        // The ray alone proves that no solution of reasonable size exists.
        let ray: Vec<f64> = s.dual.iter().map(|v| 1e9 * v).collect();
        assert!(p.bound(&ray) > 1e2 && c.violation > 1e-5, "{} {}", p.facts().formula, p.bound(&ray));
    }
    // n > d, consistent: a single feasible point.
    let (tall, _) = random(22, 15, 6);
    let truth = [1.0, -2.0, 0.5, 3.0, 0.25, -1.0];
    let y: Vec<f64> = (0..15).map(|i| tall.row(i).iter().zip(&truth).map(|(a, b)| a * b).sum()).collect();
    for p in programs(&tall, &y, None) {
        let (s, c) = solved(&*p);
        assert!(s.w.iter().zip(&truth).all(|(a, b)| (a - b).abs() < 1e-13), "{}", p.facts().formula);
        assert!(c.relative_gap < 1e-12 && s.uniqueness == Uniqueness::Unique, "{} {c:?}", p.facts().formula);
    }
}

#[test]
fn entropy_without_positive_solution() {
    let x: Arc<Design> = Arc::new(Matrix::from_rows(&[vec![1.0, 2.0, 3.0], vec![1.0, 0.0, 1.0]]).into());
    let p = BregmanInterpolant::new(x.clone(), vec![1.0, -1.0], Potential::NegEntropy, None).unwrap();
    let (s, _) = solved(&p);
    assert_eq!(s.status, SolveStatus::Infeasible);
    assert!(p.bound(&s.dual) > 1e3, "{}", p.bound(&s.dual));
    let p = BregmanInterpolant::new(x, vec![1.0, 0.25], Potential::NegEntropy, Some(vec![0.1; 3])).unwrap();
    let (s, c) = solved(&p);
    assert!(s.status == SolveStatus::Converged && s.w.iter().all(|v| *v > 0.0), "{c:?}");
}

#[test]
fn badly_scaled_and_sparse() {
    // Rows over twelve orders of magnitude, columns over four: condition number about 1e14 before scaling.
    let (x, y) = random(31, 8, 20);
    let bad = Matrix::from_fn(8, 20, |i, j| x.get(i, j) * 10f64.powi(2 * i as i32 - 8 - (j % 5) as i32));
    let z: Vec<f64> = (0..8).map(|i| y[i] * 10f64.powi(2 * i as i32 - 8)).collect();
    for norm in NORMS {
        let p = MinNormInterpolant::new(Arc::new(bad.clone().into()), z.clone(), norm, None).unwrap();
        let (_, c) = solved(&p);
        assert!(c.relative_gap < 1e-10 && c.violation < 1e-12, "{norm:?} {c:?}");
    }
    // The same matrix stored sparsely gives the same optimum.
    let thin = Matrix::from_fn(8, 20, |i, j| if (i + 3 * j) % 4 == 0 { 0.0 } else { x.get(i, j) });
    let mut csr = Csr { rows: 8, cols: 20, offsets: vec![0], ..Csr::default() };
    for i in 0..8 {
        for (j, v) in thin.row(i).iter().enumerate().filter(|(_, v)| **v != 0.0) {
            csr.indices.push(j as u32);
            csr.values.push(*v);
        }
        csr.offsets.push(csr.indices.len());
    }
    for norm in NORMS {
        let dense = MinNormInterpolant::new(Arc::new(thin.clone().into()), y.clone(), norm, None).unwrap();
        let sparse =
            MinNormInterpolant::new(Arc::new(Design::Sparse(csr.clone())), y.clone(), norm, None).unwrap();
        let (a, b) = (solved(&dense).1, solved(&sparse).1);
        assert!(a.relative_gap < 1e-12 && b.relative_gap < 1e-12, "{norm:?} {a:?} {b:?}");
        assert!((a.value / b.value - 1.0).abs() < 1e-12);
    }
}

#[test]
fn diagonal_network_from_tiny_to_huge_start() {
    let (x, y) = random(41, 40, 100);
    let x: Arc<Design> = Arc::new(x.into());
    let l1 = solved(&MinNormInterpolant::new(x.clone(), y.clone(), Norm::L1, None).unwrap()).1.value;
    let l2 = solved(&MinNormInterpolant::new(x.clone(), y.clone(), Norm::L2, None).unwrap()).0.w;
    for e in -8..=4 {
        let alpha = 10f64.powi(e);
        let p = BregmanInterpolant::diagonal_network(x.clone(), y.clone(), alpha).unwrap();
        let (s, c) = solved(&p);
        assert_eq!(s.status, SolveStatus::Converged, "{alpha} {c:?}");
        assert!(c.relative_gap < 1e-12 && c.violation < 1e-13, "{alpha} {c:?}");
        let norm: f64 = s.w.iter().map(|v| v.abs()).sum();
        assert!(norm >= l1 * (1.0 - 1e-12));
        if e == 4 {
            // Cubic term of sinh: relatively (w/β)²/6 ≈ 1e-18.
            assert!(s.w.iter().zip(&l2).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
}
