//! Known answers of kernels and of the programs in their function spaces: the reference file, closed forms, and plain sampling.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use serde_json::Value;
use std::f64::consts::PI;
use tropism::numerics::linalg::{self, Cholesky};
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Design, Kernel, Matrix};
use tropism::programs::{Budget, KernelInterpolant, KernelMargin, Program, SolveStatus, Uniqueness, certify};

fn known() -> Value {
    serde_json::from_str(include_str!("known/known-answers.json")).unwrap()
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|e| e.as_f64().unwrap()).collect()
}

fn matrix(v: &Value) -> Design {
    Matrix::from_rows(&v.as_array().unwrap().iter().map(numbers).collect::<Vec<_>>()).into()
}

fn gaussian(n: usize, d: usize, seed: u64) -> Matrix {
    let mut r = rng(seed, Stream::Control);
    Matrix::from_fn(n, d, |_, _| StandardNormal.sample(&mut r))
}

/// Depth 2 against independent numbers (good to 1e-8: their diagonal is an arc cosine of a rounded one).
#[test]
fn the_tangent_kernel_of_the_reference_file() {
    let v = known();
    let (x, y) = (matrix(&v["X"]), numbers(&v["y_regression"]));
    let want = &v["ntk_two_layer_relu"];
    let k = Kernel::Ntk { depth: 2 }.gram(&x);
    let trace: f64 = (0..k.rows()).map(|i| k.get(i, i)).sum();
    // Squared lengths of integer vectors: exact.
    assert_eq!(trace, 425.0);
    assert!((trace - want["kernel_trace"].as_f64().unwrap()).abs() < 1e-6);
    let l = Cholesky::new(&k).unwrap().lower();
    let logdet: f64 = (0..l.rows()).map(|i| 2.0 * l.get(i, i).ln()).sum();
    assert!((logdet - want["kernel_logdet"].as_f64().unwrap()).abs() < 1e-7, "{logdet}");
    let test = matrix(&want["X_test"]);
    let program = KernelInterpolant::new(Kernel::Ntk { depth: 2 }, &x, Some(&test), &y, None).unwrap();
    let s = program.solve(&Budget::default());
    let c = certify(&program, &s.w, &s.dual);
    assert!(s.status == SolveStatus::Converged && c.relative_gap < 1e-14 && c.violation < 1e-14, "{c:?}");
    let outputs = program.outputs(&s.w);
    for (got, want) in outputs[5..].iter().zip(numbers(&want["prediction"])) {
        assert!((got - want).abs() < 1e-7, "{got} {want}");
    }
    // The same from the cross kernel, which shares neither matrix nor solver's padding.
    let cross = Kernel::Ntk { depth: 2 }.cross(&test, &x);
    for (i, got) in outputs[5..].iter().enumerate() {
        assert!((linalg::dot(cross.row(i), &s.dual) - got).abs() < 1e-13);
    }
    // Its norm is √(yᵀK⁻¹y), and a start shifts the targets.
    let norm = linalg::dot(&s.dual, &y).sqrt();
    assert!((c.value - norm).abs() < 1e-13 * norm);
    let start: Vec<f64> = (0..5).map(|i| f64::from(i) - 1.5).collect();
    let shifted: Vec<f64> = y.iter().zip(&start).map(|(y, f)| y + f).collect();
    let moved =
        KernelInterpolant::new(Kernel::Ntk { depth: 2 }, &x, Some(&test), &shifted, Some(&start)).unwrap();
    let t = moved.solve(&Budget::default());
    assert!(t.w.iter().zip(&s.w).all(|(a, b)| (a - b).abs() < 1e-13));
}

/// The recursion written as it stands in the papers, with `acos` of the cosine, for pairs well away from ±1.
#[test]
fn deeper_kernels_agree_with_the_plain_recursion() {
    let x = gaussian(30, 6, 3);
    for depth in 1..6 {
        let (features, tangent) =
            (Kernel::Nngp { depth }.gram(&x.clone().into()), Kernel::Ntk { depth }.gram(&x.clone().into()));
        for i in 0..30 {
            let square = linalg::dot(x.row(i), x.row(i));
            // ½ per layer; the tangent kernel has one equal term per layer of weights.
            let scale = square * 0.5f64.powi(depth as i32 - 1);
            assert!((features.get(i, i) / scale - 1.0).abs() < 1e-15);
            assert!((tangent.get(i, i) / scale - depth as f64).abs() < 1e-14);
            for j in 0..i {
                let (mut a, mut b) = (square, linalg::dot(x.row(j), x.row(j)));
                let mut s = linalg::dot(x.row(i), x.row(j));
                let mut t = s;
                for _ in 1..depth {
                    let rho = s / (a * b).sqrt();
                    let theta = rho.acos();
                    t *= 0.5 * (PI - theta) / PI;
                    s = 0.5 * (a * b).sqrt() * (rho * (PI - theta) + theta.sin()) / PI;
                    (a, b) = (0.5 * a, 0.5 * b);
                    t += s;
                }
                // acos of cosines below 0.99 loses at most one digit of sixteen.
                for (got, want) in [(features.get(i, j), s), (tangent.get(i, j), t)] {
                    assert!((got - want).abs() < 1e-14 * scale.max(1.0), "{depth} {got} {want}");
                    assert_eq!(features.get(i, j), features.get(j, i));
                }
            }
        }
    }
}

/// A million random neurons know nothing of arc cosines: `E relu relu + ⟨x, x'⟩ E 1 1`, to 1/√(10^6) times a few.
#[test]
fn random_neurons_average_to_the_kernel() {
    let x = gaussian(4, 3, 5);
    let k = Kernel::Ntk { depth: 2 }.gram(&x.clone().into());
    let mut sums = Matrix::zeros(4, 4);
    let mut r = rng(6, Stream::Control);
    let m = 1_000_000;
    for _ in 0..m {
        let w: [f64; 3] = std::array::from_fn(|_| StandardNormal.sample(&mut r));
        let h: Vec<f64> = (0..4).map(|i| linalg::dot(x.row(i), &w)).collect();
        for i in 0..4 {
            for j in 0..=i {
                if h[i] > 0.0 && h[j] > 0.0 {
                    let both = h[i] * h[j] + linalg::dot(x.row(i), x.row(j));
                    sums.set(i, j, sums.get(i, j) + both);
                }
            }
        }
    }
    for i in 0..4 {
        for j in 0..=i {
            let size = (k.get(i, i) * k.get(j, j)).sqrt();
            assert!((sums.get(i, j) / f64::from(m) - k.get(i, j)).abs() < 0.01 * size);
        }
    }
}

/// Near copies, near opposites, scaled and exact copies: the diagonal is exact and the matrix semidefinite to rounding.
#[test]
fn close_pairs_leave_the_matrix_semidefinite() {
    let mut rows: Vec<Vec<f64>> = (0..8).map(|i| gaussian(1, 5, 100 + i).row(0).to_vec()).collect();
    for k in 0..8 {
        let shift = 10f64.powi(-2 * k - 1);
        rows.push(rows[0].iter().enumerate().map(|(j, v)| v + shift * ((j + 1) as f64)).collect());
        rows.push(rows[1].iter().enumerate().map(|(j, v)| -v + shift * ((j + 2) as f64)).collect());
    }
    rows.push(rows[2].clone());
    rows.push(rows[3].iter().map(|v| 1e3 * v).collect());
    rows.push(vec![0.0; 5]);
    let x: Design = Matrix::from_rows(&rows).into();
    for kernel in [Kernel::Nngp { depth: 2 }, Kernel::Ntk { depth: 2 }, Kernel::Ntk { depth: 4 }] {
        let k = kernel.gram(&x);
        assert_eq!(k.get(2, 2), k.get(24, 2));
        let size: Vec<f64> = (0..27).map(|i| k.get(i, i).sqrt().max(1e-300)).collect();
        let unit = Matrix::from_fn(27, 27, |i, j| k.get(i, j) / size[i] / size[j]);
        // Entries good to 4e-15, 27 of them in a row.
        let (values, _) = linalg::symmetric_eigen(&unit).unwrap();
        assert!(values[0] > -27.0 * 4e-15, "{kernel:?}: {}", values[0]);
    }
    // Angle of the pair (0, 0 + tiny): κ₀ = 1 − θ/π to its last digits, where acos of a rounded cosine gives 1 or 1 − 1e-8.
    let e = 1e-9;
    let pair: Design = Matrix::from_rows(&[vec![1.0, 0.0], vec![1.0, e]]).into();
    let k = Kernel::Ntk { depth: 2 }.gram(&pair);
    // ⟨x, x'⟩ = 1; ½ κ₁ = ½ up to e²; ½ κ₀ = ½ (1 − e/π).
    assert!((k.get(0, 1) - (1.0 - 0.5 * e / PI)).abs() < 4e-16, "{:e}", k.get(0, 1) - 1.0);
}

/// Ridge-like ill-conditioning, duplicates that agree and duplicates that do not.
#[test]
fn interpolants_of_singular_matrices() {
    let mut x = gaussian(12, 4, 9);
    let copy = x.row(3).to_vec();
    x.row_mut(7).copy_from_slice(&copy);
    let mut y: Vec<f64> = (0..12).map(|i| f64::from(i * 5 % 7) - 3.0).collect();
    let kernel = Kernel::Ntk { depth: 3 };
    let contradiction = KernelInterpolant::new(kernel, &x.clone().into(), None, &y, None).unwrap();
    let s = contradiction.solve(&Budget::default());
    assert_eq!(s.status, SolveStatus::Infeasible);
    // No function of norm below 1e5 takes both values; typical norms are about one.
    assert!(contradiction.bound(&s.dual) > 1e5, "{}", contradiction.bound(&s.dual));
    y[7] = y[3];
    let program = KernelInterpolant::new(kernel, &x.into(), None, &y, None).unwrap();
    let s = program.solve(&Budget::default());
    let c = certify(&program, &s.w, &s.dual);
    assert!(c.relative_gap < 1e-12 && c.violation < 1e-12, "{c:?} {}", s.method);
    assert!(s.uniqueness != Uniqueness::Unique);
    assert!(
        KernelInterpolant::new(Kernel::Ntk { depth: 0 }, &gaussian(2, 2, 1).into(), None, &[1.0, 1.0], None)
            .is_err()
    );
    assert!(KernelInterpolant::new(kernel, &gaussian(2, 2, 1).into(), None, &[1.0, f64::NAN], None).is_err());
    assert!(KernelMargin::new(kernel, &gaussian(2, 2, 1).into(), &[1.0, 2.0]).is_err());
}

/// The linear kernel's machine is the hard-margin SVM of the reference file, and outputs alone recover its margin.
#[test]
fn margins_in_function_space() {
    let v = known();
    let (x, y) = (matrix(&v["X"]), numbers(&v["y_classification"]));
    let program = KernelMargin::new(Kernel::Linear, &x, &y).unwrap();
    let s = program.solve(&Budget::default());
    let c = certify(&program, &s.w, &s.dual);
    let want = v["max_margin"]["l2"]["margin"].as_f64().unwrap();
    assert!(c.relative_gap < 1e-12 && (1.0 / c.value - want).abs() < 1e-7 * want, "{c:?}");
    for kernel in [Kernel::Nngp { depth: 2 }, Kernel::Ntk { depth: 2 }, Kernel::Ntk { depth: 5 }] {
        let mut r = rng(17, Stream::Control);
        let x: Design = gaussian(60, 3, 8).into();
        let y: Vec<f64> = (0..60).map(|_| if r.random::<bool>() { 1.0 } else { -1.0 }).collect();
        let program = KernelMargin::new(kernel, &x, &y).unwrap();
        let s = program.solve(&Budget::default());
        let c = certify(&program, &s.w, &s.dual);
        assert!(c.relative_gap < 1e-9, "{kernel:?} {c:?} {}", s.method);
        let (again, error) = program.representer(&program.outputs(&s.w)).unwrap();
        assert!(error < 1e-9 && (program.value(&again) / c.value - 1.0).abs() < 1e-7, "{kernel:?} {error}");
        // Outputs that separate otherwise need a larger norm for their margin.
        let (plain, _) = program.representer(&y).unwrap();
        assert!(program.value(&plain) > c.value);
    }
    // Copies of one point with both labels.
    let twice: Design = Matrix::from_rows(&[vec![1.0, 2.0], vec![1.0, 2.0], vec![0.0, 1.0]]).into();
    let program = KernelMargin::new(Kernel::Ntk { depth: 2 }, &twice, &[1.0, -1.0, 1.0]).unwrap();
    let s = program.solve(&Budget::default());
    assert!(program.value(&s.w).is_infinite() && program.bound(&s.dual) > 1e5, "{}", program.bound(&s.dual));
}
