//! Conditions on steps, and the scopes of adaptive methods.

use super::case::{Case, Check, check, holds, scope, short};
use crate::optimizers::{Geometry, SecondMoment};
use crate::terms::Holds;

impl Case<'_> {
    /// Condition: a constant step that is stable for every batch that can be drawn. A batch of `b` different samples is at
    /// most as curved as the most curved of them, and its mean at most `n/b` times as curved as the full loss.
    pub fn stable_batch_step(&self) -> Check {
        let name = "step size below the stability limit of every batch";
        let (step, c) = (self.optimizer.schedule.map_or(0.0, |s| s.base), &self.setup.curvature);
        let drawn = self.optimizer.flow.and_then(|f| f.batch).filter(|b| !b.replacement);
        let whole = drawn.map_or(f64::INFINITY, |b| c.smoothness * c.samples as f64 / b.size as f64);
        let smoothness = c.single.min(whole);
        if self.setup.loss.facts().smoothness.is_infinite() {
            let words = "the curvature of this loss is unbounded, and a stochastic step need not descend";
            return check(name, Holds::Unchecked, words);
        }
        // A longer step may still be stable: the bound is that of the worst batch there could be.
        let verdict = if step * smoothness < 2.0 { Holds::Yes } else { Holds::Unchecked };
        let limit = 2.0 / smoothness;
        let of = if smoothness < c.single { "a batch" } else { "one sample" };
        check(
            name,
            verdict,
            format!("step size {} against {} = 2 / smoothness of {of}", short(step), short(limit)),
        )
    }

    /// `λ = η/(1 − β)²`, through which momentum acts on small steps.
    pub fn momentum_scale(&self) -> f64 {
        let step = self.optimizer.schedule.map_or(0.0, |s| s.base);
        step / (1.0 - self.optimizer.momentum).powi(2)
    }

    /// Condition: the steps sum to infinity.
    pub fn endless_steps(&self) -> Check {
        let power = self.optimizer.schedule.map_or(0.0, |s| s.power);
        let words = match power {
            0.0 => "steps of constant size".into(),
            _ => format!("steps decay like (k+1)^-{power}"),
        };
        check("steps sum to infinity", holds(power <= 1.0), words)
    }

    /// Condition: steps `η (k+1)^-a` with `0 < a ≤ 1`.
    pub fn vanishing_steps(&self) -> Check {
        let (power, of_loss) =
            self.optimizer.schedule.map_or((0.0, false), |s| (s.power, s.loss_power != 0.0));
        let loss = if of_loss { " / loss" } else { "" };
        let yes = power > 0.0 && power <= 1.0 && !of_loss;
        check("steps vanish but do not sum", holds(yes), format!("steps decay like (k+1)^-{power}{loss}"))
    }

    /// The second moment of an adaptive method with nothing added to it.
    pub fn second_moment(&self) -> Option<SecondMoment> {
        match self.optimizer.geometry {
            Geometry::Adaptive(second) if self.optimizer.pure() => Some(second),
            _ => None,
        }
    }

    /// Scope: Adam or RMSProp, on all samples or on mini-batches.
    pub fn adam(&self, mini_batches: bool) -> Check {
        let adam = self.second_moment().is_some_and(|s| s.beta2.is_some() && s.initial == 0.0);
        let name = if mini_batches { "Adam on mini-batches" } else { "full-batch Adam" };
        let sees = if self.mini_batches() { "mini-batches" } else { "all samples" };
        let words = format!("{}, on {sees}", self.optimizer_words());
        scope(check(name, holds(adam && self.mini_batches() == mini_batches), words))
    }

    /// Condition: `β₁ ≤ β₂`.
    pub fn longer_second_memory(&self) -> Check {
        let beta1 = self.optimizer.momentum;
        let second = match self.optimizer.geometry {
            Geometry::Adaptive(second) => second.beta2,
            _ => None,
        };
        let beta2 = second.unwrap_or(0.0);
        let verdict = if beta1 <= beta2 { Holds::Yes } else { Holds::Unchecked };
        check("second memory no shorter than the first", verdict, format!("β₁ = {beta1}, β₂ = {beta2}"))
    }
}
