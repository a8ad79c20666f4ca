//! Experiments that once drew a wrong verdict, each with the one verdict that is right, or with the ones that are not.
//!
//! Rows are `z_i = y_i x_i`; every second one is handed over with both signs flipped, which changes no margin.

use tropism::data::Dataset;
use tropism::numerics::Matrix;
use tropism::report::VerdictKind::{self, Agrees, Disagrees, OutOfScope, Undecided};
use tropism::{Report, Setup, Spec, examine, examine_text, training::Silent};

fn binary(rows: &[&[f64]]) -> Dataset {
    let sign = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
    let x: Vec<Vec<f64>> =
        rows.iter().enumerate().map(|(i, r)| r.iter().map(|v| v * sign(i)).collect()).collect();
    Dataset::binary("regression test", Matrix::from_rows(&x), (0..rows.len()).map(sign).collect())
}

fn judged(data: Dataset, keys: &str) -> Report {
    judged_by(None, data, keys)
}

fn judged_by(theorem: Option<&str>, data: Dataset, keys: &str) -> Report {
    let mut spec = Spec::parse(&format!("[data]\nkind = \"memory\"\n{keys}")).expect("a valid experiment");
    spec.theorem = theorem.map(Into::into);
    examine(&Setup::with_data(&spec, data).expect("a valid set-up"), &mut Silent).expect("a verdict")
}

fn expect(name: &str, report: &Report, right: &[VerdictKind]) {
    assert!(right.contains(&report.verdict), "{name}: {:?}: {}", report.verdict, report.reason);
}

const GD: &str = "[loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"gradient_descent\"\n";

/// A flat gap before the small row has moved anything is not a limit.
#[test]
fn a_flat_slope_is_not_a_limit() {
    let data = || binary(&[&[1.0, 0.0], &[6e-6, 8e-6]]);
    expect("short", &judged(data(), &format!("{GD}[horizon]\nsteps = 20000")), &[Undecided]);
    expect("long", &judged(data(), &format!("{GD}[horizon]\ntime = \"1e100000\"")), &[Agrees]);
    let part = || binary(&[&[1.0, 0.0, 0.0], &[-1.5, 0.0, 0.0], &[0.2, 1e-5, 0.0]]);
    expect("partly, short", &judged(part(), &format!("{GD}[horizon]\ntime = 1e4")), &[Undecided]);
    expect("partly, long", &judged(part(), &format!("{GD}[horizon]\ntime = \"1e100000\"")), &[Agrees]);
}

/// Steps below the last bit are no rest: the flow goes on from there.
#[test]
fn a_far_start_is_waited_out() {
    for start in ["50.0", "200.0", "1e4"] {
        let keys = format!("[model]\nkind = \"linear\"\nstart = {start}\n{GD}[horizon]\ntime = \"1e100000\"");
        let report = judged(binary(&[&[1.0, 0.2], &[0.3, 1.0], &[2.0, 0.5]]), &keys);
        expect(start, &report, &[Agrees]);
        let part = binary(&[
            &[1.0, 0.0, 0.0],
            &[-1.5, 0.0, 0.0],
            &[0.0, 1.0, 0.2],
            &[0.0, 0.3, 1.0],
            &[0.0, 2.0, 0.5],
        ]);
        expect(&format!("partly, {start}"), &judged(part, &keys), &[Agrees, Undecided]);
    }
}

/// An infeasible point has no merit from a low value.
#[test]
fn infeasible_points_are_not_interpolants() {
    for second in [1e-7, 2e-7] {
        let x = Matrix::from_rows(&[vec![1.0, 0.0, 0.0], vec![0.0, 1e-7, 0.0]]);
        let keys =
            "[loss]\nkind = \"squared\"\n[optimizer]\nkind = \"gradient_descent\"\n[horizon]\nsteps = 1000";
        expect("stiff", &judged(Dataset::regression("stiff", x, vec![1.0, second]), keys), &[Undecided]);
    }
    let x = Matrix::from_rows(&[vec![1.0, 2.0], vec![1.0, 2.0]]);
    let keys = "[loss]\nkind = \"squared\"\n[optimizer]\nkind = \"gradient_descent\"";
    let nearly = Dataset::regression("inconsistent", x, vec![1.0, 1.0 + 1e-10]);
    expect("inconsistent", &judged(nearly, keys), &[Undecided, OutOfScope]);
}

/// An unstable stochastic run is not healed by the flow that would have continued it.
#[test]
fn the_flow_does_not_heal_unstable_sgd() {
    let x = Matrix::from_fn(20, 20, |i, j| f64::from(i == j) * 20f64.sqrt());
    let data = Dataset::regression("orthogonal", x, vec![1.0; 20]);
    let keys = "[loss]\nkind = \"squared\"\n[optimizer]\nkind = \"sgd\"\nstep_size = 0.2\n";
    expect("unstable", &judged(data, keys), &[Undecided]);
}

/// What does not happen in general may happen on special data.
#[test]
fn coincidences_do_not_refute_negative_results() {
    let square = || binary(&[&[1.0, 1.0], &[1.0, -1.0], &[2.0, 2.0], &[2.0, -2.0]]);
    let keys =
        "[loss]\nkind = \"polynomial\"\n[optimizer]\nkind = \"gradient_flow\"\n[horizon]\ntime = \"1e100\"";
    expect("symmetric", &judged_by(Some("polynomial_tail"), square(), keys), &[Undecided]);
    // The positive statement names the direction, and here it is that of the max margin.
    expect("symmetric, by name", &judged(square(), keys), &[Agrees]);
    let x = Matrix::from_rows(&[vec![1.0, 0.5, 0.0, 0.0], vec![0.0, 0.0, 1.0, 0.5]]);
    let keys = "[loss]\nkind = \"squared\"\n[optimizer]\nkind = \"steepest_descent\"\nnorm = \"l1\"\nnormalized = false\n\
                [horizon]\nsteps = 20000";
    expect("blocks", &judged(Dataset::regression("blocks", x, vec![1.0, 2.0]), keys), &[Undecided]);
}

/// A minimiser at zero is measured in the weights' own unit.
#[test]
fn a_minimiser_at_zero_is_reached() {
    let xor = binary(&[&[1.0, 1.0], &[-1.0, -1.0], &[-1.0, 1.0], &[1.0, -1.0]]);
    expect("xor", &judged(xor, GD), &[Agrees]);
}

/// Margins of 1e-10 are margins.
#[test]
fn tiny_margins_are_not_taken_for_inseparable() {
    for horizon in ["1e25", "1e100", "1e1000"] {
        let data = binary(&[&[1.0, 1e-10, 0.0], &[-1.0, 1e-10, 0.0], &[0.3, 0.2, 50.0]]);
        let report = judged(data, &format!("{GD}[horizon]\ntime = \"{horizon}\""));
        assert_ne!(report.verdict, Disagrees, "{horizon}: {}", report.reason);
    }
}

/// Before the loss is in its tail no direction has formed, whatever symmetry says.
#[test]
fn nothing_is_selected_at_the_start() {
    let symmetric = binary(&[&[1.0, 1.0], &[1.0, -1.0]]);
    expect("early", &judged(symmetric, &format!("{GD}[horizon]\ntime = 1e-6")), &[Undecided]);
}

/// A direction that still turns has not settled, even where the run's weights already certify the program.
#[test]
fn a_turning_direction_has_not_settled() {
    let keys = "[loss]\nkind = \"exponential\"\n[optimizer]\nkind = \"mirror_descent\"\np = 1.05\nschedule = \"constant\"\n\
                [horizon]\nsteps = 100000";
    let report =
        judged(binary(&[&[1.0, 0.2, 0.3], &[0.3, 1.0, -0.2], &[2.0, 0.5, 0.1], &[0.2, 0.4, 1.0]]), keys);
    assert_ne!(report.verdict, Disagrees, "{}", report.reason);
}

/// Contradictory copies of a sample, and a sample of zeros, are exact proofs that the data are not separable.
#[test]
fn plain_contradictions_are_proofs() {
    let copies: Vec<Vec<f64>> = vec![vec![0.3, 1.7], vec![0.3, 1.7], vec![2.1, -0.4], vec![-1.1, 0.6]];
    let data = Dataset::binary("copies", Matrix::from_rows(&copies), vec![1.0, -1.0, 1.0, -1.0]);
    let report = judged(data, GD);
    assert_eq!(report.prediction.theorem.as_deref(), Some("partly_separable"), "{}", report.reason);
    expect("copies", &report, &[Agrees]);
    let zero = binary(&[&[0.7, 1.3], &[1.1, -0.2], &[0.0, 0.0]]);
    let report = judged(zero, GD);
    assert_eq!(report.prediction.theorem.as_deref(), Some("partly_separable"), "{}", report.reason);
    assert_ne!(report.verdict, Disagrees, "{}", report.reason);
}

/// Beyond the last bit of log t the run ends and says so.
#[test]
fn horizons_beyond_the_resolution_end() {
    for horizon in ["1e500000000", "1e1000000000000"] {
        let data = binary(&[&[1.0, 0.2], &[0.3, 1.0], &[2.0, 0.5]]);
        let report = judged(data, &format!("{GD}[horizon]\ntime = \"{horizon}\""));
        assert_ne!(report.verdict, Disagrees, "{horizon}: {}", report.reason);
    }
}

/// Numbers of three hundred digits are drawn, not tripped over.
#[test]
fn huge_steps_are_drawn() {
    for step in ["1e100", "1e300"] {
        let data = binary(&[&[1.0, 0.2], &[0.3, 1.0], &[2.0, 0.5]]);
        let keys = format!(
            "[loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"gradient_descent\"\nstep_size = {step}\n[horizon]\nsteps = 100"
        );
        let report = judged(data, &keys);
        assert_eq!(report.verdict, OutOfScope);
        assert!(tropism::report::html(&report).contains("<svg"));
    }
}

/// Iris is separable but for two of its species: the reason names them, and the run says why it ends where it does.
#[test]
fn the_classes_that_cannot_be_told_apart_are_named() {
    let report = examine_text(
        "[data]\nkind = \"iris\"\n[loss]\nkind = \"cross_entropy\"\n[optimizer]\nkind = \"gradient_descent\"\n\
         [horizon]\ntime = \"1e1000\"\n",
    )
    .unwrap();
    assert_eq!(report.verdict, VerdictKind::OutOfScope);
    assert!(report.reason.contains("`versicolor` and `virginica`"), "{}", report.reason);
    assert!(!report.reason.contains("setosa"), "{}", report.reason);
    assert_eq!(report.run.ended, "precision_exhausted");
    assert!(report.run.phases.iter().any(|p| p.contains("not separable")), "{:?}", report.run.phases);
}

/// Where the parameters are not the predictor itself, its path has another speed: theorems on linear models must not speak of
/// `w = u − v` or of tangent models, and those on diagonal networks not of linearised or centred ones.
#[test]
fn theorems_do_not_speak_of_rescaled_models() {
    let models = [
        "kind = \"diagonal\"\ndepth = 1",
        "kind = \"diagonal\"\noutput_scale = 3.0\ncentered = true",
        "kind = \"diagonal\"\nlinearized = true",
    ];
    for model in models {
        let text = format!(
            "[data]\nkind = \"sparse_regression\"\nn = 5\nd = 10\n[model]\n{model}\n[loss]\nkind = \"squared\"\n\
             [optimizer]\nkind = \"gradient_flow\"\n"
        );
        let report = tropism::examine_text(&text).unwrap();
        // Theorems on the lazy regime and on fixed features are about such models.
        let theorem = report.prediction.theorem.as_deref();
        let about_them = [None, Some("lazy_kernel_interpolant"), Some("fixed_feature_interpolant")];
        assert!(about_them.contains(&theorem), "{model}: {theorem:?}");
        // Their flow is followed all the same, to an interpolant.
        let error = report.selected.train_error.unwrap();
        assert!(error < 1e-12, "{model}: train error {error:e}");
    }
}

/// For the logistic loss another function of the loss is monotone (Lyu, Li 2020, appendix), so the law must not be judged there.
#[test]
fn the_monotone_margin_is_that_of_the_exponential_loss() {
    let text = |loss: &str| {
        format!(
            "theorem = \"normalized_margin_monotone\"\n[data]\nkind = \"gaussian_separable\"\nn = 12\nd = 6\n[model]\n\
             kind = \"diagonal\"\ninit_scale = 0.5\n[loss]\nkind = \"{loss}\"\n[optimizer]\nkind = \"gradient_flow\"\n\
             [horizon]\ntime = \"1e100\"\n"
        )
    };
    let verdict = |loss| examine_text(&text(loss)).unwrap().verdict;
    assert_eq!(verdict("logistic"), VerdictKind::OutOfScope);
    assert_eq!(verdict("exponential"), VerdictKind::Agrees);
}

/// With decay the loss may rise above its start, and with it the curvature of the exponential loss: steps that are too long for
/// that end in a cycle, which is no rest and refutes nothing.
#[test]
fn a_cycle_under_weight_decay_refutes_nothing() {
    for start in [3.0, 30.0] {
        let report = examine_text(&format!(
            "[data]\nkind = \"soudry_fig1\"\n[model]\nkind = \"linear\"\nstart = {start}\n[loss]\nkind = \"exponential\"\n\
             [optimizer]\nkind = \"gradient_descent\"\nweight_decay = 0.1\n[horizon]\nsteps = 20000\n"
        ))
        .unwrap();
        assert_ne!(report.verdict, VerdictKind::Disagrees, "{start}: {}", report.reason);
        assert_ne!(report.run.ended, "stationary", "{start}");
    }
}

/// Data that no network separates once drove the shares of units on their kinks out of the numbers.
#[test]
fn inseparable_data_end_without_a_crash() {
    let report = examine_text(
        "[data]\nkind = \"overlapping\"\nn = 8\nd = 2\n[model]\nkind = \"two_layer_relu\"\nwidth = 20\n[loss]\n\
         kind = \"exponential\"\n[optimizer]\nkind = \"gradient_flow\"\n[horizon]\ntime = \"1e100000\"\n",
    )
    .unwrap();
    assert_ne!(report.verdict, VerdictKind::Disagrees, "{}", report.reason);
}

/// A bound that holds because nothing has happened yet confirms nothing.
#[test]
fn a_law_that_nothing_tested_is_undecided() {
    let report = examine_text(
        "[data]\nkind = \"matrix\"\nentries = [[nan, 1.0], [1.0, 0.0]]\n[model]\n\
         kind = \"matrix_factorization\"\ndepth = 3\ninit = \"identity\"\ninit_scale = 0.5\n[loss]\nkind = \"squared\"\n\
         [optimizer]\nkind = \"gradient_flow\"\n[horizon]\ntime = 1e-6\n",
    )
    .unwrap();
    assert_eq!(report.prediction.theorem.as_deref(), Some("completion_divergence"));
    assert_eq!(report.verdict, VerdictKind::Undecided, "{}", report.reason);
}

/// While gradients fall faster than a momentum forgets them, a normalised step keeps its direction, however flat the gap is.
#[test]
fn a_frozen_momentum_is_no_limit() {
    let data = || binary(&[&[2.0, 1.0, 0.5], &[1.0, -0.5, 0.2], &[1.0, 0.3, -2.0]]);
    let keys = |optimizer: &str, steps: u64| {
        format!("[loss]\nkind = \"logistic\"\n[optimizer]\n{optimizer}\n[horizon]\nsteps = {steps}")
    };
    let muon = "kind = \"muon\"\npolar = \"exact\"\npower = 0.25";
    for steps in [3000, 5000, 12_000] {
        expect("muon, frozen", &judged(data(), &keys(muon, steps)), &[Undecided]);
    }
    expect("muon, later", &judged(data(), &keys(muon, 50_000)), &[Agrees]);
    let steepest = "kind = \"steepest_descent\"\nnorm = \"l1.5\"\nmomentum = 0.99";
    expect("l1.5, frozen", &judged(data(), &keys(steepest, 5000)), &[Undecided]);
    expect("l1.5, later", &judged(data(), &keys(steepest, 500_000)), &[Agrees]);
}

/// Weights in the corner of their box do not rest while a momentum that turns them is still fading.
#[test]
fn a_fading_momentum_is_no_rest() {
    let data = || binary(&[&[1.0, 1.0], &[1.0, -0.5]]);
    let keys = "[loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"lion\"\nweight_decay = 0.01\nstep_size = 90.0\n[horizon]\nsteps = 20000";
    let report = judged(data(), keys);
    expect("lion", &report, &[Agrees, Undecided]);
    assert_ne!(report.run.ended, "stationary");
}

/// No verdict is finer than the certificate it rests on, and none rests on a start that was as good as the end.
#[test]
fn verdicts_are_no_finer_than_their_reference() {
    let text = |decay: f64, rest: &str| {
        format!(
            "[data]\nkind = \"overlapping\"\nn = 60\nd = 3\n[loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"lion\"\nweight_decay = {decay}\n{rest}"
        )
    };
    let fine = text(10.0, "step_size = 0.05\n[horizon]\nsteps = 20000\n[judge]\ntolerance = 1e-14");
    expect("tolerance", &examine_text(&fine).expect("a verdict"), &[Undecided]);
    // At decay 1000 zero itself is within 0.05 % of the least loss: a run that has hardly begun has not come near.
    let strong = text(1000.0, "beta1 = 0.9999\nbeta2 = 0.9999\nstep_size = 1e-6\n[horizon]\nsteps = 400");
    expect("strong decay", &examine_text(&strong).expect("a verdict"), &[Undecided]);
}

/// With steps η/k hardly anything moves, and all is flat: no proof that a limit is elsewhere.
#[test]
fn flat_for_lack_of_steps_is_not_settled() {
    let text = "[data]\nkind = \"soudry_fig1\"\n[loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"adam\"\nepsilon = 0.0\nbatch = 1\norder = \"cyclic\"\nbeta2 = 0.99\nstep_size = 1.0\npower = 1.0\n[horizon]\nsteps = 20000";
    expect("adam", &examine_text(text).expect("a verdict"), &[Undecided]);
}

/// Where Adam steps all there is, its own memories are what theorems on Adam must hear of.
#[test]
fn muon_on_vectors_tells_of_adams_memory() {
    let text = "[data]\nkind = \"gaussian_separable\"\nn = 20\nd = 3\n[loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"muon\"\nvectors = \"adam\"\nmomentum = 0.0\nbeta1 = 0.9\nbeta2 = 0.5\nepsilon = 0.0\nstep_size = 0.1\npower = 0.5\n[horizon]\nsteps = 40000";
    expect("muon", &examine_text(text).expect("a verdict"), &[Undecided]);
}

/// Numbers that no run can begin with are refused by the key that made them, before anything is allocated for them.
#[test]
fn starts_without_numbers_are_refused_by_their_key() {
    let refused = |data: Dataset, keys: &str| {
        let spec = Spec::parse(&format!("[data]\nkind = \"memory\"\n{keys}")).expect("a valid experiment");
        Setup::with_data(&spec, data).err().map(|e| e.to_string()).unwrap_or_default()
    };
    let data = || binary(&[&[1.0, 0.2], &[0.3, 1.0], &[2.0, 0.5]]);
    for (model, words) in [
        (
            "kind = \"deep_linear\"\ndepth = 8\ninit_scale = 1e60",
            ["`init_scale`", "1e60", "output on sample 1"],
        ),
        ("kind = \"deep_relu\"\ndepth = 8\ninit_scale = 1e60", ["`init_scale`", "1e60", "output on sample"]),
        ("kind = \"diagonal\"\ninit_scale = 1e300", ["`init_scale`", "1e300", "output on sample 1"]),
        ("kind = \"linear\"\nstart = 1.5e308", ["`start`", "1.5e308", "output on sample"]),
        ("kind = \"deep_linear\"\nwidth = 1000000", ["`width`", "1000000", "1000003000000 weights"]),
    ] {
        let found = refused(data(), &format!("[model]\n{model}\n{GD}"));
        assert!(words.iter().all(|w| found.contains(w)), "{model}: {found}");
    }
    // Outputs that are numbers, of which the squared loss makes none.
    let squared = "[model]\nkind = \"deep_linear\"\ndepth = 2\ninit_scale = 1e90\n[loss]\nkind = \"squared\"\n\
                   [optimizer]\nkind = \"gradient_descent\"\n";
    let found = refused(data(), squared);
    assert!(found.contains("`init_scale`") && found.contains("training loss is exp("), "{found}");
}
