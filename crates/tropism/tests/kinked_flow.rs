//! The flow of ReLU networks in log time: units that it drives onto their kink stay there, and the run arrives.

use tropism::data::Dataset;
use tropism::models::network::{Kink, Trace};
use tropism::models::{Block, Workspace};
use tropism::numerics::Matrix;
use tropism::numerics::linalg::{dot, norm2};
use tropism::training::{self, Ended, Silent, Trajectory};
use tropism::{Error, Spec, spec::Setup};

const DATA: &str = "kind = \"gaussian_separable\"\nn = 20\nd = 4\nmargin = 0.3";

fn run(model: &str, optimizer: &str, horizon: &str) -> (Setup, Trajectory) {
    run_on(DATA, model, optimizer, horizon)
}

fn run_on(data: &str, model: &str, optimizer: &str, horizon: &str) -> (Setup, Trajectory) {
    let text = format!(
        "[data]\n{data}\n[model]\n{model}\n[loss]\nkind = \"exponential\"\n[optimizer]\n{optimizer}\n[horizon]\n{horizon}\n"
    );
    let spec = Spec::parse(&text).expect("a valid experiment");
    let setup = Setup::build(&spec, &|f| Err(Error::data(f.path.clone(), "no files"))).expect("valid");
    let trajectory = training::run(&setup.job(), &mut Silent);
    (setup, trajectory)
}

const TWO_LAYERS: &str = "kind = \"two_layer_relu\"\nwidth = 12\ninit_scale = 0.1";
const THREE_LAYERS: &str = "kind = \"deep_relu\"\nwidths = [8, 8]";

/// Values of all units of the first layer, relative to the lengths of weights and inputs.
fn first_layer(setup: &Setup, theta: &[f64]) -> Vec<f64> {
    let Block { rows, cols, .. } = setup.model.blocks()[0];
    let mut out = vec![];
    for i in 0..setup.data.n() {
        let mut x = vec![0.0; cols];
        setup.data.x.for_row(i, |j, v| x[j] = v);
        for unit in 0..rows {
            let w = &theta[unit * cols..(unit + 1) * cols];
            out.push(dot(w, &x).abs() / (norm2(w) * norm2(&x)));
        }
    }
    out
}

/// Short gradient steps chatter about a kink at that distance and follow the same curve on average.
#[test]
fn small_steps_take_the_same_way() {
    for (model, steps) in [(TWO_LAYERS, 40_000), (THREE_LAYERS, 12_000)] {
        let eta = 2e-4;
        let descent =
            format!("kind = \"gradient_descent\"\nschedule = \"loss_normalized\"\nstep_size = {eta}");
        let (setup, discrete) = run(model, &descent, &format!("steps = {steps}"));
        let end = discrete.snapshots.last().expect("snapshots");
        let decades = end.log_time / std::f64::consts::LN_10;
        let time = format!("{:.15}e{}", 10f64.powf(decades.fract()), decades.trunc());
        let (_, flow) = run(model, "kind = \"gradient_flow\"", &format!("time = \"{time}\""));
        assert_eq!(flow.ended, Ended::Completed, "{:?}", flow.phases);
        let theta = &flow.snapshots.last().expect("snapshots").theta;
        let apart: Vec<f64> = theta.iter().zip(end.theta.iter()).map(|(a, b)| a - b).collect();
        let apart = norm2(&apart) / norm2(theta);
        let outputs = |theta: &[f64]| {
            let mut out = vec![0.0; setup.data.n()];
            setup.model.predict(theta, &setup.data.x, &mut Workspace::default(), &mut out);
            out
        };
        let (a, b) = (outputs(theta), outputs(&end.theta));
        let largest = a.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let gap = a.iter().zip(&b).map(|(a, b)| (a - b).abs() / largest).fold(0.0, f64::max);
        // The flow's own tolerance is 1e-3 of a weight matrix a step.
        assert!(apart < 1e-2 && gap < 1e-2, "{model}: {apart} {gap}");
    }
}

/// Deep in the tail: the normalised margin never falls (Lyu, Li 2020, Theorem 4.1), and units stand on their kink to rounding.
#[test]
fn units_are_held_on_their_kink() {
    for (model, depth, log10) in [(TWO_LAYERS, 2, 100_000), (THREE_LAYERS, 3, 1000)] {
        let (setup, flow) = run(model, "kind = \"gradient_flow\"", &format!("time = \"1e{log10}\""));
        let steps = flow.flow_steps + flow.flow_rejected;
        assert_eq!(flow.ended, Ended::Completed, "{steps} steps: {:?}", flow.phases);
        assert!(steps < 6000, "{steps} steps");
        assert!(flow.phases.iter().any(|p| p.contains("on the kink")), "{:?}", flow.phases);
        // The summed loss; the run's is the mean.
        let samples = setup.data.n() as f64;
        let late: Vec<f64> = flow
            .snapshots
            .iter()
            .filter(|s| s.log_loss < -5.0)
            .map(|s| -(s.log_loss + samples.ln()) / norm2(&s.theta).powi(depth))
            .collect();
        assert!(late.len() > 50);
        for pair in late.windows(2) {
            // A step may be wrong by 1e-3 of a weight matrix.
            assert!(pair[1] >= pair[0] * (1.0 - 1e-3), "{model}: {} then {}", pair[0], pair[1]);
        }
        let last = &flow.snapshots.last().expect("snapshots").theta;
        let values = first_layer(&setup, last);
        assert!(values.iter().any(|v| *v < 1e-9), "{model}");
    }
}

/// A convolution stands on one kink for each patch, and a factor of the outputs or their start moves no kink.
#[test]
fn other_forms_are_held_as_well() {
    let conv = "kind = \"conv_relu\"\nkernel = 2\nchannels = [4]\nshape = [3, 3]";
    let image = "kind = \"gaussian_separable\"\nn = 20\nd = 9\nmargin = 0.3";
    let scaled = format!("{TWO_LAYERS}\noutput_scale = 3.0");
    let centred = format!("{TWO_LAYERS}\ncentered = true");
    for (data, model) in [(image, conv), (DATA, scaled.as_str()), (DATA, centred.as_str())] {
        let (setup, flow) = run_on(data, model, "kind = \"gradient_flow\"", "time = \"1e10000\"");
        let steps = flow.flow_steps + flow.flow_rejected;
        assert_eq!(flow.ended, Ended::Completed, "{model}: {steps} steps: {:?}", flow.phases);
        assert!(steps < 6000, "{model}: {steps} steps");
        let theta = &flow.snapshots.last().expect("snapshots").theta;
        let network = setup.model.network().expect("a chain of layers");
        let (mut trace, mut units) = (Trace::default(), vec![]);
        network.visit_units(theta, &setup.data.x, theta, &mut trace, |layer, place, z, _| {
            units.push((Kink { layer, place, share: 1.0 }, z.abs()));
        });
        let on_kink = |(k, z): &(Kink, f64)| *z <= 1e-9 * network.unit_value(theta, k, &trace).1;
        assert!(units.iter().any(on_kink), "{model}");
    }
}

/// Three samples of three classes, one small network: a step across many kinks at once used to throw every output to zero, at twice the loss.
/// Errors of 1e-2 of the outputs move the logarithm of a loss by no more than 0.05.
#[test]
fn no_step_raises_the_loss() {
    let rows = [
        vec![0.472, 0.595, 1.102, -2.848, -1.359, -3.096, -5.023],
        vec![0.172, 3.815, 3.36, 1.528, 1.367, -1.33, 0.368],
        vec![0.419, -1.348, 2.423, 1.186, 0.95, -1.575, -1.572],
    ];
    let data = Dataset::multiclass("three", Matrix::from_rows(&rows), vec![0, 1, 2], 3);
    let text = "seed = 132\n[data]\nkind = 'memory'\n[model]\nkind = 'deep_relu'\nwidths = [7, 3, 4]\nscheme = 'balanced'\n\
                init_scale = 0.0023\n[loss]\nkind = 'cross_entropy'\n[optimizer]\nkind = 'gradient_flow'\n[horizon]\ntime = 1e200";
    let setup = Setup::with_data(&Spec::parse(text).expect("valid"), data).expect("valid");
    let run = training::run(&setup.job(), &mut Silent);
    let fallen = run.snapshots.last().expect("records").log_loss - run.snapshots[0].log_loss;
    assert!(fallen < -0.3, "{fallen}");
    for pair in run.snapshots.windows(2) {
        assert!(pair[1].log_loss < pair[0].log_loss + 0.05, "{} {}", pair[0].log_loss, pair[1].log_loss);
    }
}
