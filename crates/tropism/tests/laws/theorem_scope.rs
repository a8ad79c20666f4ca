//! Which theorem speaks of which optimizer, on real separable data: no optimizer may be claimed by a theorem about another.

use tropism::spec::Setup;
use tropism::theory::{Case, Resolution, resolve};
use tropism::{Error, Spec, optimizers};

/// The theorem that applies, or `!` and the hypothesis that fails, or `none`.
fn speaks(loss: &str, optimizer: &str) -> String {
    let horizon = match optimizer {
        o if ["gradient_flow", "mirror_flow", "regularization_path"]
            .iter()
            .any(|f| o.contains(&format!("\"{f}\""))) =>
        {
            "time = 1e3"
        }
        _ => "steps = 10",
    };
    let data = match loss {
        "squared" => "kind = \"dense_regression\"\nn = 10\nd = 30",
        "cross_entropy" => "kind = \"digits\"\nclasses = [0, 1, 2]\nbias = true",
        _ => "kind = \"digits\"\nclasses = [3, 8]\nbias = true",
    };
    let text = format!(
        "[data]\n{data}\n[loss]\nkind = \"{loss}\"\n[optimizer]\n{optimizer}\n[horizon]\n{horizon}\n"
    );
    let spec = Spec::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let setup = Setup::build(&spec, &|f| Err(Error::data(f.path.clone(), "no files in tests")))
        .unwrap_or_else(|e| panic!("{text}: {e}"));
    match resolve(&Case::new(&setup), None).unwrap() {
        Resolution::Applies { id, .. } => id.into(),
        Resolution::OutOfScope { broken, .. } => format!("! {broken}"),
        Resolution::None => "none".into(),
    }
}

/// What each optimizer's default settings are claimed by on digits, exponential loss. A new optimizer needs a line here.
const DEFAULTS: &[(&str, &str)] = &[
    ("adaboost", "adaboost_margin"),
    ("adagrad", "adagrad_margin"),
    ("adam", "adam_epsilon_max_margin"),
    ("adamw", "decay_ball_minimiser"),
    ("coordinate_descent", "steepest_descent_max_margin"),
    ("dual_momentum", "dual_momentum_max_margin"),
    ("evolution_strategy", "none"),
    ("gradient_descent", "gradient_descent_max_margin"),
    ("gradient_flow", "gradient_descent_max_margin"),
    ("guess_and_check", "none"),
    ("heavy_ball", "gradient_descent_max_margin"),
    ("label_noise_sgd", "none"),
    ("langevin", "none"),
    ("lion", "steepest_descent_max_margin"),
    ("mirror_descent", "mirror_descent_max_margin"),
    ("mirror_flow", "mirror_descent_max_margin"),
    ("modified_gradient_flow", "none"),
    ("muon", "steepest_descent_max_margin"),
    ("natural_gradient", "none"),
    ("nesterov", "gradient_descent_max_margin"),
    ("normalized_gradient_descent", "steepest_descent_max_margin"),
    ("pattern_search", "none"),
    ("progressive_rescaling", "progressive_rescaling_max_margin"),
    ("random_local_search", "none"),
    ("regularization_path", "regularization_path"),
    ("rmsprop", "adam_epsilon_max_margin"),
    ("sgd", "sgd_max_margin"),
    ("shampoo", "none"),
    ("signum", "steepest_descent_max_margin"),
    ("steepest_descent", "steepest_descent_max_margin"),
];

#[test]
fn no_optimizer_is_claimed_by_a_theorem_about_another() {
    let mut wrong = vec![];
    for member in optimizers::OptimizerSpec::MEMBERS {
        let want = DEFAULTS.iter().find(|(id, _)| *id == member.id).map(|(_, t)| *t);
        let extra = if member.id.starts_with("mirror") { "\npotential = \"p_norm\"\np = 3.0" } else { "" };
        let found = speaks("exponential", &format!("kind = \"{}\"{extra}", member.id));
        if want != Some(found.as_str()) {
            wrong.push(format!("{}: {found}, expected {want:?}", member.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_setting_that_changes_the_method_changes_the_theorem() {
    let sgd = "sgd_max_margin";
    let cases = [
        ("logistic", "kind = \"adam\"\nepsilon = 0.0", "adam_max_margin"),
        ("logistic", "kind = \"rmsprop\"\nepsilon = 0.0", "adam_max_margin"),
        (
            "logistic",
            "kind = \"adam\"\nepsilon = 0.0\nschedule = \"constant\"",
            "! steps vanish but do not sum",
        ),
        ("logistic", "kind = \"adam\"\nepsilon = 0.0\nbatch = 1\norder = \"cyclic\"", "adam_single_sample"),
        ("logistic", "kind = \"adam\"\nepsilon = 0.0\nbatch = 9", "! one sample at a time"),
        ("logistic", "kind = \"adamw\"\nepsilon = 0.0", "decay_ball_minimiser"),
        ("logistic", "kind = \"adamw\"\nbatch = 5", "none"),
        ("logistic", "kind = \"adamw\"\nepsilon = 0.0\nweight_decay = 0.0", "adam_max_margin"),
        ("logistic", "kind = \"adagrad\"\nbatch = 1\norder = \"cyclic\"", "none"),
        ("logistic", "kind = \"muon\"\npolar = \"exact\"\nnesterov = false", "steepest_descent_max_margin"),
        ("logistic", "kind = \"muon\"\npolar = \"exact\"", "steepest_descent_max_margin"),
        ("logistic", "kind = \"lion\"\nweight_decay = 0.1", "decay_ball_minimiser"),
        ("logistic", "kind = \"lion\"\nbatch = 5", "none"),
        ("logistic", "kind = \"adagrad\"\nschedule = \"power_law\"", "none"),
        ("logistic", "kind = \"gradient_descent\"\nweight_decay = 0.1", "weight_decay_minimiser"),
        ("logistic", "kind = \"sgd\"\nweight_decay = 0.1", "weight_decay_minimiser"),
        ("squared", "kind = \"gradient_descent\"\nweight_decay = 0.1", "weight_decay_minimiser"),
        ("cross_entropy", "kind = \"gradient_descent\"\nweight_decay = 0.1", "weight_decay_minimiser"),
        ("cross_entropy", "kind = \"adagrad\"", "none"),
        (
            "cross_entropy",
            "kind = \"shampoo\"\nbeta2 = 0.0\nschedule = \"power_law\"",
            "steepest_descent_max_margin",
        ),
        ("logistic", "kind = \"muon\"\npolar = \"exact\"\nweight_decay = 0.1", "decay_ball_minimiser"),
        ("cross_entropy", "kind = \"muon\"\nweight_decay = 0.1", "none"),
        (
            "logistic",
            "kind = \"muon\"\npolar = \"exact\"\nnesterov = false\nbatch = 5\norder = \"cyclic\"",
            "none",
        ),
        (
            "logistic",
            "kind = \"coordinate_descent\"\nschedule = \"loss_normalized\"",
            "! steps vanish but do not sum",
        ),
        (
            "logistic",
            "kind = \"steepest_descent\"\nschedule = \"loss_normalized\"\npower = 0.5",
            "! steps vanish but do not sum",
        ),
        ("logistic", "kind = \"heavy_ball\"\nschedule = \"loss_normalized\"", "none"),
        ("logistic", "kind = \"adaboost\"", "! exponential loss"),
        ("cross_entropy", "kind = \"adam\"\nepsilon = 0.0", "adam_max_margin"),
        ("cross_entropy", "kind = \"adam\"", "! no stability constant"),
        (
            "cross_entropy",
            "kind = \"muon\"\npolar = \"exact\"\nnesterov = false",
            "steepest_descent_max_margin",
        ),
        ("cross_entropy", "kind = \"muon\"", "none"),
        ("cross_entropy", "kind = \"shampoo\"", "none"),
        ("logistic", "kind = \"sgd\"", sgd),
        ("squared", "kind = \"adam\"", "none"),
        ("squared", "kind = \"natural_gradient\"", "natural_gradient_interpolant"),
        ("squared", "kind = \"natural_gradient\"\nstep_size = 2.0", "! step size below two"),
        ("squared", "kind = \"shampoo\"", "none"),
        ("squared", "kind = \"label_noise_sgd\"", "none"),
    ];
    let found: Vec<_> =
        cases.iter().map(|(loss, o, want)| (o, speaks(loss, o), want)).filter(|(_, a, b)| a != *b).collect();
    assert!(found.is_empty(), "{found:#?}");
}
