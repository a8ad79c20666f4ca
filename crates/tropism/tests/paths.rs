//! Curves that are followed, not iterated: the regularisation path, mirror flow, and the directions polynomial tails select.

use std::sync::Arc;
use tropism::data::MarginMap;
use tropism::numerics::linalg::norm2;
use tropism::numerics::{Matrix, Potential};
use tropism::programs::{Budget, Program, TailDirection, certify};
use tropism::report::VerdictKind;
use tropism::spec::Setup;
use tropism::training::{self, Silent, Snapshot};
use tropism::{Error, Spec, examine_text};

const SEPARABLE: &str = "[data]\nkind = \"gaussian_separable\"\nn = 12\nd = 4\nmargin = 0.4\n";
const SPARSE: &str = "[data]\nkind = \"sparse_regression\"\nn = 6\nd = 9\n";

fn setup(text: &str) -> Setup {
    let spec = Spec::parse(text).expect("a valid experiment");
    Setup::build(&spec, &|f| Err(Error::data(f.path.clone(), "no files in tests")))
        .expect("a valid experiment")
}

fn end(text: &str) -> Snapshot {
    let setup = setup(text);
    let t = training::run(&setup.job(), &mut Silent);
    t.snapshots.last().expect("a run has a first record").clone()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    norm2(&a.iter().zip(b).map(|(x, y)| x - y).collect::<Vec<_>>())
}

/// In the plane the direction is one angle: a golden-section search over `Σ m_i^-a` on the circle shares no code with the
/// program and finds the same direction.
#[test]
fn the_direction_of_a_tail_is_the_minimum_on_the_circle() {
    let rows = vec![vec![1.0, 0.2], vec![0.3, 1.0], vec![2.0, -0.5], vec![0.1, 3.0]];
    for a in [0.1, 1.0, 2.0, 7.5, 60.0] {
        let sum = |angle: f64| -> f64 {
            let m = rows.iter().map(|r| r[0] * angle.cos() + r[1] * angle.sin());
            m.map(|m| if m > 0.0 { m.powf(-a) } else { f64::INFINITY }).sum()
        };
        // All margins are positive between the angles of (1, 4.1) and (1, -0.03): Σ m^-a is convex there along a chord.
        let (mut low, mut high) = (0.0, 1.3);
        let golden = 0.5 * (5f64.sqrt() - 1.0);
        for _ in 0..200 {
            let (x, y) = (high - golden * (high - low), low + golden * (high - low));
            if sum(x) < sum(y) { high = y } else { low = x }
        }
        let angle: f64 = 0.5 * (low + high);
        let z = Arc::new(Matrix::from_rows(&rows).into());
        let program = TailDirection::new(MarginMap::Binary { z }, a).expect("posed");
        let s = program.solve(&Budget::default());
        let c = certify(&program, &s.w, &s.dual);
        assert!(c.relative_gap < 1e-11, "a = {a}: {c:?}");
        let w: Vec<f64> = s.w.iter().map(|v| v / norm2(&s.w)).collect();
        // A search by values knows the place of a smooth minimum to the root of rounding.
        assert!(distance(&w, &[angle.cos(), angle.sin()]) < 1e-6, "a = {a}: {w:?} against angle {angle}");
    }
}

/// Every power of the tail, horizons from the first moments to the limit, a far start: never refuted, and decided in the end.
#[test]
fn tails_are_never_refuted_and_decided_in_the_end() {
    for power in [0.3, 1.0, 2.0, 9.0, 60.0] {
        for optimizer in ["gradient_flow", "gradient_descent", "regularization_path"] {
            for (horizon, start) in
                [("1e1", 0.0), ("1e6", 0.0), ("1e25", 40.0), ("1e60", 0.0), ("1e900", 7.0)]
            {
                let text = format!(
                    "{SEPARABLE}[model]\nkind = \"linear\"\nstart = {start:.1}\n[loss]\nkind = \"polynomial\"\npower = {power:.1}\n\
                     [optimizer]\nkind = \"{optimizer}\"\n[horizon]\ntime = \"{horizon}\"\n"
                );
                let r = examine_text(&text).expect("a verdict");
                let words = format!("{optimizer}, power {power}, t = {horizon}, start {start}: {}", r.reason);
                assert_ne!(r.verdict, VerdictKind::Disagrees, "{words}");
                if horizon == "1e900" {
                    assert_eq!(r.verdict, VerdictKind::Agrees, "{words}");
                }
            }
        }
    }
}

/// `λ (w − w₀) = −∇L(w)` at the end of the path, with the gradient from the loss itself, on losses of all three tails.
#[test]
fn the_end_of_the_path_is_stationary() {
    for (data, loss) in
        [(SEPARABLE, "logistic"), (SEPARABLE, "exponential"), (SEPARABLE, "polynomial"), (SPARSE, "squared")]
    {
        for time in [1e-3, 1.0, 1e3, 1e6] {
            let text = format!(
                "{data}[model]\nkind = \"linear\"\nstart = 0.5\n[loss]\nkind = \"{loss}\"\n[optimizer]\nkind = \
                 \"regularization_path\"\n[horizon]\ntime = {time:e}\n"
            );
            let (setup, end) = (setup(&text), end(&text));
            let (n, d) = (setup.data.n(), setup.data.d());
            let x = setup.data.x.to_dense();
            let mut gradient = vec![0.0; d];
            let mut slope = [0.0];
            for i in 0..n {
                let output: f64 = x.row(i).iter().zip(end.theta.iter()).map(|(a, b)| a * b).sum();
                let scale = setup.loss.slope(&[output], setup.data.targets.get(i), &mut slope).exp();
                for (g, v) in gradient.iter_mut().zip(x.row(i)) {
                    *g += scale * slope[0] * v * setup.log_weight.exp();
                }
            }
            let off: Vec<f64> =
                gradient.iter().zip(end.theta.iter()).map(|(g, w)| g + (w - 0.5) / time).collect();
            let pull = norm2(&gradient);
            // Corrections end at 1e-6 of an output and are quadratic; rounding of the outputs is 1e-15 of their terms.
            assert!(
                norm2(&off) <= 1e-8 * pull + 1e-14,
                "{loss}, t = {time:e}: {:e} of {pull:e}",
                norm2(&off)
            );
        }
    }
}

/// Mirror descent follows its flow to first order in the step: half the step, half the distance, for every potential, on a
/// loss with a tail and on one with a root.
#[test]
fn mirror_descent_tends_to_its_flow() {
    let potentials = [
        (Potential::PNorm(1.5), "potential = \"p_norm\"\np = 1.5"),
        (Potential::PNorm(3.0), "potential = \"p_norm\"\np = 3.0"),
        (Potential::Hypentropy(0.3), "potential = \"hypentropy\"\nbeta = 0.3"),
        (Potential::NegEntropy, "potential = \"entropy\""),
    ];
    for (potential, keys) in potentials {
        for (data, loss) in [(SEPARABLE, "exponential"), (SPARSE, "squared")] {
            let head = format!(
                "{data}[model]\nkind = \"linear\"\nstart = 0.7\n[loss]\nkind = \"{loss}\"\n[optimizer]\n{keys}\n"
            );
            let flow = end(&format!("{head}kind = \"mirror_flow\"\n[horizon]\ntime = 0.5\n"));
            let discrete = |steps: u64| {
                let eta = 0.5 / steps as f64;
                let tail = format!(
                    "kind = \"mirror_descent\"\nschedule = \"constant\"\nstep_size = {eta:e}\n[horizon]\nsteps = {steps}\n"
                );
                distance(&end(&format!("{head}{tail}")).theta, &flow.theta)
            };
            let (coarse, fine) = (discrete(4_000), discrete(8_000));
            let ratio = coarse / fine;
            // First order with second-order corrections of relative size η; the integrator's own error is far below both.
            assert!((1.9..2.1).contains(&ratio), "{potential:?}, {loss}: {coarse:e} / {fine:e} = {ratio}");
        }
    }
}

/// Ridge as the penalty vanishes ends at the interpolant nearest to its centre, and is no gradient method.
#[test]
fn vanishing_ridge_is_the_nearest_interpolant() {
    let text = format!(
        "{SPARSE}[model]\nkind = \"linear\"\nstart = 2.0\n[loss]\nkind = \"squared\"\n[optimizer]\nkind = \"regularization_path\"\n"
    );
    let r = examine_text(&text).expect("a verdict");
    assert_eq!(r.prediction.theorem.as_deref(), Some("regularization_path"));
    assert_eq!(r.verdict, VerdictKind::Agrees, "{}", r.reason);
    assert!(r.selected.relative_gap.is_some_and(|g| g < 1e-9), "{:?}", r.selected);
}

/// Near p = 1 the flow decides what no affordable number of steps does.
#[test]
fn mirror_flow_decides_near_one() {
    for p in [1.05, 1.2] {
        let text = format!(
            "{SEPARABLE}[loss]\nkind = \"exponential\"\n[optimizer]\nkind = \"mirror_flow\"\np = {p}\n[horizon]\ntime = \"1e100000\"\n"
        );
        let r = examine_text(&text).expect("a verdict");
        assert_eq!(r.verdict, VerdictKind::Agrees, "p = {p}: {}", r.reason);
    }
}
