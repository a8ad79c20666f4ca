//! Interpolants of diagonal networks of any depth, start and linear term: against the flow itself, the conditions of
//! optimality, and the limits of small and large starts.

use rand::RngExt;
use std::sync::Arc;
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Design, Matrix, Norm, PseudoInverse};
use tropism::programs::{
    BregmanInterpolant, Budget, Certificate, MinNormInterpolant, Program, Solution, certify,
};

fn solved(p: &dyn Program) -> (Solution, Certificate) {
    let s = p.solve(&Budget::default());
    let c = certify(p, &s.w, &s.dual);
    (s, c)
}

fn random(seed: u64, n: usize, d: usize) -> (Matrix, Vec<f64>) {
    let mut r = rng(seed, Stream::Data);
    let x = Matrix::from_fn(n, d, |_, _| r.random_range(-1.0..1.0));
    let y = (0..n).map(|_| r.random_range(-1.0..1.0)).collect();
    (x, y)
}

/// The definition itself, by the flow: `u' = −½ ∂L/∂u` from a start of its own in every coordinate keeps `u v`, and after
/// a linear term the gradient of the potential is off the row space by exactly that term.
#[test]
fn starts_and_linear_terms_of_diagonal_networks() {
    let (x, y) = random(51, 5, 12);
    let x: Arc<Design> = Arc::new(x.into());
    let u: Vec<f64> = (0..12).map(|j| 0.3 + 0.05 * f64::from(j)).collect();
    let v: Vec<f64> = (0..12).map(|j| 0.8 - 0.06 * f64::from(j)).collect();
    let r: Vec<f64> = (0..12).map(|j| 0.2 * f64::sin(f64::from(j))).collect();
    let p = BregmanInterpolant::diagonal_network_from(x.clone(), y.clone(), (&u, &v), Some(&r)).unwrap();
    let (s, c) = solved(&p);
    assert!(c.relative_gap < 1e-12 && c.violation < 1e-13, "{c:?}");
    // ∇Φ(w) − ∇Φ(w0) + c lies in the row space: no residual after projection.
    let rest: Vec<f64> = (0..12)
        .map(|j| {
            let beta = 2.0 * u[j] * v[j];
            (s.w[j] / beta).asinh() - ((u[j] * u[j] - v[j] * v[j]) / beta).asinh() + r[j]
        })
        .collect();
    let image = PseudoInverse::new(x.clone()).unwrap().solve_transposed(&rest);
    let mut back = vec![0.0; 12];
    x.adjoint(&image, &mut back);
    assert!(back.iter().zip(&rest).all(|(a, b)| (a - b).abs() < 1e-9), "{back:?} {rest:?}");
    // The flow of the same network, in small explicit steps of its mirror coordinates: no solver, no dual.
    let p = BregmanInterpolant::diagonal_network_from(x.clone(), y.clone(), (&u, &v), None).unwrap();
    let (s, _) = solved(&p);
    let (mut a, mut b) = (u.clone(), v.clone());
    for _ in 0..60_000 {
        let w: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a * a - b * b).collect();
        let (mut e, mut g) = (vec![0.0; 5], vec![0.0; 12]);
        x.apply(&w, &mut e);
        e.iter_mut().zip(&y).for_each(|(e, y)| *e -= y);
        x.adjoint(&e, &mut g);
        // Multiplicative steps keep u v to rounding: the flow's invariant, and with it its limit.
        a.iter_mut().zip(&g).for_each(|(a, g)| *a *= (-0.01 * g).exp());
        b.iter_mut().zip(&g).for_each(|(b, g)| *b *= (0.01 * g).exp());
    }
    for (j, w) in s.w.iter().enumerate() {
        assert!((a[j] * a[j] - b[j] * b[j] - w).abs() < 1e-9, "{j}");
    }
}

#[test]
fn deep_networks_from_tiny_to_huge_starts() {
    let (x, y) = random(41, 20, 50);
    let x: Arc<Design> = Arc::new(x.into());
    let l1 = solved(&MinNormInterpolant::new(x.clone(), y.clone(), Norm::L1, None).unwrap()).1.value;
    let l2 = solved(&MinNormInterpolant::new(x.clone(), y.clone(), Norm::L2, None).unwrap()).0.w;
    let mut short = vec![];
    for depth in [3, 4, 6] {
        for e in -8..=4 {
            let alpha = vec![10f64.powi(e); 50];
            let p = BregmanInterpolant::deep_diagonal_network(x.clone(), y.clone(), &alpha, depth).unwrap();
            let (s, c) = solved(&p);
            // The dual is α^{D−2} away from the edge of its domain: below 1e-8 doubles do not resolve it.
            let resolved = alpha[0].powi(depth as i32 - 2) >= 0.9e-8;
            let reach = if resolved { 1e-9 } else { 1e-6 };
            if !(c.relative_gap < reach && c.violation < 1e-12) {
                short.push(format!("{depth} 1e{e} {c:?} {:?}", s.status));
            }
            let norm: f64 = s.w.iter().map(|v| v.abs()).sum();
            assert!(norm >= l1 * (1.0 - 1e-12));
            if e == -8 {
                assert!(norm < l1 * (1.0 + 1e-6), "{depth} {norm} {l1}");
            }
            if e == 4 {
                assert!(s.w.iter().zip(&l2).all(|(a, b)| (a - b).abs() < 1e-11), "{depth}");
            }
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}
