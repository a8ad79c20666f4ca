//! The flow of models that are curved in their parameters: closed forms, known answers, invariants, plain iteration.

use serde_json::Value;
use tropism::data::{Dataset, Targets};
use tropism::losses::LossSpec;
use tropism::models::{Model, ModelFacts, Structure, Workspace};
use tropism::numerics::linalg::{dot, norm2};
use tropism::numerics::rng::Rng;
use tropism::numerics::{Design, Matrix};
use tropism::optimizers::{Built, OptimizerSpec};
use tropism::spec::Setup;
use tropism::training::{self, Ended, Horizon, Job, Silent, Snapshot, Trajectory};
use tropism::{Error, Spec};

fn setup(text: &str) -> Setup {
    let spec = Spec::parse(text).expect("a valid experiment");
    Setup::build(&spec, &|f| Err(Error::data(f.path.clone(), "no files in tests")))
        .expect("a valid experiment")
}

fn flow() -> Built {
    let spec = OptimizerSpec::parse("optimizer", "gradient_flow", toml::Table::new(), &[]).expect("no keys");
    let curvature =
        setup("[data]\nkind = 'soudry_fig1'\n[loss]\nkind = 'logistic'\n[optimizer]\nkind = 'gradient_flow'")
            .curvature;
    spec.build(&curvature).expect("no keys")
}

fn last(t: &Trajectory) -> &Snapshot {
    t.snapshots.last().expect("a run has a first record")
}

/// The gradient flow of a summed loss from `theta0` to `log t = log_time`.
fn follow(data: &Dataset, model: &dyn Model, loss: &str, theta0: &[f64], log_time: f64) -> Trajectory {
    let loss =
        LossSpec::parse("loss", loss, toml::Table::new(), &[]).and_then(|l| l.build()).expect("no keys");
    let built = flow();
    let horizon = Horizon { log_time: Some(log_time), steps: None, exact_steps: 0, log_loss: None };
    let job = Job { data, model, loss: &*loss, built: &built, log_weight: 0.0, theta0, horizon, seed: 1 };
    training::run(&job, &mut Silent)
}

/// `f(θ; x) = (u² − v²)ᵀ x` for `depth = 2`, `(u³ − v³)ᵀ x` for 3, with its own derivatives.
struct Powers {
    d: usize,
    depth: i32,
}

impl Powers {
    fn weights(&self, theta: &[f64]) -> Vec<f64> {
        (0..self.d).map(|j| theta[j].powi(self.depth) - theta[self.d + j].powi(self.depth)).collect()
    }

    fn slope(&self, theta: &[f64], j: usize) -> f64 {
        let sign = if j < self.d { 1.0 } else { -1.0 };
        sign * f64::from(self.depth) * theta[j].powi(self.depth - 1)
    }
}

impl Model for Powers {
    fn dim(&self) -> usize {
        2 * self.d
    }

    fn init(&self, _rng: &mut Rng, theta: &mut [f64]) {
        theta.fill(0.0);
    }

    fn predict(&self, theta: &[f64], x: &Design, _work: &mut Workspace, out: &mut [f64]) {
        x.apply(&self.weights(theta), out);
    }

    fn pullback(&self, theta: &[f64], x: &Design, r: &[f64], _work: &mut Workspace, out: &mut [f64]) {
        let mut g = vec![0.0; self.d];
        x.adjoint(r, &mut g);
        (0..2 * self.d).for_each(|j| out[j] = self.slope(theta, j) * g[j % self.d]);
    }

    fn pushforward(&self, theta: &[f64], x: &Design, v: &[f64], _work: &mut Workspace, out: &mut [f64]) {
        let part = |j: usize| self.slope(theta, j) * v[j];
        let w: Vec<f64> = (0..self.d).map(|j| part(j) + part(self.d + j)).collect();
        x.apply(&w, out);
    }

    fn facts(&self) -> ModelFacts {
        ModelFacts {
            homogeneity: Some(f64::from(self.depth)),
            linear_in_parameters: self.depth == 1,
            linear_in_inputs: false,
            is_predictor: false,
            outputs: 1,
            structure: Structure::Diagonal { depth: self.depth as usize },
        }
    }
}

fn known() -> Value {
    serde_json::from_str(include_str!("known/known-answers.json")).expect("JSON")
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn known_data(y: &str) -> Dataset {
    let k = known();
    let rows: Vec<Vec<f64>> = k["X"].as_array().expect("rows").iter().map(numbers).collect();
    let x = Matrix::from_rows(&rows);
    if y == "y_regression" {
        Dataset::regression("known", x, numbers(&k[y]))
    } else {
        Dataset::binary("known", x, numbers(&k[y]))
    }
}

/// One sample `x = 1, y = 1`, `u = v = α`: `w = 2α² sinh(4R)`, `R' = 1 − w`, whose solution is
/// `w(t) = 2α² sinh(4R)` with `R` from a quadrature in closed form: separate `dR / (1 − a sinh 4R) = dt`.
#[test]
fn a_single_weight_follows_its_closed_form() {
    let data = Dataset::regression("one", Matrix::from_rows(&[vec![1.0]]), vec![1.0]);
    let model = Powers { d: 1, depth: 2 };
    for alpha in [1e-8f64, 1e-3, 0.5, 30.0] {
        let a = 2.0 * alpha * alpha;
        // With e^{4R} = z: dt = dz / (4 z (1 − a (z − 1/z) / 2)) = dz / (4 (z − a z²/2 + a/2)) = −dz / (2a (z − p)(z − q)),
        // p > 0 > q the roots of a z² − 2 z − a: t = ln[ (z − q)(p − 1) / ((p − z)(1 − q)) ] / (2a (p − q)).
        let root = (1.0 + a * a).sqrt();
        let (p, q) = ((1.0 + root) / a, -a / (1.0 + root));
        for z in [1.0 + 0.1 * (p - 1.0), 1.0 + 0.5 * (p - 1.0), 1.0 + 0.999 * (p - 1.0)] {
            let t = ((z - q) * (p - 1.0) / ((p - z) * (1.0 - q))).ln() / (2.0 * a * (p - q));
            let run = follow(&data, &model, "squared", &[alpha, alpha], t.ln());
            let want = 0.5 * a * (z - 1.0 / z);
            let got = model.weights(&last(&run).theta)[0];
            assert!((got - want).abs() < 2e-6 * want.abs(), "α = {alpha:e}: {got} against {want}");
            assert!(run.flow_steps < 400, "{} steps", run.flow_steps);
        }
    }
}

/// Flat phases are crossed by growing steps: a start of 1e-8 costs few steps more than one of 1, and the limit is the
/// interpolant of theory, to the last digits the reference has.
#[test]
fn diagonal_networks_reach_their_interpolant() {
    let data = known_data("y_regression");
    for (depth, key) in [(2, "diagonal_depth2_interpolant"), (3, "diagonal_deep_interpolant")] {
        for (name, entry) in known()[key].as_object().expect("entries") {
            if depth == 3 && !name.starts_with("D3") {
                continue;
            }
            let alpha: f64 = name.trim_start_matches("D3_alpha").parse().expect("a number");
            let model = Powers { d: 12, depth };
            let run = follow(&data, &model, "squared", &[alpha; 24], 700.0);
            assert_eq!(run.ended, Ended::Stationary, "depth {depth} α = {alpha}: {:?}", run.phases);
            let w = model.weights(&last(&run).theta);
            let worst = w.iter().zip(numbers(&entry["w"])).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-7, "depth {depth} α = {alpha}: {worst:e}");
            assert!(run.flow_steps + run.flow_rejected < 1000, "{} steps", run.flow_steps);
        }
    }
}

/// `w = 2α² sinh(Xᵀν)` for some `ν`: at α = 1e-8, and the products `u_j v_j = α²` are conserved.
#[test]
fn tiny_starts_keep_their_invariants() {
    let data = known_data("y_regression");
    let model = Powers { d: 12, depth: 2 };
    let run = follow(&data, &model, "squared", &[1e-8; 24], 700.0);
    assert_eq!(run.ended, Ended::Stationary, "{:?}", run.phases);
    let theta = &last(&run).theta;
    for j in 0..12 {
        let product = theta[j] * theta[12 + j] / 1e-16;
        // Local errors of 1e-8 over the steps of the run, all of one sign at worst.
        assert!((product - 1.0).abs() < 1e-8 * run.flow_steps as f64, "u v / α² = {product}");
    }
    let l1: f64 = model.weights(theta).iter().map(|w| w.abs()).sum();
    // The ℓ1 optimum is 4; the excess is of order 1/log(1/α) times a small number.
    assert!((4.0 - 1e-6..4.05).contains(&l1), "{l1}");
}

/// A linear model takes the same path whichever integrator follows it.
#[test]
fn the_linear_model_is_the_linear_flow() {
    let data = known_data("y_classification");
    let model = Powers { d: 12, depth: 1 };
    let linear = tropism::models::linear::Linear { inputs: 12, outputs: 1, spec: Default::default() };
    for log_time in [1.0, 50.0, 230_258.5] {
        let twofold = follow(&data, &model, "logistic", &[0.0; 24], log_time);
        // u − v moves twice as fast as w: the same path at twice the time.
        let once = follow(&data, &linear, "logistic", &[0.0; 12], log_time + 2f64.ln());
        let (a, b) = (model.weights(&last(&twofold).theta), &last(&once).theta);
        let off = norm2(&a.iter().zip(b.iter()).map(|(x, y)| x - y).collect::<Vec<_>>());
        // Outputs to 1e-6 and 1e-8 relative a step.
        assert!(off < 1e-5 + 1e-7 * norm2(b), "log t = {log_time}: {off:e} of {}", norm2(b));
    }
}

/// Lyu, Li 2020, Theorem 4.1: once the summed exponential loss is below one, `log(1/L) / ‖θ‖^depth` never falls.
#[test]
fn the_normalized_margin_never_falls() {
    let data = known_data("y_classification");
    for depth in [2, 3] {
        let model = Powers { d: 12, depth };
        let start: Vec<f64> = (0..24).map(|j| 0.1 + 0.01 * f64::from(j % 7)).collect();
        let run = follow(&data, &model, "exponential", &start, 1e5);
        assert_eq!(run.ended, Ended::Completed, "{:?}", run.phases);
        let margin = |s: &Snapshot| -s.log_loss / norm2(&s.theta).powi(depth);
        let late: Vec<f64> = run.snapshots.iter().filter(|s| s.log_loss < -0.1).map(margin).collect();
        assert!(late.len() > 50);
        for pair in late.windows(2) {
            // Parameters are good to 1e-8 of themselves a step.
            assert!(pair[1] >= pair[0] * (1.0 - 1e-6), "depth {depth}: {} then {}", pair[0], pair[1]);
        }
    }
}

/// The number of steps grows like log log t, and the margin of the weights tends to the ℓ1 optimum, 2.4 here.
#[test]
fn the_end_of_time_is_near() {
    let data = known_data("y_classification");
    let model = Powers { d: 12, depth: 2 };
    let mut steps = vec![];
    for power in [1e2, 1e3, 1e4, 1e5] {
        let run = follow(&data, &model, "logistic", &[0.1; 24], power * std::f64::consts::LN_10);
        assert_eq!(run.ended, Ended::Completed, "{:?}", run.phases);
        steps.push(run.flow_steps + run.flow_rejected);
        let w = model.weights(&last(&run).theta);
        let Targets::Sign(y) = &data.targets else { panic!("signs") };
        let mut f = vec![0.0; data.n()];
        data.x.apply(&w, &mut f);
        let least = f.iter().zip(y).map(|(f, y)| f * y).fold(f64::INFINITY, f64::min);
        let margin = least / w.iter().map(|w| w.abs()).sum::<f64>();
        assert!(margin < 2.4 + 1e-9 && (power < 1e5 || margin > 2.39), "t = 1e{power}: {margin}");
    }
    assert!(steps[3] < 600 && steps[3] < 3 * steps[1], "{steps:?}");
}

/// The classical fourth-order method in plain time, on the model's own derivatives.
#[test]
fn a_slow_integrator_agrees() {
    let data = known_data("y_classification");
    let model = Powers { d: 12, depth: 3 };
    let start: Vec<f64> = (0..24).map(|j| 0.3 + 0.02 * f64::from(j % 5)).collect();
    let Targets::Sign(y) = &data.targets else { panic!("signs") };
    let velocity = |theta: &[f64]| {
        let mut f = vec![0.0; data.n()];
        model.predict(theta, &data.x, &mut Workspace::default(), &mut f);
        let r: Vec<f64> = f.iter().zip(y).map(|(f, y)| y * (-y * f).exp()).collect();
        let mut out = vec![0.0; 24];
        model.pullback(theta, &data.x, &r, &mut Workspace::default(), &mut out);
        out
    };
    let (time, steps) = (2.0, 200_000);
    let h = time / f64::from(steps);
    let mut theta = start.clone();
    for _ in 0..steps {
        let ahead = |c: f64, k: &[f64]| theta.iter().zip(k).map(|(t, k)| t + c * k).collect::<Vec<f64>>();
        let k1 = velocity(&theta);
        let k2 = velocity(&ahead(0.5 * h, &k1));
        let k3 = velocity(&ahead(0.5 * h, &k2));
        let k4 = velocity(&ahead(h, &k3));
        for j in 0..24 {
            theta[j] += h / 6.0 * (k1[j] + 2.0 * k2[j] + 2.0 * k3[j] + k4[j]);
        }
    }
    let run = follow(&data, &model, "exponential", &start, time.ln());
    let off = last(&run).theta.iter().zip(&theta).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off < 1e-6, "{off:e}");
}

/// At the origin nothing moves, and nothing fits: a saddle, not a solution.
#[test]
fn the_origin_is_a_saddle() {
    let data = known_data("y_regression");
    let run = follow(&data, &Powers { d: 12, depth: 2 }, "squared", &[0.0; 24], 1e3);
    assert_eq!(run.ended, Ended::Saddle);
    assert!(run.phases.iter().any(|p| p.contains("saddle")), "{:?}", run.phases);
    // Zero targets are fitted at the origin: that is a minimiser.
    let data = Dataset::regression("zero", data.x.to_dense(), vec![0.0; 5]);
    let run = follow(&data, &Powers { d: 12, depth: 2 }, "squared", &[0.0; 24], 1e3);
    assert_eq!(run.ended, Ended::Stationary);
}

/// A start on the axis of a saddle: `u` fits one direction while the other, exactly zero, cannot leave. The run rests there
/// and does not call it a minimiser.
#[test]
fn rest_at_a_strict_saddle_is_called_so() {
    let data =
        Dataset::regression("two", Matrix::from_rows(&[vec![1.0, 0.0], vec![0.0, 1.0]]), vec![1.0, 2.0]);
    let model = Powers { d: 2, depth: 2 };
    let run = follow(&data, &model, "squared", &[0.5, 0.0, 0.5, 0.0], 1e3);
    assert_eq!(run.ended, Ended::Saddle, "{:?}", run.phases);
    let w = model.weights(&last(&run).theta);
    assert!((w[0] - 1.0).abs() < 1e-9 && w[1] == 0.0, "{w:?}");
}

/// Plain gradient descent with small steps follows the flow to first order in the step: half the step, half the distance.
#[test]
fn gradient_descent_tends_to_the_flow() {
    let text = "[data]\nkind = 'dense_regression'\nn = 6\nd = 9\n[model]\nkind = 'diagonal'\ninit_scale = 0.3\n[loss]\nkind = 'squared'\n";
    let end = |optimizer: &str, horizon: Horizon| {
        let s = setup(&format!("{text}[optimizer]\n{optimizer}"));
        let mut job = s.job();
        job.horizon = horizon;
        last(&training::run(&job, &mut Silent)).theta.clone()
    };
    let time = 1.0;
    let flow = end(
        "kind = 'gradient_flow'",
        Horizon { log_time: Some(f64::ln(time)), steps: None, exact_steps: 0, log_loss: None },
    );
    let off = |steps: u64| {
        let eta = time / steps as f64;
        let found = end(
            &format!("kind = 'gradient_descent'\nstep_size = {eta}"),
            Horizon { log_time: None, steps: Some(steps), exact_steps: steps, log_loss: None },
        );
        norm2(&found.iter().zip(flow.iter()).map(|(a, b)| a - b).collect::<Vec<_>>())
    };
    let (coarse, fine) = (off(20_000), off(40_000));
    assert!(coarse < 1e-3 && (coarse / fine - 2.0).abs() < 0.05, "{coarse:e} then {fine:e}");
}

/// Discrete steps of a curved model go on with the flow only when asked, without a bound, and the judge is told.
#[test]
fn a_continuation_without_a_bound_is_not_judged() {
    let text = "[data]\nkind = 'dense_regression'\nn = 6\nd = 9\n[model]\nkind = 'diagonal'\n[loss]\nkind = 'squared'\n\
                [optimizer]\nkind = 'gradient_descent'\n";
    let s = setup(text);
    assert_eq!((s.horizon.log_time, s.horizon.steps), (None, Some(100_000)));
    let s = setup(&format!("{text}[horizon]\ntime = 1e6\nexact_steps = 100"));
    let report = tropism::examine(&s, &mut Silent).expect("a report");
    assert!(report.run.flow_steps > 0 && report.run.continuation_bound.is_none());
    assert!(report.reason.contains("not convex") || report.prediction.theorem.is_none(), "{}", report.reason);
    assert!(report.run.phases.iter().any(|p| p.contains("no bound")));
}

/// `dot` of the model's pullback and pushforward: the test model's own derivatives are right.
#[test]
fn the_test_model_is_right() {
    let data = known_data("y_regression");
    let model = Powers { d: 12, depth: 3 };
    let theta: Vec<f64> = (0..24).map(|j| f64::from(j).sin()).collect();
    let v: Vec<f64> = (0..24).map(|j| f64::from(j).cos()).collect();
    let r = [1.0, -2.0, 0.5, 3.0, -1.0];
    let (mut forward, mut back, mut w) = (vec![0.0; 5], vec![0.0; 24], Workspace::default());
    model.pushforward(&theta, &data.x, &v, &mut w, &mut forward);
    model.pullback(&theta, &data.x, &r, &mut w, &mut back);
    assert!((dot(&forward, &r) - dot(&back, &v)).abs() < 1e-10);
    let (mut ahead, mut behind) = (vec![0.0; 5], vec![0.0; 5]);
    let at = |c: f64| theta.iter().zip(&v).map(|(t, v)| t + c * v).collect::<Vec<_>>();
    model.predict(&at(1e-5), &data.x, &mut w, &mut ahead);
    model.predict(&at(-1e-5), &data.x, &mut w, &mut behind);
    for i in 0..5 {
        assert!(((ahead[i] - behind[i]) / 2e-5 - forward[i]).abs() < 1e-6);
    }
}
