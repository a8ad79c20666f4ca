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

/// A network with several outputs and a matrix among the inputs have singular values; a linear predictor of one output and a
/// linear classifier have none.
#[test]
fn spectra_belong_to_predictors_that_are_matrices() {
    let recorded = |text: &str| {
        let report = crate::examine::examine_text(text).unwrap();
        let last = report.series.last().unwrap().clone();
        (last.spectrum, last.norm, report.completion, report.fourier)
    };
    let horizon = "horizon.steps = 30\noptimizer.kind = \"gradient_descent\"\n";
    let factors =
        "data.kind = \"matrix_completion\"\nmodel.kind = \"matrix_factorization\"\nloss.kind = \"squared\"\n";
    let (values, norm, completion, fourier) = recorded(&format!("{factors}{horizon}"));
    let picture = completion.unwrap();
    assert_eq!((values.len(), picture.of, picture.rows * picture.cols), (12, [20, 20], 400));
    assert!(values.windows(2).all(|w| w[0] >= w[1]) && fourier.is_none());
    // Twelve of twenty: their squares stay below that of the Frobenius norm.
    assert!(values.iter().map(|s| s * s).sum::<f64>() <= norm * norm * (1.0 + 1e-12));
    assert_eq!(picture.mask.iter().flatten().count(), 150);
    assert!(picture.mask.iter().zip(&picture.truth).all(|(m, t)| m.is_none() || m == t));
    assert!(picture.completed.iter().all(Option::is_some));
    let classes = "data.kind = \"multiclass_gaussian\"\nloss.kind = \"cross_entropy\"\n";
    assert_eq!(recorded(&format!("{classes}model.kind = \"deep_linear\"\n{horizon}")).0.len(), 3);
    assert!(recorded(&format!("{classes}model.kind = \"linear\"\n{horizon}")).0.is_empty());
    let signal =
        "data.kind = \"gaussian_separable\"\nloss.kind = \"logistic\"\nmodel.kind = \"convolutional\"\n";
    let (values, norm, completion, fourier) = recorded(&format!("{signal}{horizon}"));
    let spectrum = fourier.unwrap();
    assert!(values.is_empty() && completion.is_none() && spectrum.selected.len() == spectrum.length / 2 + 1);
    assert!(spectrum.selected.iter().flatten().all(|m| *m <= norm.max(1.0) * 1.001));
}

/// Balanced factors at 1e-6 tell the singular values of their product that wait at 1e-18 beside one of order one; other starts leave what
/// is below rounding of the largest at zero.
#[test]
fn balanced_factors_tell_singular_values_below_rounding() {
    let last = |init: &str| {
        let text = format!(
            "data = {{ kind = \"matrix_completion\", rows = 6, cols = 6, rank = 1, observed = 30 }}\n\
             model = {{ kind = \"matrix_factorization\", depth = 3, init = \"{init}\", init_scale = 1e-6 }}\n\
             loss.kind = \"squared\"\noptimizer.kind = \"gradient_flow\""
        );
        crate::examine::examine_text(&text).unwrap().series.last().unwrap().spectrum.clone()
    };
    let told = last("balanced");
    assert!(told[0] > 1.0 && told[1..].iter().all(|s| (1e-22..1e-16).contains(s)), "{told:?}");
    let untold = last("gaussian");
    assert!(untold[0] > 1.0 && untold[1..].iter().all(|s| *s == 0.0), "{untold:?}");
}
