//! Laws of the optimizers.

use crate::optimizer_settings::settings;
use crate::{Law, binary, close, gaussian, holds, multiclass, orthogonal, random};
use rand::seq::SliceRandom;
use std::sync::Arc;
use tropism::data::Dataset;
use tropism::losses::{Loss, LossSpec};
use tropism::models::{Block, Interface, ModelSpec};
use tropism::numerics::linalg::{dot, matmul_nn, norm2, spectral_norm};
use tropism::numerics::{Design, Matrix, Norm};
use tropism::optimizers::{
    Curvature, Geometry, Optimizer, OptimizerFacts, OptimizerSpec, Oracle, Radius, State, Symmetry,
    block_norm,
};
use tropism::training::DataOracle;

const SAMPLES: usize = 7;
const INPUTS: usize = 5;
const CLASSES: usize = 3;
const STEPS: u64 = 25;

/// A problem: data, their loss, and what step sizes are derived from.
struct Problem {
    data: Dataset,
    loss: Box<dyn Loss>,
    log_weight: f64,
}

impl Problem {
    fn new(classes: usize) -> Self {
        let data =
            if classes == 2 { binary(21, SAMPLES, INPUTS) } else { multiclass(22, SAMPLES, INPUTS, classes) };
        let loss = if classes == 2 {
            LossSpec::logistic(Default::default())
        } else {
            LossSpec::cross_entropy(Default::default())
        };
        Self { data, loss: loss.build().expect("no keys"), log_weight: -(SAMPLES as f64).ln() }
    }

    fn outputs(&self) -> usize {
        self.data.targets.outputs()
    }

    fn curvature(&self) -> Curvature {
        let sigma = spectral_norm(&self.data.x);
        Curvature {
            smoothness: self.loss.facts().smoothness * sigma * sigma / SAMPLES as f64,
            single: 100.0,
            samples: SAMPLES,
            blocks: vec![Block { offset: 0, rows: self.outputs(), cols: INPUTS }],
            radius: Radius { l1: 30.0, l2: 10.0, linf: 5.0 },
            log_loss: -0.5,
            at_infinity: true,
        }
    }

    /// Positive weights of different sizes: in the domain of every potential, on no kink of any norm.
    fn start(&self) -> Vec<f64> {
        gaussian(&mut random(23), INPUTS * self.outputs()).iter().map(|v| 0.2 + 0.3 * v.abs()).collect()
    }

    /// The same problem over other inputs.
    fn over(&self, x: Matrix) -> Problem {
        let loss = if self.outputs() == 1 {
            LossSpec::logistic(Default::default())
        } else {
            LossSpec::cross_entropy(Default::default())
        };
        let data = Dataset { x: Arc::new(Design::Dense(x)), ..self.data.clone() };
        Problem { data, loss: loss.build().expect("no keys"), log_weight: self.log_weight }
    }

    /// Calls `f` with the problem's oracle.
    fn with_oracle<T>(&self, f: impl FnOnce(&mut dyn Oracle) -> T) -> T {
        let model = ModelSpec::linear(Default::default())
            .build(&Interface { inputs: INPUTS, outputs: self.outputs(), shape: None, image: None })
            .expect("no keys");
        let mut oracle =
            DataOracle::new(&*model, &*self.loss, &self.data.x, &self.data.targets, self.log_weight);
        f(&mut oracle)
    }

    fn go_on(&self, optimizer: &dyn Optimizer, state: &mut State, steps: u64) {
        self.with_oracle(|oracle| (0..steps).for_each(|_| optimizer.step(state, oracle)));
    }

    fn run(&self, optimizer: &dyn Optimizer, seed: u64, steps: u64) -> State {
        let mut state = optimizer.start(self.start(), seed);
        self.go_on(optimizer, &mut state, steps);
        state
    }
}

/// What a state carries from step to step, in bits.
fn bits(s: &State) -> Vec<u64> {
    let slots = s.slots.iter().flat_map(|v| v.direction.iter().chain([&v.log_scale]));
    let mut out: Vec<u64> = s.theta.iter().chain(slots).map(|v| v.to_bits()).collect();
    out.extend([s.step, s.clock.log().to_bits(), s.seed, u64::from(s.done)]);
    out.extend(s.order.iter().map(|&i| i as u64));
    out
}

/// The same seed gives the same bits; another seed does only without noise.
fn deterministic_up_to_declared_noise(optimizer: &dyn Optimizer, problem: &Problem) -> Law {
    let run = |seed| problem.run(optimizer, seed, STEPS);
    let (a, b, c) = (run(1), run(1), run(2));
    holds(bits(&a) == bits(&b), || "two runs with one seed differ".into())?;
    let moved = a.theta != c.theta;
    // A batch of all samples is no noise, but its order changes the rounding.
    let far = a.theta.iter().zip(&c.theta).any(|(x, y)| (x - y).abs() > 1e-9);
    holds(if optimizer.facts().stochastic { moved } else { !far }, || format!("noise: seeds differ: {far}"))
}

/// Saved, reloaded and continued at any moment: the same bits as never stopped.
fn survives_saving(optimizer: &dyn Optimizer, problem: &Problem) -> Law {
    let want = problem.run(optimizer, 3, STEPS);
    // Stopped at 4 for a batch of two out of seven without replacement: in the middle of an epoch.
    for stop in [0, 1, 4, STEPS - 1] {
        let saved = postcard::to_stdvec(&problem.run(optimizer, 3, stop)).map_err(|e| e.to_string())?;
        // Another run in between, as in another process: whatever is remembered outside the state is lost.
        problem.run(optimizer, 8, 2);
        let mut state: State = postcard::from_bytes(&saved).map_err(|e| e.to_string())?;
        problem.go_on(optimizer, &mut state, STEPS - stop);
        holds(bits(&state) == bits(&want), || format!("reloaded after {stop} steps it goes elsewhere"))?;
    }
    Ok(())
}

/// Runs on transformed inputs `X T` from the transformed start `W T` give the transformed iterates, `T` orthogonal.
///
/// Rounding: each step changes the last bits of a few sums of INPUTS or SAMPLES terms, some 1e-15; smooth convex methods do
/// not amplify it, polar factors and fractional powers by at most the inverse of their smallest singular value or weight,
/// which on these data stays above 1e-3; 25 steps give 1e-10 with room for a factor of a hundred.
fn commutes_with_its_symmetries(optimizer: &dyn Optimizer, problem: &Problem) -> Law {
    for t in transformations(optimizer.facts().symmetry) {
        let k = problem.outputs();
        let turn = |w: &[f64]| matmul_nn(&Matrix::from_vec(k, INPUTS, w.to_vec()), &t).as_slice().to_vec();
        let want = turn(&problem.run(optimizer, 4, STEPS).theta);
        let other = problem.over(matmul_nn(&problem.data.x.to_dense(), &t));
        let mut state = optimizer.start(turn(&problem.start()), 4);
        other.go_on(optimizer, &mut state, STEPS);
        for (got, want) in state.theta.iter().zip(&want) {
            close(*got, *want, 1e-10 * (1.0 + want.abs()), || "weight after a change of basis".into())?;
        }
    }
    Ok(())
}

fn transformations(symmetry: Symmetry) -> Vec<Matrix> {
    let mut rng = random(24);
    let mut order: Vec<usize> = (0..INPUTS).collect();
    order.shuffle(&mut rng);
    let permutation = |signs: bool| {
        Matrix::from_fn(INPUTS, INPUTS, |i, j| {
            let sign = if signs && i % 2 == 0 { -1.0 } else { 1.0 };
            if order[i] == j { sign } else { 0.0 }
        })
    };
    match symmetry {
        Symmetry::None => vec![],
        Symmetry::Permutation => vec![permutation(false)],
        Symmetry::SignedPermutation => vec![permutation(false), permutation(true)],
        Symmetry::Rotation => vec![permutation(true), orthogonal(&mut random(25), INPUTS)],
    }
}

/// Each step counts one; the clock adds `η_k`, times the declared time factor where there is a flow limit.
fn keeps_its_books(optimizer: &dyn Optimizer, problem: &Problem) -> Law {
    let facts = optimizer.facts();
    let mut state = optimizer.start(problem.start(), 5);
    holds(state.step == 0 && state.clock.log() == f64::NEG_INFINITY, || "the clock starts late".into())?;
    let Some(schedule) = facts.schedule else {
        let before = state.theta.clone();
        problem.go_on(optimizer, &mut state, 3);
        let still = state.theta == before;
        holds(facts.continuous == still, || "only a flow takes no steps".into())?;
        // Steps of their own length: the clock goes on by them.
        let counted = facts.continuous || (state.step == 3 && state.clock.log().is_finite());
        return holds(counted, || format!("step {} at log time {}", state.step, state.clock.log()));
    };
    let mut time = 0.0;
    for k in 0..STEPS {
        let log_loss = problem.with_oracle(|o| {
            let mut g = vec![0.0; state.theta.len()];
            o.gradient(&state.theta, None, &mut g);
            o.log_loss()
        });
        problem.go_on(optimizer, &mut state, 1);
        holds(state.step == k + 1, || format!("step {} after {} steps", state.step, k + 1))?;
        time += schedule.log_step(k, || log_loss).exp() * facts.flow.map_or(1.0, |f| f.time_factor);
        // One exp and one log for each term and one addition.
        if facts.flow.is_some() || facts.momentum == 0.0 {
            close(state.clock.log(), time.ln(), 1e-13 * (1.0 + k as f64), || format!("clock at step {k}"))?;
        }
    }
    holds(state.clock.log().is_finite(), || "the clock stands still".into())
}

/// The first step is steepest in the declared geometry: `⟨−g, Δ⟩ = ‖g‖_* ‖Δ‖`, or `∇Φ(w + Δ) − ∇Φ(w) ∝ −g`. Geometries without a fixed
/// norm promise less: a share of the norm's steepness, a descent coordinate by coordinate, a descent.
fn moves_as_its_geometry_says(optimizer: &dyn Optimizer, problem: &Problem) -> Law {
    let facts = optimizer.facts();
    if facts.stochastic || facts.continuous || facts.sampling.is_some() || facts.weight_decay > 0.0 {
        return Ok(());
    }
    let start = problem.start();
    let blocks = problem.curvature().blocks;
    let mut g = vec![0.0; start.len()];
    problem.with_oracle(|o| o.gradient(&start, None, &mut g));
    let end = problem.run(optimizer, 6, 1).theta;
    let moved: Vec<f64> = end.iter().zip(&start).map(|(a, b)| a - b).collect();
    let steepness = |norm: Norm| block_norm(norm.dual(), &g, &blocks) * block_norm(norm, &moved, &blocks);
    let descent = -dot(&g, &moved);
    let (along, size) = match facts.geometry {
        Geometry::Norm(norm) => (descent, steepness(norm)),
        Geometry::Mirror(potential) => {
            let mirrored = |(a, b): (&f64, &f64)| potential.mirror(*a) - potential.mirror(*b);
            let moved: Vec<f64> = end.iter().zip(&start).map(mirrored).collect();
            (-dot(&g, &moved), norm2(&g) * norm2(&moved))
        }
        Geometry::NewtonSchulz { .. } => {
            let size = steepness(Norm::Spectral);
            return holds(descent > 0.7 * size, || format!("descent {descent} of at most {size}"));
        }
        Geometry::Adaptive(_) | Geometry::Hybrid(_) => {
            let with = g.iter().zip(&moved).all(|(g, v)| g * v < 0.0 || *g == 0.0);
            return holds(with, || "a coordinate moved up its gradient".into());
        }
        Geometry::Kronecker { .. } | Geometry::GaussNewton { .. } | Geometry::Modified { .. } => {
            return holds(descent > 0.0, || format!("no descent: {descent}"));
        }
        Geometry::Search => return Ok(()),
    };
    // The difference of two weights of size one is good to 2^-52; steps are longer than 1e-3.
    close(along, size, 1e-11 * size.max(1e-3), || "alignment of step and gradient".into())?;
    holds(size > 0.0, || "no step".into())
}

/// A normalised or loss-normalised step does not see the loss's scale, however small: the loss times exp(−1000) gives the
/// same iterates. (Each scale rounds to 2^-52 · 1000, and so does each step's relative length.)
fn sees_no_scale_if_normalized(optimizer: &dyn Optimizer, problem: &Problem) -> Law {
    let facts = optimizer.facts();
    let fixed = matches!(facts.geometry, Geometry::Norm(_) | Geometry::Mirror(_));
    if !(facts.normalized || fixed && facts.schedule.is_some_and(|s| s.loss_power == 1.0)) {
        return Ok(());
    }
    let mut tiny = problem.over(problem.data.x.to_dense());
    tiny.log_weight -= 1000.0;
    let (want, got) = (problem.run(optimizer, 7, STEPS), tiny.run(optimizer, 7, STEPS));
    holds(got.theta != problem.start(), || "it does not move".into())?;
    for (a, b) in got.theta.iter().zip(&want.theta) {
        close(*a, *b, 1e-10 * (1.0 + b.abs()), || "weight under a tiny loss".into())?;
    }
    Ok(())
}

type OptimizerLaw = fn(&dyn Optimizer, &Problem) -> Law;
const LAWS: [(&str, OptimizerLaw); 6] = [
    ("deterministic up to its declared noise", deterministic_up_to_declared_noise),
    ("survives saving", survives_saving),
    ("commutes with its symmetries", commutes_with_its_symmetries),
    ("keeps its books", keeps_its_books),
    ("moves as its geometry says", moves_as_its_geometry_says),
    ("sees no scale if normalized", sees_no_scale_if_normalized),
];

#[test]
fn every_optimizer_obeys_every_law() {
    let mut failures = vec![];
    for problem in [Problem::new(2), Problem::new(CLASSES)] {
        for member in OptimizerSpec::MEMBERS {
            for keys in settings(member.id) {
                let table = keys.parse().expect("valid TOML");
                let spec = OptimizerSpec::parse("optimizer", member.id, table, &[]).expect("valid keys");
                let built = spec.build(&problem.curvature()).expect("in range");
                for (title, law) in LAWS {
                    if let Err(e) = law(&*built.optimizer, &problem) {
                        failures.push(format!(
                            "{} ({keys:?}) on {} outputs: {title}: {e}",
                            member.id,
                            problem.outputs()
                        ));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// How an optimizer can be wrong; in the order of the laws.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Noise,
    Memory,
    Symmetry,
    Clock,
    Geometry,
    Scale,
}

/// Gradient descent in ℓ2 with one fault.
struct Broken {
    inner: Box<dyn Optimizer>,
    fault: Fault,
    hidden: std::sync::atomic::AtomicU64,
}

impl Optimizer for Broken {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        self.hidden.store(0, std::sync::atomic::Ordering::SeqCst);
        self.inner.start(theta, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let count = self.hidden.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.inner.step(state, oracle);
        match self.fault {
            Fault::Noise => state.theta[0] += 1e-3 * state.seed as f64,
            // A memory that is not part of the state: lost on reloading, where `start` is called again elsewhere.
            Fault::Memory => state.theta[0] += 1e-9 * count as f64,
            Fault::Symmetry => state.theta[0] *= 1.001,
            Fault::Clock => state.step += 1,
            Fault::Geometry => state.theta[1] -= 1e-3,
            Fault::Scale => {}
        }
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts { normalized: self.fault == Fault::Scale, ..self.inner.facts() }
    }
}

#[test]
fn every_law_catches_its_broken_optimizer() {
    let problem = Problem::new(2);
    let faults = [Fault::Noise, Fault::Memory, Fault::Symmetry, Fault::Clock, Fault::Geometry, Fault::Scale];
    for ((title, law), fault) in LAWS.into_iter().zip(faults) {
        let spec = OptimizerSpec::gradient_descent(Default::default());
        let inner = spec.build(&problem.curvature()).expect("defaults").optimizer;
        let broken = Broken { inner, fault, hidden: Default::default() };
        assert!(law(&broken, &problem).is_err(), "not caught: {title}");
    }
}
