//! Scaled and centred models, held signs and runs that end early: what is predicted of them, and what is said.

use tropism::report::{Report, VerdictKind};
use tropism::{examine_text, report::VerdictKind::*};

/// Two classes of 12 samples in 6 dimensions under gradient flow with the exponential loss.
fn separable(model: &str, horizon: &str) -> String {
    let data = "[data]\nkind = \"gaussian_separable\"\nn = 12\nd = 6\n";
    let rest = "[loss]\nkind = \"exponential\"\n[optimizer]\nkind = \"gradient_flow\"\n";
    format!("{data}[model]\n{model}\n{rest}[horizon]\ntime = \"{horizon}\"")
}

fn regression(model: &str) -> String {
    let data = "[data]\nkind = \"sparse_regression\"\nn = 10\nd = 20\n";
    let rest = "[loss]\nkind = \"squared\"\n[optimizer]\nkind = \"gradient_flow\"\n";
    format!("{data}[model]\n{model}\n{rest}")
}

fn examined(text: &str) -> Report {
    examine_text(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn theorem(report: &Report) -> &str {
    report.prediction.theorem.as_deref().unwrap_or("none")
}

fn expect(text: &str, id: &str, right: VerdictKind) -> Report {
    let report = examined(text);
    let (found, reason) = (report.verdict, &report.reason);
    assert!(theorem(&report) == id && found == right, "{} {found:?}: {reason}\n{text}", theorem(&report));
    report
}

/// `s f(θ; x) = f(s^{1/L} θ; x)`: the same network from a start `s^{1/L}` times as large, at another time.
#[test]
fn a_scaled_network_is_one_from_another_start() {
    for scale in [0.01, 100.0] {
        for depth in [2, 3] {
            let start = |alpha: f64| alpha / f64::powf(scale, 1.0 / f64::from(depth));
            let keys = |alpha: f64, rest: &str| {
                format!("kind = \"diagonal\"\ndepth = {depth}\ninit_scale = {}\n{rest}", start(alpha))
            };
            let scaled = format!("output_scale = {scale}");
            expect(&regression(&keys(0.1, &scaled)), "diagonal_interpolant", Agrees);
            let text = separable(&keys(30.0, &scaled), "1e20000");
            let (plain, of_scaled) = (
                examined(&separable(
                    &format!("kind = \"diagonal\"\ndepth = {depth}\ninit_scale = 30.0"),
                    "1e20000",
                )),
                expect(&text, "diagonal_max_margin", Agrees),
            );
            // The horizons differ by (2/D) log s in log t ≈ 46,000, which moves the direction and μ alike.
            let gaps = [&plain, &of_scaled].map(|r| r.selected.relative_gap.unwrap());
            assert!((gaps[0] - gaps[1]).abs() <= 1e-3 * gaps[0] + 1e-9, "{gaps:?}");
        }
        let model = |kind: &str| format!("kind = \"{kind}\"\ninit_scale = 0.5\noutput_scale = {scale}");
        let theorems =
            [("convolutional", "convolutional_fourier_margin"), ("deep_linear", "deep_linear_max_margin")];
        for (kind, id) in theorems {
            expect(&separable(&model(kind), "1e100000"), id, Agrees);
        }
        let dynamics = format!(
            "theorem = \"singular_value_dynamics\"\n[data]\nkind = \"matrix_completion\"\nrows = 5\ncols = 4\nrank = 1\nobserved = 15\n\
             [model]\nkind = \"matrix_factorization\"\noutput_scale = {scale}\n[loss]\nkind = \"squared\"\n[optimizer]\nkind = \
             \"gradient_flow\""
        );
        expect(&dynamics, "singular_value_dynamics", Agrees);
    }
}

/// A diagonal network with scaled outputs computes what its tangent model does at every distance, as `(α + δ)² − (α − δ)²` is linear in `δ`, and
/// yet its kernel changes: it is not lazy, and turns to the ℓ1 margin.
#[test]
fn outputs_that_stay_linear_are_not_lazy() {
    for scale in [0.01, 100.0] {
        let keys =
            format!("kind = \"diagonal\"\ninit_scale = {}\noutput_scale = {scale}", 0.1 / f64::sqrt(scale));
        expect(&separable(&keys, "1e1000000"), "diagonal_bridge_stationarity", Agrees);
    }
    let lazy = "kind = \"deep_linear\"\ndepth = 3\ninit_scale = 0.5\noutput_scale = 1e8\ncentered = true";
    expect(&separable(lazy, "1e1000"), "lazy_feature_max_margin", Agrees);
    let bent = "kind = \"deep_linear\"\ndepth = 3\ninit_scale = 0.5\noutput_scale = 10.0\ncentered = true";
    expect(&separable(bent, "1e1000"), "lazy_feature_max_margin", OutOfScope);
}

/// Weights that are linear but not the predictor: `w = u − v`, and a product to first order.
#[test]
fn linear_parameterisations_have_the_margin_of_their_features() {
    for model in
        ["kind = \"diagonal\"\ndepth = 1", "kind = \"deep_linear\"\ninit_scale = 0.5\nlinearized = true"]
    {
        expect(&separable(model, "1e100000"), "fixed_feature_max_margin", Agrees);
    }
    expect(&regression("kind = \"diagonal\"\ndepth = 1"), "fixed_feature_interpolant", Agrees);
}

/// Seed 6 starts with the wrong sign at frequency 0, and keeps it until rounding crosses it; seed 1 with the right ones.
#[test]
fn balanced_convolutions_keep_signs() {
    let balanced = |seed: u64, time: &str, theorem: &str| {
        let text = separable("kind = \"convolutional\"\ninit = \"balanced\"\ninit_scale = 0.5", time);
        format!("seed = {seed}\n{theorem}{text}")
    };
    let asked = "theorem = \"convolutional_fourier_margin\"\n";
    let report = expect(&balanced(6, "1e1000", asked), "convolutional_fourier_margin", OutOfScope);
    assert!(report.reason.contains("keeps its sign"), "{}", report.reason);
    expect(&balanced(6, "1e1000", ""), "homogeneous_kkt", Agrees);
    let report = expect(&balanced(6, "1e100000", ""), "homogeneous_kkt", Undecided);
    assert!(report.reason.contains("can be judged"), "{}", report.reason);
    expect(&balanced(1, "1e100000", ""), "convolutional_fourier_margin", Agrees);
}

/// One unit sees one class alone: nothing moves the outputs of the other, and no horizon helps.
#[test]
fn samples_that_no_unit_sees_are_named() {
    let text = "theorem = \"homogeneous_kkt\"\n[data]\nkind = \"points\"\nx = [[1.0, 0.0], [-1.0, 0.0], [-1.0, 0.5]]\ny = [1, -1, -1]\n\
                [model]\nkind = \"two_layer_relu\"\nwidth = 1\n[loss]\nkind = \"exponential\"\n[optimizer]\nkind = \"gradient_flow\"\n\
                [horizon]\ntime = \"1e100\"";
    for which in ["sample 1, so", "2 samples (the first is number 2), so"] {
        let words = format!("no unit is active on {which}");
        let seen = (0..20)
            .map(|seed| examined(&format!("seed = {seed}\n{text}")))
            .find(|r| r.reason.contains(&words));
        assert_eq!(seen.map(|r| r.verdict), Some(Undecided), "{words}");
    }
}

/// Steps c/L on a product grow longer beside its curvature, until the outputs leave the range of numbers.
#[test]
fn overflow_is_no_rest() {
    let text = separable("kind = \"deep_linear\"", "1e1").replace(
        "kind = \"gradient_flow\"\n[horizon]\ntime = \"1e1\"",
        "kind = \"gradient_descent\"\nschedule = \"loss_normalized\"\n[horizon]\nsteps = 3000",
    );
    let report = examined(&text);
    assert_eq!((report.verdict, report.run.ended.as_str()), (Undecided, "diverged"), "{}", report.reason);
    assert!(
        report.log10_time.is_some_and(|t| t > 1.0),
        "the time of the last record is told: {:?}",
        report.log10_time
    );
}

/// A weight that cannot move keeps the theorems silent, and the reason is given.
#[test]
fn a_weight_at_zero_is_the_reason_for_silence() {
    let text = regression("kind = \"diagonal\"\nstart_v = [0.0, 0.1, 0.1, 0.1]")
        .replace("n = 10\nd = 20", "n = 2\nd = 4");
    let report = examined(&text);
    assert_eq!(report.verdict, NoPrediction, "{}", report.reason);
    assert!(report.reason.contains("One weight starts at zero"), "{}", report.reason);
}
