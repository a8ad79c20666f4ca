use super::*;

#[test]
fn large_matrices_are_averaged_over_blocks() {
    assert_eq!(block((64, 64)), 1);
    assert_eq!(block((64, 65)), 2);
    assert_eq!(block((1000, 1000)), 16);
    // 2 × 3 in blocks of two: the last column stands alone.
    let known = [Some(1.0), None, Some(5.0), Some(3.0), None, None];
    assert_eq!(averaged(&known, (2, 3), 2), vec![Some(2.0), Some(5.0)]);
    assert_eq!(averaged(&[None; 4], (2, 2), 2), vec![None]);
    assert!(averaged(&[], (2, 3), 2).is_empty());
}

#[test]
fn cells_hold_four_digits() {
    assert_eq!(short(200.0 / 3.0), Some(66.67));
    assert_eq!(short(-1.0 / 3.0), Some(-0.3333));
    assert_eq!((short(0.0), short(f64::NAN), short(f64::INFINITY)), (Some(0.0), None, None));
}

/// A cosine of two turns has its whole norm at frequencies 2 and d − 2; Parseval holds for anything.
#[test]
fn moduli_are_those_of_the_unitary_transform() {
    let d = 12;
    let cosine: Vec<f64> =
        (0..d).map(|j| (2.0 * std::f64::consts::PI * 2.0 * j as f64 / d as f64).cos()).collect();
    let found = moduli(&cosine);
    assert_eq!(found.len(), 7);
    for (k, m) in found.iter().enumerate() {
        let expected = if k == 2 { (d as f64).sqrt() / 2.0 } else { 0.0 };
        // A dozen terms of at most one, each with a rounding of an ulp or two.
        assert!((m - expected).abs() < 1e-14, "{k}: {m}");
    }
    let w = [0.3, -1.2, 2.0, 0.7, -0.1];
    let m = moduli(&w);
    let energy = m[0] * m[0] + 2.0 * (m[1] * m[1] + m[2] * m[2]);
    assert!((energy - w.iter().map(|v| v * v).sum::<f64>()).abs() < 1e-14);
}

/// `diag(3, 2)` between rotations is `[[3c², …]]`: here simply a matrix with known singular values, at any magnitude.
#[test]
fn singular_values_at_every_magnitude() {
    for scale in [1.0, 1e-200, 1e200] {
        // [[3, 0], [0, −2], [0, 0]].
        let w: Vec<f64> = [3.0, 0.0, 0.0, -2.0, 0.0, 0.0].iter().map(|v| v * scale).collect();
        let s = singular_values(&w, (3, 2));
        assert!((s[0] / scale - 3.0).abs() < 1e-14 && (s[1] / scale - 2.0).abs() < 1e-14, "{s:?}");
    }
    assert!(singular_values(&[1.0, 2.0], (1, 2)).is_empty());
    assert!(singular_values(&[0.0; 4], (2, 2)).is_empty());
    assert!(singular_values(&[1.0, f64::NAN, 0.0, 1.0], (2, 2)).is_empty());
}
