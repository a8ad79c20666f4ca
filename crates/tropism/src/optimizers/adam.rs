//! Adam `w ← w − η_k m̂ / (√v̂ + ε)`, `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, coordinate by coordinate.
//!
//! Shapes: any parameter vector; two slots of the same size.
//! Assumes: steps `η_k = η (k + 1)^−power`, by default `power = 0.5` and `η` one over the longest sample in ℓ1; full batches
//! unless `batch` is set.
//! Source: Kingma, Ba 2015 (arXiv 1412.6980), Algorithm 1. Bias: ε = 0, ℓ∞ margin, Zhang, Zou, Cao 2024 (2406.10650); ε > 0,
//! ℓ2 margin in the long run, Wang, Meng, Chen, Liu 2021 (2012.06244); one sample at a time (2510.26303).
//! Units and invariance: ε has the units of the gradient and acts by its true size, however small that is; with ε = 0 the
//! steps do not see the loss's scale. Commutes with signed permutations of the coordinates.
//! Errors: `beta1` or `beta2` outside [0, 1), `epsilon < 0`, `batch` outside 1..=n, `step_size ≤ 0`.
//! Example: `optimizer.kind = "adam"`, `optimizer.epsilon = 0.0`.

use super::second_moment::{Adaptive, check_batch_schedule};
use super::{BatchSpec, Built, Curvature, ScheduleKind, ScheduleSpec, SecondMoment, check_range};
use crate::Error;
use crate::numerics::Norm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of Adam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AdamSpec {
    /// Momentum β₁ in [0, 1).
    pub beta1: f64,
    /// Memory β₂ of the second moment in [0, 1).
    pub beta2: f64,
    /// Stability constant ε ≥ 0, in the units of the gradient.
    pub epsilon: f64,
    /// Divide the moments by `1 − β^k`.
    pub bias_correction: bool,
    #[serde(flatten)]
    pub batches: BatchSpec,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for AdamSpec {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            bias_correction: true,
            batches: BatchSpec::default(),
            steps: ScheduleSpec::default(),
        }
    }
}

/// What Adam-like members have in common with their step sizes.
pub(super) struct Parts<'a> {
    pub name: &'static str,
    pub beta1: f64,
    pub beta2_key: &'static str,
    pub second: SecondMoment,
    pub weight_decay: f64,
    pub batches: &'a BatchSpec,
    pub steps: &'a ScheduleSpec,
}

impl Parts<'_> {
    /// Checks the ranges and derives the step.
    pub fn build(self, c: &Curvature) -> Result<Built, Error> {
        check_range("beta1", self.beta1, (0.0..1.0).contains(&self.beta1), "it must lie in [0, 1)")?;
        self.second.check(self.beta2_key)?;
        super::check_nonnegative("weight_decay", self.weight_decay)?;
        let batches = self.batches.build(c.samples)?;
        check_batch_schedule(self.name, batches, self.steps)?;
        // A sum of squares shortens the steps by itself.
        let (kind, power) = match self.second.beta2 {
            Some(_) => (ScheduleKind::PowerLaw, 0.5),
            None => (ScheduleKind::Constant, 0.0),
        };
        let (schedule, origin) = self.steps.build(kind, power, |_| {
            let reach = c.radius.dual(Norm::LInf);
            (1.0 / reach, format!("1 / longest sample in l1 = 1 / {reach:.6}"))
        })?;
        let (beta1, second, weight_decay) = (self.beta1, self.second, self.weight_decay);
        let optimizer = Box::new(Adaptive { beta1, second, weight_decay, batches, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }
}

impl AdamSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let (epsilon, bias_correction) = (self.epsilon, self.bias_correction);
        Parts {
            name: "adam",
            beta1: self.beta1,
            beta2_key: "beta2",
            second: SecondMoment { beta2: Some(self.beta2), epsilon, initial: 0.0, bias_correction },
            weight_decay: 0.0,
            batches: &self.batches,
            steps: &self.steps,
        }
        .build(c)
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Quadratic};
    use super::*;

    /// The algorithm as printed, in plain numbers.
    fn textbook(spec: &AdamSpec, weight_decay: f64, eta: f64, steps: u64) -> Vec<f64> {
        let mut w = reference::START.to_vec();
        let (mut m, mut v) = (vec![0.0; w.len()], vec![0.0; w.len()]);
        for k in 1..=steps {
            let g = Quadratic::slope(&w);
            let rate = eta / (k as f64).sqrt();
            for i in 0..w.len() {
                m[i] = spec.beta1 * m[i] + (1.0 - spec.beta1) * g[i];
                v[i] = spec.beta2 * v[i] + (1.0 - spec.beta2) * g[i] * g[i];
                let (a, b) = match spec.bias_correction {
                    true => (1.0 - spec.beta1.powi(k as i32), 1.0 - spec.beta2.powi(k as i32)),
                    false => (1.0, 1.0),
                };
                w[i] -= rate * weight_decay * w[i];
                w[i] -= rate * (m[i] / a) / ((v[i] / b).sqrt() + spec.epsilon);
            }
        }
        w
    }

    #[test]
    fn agrees_with_the_textbook() {
        for (epsilon, bias_correction) in [(0.0, true), (1e-8, true), (0.1, true), (1e-3, false)] {
            let steps = ScheduleSpec { step_size: Some(0.05), ..Default::default() };
            let spec = AdamSpec { epsilon, bias_correction, steps, ..Default::default() };
            let built = spec.build(&reference::curvature()).unwrap();
            let got = reference::run(&*built.optimizer, 200);
            // 200 steps of size at most 0.05, each good to some units in the last place; ratios near a sign change
            // amplify by a few.
            reference::close(&got, &textbook(&spec, 0.0, 0.05, 200), 1e-12);
            let decayed = crate::optimizers::adamw::AdamWSpec {
                epsilon,
                bias_correction,
                weight_decay: 0.1,
                steps: spec.steps.clone(),
                ..Default::default()
            };
            let built = decayed.build(&reference::curvature()).unwrap();
            let got = reference::run(&*built.optimizer, 200);
            reference::close(&got, &textbook(&spec, 0.1, 0.05, 200), 1e-12);
        }
    }

    #[test]
    fn nonsense_is_refused_with_key_and_range() {
        let refused = |spec: AdamSpec| spec.build(&reference::curvature()).err().unwrap().to_string();
        let e = refused(AdamSpec { beta1: 1.0, ..Default::default() });
        assert!(e.contains("`beta1`") && e.contains("[0, 1)"), "{e}");
        let e = refused(AdamSpec { beta2: -0.1, ..Default::default() });
        assert!(e.contains("`beta2`") && e.contains("[0, 1)"), "{e}");
        let e = refused(AdamSpec { epsilon: -1e-8, ..Default::default() });
        assert!(e.contains("`epsilon`") && e.contains(">= 0"), "{e}");
        let batches = BatchSpec { batch: Some(99), order: None };
        let e = refused(AdamSpec { batches, ..Default::default() });
        assert!(e.contains("`batch`") && e.contains("between 1 and"), "{e}");
    }
}
