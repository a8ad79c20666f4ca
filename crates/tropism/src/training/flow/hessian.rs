//! The flow of a curved model with the whole Hessian in the implicit part, for runs that wait at saddles.
//!
//! Beside a residual that stays the curvature of the model itself counts: the Hessian is `JᵀSJ + R`, `R = Σ_i ℓ'_i ∇²f_i`, and at an
//! intermediate saddle of a product of matrices `R` is as large as the stiffest part of the rest. Steps that are implicit in
//! `JᵀSJ` alone (`model.rs`) are no longer than `1/‖R‖` there, however long the flow waits: the wait at a saddle between small factors is
//! longer by powers of their size. Here every step is one of Rodas5P with the exact Hessian in the space of the parameters, factorised once,
//! so that only what grows bounds its length.

use super::extrapolation::Extrapolation;
use super::model::ModelFlow;
use super::rosenbrock::{Form, GAMMA, Implicit, Outcome, Rosenbrock, System};
use crate::losses::Tail;
use crate::numerics::Matrix;
use crate::numerics::logscale::log_add_exp;
use std::f64::consts::LN_2;

/// Largest number of parameters whose Hessian is factorised, and whose bases are changed.
pub const LARGEST: usize = 3_600;

/// A run that needs so many steps of one kind while time doubles may do better with the other: what waits at a saddle with the whole Hessian,
/// what moves with the high order of the extrapolation, whose steps are cheaper.
const SLOW: u64 = 300;
const SLOW_WITH_HESSIAN: u64 = 100;
/// Steps in which the extrapolation has to get further than the last so many with the Hessian did.
const TRIAL: u64 = 20;

/// Which of the two integrators takes the next step.
pub struct Turns {
    exact: Option<Rosenbrock>,
    /// Steps and `log t` when time had doubled last, or the integrator was changed.
    steps: u64,
    log_time: f64,
    /// Log of the time that the present [`TRIAL`] steps, and those before them, have taken the run on.
    gained: f64,
    gained_before: f64,
    /// What the extrapolation has to gain while it is on trial.
    trial: Option<f64>,
    /// Whether the model has a Hessian; unknown before it is asked for.
    possible: Option<bool>,
    /// The whole Hessian has been used.
    used: bool,
}

impl Turns {
    /// The extrapolation begins.
    pub fn new(log_time: f64) -> Self {
        let none = f64::NEG_INFINITY;
        Self {
            exact: None,
            steps: 0,
            log_time,
            gained: none,
            gained_before: none,
            trial: None,
            possible: None,
            used: false,
        }
    }

    /// One step of size `h` in `s`.
    pub fn step(
        &mut self,
        stepper: &mut Extrapolation,
        system: &mut ModelFlow,
        form: Form,
        log_factor: f64,
        h: f64,
    ) -> Outcome {
        match &mut self.exact {
            Some(exact) => exact.step(&mut WithHessian(system), form, log_factor, h),
            None => stepper.step(system, form, log_factor, h),
        }
    }

    /// Chooses after `steps` in all, of which the last took `e^log_gain` units of time, have led to `log_time`; whether the whole Hessian is
    /// used for the first time.
    pub fn choose(&mut self, steps: u64, log_gain: f64, log_time: f64, system: &mut ModelFlow) -> bool {
        if log_time > self.log_time + LN_2 {
            (self.steps, self.log_time, self.trial) = (steps, log_time, None);
            // Where margins grow for ever outputs have to be followed beside the parameters.
            if !system.has_root() {
                self.exact = None;
            }
        }
        if (steps - self.steps).is_multiple_of(TRIAL) {
            (self.gained_before, self.gained) = (self.gained, f64::NEG_INFINITY);
        }
        self.gained = log_add_exp(self.gained, log_gain);
        let failed = match self.trial {
            Some(least) if steps >= self.steps + TRIAL => {
                self.trial = None;
                self.gained_before <= least
            }
            _ => false,
        };
        let slow = if self.exact.is_some() { SLOW_WITH_HESSIAN } else { SLOW };
        let wait = !failed && steps < self.steps + slow;
        if wait || !*self.possible.get_or_insert_with(|| system.has_hessian()) {
            return false;
        }
        (self.steps, self.gained) = (steps, f64::NEG_INFINITY);
        if self.exact.take().is_some() {
            self.trial = Some(self.gained_before);
            return false;
        }
        system.turn();
        self.exact = Some(Rosenbrock::new(system.dims().0));
        !std::mem::replace(&mut self.used, true)
    }
}

/// A [`ModelFlow`] in its parameters alone.
pub struct WithHessian<'b, 'a>(&'b mut ModelFlow<'a>);

impl ModelFlow<'_> {
    /// Whether the whole Hessian is known and small enough to be factorised.
    pub fn has_hessian(&mut self) -> bool {
        let (p, _) = self.dims();
        if p > LARGEST || self.kinked || self.newton.jacobian().is_none() {
            return false;
        }
        self.model_curvature(0.0, &mut Matrix::zeros(p, p))
    }

    /// Whether the loss is smallest at finite outputs.
    pub fn has_root(&self) -> bool {
        self.loss.facts().tail == Tail::FiniteRoot
    }

    /// `v [p] = dθ/ds` at `point` (the present one if `None`), outputs and all.
    fn parameter_velocity(&mut self, point: Option<&[f64]>, log_factor: f64, v: &mut [f64]) {
        let theta = point.unwrap_or(&self.theta);
        let outputs = match point {
            Some(theta) => {
                self.model.predict(theta, &self.x, &mut self.work, &mut self.reached);
                &self.reached
            }
            None => &self.outputs,
        };
        let scale = self.loss.slopes(outputs, self.targets, &mut self.slopes);
        self.model.pullback(theta, &self.x, &self.slopes, &mut self.work, v);
        self.silence(scale + self.log_weight, v);
        let factor = -(scale + self.log_weight + log_factor).exp();
        v.iter_mut().for_each(|e| *e *= factor);
    }

    /// `R = e^{log_factor} Σ_i ℓ'_i ∇²f_i` at the present point; `false` if the model does not know it.
    fn model_curvature(&mut self, log_factor: f64, out: &mut Matrix) -> bool {
        let scale = self.loss.slopes(&self.outputs, self.targets, &mut self.slopes);
        let factor = (scale + self.log_weight + log_factor).min(600.0).exp();
        let noise = self.noise_of_curvature(scale, factor);
        self.slopes.iter_mut().for_each(|q| *q *= factor);
        if !self.model.curvature(&self.theta, &self.x, &self.slopes, &mut self.work, out) {
            return false;
        }
        let Some(noise) = noise else { return true };
        for (o, n) in out.as_mut_slice().iter_mut().zip(noise.as_slice()) {
            if o.abs() <= n.abs() {
                *o = 0.0;
            }
        }
        true
    }

    /// What rounding of the slopes, which are in units of `e^scale`, leaves in `factor Σ_i ℓ'_i ∇²f_i`. At a saddle the gradient across what has
    /// grown is nothing else, and over a wait of 10^20 it would pass for a direction in which the loss falls. The second derivatives of a
    /// product with the moduli of all factors bound what it makes of the moduli of all errors.
    fn noise_of_curvature(&mut self, scale: f64, factor: f64) -> Option<Matrix> {
        let magnitudes = self.magnitudes.as_ref()?;
        let k = self.targets.outputs();
        let (mut block, mut uncertain) = (vec![0.0; k * k], vec![0.0; self.slopes.len()]);
        for (i, u) in uncertain.chunks_exact_mut(k).enumerate() {
            u.fill(factor * self.uncertainty(i, scale, &mut block));
        }
        let moduli: Vec<f64> = self.theta.iter().map(|t| t.abs()).collect();
        let mut noise = Matrix::zeros(moduli.len(), moduli.len());
        self.model.curvature(&moduli, magnitudes, &uncertain, &mut self.work, &mut noise).then_some(noise)
    }
}

impl System for WithHessian<'_, '_> {
    fn point(&self) -> &[f64] {
        &self.0.theta
    }

    /// Moves to `point`, whose error was measured last.
    fn set(&mut self, point: &[f64]) {
        self.0.accept(point);
    }

    fn velocity(&mut self, point: Option<&[f64]>, log_factor: f64, out: &mut [f64]) {
        self.0.parameter_velocity(point, log_factor, out);
    }

    fn implicit(&mut self, log_factor: f64, matrix: &mut Matrix) -> Option<Implicit> {
        let flow = &mut *self.0;
        flow.linearise(log_factor);
        if !flow.model_curvature(log_factor, matrix) {
            return None;
        }
        flow.newton.add_to(matrix, matrix.rows() as f64 * f64::EPSILON);
        Implicit::new(matrix, vec![])
    }

    fn error(&mut self, point: &[f64], error: &[f64]) -> f64 {
        // The rounding of the velocities was taken with the factor of the implicit part.
        self.0.error_of_parameters_alone(point, error, 1.0 / GAMMA)
    }
}
