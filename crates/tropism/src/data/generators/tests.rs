use super::*;
use crate::data::Targets;
use crate::data::generators::aligned_regression::Align;

/// Every generator with its default keys.
fn all() -> Vec<Box<dyn Generator>> {
    vec![
        Box::new(AlignedRegression::default()),
        Box::new(DegenerateSupport::default()),
        Box::new(DenseRegression::default()),
        Box::new(GaussianSeparable::default()),
        Box::new(MulticlassGaussian::default()),
        Box::new(Overlapping::default()),
        Box::new(PartlySeparable::default()),
        Box::new(SoudryFig1::default()),
        Box::new(SparseRegression::default()),
    ]
}

/// Rows `y_i x_i`.
fn signed(data: &Dataset) -> Matrix {
    let Targets::Sign(y) = &data.targets else { panic!("a binary set") };
    data.x.scaled_rows(y).to_dense()
}

fn truth(data: &Dataset) -> &[f64] {
    &data.truth.as_ref().expect("a truth").weights
}

fn margins(data: &Dataset, w: &[f64]) -> Vec<f64> {
    let z = signed(data);
    (0..z.rows()).map(|i| dot(z.row(i), w)).collect()
}

fn least(v: &[f64]) -> f64 {
    v.iter().copied().fold(f64::INFINITY, f64::min)
}

// A dot product of a few dozen terms of order ten: 1e-12 leaves two digits above its rounding error.
const TINY: f64 = 1e-12;

#[test]
fn a_seed_fixes_every_bit_and_another_moves_them() {
    for g in all() {
        let (a, b, c) = (g.generate(7), g.generate(7), g.generate(8));
        let (a, b, c) = (a.expect("draws"), b.expect("draws"), c.expect("draws"));
        let bits = |d: &Dataset| d.x.to_dense().as_slice().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&a), bits(&b), "{}", g.id());
        assert_eq!(a, b, "{}", g.id());
        assert_ne!(bits(&a), bits(&c), "{}", g.id());
        assert_eq!(a.name, g.id());
        assert_eq!(a.features.len(), a.d());
    }
}

#[test]
fn gaussian_separable_attains_its_margin() {
    for (seed, tight) in [(0, false), (1, true), (2, false), (3, true)] {
        let g = GaussianSeparable { margin: 0.25, tight, ..Default::default() };
        let data = g.generate(seed).expect("draws");
        let w = truth(&data);
        assert!((norm2(w) - 4.0).abs() < TINY);
        assert!((least(&margins(&data, w)) - 1.0).abs() < TINY);
        let Targets::Sign(y) = &data.targets else { panic!("signs") };
        assert_eq!(y.iter().sum::<f64>(), 0.0);
    }
}

#[test]
fn a_tight_margin_is_the_largest() {
    // The dual certificate: w = sum a_i y_i x_i with a_i >= 0, supported on margins equal to 1.
    let g = GaussianSeparable { margin: 0.25, tight: true, ..Default::default() };
    let data = g.generate(5).expect("draws");
    let (z, w) = (signed(&data), truth(&data));
    let a = 1.0 / (2.0 * 0.25 * 0.25);
    for (j, w) in w.iter().enumerate() {
        assert!((a * (z.get(0, j) + z.get(1, j)) - w).abs() < TINY);
    }
    let m = margins(&data, w);
    assert!((m[0] - 1.0).abs() < TINY && (m[1] - 1.0).abs() < TINY);
}

/// Checks `sum a_i y_i x_i = 0 = sum a_i y_i` for the weights of the construction of `overlapping`.
fn positive_relation(z: &Matrix, y: &[f64], rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) {
    let n = rows.len();
    let (plus, minus) = ((n / 2) as f64, ((n - 1) / 2) as f64);
    let weight = |k: usize| match (k == n - 1, y[rows.start + k] > 0.0) {
        (true, _) => 1.0,
        (false, true) => 1.5 / plus,
        (false, false) => 0.5 / minus,
    };
    assert!((0..n).map(|k| weight(k) * y[rows.start + k]).sum::<f64>().abs() < TINY);
    for j in columns {
        assert!((0..n).map(|k| weight(k) * z.get(rows.start + k, j)).sum::<f64>().abs() < TINY, "column {j}");
    }
}

#[test]
fn overlapping_sets_have_a_positive_relation() {
    for (seed, n) in [(0, 3), (1, 4), (2, 60), (3, 61)] {
        let data = Overlapping { n, d: 5, distance: 3.0 }.generate(seed).expect("draws");
        let Targets::Sign(y) = &data.targets else { panic!("signs") };
        positive_relation(&signed(&data), y, 0..n, 0..5);
    }
}

#[test]
fn partly_separable_sets_have_both_parts() {
    let g = PartlySeparable::default();
    for seed in 0..5 {
        let data = g.generate(seed).expect("draws");
        let Targets::Sign(y) = &data.targets else { panic!("signs") };
        let z = signed(&data);
        assert_eq!((data.n(), data.d()), (50, 5));
        assert!((20..50).all(|i| z.row(i)[..3].iter().all(|v| *v == 0.0)));
        positive_relation(&z, y, 20..50, 3..5);
        let m = margins(&data, truth(&data));
        assert!((least(&m[..20]) - 1.0).abs() < TINY);
        assert!(m[20..].iter().all(|v| *v == 0.0));
    }
}

#[test]
fn the_degenerate_support_vector_has_no_dual_weight() {
    let g = DegenerateSupport { margin: 2.0, ..Default::default() };
    let data = g.generate(4).expect("draws");
    let (z, w) = (signed(&data), truth(&data));
    let m = margins(&data, w);
    assert!((m[0] - 1.0).abs() < TINY && (m[1] - 1.0).abs() < TINY);
    assert!(m[2..].iter().all(|v| *v >= 1.5 - TINY));
    // w is a multiple of the first row; the second is not parallel to it, so these dual weights are the only ones.
    assert!(w.iter().enumerate().all(|(j, w)| (z.get(0, j) / 4.0 - w).abs() < TINY));
    let cosine = dot(z.row(0), z.row(1)) / (norm2(z.row(0)) * norm2(z.row(1)));
    assert!(cosine < 0.95);
}

#[test]
fn soudry_has_its_support_vectors_on_the_margin() {
    let data = SoudryFig1::default().generate(0).expect("draws");
    let m = margins(&data, truth(&data));
    assert_eq!(data.n(), 16);
    assert_eq!(m[..4], [1.0; 4]);
    assert!(m[4..].iter().all(|v| *v >= 1.5 - TINY));
    assert!((1.0 / norm2(truth(&data)) - 2f64.sqrt()).abs() < TINY);
}

#[test]
fn regressions_follow_their_truth() {
    let sparse = SparseRegression::default().generate(0).expect("draws");
    assert_eq!(truth(&sparse).iter().filter(|w| w.abs() == 1.0).count(), 3);
    assert_eq!(truth(&sparse).iter().filter(|w| **w == 0.0).count(), 97);
    let dense = DenseRegression { norm: 2.0, ..Default::default() }.generate(0).expect("draws");
    assert!((norm2(truth(&dense)) - 2.0).abs() < TINY);
    let mut bottom = AlignedRegression { align: Align::Bottom, ..Default::default() };
    let aligned = bottom.generate(0).expect("draws");
    let spectrum = aligned.truth.as_ref().and_then(|t| t.spectrum.clone()).expect("a spectrum");
    let signal: f64 = truth(&aligned).iter().zip(&spectrum).map(|(w, l)| l * w * w).sum();
    assert!((signal - 1.0).abs() < TINY && truth(&aligned)[96] == 0.0 && truth(&aligned)[97] > 0.0);
    for data in [&sparse, &dense, &aligned] {
        let Targets::Real(y) = &data.targets else { panic!("real") };
        (0..data.n()).for_each(|i| assert!((data.x.row_dot(i, truth(data)) - y[i]).abs() < TINY));
    }
    bottom.noise = 0.5;
    let noisy = bottom.generate(0).expect("draws");
    let Targets::Real(y) = &noisy.targets else { panic!("real") };
    let residual: Vec<f64> = (0..noisy.n()).map(|i| y[i] - noisy.x.row_dot(i, truth(&noisy))).collect();
    // The root mean square of 40 normal numbers is within 50 % of its expectation but for one seed in 10^5.
    assert!((norm2(&residual) / 40f64.sqrt() / 0.5 - 1.0).abs() < 0.5);
}

#[test]
fn multiclass_samples_lie_near_their_centres() {
    let data = MulticlassGaussian { spread: 0.0, ..Default::default() }.generate(1).expect("draws");
    let Targets::Class { labels, classes } = &data.targets else { panic!("classes") };
    assert_eq!((data.n(), *classes), (45, 3));
    for (i, &c) in labels.iter().enumerate() {
        let centre = &truth(&data)[c * 10..(c + 1) * 10];
        assert!((data.x.row_dot(i, centre) - 1.0).abs() < TINY);
    }
}

#[test]
fn keys_outside_their_range_are_named() {
    let message = |g: &dyn Generator| g.generate(0).expect_err("must fail").to_string();
    let cases: Vec<(Box<dyn Generator>, &str)> = vec![
        (
            Box::new(GaussianSeparable { n: 1, ..Default::default() }),
            "`n` in [data] is 1, but it must be a whole number of at least 2",
        ),
        (Box::new(GaussianSeparable { d: 1, tight: true, ..Default::default() }), "`d` in [data] is 1"),
        (
            Box::new(GaussianSeparable { margin: f64::NAN, ..Default::default() }),
            "`margin` in [data] is NaN, but it must be a number",
        ),
        (
            Box::new(GaussianSeparable { n: 1 << 40, d: 1 << 40, ..Default::default() }),
            "at most 2^30 entries",
        ),
        (Box::new(Overlapping { distance: -1.0, ..Default::default() }), "`distance` in [data] is -1"),
        (Box::new(PartlySeparable { n_overlap: 2, ..Default::default() }), "`n_overlap` in [data] is 2"),
        (
            Box::new(PartlySeparable { margin: 0.0, ..Default::default() }),
            "`margin` in [data] is 0.0, but it must be a number above 0",
        ),
        (Box::new(DegenerateSupport { d: 1, ..Default::default() }), "`d` in [data] is 1"),
        (
            Box::new(SparseRegression { k: 101, ..Default::default() }),
            "`k` in [data] is 101, but it may be at most d = 100",
        ),
        (
            Box::new(DenseRegression { noise: f64::INFINITY, ..Default::default() }),
            "`noise` in [data] is inf",
        ),
        (Box::new(AlignedRegression { exponent: -1.0, ..Default::default() }), "`exponent` in [data] is -1"),
        (
            Box::new(MulticlassGaussian { class_count: 1, ..Default::default() }),
            "`class_count` in [data] is 1",
        ),
        (Box::new(SoudryFig1 { gap: 0.0, ..Default::default() }), "`gap` in [data] is 0"),
    ];
    for (g, expected) in cases {
        assert!(message(g.as_ref()).contains(expected), "{}: {}", g.id(), message(g.as_ref()));
    }
    assert!(toml::from_str::<Overlapping>("margn = 1").is_err());
}

#[test]
fn the_first_numbers_never_change() {
    // Recorded once; a change here changes every experiment on generated data.
    let data = GaussianSeparable { n: 2, d: 2, ..Default::default() }.generate(0).expect("draws");
    let expected = [0.2883867255087569, 0.4882330263798883, -0.8564068073634631, 0.4464759278943126];
    for (a, b) in data.x.to_dense().as_slice().iter().zip(&expected) {
        assert!((a - b).abs() < 1e-15, "{a} {b}");
    }
}
