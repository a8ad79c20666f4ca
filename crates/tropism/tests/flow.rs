//! The flow in log time against plain iteration, against an independent integrator, against itself, and on real data.

use std::sync::Arc;
use tropism::data::{Dataset, Targets};
use tropism::losses::Loss;
use tropism::models::Workspace;
use tropism::numerics::linalg::norm2;
use tropism::spec::Setup;
use tropism::training::{self, Ended, Horizon, Silent, Snapshot, Trajectory};
use tropism::{Error, Spec};

fn setup(text: &str) -> Setup {
    let dedented = text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let spec = Spec::parse(&dedented).expect("a valid experiment");
    Setup::build(&spec, &|f| Err(Error::data(f.path.clone(), "no files in tests")))
        .expect("a valid experiment")
}

fn experiment(data: &str, loss: &str, optimizer: &str) -> Setup {
    setup(&format!("[data]\n{data}\n[loss]\nkind = '{loss}'\n[optimizer]\n{optimizer}"))
}

fn run(setup: &Setup, horizon: Horizon) -> Trajectory {
    let mut job = setup.job();
    job.horizon = horizon;
    training::run(&job, &mut Silent)
}

fn last(t: &Trajectory) -> &Snapshot {
    t.snapshots.last().expect("a run has a first record")
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    norm2(&a.iter().zip(b).map(|(x, y)| x - y).collect::<Vec<_>>())
}

/// `STEPS` steps run exactly end within the stated bound of `EXACT` steps continued on the flow to the same time.
fn continuation_holds(setup: &Setup, steps: u64, exact: u64) {
    let all = run(setup, Horizon { log_time: None, steps: Some(steps), exact_steps: steps, log_loss: None });
    let log_time = last(&all).log_time;
    let some =
        run(setup, Horizon { log_time: Some(log_time), steps: None, exact_steps: exact, log_loss: None });
    let bound = some.continuation_bound.expect("a continued run states its bound");
    let (a, b) = (&last(&all).theta, &last(&some).theta);
    // Rounding of many steps: half a unit in the last place each, adding up at worst. Local errors of the integrator:
    // 1e-6 in the outputs, which a contraction does not let grow; some forty steps of it.
    let rounding = steps as f64 * f64::EPSILON * norm2(a) + 4e-5;
    let found = distance(a, b);
    // The bound is of leading order: the next order is smaller by η L times a constant.
    assert!(
        found <= 1.1 * bound + rounding,
        "{}: {found:e} > bound {bound:e} + {rounding:e}",
        setup.data.name
    );
    assert!(some.flow_steps > 0 && some.ended != Ended::PrecisionExhausted, "{:?}", some.ended);
}

const STEPS: u64 = 200_000;
const EXACT: u64 = 2_000;

#[test]
fn gradient_descent_stays_within_the_bound_of_its_flow() {
    for (data, loss) in [
        ("kind = 'gaussian_separable'\nn = 20\nd = 5", "logistic"),
        ("kind = 'gaussian_separable'\nn = 20\nd = 5", "exponential"),
        ("kind = 'soudry_fig1'", "logistic"),
        ("kind = 'overlapping'", "logistic"),
        ("kind = 'partly_separable'", "logistic"),
        ("kind = 'dense_regression'\nn = 10\nd = 15", "squared"),
        ("kind = 'multiclass_gaussian'", "cross_entropy"),
    ] {
        continuation_holds(&experiment(data, loss, "kind = 'gradient_descent'"), STEPS, EXACT);
    }
}

#[test]
fn momentum_stays_within_the_bound_of_its_flow() {
    for optimizer in ["kind = 'heavy_ball'\nmomentum = 0.9", "kind = 'nesterov'\nmomentum = 0.9"] {
        for (data, loss) in [("kind = 'soudry_fig1'", "logistic"), ("kind = 'overlapping'", "logistic")] {
            continuation_holds(&experiment(data, loss, optimizer), STEPS / 10, EXACT);
        }
    }
}

/// The bound is about the handover: with fewer exact steps and a longer step it must grow, and the distance with it.
#[test]
fn the_bound_means_something() {
    let setup = experiment("kind = 'soudry_fig1'", "logistic", "kind = 'gradient_descent'");
    let bound = |exact| {
        let horizon =
            Horizon { log_time: Some(1e6f64.ln()), steps: None, exact_steps: exact, log_loss: None };
        run(&setup, horizon).continuation_bound.expect("continued")
    };
    let (early, late) = (bound(100), bound(10_000));
    assert!(late < 0.1 * early && late > 0.0, "{early:e} then {late:e}");
}

/// `−∇L` computed sample by sample, without any of the library's products.
fn velocity(loss: &dyn Loss, data: &Dataset, w: &[f64], out: &mut [f64]) {
    let (n, d, k) = (data.n(), data.d(), data.targets.outputs());
    out.fill(0.0);
    let (mut f, mut slope) = (vec![0.0; k], vec![0.0; k]);
    for i in 0..n {
        f.fill(0.0);
        data.x.for_row(i, |j, v| (0..k).for_each(|c| f[c] += v * w[c * d + j]));
        let scale = loss.slope(&f, data.targets.get(i), &mut slope).exp() / n as f64;
        data.x.for_row(i, |j, v| (0..k).for_each(|c| out[c * d + j] -= scale * slope[c] * v));
    }
}

/// The classical fourth-order method in plain time with fixed steps.
fn runge_kutta(setup: &Setup, time: f64, steps: usize) -> Vec<f64> {
    let h = time / steps as f64;
    let mut w = setup.theta0.clone();
    let mut k = vec![vec![0.0; w.len()]; 4];
    for _ in 0..steps {
        for stage in 0..4 {
            let ahead = [0.0, 0.5, 0.5, 1.0][stage] * h;
            let at: Vec<f64> = match stage {
                0 => w.clone(),
                s => w.iter().zip(&k[s - 1]).map(|(w, v)| w + ahead * v).collect(),
            };
            velocity(&*setup.loss, &setup.data, &at, &mut k[stage]);
        }
        for (j, w) in w.iter_mut().enumerate() {
            *w += h / 6.0 * (k[0][j] + 2.0 * k[1][j] + 2.0 * k[2][j] + k[3][j]);
        }
    }
    w
}

#[test]
fn the_flow_agrees_with_a_slow_integrator_in_plain_time() {
    for (data, loss) in [
        ("kind = 'soudry_fig1'", "logistic"),
        ("kind = 'gaussian_separable'\nn = 20\nd = 5", "exponential"),
        ("kind = 'overlapping'", "logistic"),
        ("kind = 'partly_separable'", "logistic"),
        ("kind = 'soudry_fig1'", "polynomial"),
        ("kind = 'multiclass_gaussian'", "cross_entropy"),
    ] {
        let setup = experiment(data, loss, "kind = 'gradient_flow'");
        for time in [1.0, 30.0, 1e3] {
            let horizon =
                Horizon { log_time: Some(f64::ln(time)), steps: None, exact_steps: 0, log_loss: None };
            let flow = run(&setup, horizon);
            let h: f64 = 0.05f64.min(0.1 / setup.curvature.smoothness);
            let steps = (time / h).ceil() as usize;
            let (fine, coarse) = (runge_kutta(&setup, time, steps), runge_kutta(&setup, time, steps / 2));
            // Richardson: the fine solution is off by a fifteenth of the difference. The flow's own tolerance is 1e-6 in
            // each output and step; weights follow from outputs by at most the inverse of the smallest singular value.
            let oracle = distance(&fine, &coarse) / 15.0;
            let found = distance(&last(&flow).theta, &fine);
            let tolerance = 2.0 * oracle + 2e-5 * (1.0 + norm2(&fine));
            assert!(found <= tolerance, "{data} {loss} t = {time}: {found:e} > {tolerance:e}");
            assert!((last(&flow).log_time - time.ln()).abs() < 1e-9);
        }
    }
}

/// Where a run is told to stop does not change where it passes.
#[test]
fn two_horizons_see_one_curve() {
    for (data, loss) in
        [("kind = 'soudry_fig1'", "logistic"), ("kind = 'multiclass_gaussian'", "cross_entropy")]
    {
        let setup = experiment(data, loss, "kind = 'gradient_flow'");
        for pair in [[1e3, 1e6], [1e6, 1e30]] {
            let at = |log_time: f64| {
                run(&setup, Horizon { log_time: Some(log_time), steps: None, exact_steps: 0, log_loss: None })
            };
            let (near, far) = (at(f64::ln(pair[0])), at(f64::ln(pair[1])));
            // The far run passed the near horizon between two of its records, on a curve that is monotone in log time in
            // every output here: interpolate the log-loss, which is close to −log t with slowly changing slope.
            let goal = last(&near).log_time;
            let i = far.snapshots.iter().position(|s| s.log_time > goal).expect("it goes farther");
            let (a, b) = (&far.snapshots[i - 1], &far.snapshots[i]);
            let u = (goal - a.log_time) / (b.log_time - a.log_time);
            let between: Vec<f64> =
                a.theta.iter().zip(b.theta.iter()).map(|(x, y)| x + u * (y - x)).collect();
            // A chord of a curve `w(log t)` is off by at most Δ²/8 of its curvature, itself below 1/(log t) here.
            let chord = (b.log_time - a.log_time).powi(2) / 8.0 * (1.0 + norm2(&a.theta)) / goal.max(1.0);
            let found = distance(&between, &last(&near).theta);
            assert!(found <= chord + 1e-4, "{data}: {found:e} > {chord:e}");
        }
    }
}

/// A restart from a point on the curve continues it: the flow has no memory.
#[test]
fn the_flow_has_no_memory() {
    let setup = experiment("kind = 'soudry_fig1'", "logistic", "kind = 'gradient_flow'");
    let at = |log_time: f64| {
        run(&setup, Horizon { log_time: Some(log_time), steps: None, exact_steps: 0, log_loss: None })
    };
    let (t1, t2) = (1e4f64, 3e4f64);
    let (first, whole) = (at(t1.ln()), at(t2.ln()));
    let mut job = setup.job();
    let halfway = last(&first).theta.clone();
    job.theta0 = &halfway;
    job.horizon = Horizon { log_time: Some((t2 - t1).ln()), steps: None, exact_steps: 0, log_loss: None };
    let rest = training::run(&job, &mut Silent);
    // Three integrations at 1e-6 in the outputs a step, some hundred steps, errors that contract.
    let found = distance(&last(&rest).theta, &last(&whole).theta);
    assert!(found < 1e-4, "{found:e}");
}

const FAR: &str = "\n[horizon]\ntime = '1e100000'";

fn far(data: &str) -> (Setup, Trajectory) {
    let text =
        format!("[data]\n{data}\n[loss]\nkind = 'logistic'\n[optimizer]\nkind = 'gradient_descent'{FAR}");
    let setup = setup(&text);
    let trajectory = training::run(&setup.job(), &mut Silent);
    (setup, trajectory)
}

fn margin(setup: &Setup, w: &[f64]) -> f64 {
    setup.data.margins().expect("two classes").min_margin(w) / norm2(w)
}

/// At `t = 10^100000` the margin gap of `w = ŵ log t + w̃ + o(1)` is about `‖w̃‖ / (‖ŵ‖ log t)`, and the small margin of this set
/// (0.0014) makes `w̃` large: a few parts in 10^4 are left. The optimum is known to six digits.
#[test]
fn breast_cancer_with_a_bias_reaches_its_margin() {
    let (setup, t) = far("kind = 'breast_cancer'\nstandardise = true\nbias = true");
    assert_eq!(t.ended, Ended::Completed);
    assert!((t.log_time / std::f64::consts::LN_10 - 1e5).abs() < 1e-6);
    let found = margin(&setup, &last(&t).theta);
    assert!((found / 0.001_392_5 - 1.0).abs() < 1e-3, "{found}");
}

#[test]
fn breast_cancer_without_a_bias_comes_to_rest() {
    let (setup, t) = far("kind = 'breast_cancer'\nstandardise = true\nbias = false");
    assert_eq!(t.ended, Ended::Stationary);
    assert_stationary(&setup, last(&t));
    // It stays there at every later time.
    assert!((t.log_time / std::f64::consts::LN_10 - 1e5).abs() < 1e-6);
}

#[test]
fn digits_three_and_eight_reach_their_margin() {
    let (setup, t) = far("kind = 'digits'\nclasses = [3, 8]\nstandardise = true\nbias = true");
    assert_eq!(t.ended, Ended::Completed);
    let found = margin(&setup, &last(&t).theta);
    assert!((found / 0.717_205 - 1.0).abs() < 1e-4, "{found}");
}

#[test]
fn iris_versicolor_and_virginica_come_to_rest() {
    let (setup, t) =
        far("kind = 'iris'\nclasses = ['versicolor', 'virginica']\nstandardise = true\nbias = true");
    assert_eq!(t.ended, Ended::Stationary);
    assert_stationary(&setup, last(&t));
}

/// The gradient is what rounding leaves: each coordinate sums n terms `slope · x / n` of size below one, whose outputs
/// carry an error of `‖x‖ ‖w‖` units in the last place.
fn assert_stationary(setup: &Setup, s: &Snapshot) {
    let mut g = vec![0.0; s.theta.len()];
    velocity(&*setup.loss, &setup.data, &s.theta, &mut g);
    let row = setup.data.x.row_norms().into_iter().fold(0.0, f64::max);
    let noise = 16.0 * f64::EPSILON * row * (1.0 + row * norm2(&s.theta));
    assert!(norm2(&g) < noise, "gradient {:e} above rounding {noise:e}", norm2(&g));
}

/// Outputs are what the workspace-free products say: the oracle above and the library see the same data.
#[test]
fn the_oracle_sees_the_same_data() {
    let setup = experiment("kind = 'soudry_fig1'", "logistic", "kind = 'gradient_flow'");
    let w = vec![0.3, -0.2];
    let mut f = vec![0.0; setup.data.n()];
    setup.model.predict(&w, &setup.data.x, &mut Workspace::default(), &mut f);
    let mut slopes = vec![0.0; f.len()];
    let scale = setup.loss.slopes(&f, &setup.data.targets, &mut slopes).exp() / f.len() as f64;
    let x = Arc::clone(&setup.data.x);
    let (mut want, mut got) = (vec![0.0; 2], vec![0.0; 2]);
    x.adjoint(&slopes, &mut want);
    velocity(&*setup.loss, &setup.data, &w, &mut got);
    for (a, b) in got.iter().zip(&want) {
        assert!((a + scale * b).abs() < 1e-14);
    }
    assert!(matches!(setup.data.targets, Targets::Sign(_)));
}
