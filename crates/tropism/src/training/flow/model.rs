//! A model that is curved in its parameters, as the system the extrapolation works on.
//!
//! The state is `(θ, f)`: parameters and outputs. With slopes `q = −∂ℓ/∂f` the flow reads
//!
//! ```text
//! dθ/ds = e^{s+c} Jᵀ(θ) q(f),      df/ds = J(θ) dθ/ds = e^{s+c} J Jᵀ q(f).
//! ```
//!
//! On the way to infinity the margins grow by one per unit of `s` whatever the parameters do, because `e^s q` balances; so
//! `f` follows its own equation, implicitly, and the curvature of `θ ↦ f(θ)` over a long step cannot throw the exponentials
//! off balance. After every step `f` is what the model computes at `θ`; how far the two were apart is part of the error.
//!
//! Only the Gauss–Newton part `Jᵀ S J` (`S` the curvature of the loss in the outputs) is implicit, in whichever of sample
//! and parameter space is smaller, as `I + h Rᵀ J Jᵀ R` or `I + h Jᵀ S J` with `S = R Rᵀ`: both symmetric and positive
//! definite. Where `J` is too large to keep, the same system is solved by conjugate gradients on products with `J`.

use super::bases::Bases;
use super::gates::Gates;
use super::gauss_newton::GaussNewton;
use super::hessian::LARGEST;
use super::tolerance::Tolerance;
use crate::data::Targets;
use crate::losses::Loss;
use crate::models::{Block, Model, Structure, Workspace, spectral};
use crate::numerics::{Design, linalg};
use crate::training::Job;
use std::borrow::Cow;
use std::ops::Deref;

/// Rounds in which the shares of kinks in several layers settle, and the change at which they have.
const SHARES: usize = 4;
const SETTLED: f64 = 1e-7;
/// Rise of the logarithm of a loss that errors of 1e-2 of the outputs explain.
const RISEN: f64 = 0.05;

/// What parameters and inputs are turned into.
pub enum Turned {
    Graded(Bases),
    /// Cosines and sines of signals of this length.
    Frequencies(usize),
}

/// The user's model, or the same in other coordinates.
pub enum Held<'a> {
    Given(&'a dyn Model),
    Own(Box<dyn Model>),
}

impl<'a> Deref for Held<'a> {
    type Target = dyn Model + 'a;

    fn deref(&self) -> &Self::Target {
        match self {
            Held::Given(model) => *model,
            Held::Own(model) => &**model,
        }
    }
}

/// The flow of a model in parameters and outputs.
pub struct ModelFlow<'a> {
    pub(super) model: Held<'a>,
    pub(super) loss: &'a dyn Loss,
    pub(super) x: Cow<'a, Design>,
    /// What parameters and inputs are turned into, where those are not the user's coordinates.
    pub(super) turned: Option<Turned>,
    /// Parameters are written in coordinates that keep what has grown apart from what has not.
    pub(super) apart: bool,
    /// Moduli of the inputs there, where those of all factors bound what the model makes of errors.
    pub(super) magnitudes: Option<Design>,
    pub(super) targets: &'a Targets,
    pub(super) log_weight: f64,
    pub(super) theta: Vec<f64>,
    /// Outputs at `theta`.
    pub(super) outputs: Vec<f64>,
    pub(super) start: Vec<f64>,
    /// The furthest that every parameter has been from its start.
    pub(super) furthest: Vec<f64>,
    /// Smallest singular value of the weight matrix that every parameter is of; zero where it is of none.
    pub(super) least: Vec<f64>,
    /// The largest entry in its row and its column, where the matrix is written in bases of its own; zero elsewhere.
    pub(super) largest_beside: Vec<f64>,
    pub(super) newton: GaussNewton,
    pub(super) work: Workspace,
    pub(super) slopes: Vec<f64>,
    /// Outputs at the point whose error was measured last.
    pub(super) reached: Vec<f64>,
    pub(super) blocks: Vec<Block>,
    pub(super) tolerance: Tolerance,
    /// Largest slope of a sample at the present point.
    pub(super) steepest: f64,
    pub(super) kinked: bool,
    /// Units on their kinks, where the model is a chain of dense layers whose derivatives are kept.
    pub(super) gates: Option<Gates<'a>>,
    /// Size of every sample's slopes.
    weights: Vec<f64>,
    /// Rounding of every parameter's velocity.
    pub(super) rounding: Vec<f64>,
    /// The log of a unit, and in it the rounding of every coordinate of the gradient, in coordinates that keep it apart; else nothing.
    pub(super) silent: (f64, Vec<f64>),
    /// Looks so far at where a flow that nearly fits would end.
    pub(super) looks: u32,
    /// Memory of the look whether anything moves: curvature of one sample, rounding of the gradient.
    pub(super) still: (Vec<f64>, Vec<f64>),
}

impl<'a> ModelFlow<'a> {
    /// The system at `theta`.
    pub fn new(job: &Job<'a>, theta: &[f64]) -> Self {
        let outputs = job.data.n() * job.data.targets.outputs();
        let kinked = matches!(job.model.facts().structure, Structure::Relu { .. });
        let tolerance = if kinked { Tolerance::KINKED } else { Tolerance::SMOOTH };
        let mut flow = Self {
            model: Held::Given(job.model),
            loss: job.loss,
            x: Cow::Borrowed(&job.data.x),
            turned: None,
            apart: false,
            magnitudes: None,
            targets: &job.data.targets,
            log_weight: job.log_weight,
            theta: theta.to_vec(),
            outputs: vec![0.0; outputs],
            start: theta.to_vec(),
            furthest: vec![0.0; theta.len()],
            least: vec![0.0; theta.len()],
            largest_beside: vec![0.0; theta.len()],
            newton: GaussNewton::new(outputs, theta.len(), job.data.targets.outputs(), kinked),
            work: Workspace::default(),
            slopes: vec![0.0; outputs],
            reached: vec![0.0; outputs],
            blocks: job.model.blocks(),
            tolerance,
            steepest: f64::INFINITY,
            kinked,
            gates: None,
            weights: vec![0.0; job.data.n()],
            rounding: vec![0.0; theta.len()],
            silent: (0.0, vec![]),
            looks: 0,
            still: (vec![], vec![]),
        };
        if flow.kinked && flow.newton.jacobian().is_some() {
            flow.gates = job.model.network().map(Gates::new);
        }
        flow.predict_here();
        if flow.has_root() {
            // A loss with a root has no unit of margin: its unit is the largest residual at the start.
            let scale = flow.loss.slopes(&flow.outputs, flow.targets, &mut flow.slopes).exp();
            flow.tolerance.absolute *= 1e-2 * linalg::max_abs(&flow.slopes) * scale;
        }
        flow
    }

    /// Number of parameters and of outputs.
    pub fn dims(&self) -> (usize, usize) {
        (self.theta.len(), self.outputs.len())
    }

    /// Local errors of the run in words.
    pub fn describe(&self) -> String {
        let how = self.newton.describe();
        if self.kinked {
            let t = self.tolerance;
            let held = if self.gates.is_some() {
                "; units that the flow drives onto their kink are held there"
            } else {
                ""
            };
            return format!(
                "{how}{held}; steps cross the kinks of the network with an error below {:.0e} of each weight matrix and {:.0e} of \
                 an output",
                t.parameters, t.absolute
            );
        }
        format!("{how}; local error below {:.0e} of what each parameter has moved", self.tolerance.parameters)
    }

    /// How many columns of the extrapolation pay: kinks leave no high order to gain.
    pub fn most_columns(&self) -> usize {
        if self.kinked { 4 } else { 8 }
    }

    /// Parameters in the user's bases.
    pub fn parameters(&self) -> Vec<f64> {
        match &self.turned {
            Some(Turned::Graded(bases)) => bases.turn_back(&self.blocks, &self.theta),
            Some(Turned::Frequencies(d)) => spectral::to_signals(*d, &self.theta),
            None => self.theta.clone(),
        }
    }

    /// Turns to coordinates in which what has grown and what has not stand apart, and so does rounding of the two; `false` if the model has
    /// none or is in its own, or is so large that the turned inputs, which are dense, should not be kept.
    pub fn turn(&mut self) -> bool {
        if self.theta.len() > LARGEST {
            return false;
        }
        let structure = self.model.facts().structure;
        if matches!(structure, Structure::Diagonal { .. }) {
            self.magnitudes = Some(self.x.moduli());
            return !std::mem::replace(&mut self.apart, true);
        }
        if let Some(model) = self.model.spectral() {
            self.turn_to_frequencies(model);
            return true;
        }
        let Some(next) = Bases::graded(&*self.model, &self.theta) else { return false };
        self.x = Cow::Owned(next.turn_inputs(structure, &self.x));
        self.magnitudes = Some(self.x.moduli());
        self.theta = next.turn(&self.blocks, &self.theta);
        self.turned = Some(Turned::Graded(match &self.turned {
            Some(Turned::Graded(before)) => before.then(&next),
            _ => next,
        }));
        self.begin_anew();
        true
    }

    fn turn_to_frequencies(&mut self, model: Box<dyn Model>) {
        let d = self.x.cols();
        self.x = Cow::Owned(spectral::inputs_to_coordinates(&self.x));
        self.theta = spectral::to_coordinates(d, &self.theta);
        self.turned = Some(Turned::Frequencies(d));
        self.blocks = model.blocks();
        self.model = Held::Own(model);
        self.begin_anew();
    }

    /// In coordinates that keep apart what has grown.
    fn begin_anew(&mut self) {
        self.apart = true;
        // What every entry has moved is not known in the new coordinates.
        self.furthest.fill(f64::INFINITY);
        self.newton.forget();
        self.predict_here();
    }

    fn predict_here(&mut self) {
        self.model.predict(&self.theta, &self.x, &mut self.work, &mut self.outputs);
    }

    /// `log L` at the present point.
    pub fn log_loss(&self) -> f64 {
        self.loss.log_sum(&self.outputs, self.targets) + self.log_weight
    }

    /// Whether the loss at the point whose error was measured last is higher than here by more than errors of the outputs explain. No flow
    /// raises its loss; a step across many kinks did. At a root of the loss rounding moves what is left of it by any factor.
    pub fn raises_loss(&self) -> bool {
        if self.has_root() {
            return false;
        }
        let log_loss = |f: &[f64]| self.loss.log_sum(f, self.targets);
        log_loss(&self.reached) > log_loss(&self.outputs) + RISEN
    }

    /// Moves to `theta`, the point whose error was measured last.
    pub fn accept(&mut self, theta: &[f64]) {
        self.theta.copy_from_slice(theta);
        let moved = self.furthest.iter_mut().zip(theta.iter().zip(&self.start));
        moved.for_each(|(far, (t, start))| *far = far.max((t - start).abs()));
        std::mem::swap(&mut self.outputs, &mut self.reached);
        let (x, theta) = (&*self.x, &self.theta);
        if let Some(gates) = &mut self.gates {
            // The values there are what letting go is decided by.
            gates.network.predict(theta, x, &mut gates.trace, &mut self.reached);
            gates.let_go(theta);
        }
    }

    /// `v [p] = dθ/ds` and `g [n k] = df/ds` at parameters `theta` and outputs `outputs`, with `e^{log_factor}` for `e^{s+c}`.
    /// Returns what the pullback of the slopes was multiplied by.
    pub fn velocity(
        &mut self,
        theta: &[f64],
        outputs: &[f64],
        log_factor: f64,
        v: &mut [f64],
        g: &mut [f64],
    ) -> f64 {
        let scale = self.loss.slopes(outputs, self.targets, &mut self.slopes);
        let factor = -(scale + self.log_weight + log_factor).exp();
        match &mut self.gates {
            Some(Gates { network, trace, .. }) => {
                network.pullback(theta, &self.x, &self.slopes, trace, v);
                network.pushforward(theta, &self.x, v, trace, g);
            }
            None => {
                self.model.pullback(theta, &self.x, &self.slopes, &mut self.work, v);
                self.silence(scale + self.log_weight, v);
                self.model.pushforward(theta, &self.x, v, &mut self.work, g);
            }
        }
        v.iter_mut().for_each(|e| *e *= factor);
        g.iter_mut().for_each(|e| *e *= factor);
        factor
    }

    /// The same at the present point.
    pub fn velocity_here(&mut self, log_factor: f64, v: &mut [f64], g: &mut [f64]) {
        let (theta, outputs) = (std::mem::take(&mut self.theta), std::mem::take(&mut self.outputs));
        self.velocity(&theta, &outputs, log_factor, v, g);
        (self.theta, self.outputs) = (theta, outputs);
    }

    /// Makes the implicit part ready at the present point: derivatives of the outputs, if they are out of date, and
    /// curvature of the loss times `e^{log_factor}`.
    pub fn linearise(&mut self, log_factor: f64) {
        let (model, x, theta) = (&*self.model, &*self.x, &self.theta);
        match &mut self.gates {
            Some(g) => self.newton.refresh(theta, |out| g.network.jacobian(theta, x, &mut g.trace, out)),
            None => self.newton.refresh(theta, |out| model.jacobian(theta, x, &mut self.work, out)),
        }
        self.newton.weigh(self.loss, self.targets, &self.outputs, self.log_weight + log_factor);
        if !self.kinked {
            self.measure_blocks();
            self.round(log_factor);
        }
    }

    /// Whether units may be held on their kinks: then every increment goes through [`ModelFlow::gated_increment`].
    pub fn is_gated(&self) -> bool {
        self.gates.is_some()
    }

    /// Pairs of a unit and a sample that the flow holds on the kink of the ReLU.
    pub fn held(&self) -> usize {
        self.gates.as_ref().map_or(0, Gates::held)
    }

    /// Makes units that may reach their kinks within a step of size `h` along `velocity` ready.
    pub fn look_at_kinks(&mut self, velocity: &[f64], h: f64) {
        let scale = self.loss.slopes(&self.outputs, self.targets, &mut self.slopes);
        self.steepest = scale.exp() * linalg::max_abs(&self.slopes);
        let k = self.targets.outputs();
        for (w, s) in self.weights.iter_mut().zip(self.slopes.chunks_exact(k)) {
            *w = linalg::max_abs(s);
        }
        if let Some(gates) = &mut self.gates {
            gates.choose(&self.theta, &self.x, velocity, h, &self.weights);
            gates.linearise(&self.theta, &self.newton);
        }
    }

    /// One linearly implicit increment `v, g` from `(theta, outputs)` with the shares of all kinks settled: of size `h` times the
    /// velocity there, plus `drift` times `base`; from the start of a step `drift` times that velocity itself, which is left in
    /// `base`.
    pub fn gated_increment(
        &mut self,
        theta: &[f64],
        outputs: &[f64],
        (log_factor, h, drift, first): (f64, f64, f64, bool),
        (base_v, base_g): (&mut [f64], &mut [f64]),
        v: &mut [f64],
        g: &mut [f64],
    ) {
        for _ in 0..SHARES {
            let force = self.velocity(theta, outputs, log_factor, v, g);
            let stretch = if first {
                base_v.copy_from_slice(v);
                base_g.copy_from_slice(g);
                h + drift
            } else {
                h
            };
            let more = if first { 0.0 } else { drift };
            v.iter_mut().zip(base_v.iter()).for_each(|(v, b)| *v = stretch * *v + more * b);
            g.iter_mut().zip(base_g.iter()).for_each(|(g, b)| *g = stretch * *g + more * b);
            self.correct(h, v, g);
            let Some(gates) = &mut self.gates else { return };
            if gates.share(theta, v, force, stretch / h) < SETTLED {
                return;
            }
        }
    }

    /// Prepares [`ModelFlow::correct`] for steps of size `h`; `false` if the factorisation fails.
    pub fn factorise(&mut self, h: f64) -> bool {
        self.newton.factorise(h) && self.gates.as_mut().is_none_or(|g| g.factorise(h))
    }

    /// Turns explicit increments of parameters `v` and outputs `g` into linearly implicit ones.
    pub fn correct(&mut self, h: f64, v: &mut [f64], g: &mut [f64]) {
        self.newton.correct(h, &*self.model, &self.x, &self.theta, &mut self.work, v, g);
    }

    /// Rounding of the outputs at the present point, as far as it is known.
    pub fn largest_noise(&self) -> f64 {
        self.newton.noise().iter().fold(0.0, |m: f64, v| m.max(*v))
    }
}
