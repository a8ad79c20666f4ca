//! The least convex loss in a ball, `min L(w) s.t. ‖w‖ ≤ R`, or in the box with the barrier that Adam's `ε` is:
//! `min L(w) + ε R Σ_j χ(|w_j|/R)`, `χ(u) = −u − ln(1 − u)`, in ℓ∞.
//!
//! Shapes: `w [k d]`; the dual is another point `v [k d]`.
//! Assumes: a model linear in `w`, a convex loss, `R > 0`, `ε ≥ 0` and `ε = 0` but in ℓ∞.
//! Source: Frank, Wolfe 1956 (Naval Research Logistics Quarterly 3) for the bound; accelerated proximal gradient with restarts:
//! Beck, Teboulle 2009 (SIAM J. Imaging Sci. 2), O'Donoghue, Candès 2015 (arXiv 1204.3982). The barrier is the potential of
//! `w ↦ ε λ|w|/(1 − λ|w|)`, `λ = 1/R`, which `λ w = −g/(|g| + ε)` solves for `g`: elementary.
//! Units and invariance: `value` in units of the loss, `R` of a weight, `ε` of a gradient.
//! Bound: `L(w) ≥ L(v) + ⟨g, w − v⟩`, `g = ∇L(v)`, so no value is below `L(v) − ⟨g, v⟩ − R ‖g‖_*`; with the barrier `R Σ (|g_j| −
//! ε ln(1 + |g_j|/ε))` stands for the last term. Values and gradients are rounded; what rounding may have done is added outward.
//! A point outside counts by its projection, dearer by the share of `R` by which it lies outside.
//! Errors: `R` or `ε` out of range, a norm other than ℓ2, ℓ∞ and the spectral norm.

use super::data_loss::{DataLoss, Jet, ROUNDING};
use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness, certify};
use crate::error::Error;
use crate::numerics::decomposition::Decomposition;
use crate::numerics::linalg::{distance, dot, norm2};
use crate::numerics::singular::nuclear_above;
use crate::numerics::{Matrix, Norm};

/// Gradient steps between two looks at the certificate.
const ROUND: usize = 100;
/// Rounds for each iteration of the budget, which counts those of Newton's kind.
const ROUNDS: usize = 10;
/// Rounds that may pass without progress, beside half of those that made it: rounding is reached.
const PATIENCE: usize = 5;
/// Nearest to the wall that the barrier is evaluated, as a share of the radius.
const WALL: f64 = 1e-12;

/// `min L(w) s.t. ‖w‖ ≤ R`.
pub struct BallMinimiser {
    loss: DataLoss,
    norm: Norm,
    radius: f64,
    epsilon: f64,
}

impl BallMinimiser {
    /// The ball of `norm` with that radius; `epsilon > 0` for the box with a barrier.
    ///
    /// # Errors
    /// See the module header.
    pub fn new(loss: DataLoss, norm: Norm, radius: f64, epsilon: f64) -> Result<Self, Error> {
        if !(radius > 0.0 && radius.is_finite()) {
            return Err(Error::bad_value("program", "radius", radius, "a number R with 0 < R < ∞"));
        }
        if !(epsilon >= 0.0 && epsilon.is_finite()) || epsilon > 0.0 && norm != Norm::LInf {
            return Err(Error::bad_value(
                "program",
                "epsilon",
                epsilon,
                "a finite number ≥ 0, and 0 but in ℓ∞",
            ));
        }
        match norm {
            Norm::L2 | Norm::LInf | Norm::Spectral => Ok(Self { loss, norm, radius, epsilon }),
            Norm::L1 | Norm::Lp(_) | Norm::Nuclear => {
                let expected = "a norm whose ball is projected to: l2, linf or spectral";
                Err(Error::bad_value("program", "norm", norm.name(), expected))
            }
        }
    }

    /// `‖w‖` as the ball has it; a spectral norm of a vector is its length.
    fn size(&self, w: &[f64]) -> f64 {
        self.norm.value(w, self.loss.shape().0)
    }

    /// Nearest point of the ball.
    fn project(&self, w: &mut [f64], work: &mut Decomposition) {
        let (k, d) = self.loss.shape();
        match self.norm {
            Norm::LInf => w.iter_mut().for_each(|w| *w = w.clamp(-self.radius, self.radius)),
            Norm::Spectral if k > 1 => clip_singular(w, (k, d), self.radius, work),
            _ => {
                let size = norm2(w);
                let shrink = if size > self.radius { self.radius / size } else { 1.0 };
                w.iter_mut().for_each(|w| *w *= shrink);
            }
        }
    }

    /// `argmin_z ½‖z − w‖² + step · barrier(z)` over the ball.
    fn proximal(&self, w: &mut [f64], step: f64, work: &mut Decomposition) {
        if self.epsilon == 0.0 {
            return self.project(w, work);
        }
        // z > 0 for w > 0: (z − w)(R − z) + step ε z = 0.
        let (r, e) = (self.radius, step * self.epsilon);
        for w in w {
            let (size, sum) = (w.abs(), w.abs() + r + e);
            // The smaller root of z² − (|w| + R + step ε) z + |w| R, without cancellation.
            let root = (sum * sum - 4.0 * size * r).max(0.0).sqrt();
            *w = w.signum() * (2.0 * size * r / (sum + root)).min(r * (1.0 - WALL));
        }
    }

    /// `ε R Σ χ(|w_j|/R)`, and what rounding may have done to it.
    fn barrier(&self, w: &[f64]) -> (f64, f64) {
        if self.epsilon == 0.0 {
            return (0.0, 0.0);
        }
        let (mut sum, mut moduli) = (0.0, 0.0);
        for u in w.iter().map(|w| (w.abs() / self.radius).min(1.0 - WALL)) {
            sum += -u - (-u).ln_1p();
            // The last bit of u moves the logarithm by u/(1 − u) of it.
            moduli += u - (-u).ln_1p() + u / (1.0 - u);
        }
        let unit = self.epsilon * self.radius;
        (unit * sum, unit * moduli * (w.len() as f64 + 8.0) * f64::EPSILON)
    }

    /// `R ‖g‖_*`, or what stands for it with the barrier, rounded up.
    fn support(&self, g: &[f64]) -> f64 {
        let (k, d) = self.loss.shape();
        let (len, e) = (g.len() as f64, self.epsilon);
        let up = 1.0 + (len + 16.0) * f64::EPSILON;
        let size = match self.norm {
            Norm::Spectral if k > 1 => nuclear_above(&Matrix::from_vec(k, d, g.to_vec())),
            Norm::LInf if e == 0.0 => g.iter().map(|g| g.abs()).sum::<f64>() * up,
            // Both terms are rounded; their difference is not relative to either.
            Norm::LInf => {
                g.iter().map(|g| g.abs() * up - e * (g.abs() / e).ln_1p() * (2.0 - up)).sum::<f64>() * up
            }
            _ => norm2(g) * up,
        };
        self.radius * size * up
    }

    /// Value at a point of the ball, rounded up, with the loss's jet.
    fn inside(&self, w: &[f64]) -> (f64, Jet) {
        let jet = self.loss.jet(w);
        let (barrier, error) = self.barrier(w);
        let value = jet.value + barrier;
        ((value + jet.value_error + error + f64::EPSILON * value).next_up(), jet)
    }
}

/// Cuts singular values at `most`.
fn clip_singular(w: &mut [f64], (k, d): (usize, usize), most: f64, work: &mut Decomposition) {
    if !work.singular(w, k, d) {
        // Still a point of the ball.
        let size = norm2(w);
        return w.iter_mut().for_each(|w| *w *= (most / size).min(1.0));
    }
    for (r, s) in work.values.iter().enumerate().filter(|(_, s)| **s > most) {
        let (left, right) = (&work.left[r * k..(r + 1) * k], &work.right[r * d..(r + 1) * d]);
        for (row, u) in w.chunks_exact_mut(d).zip(left) {
            row.iter_mut().zip(right).for_each(|(w, v)| *w -= (s - most) * u * v);
        }
    }
}

/// The state of the accelerated method.
struct Walk {
    w: Vec<f64>,
    /// Where the gradient is taken.
    ahead: Vec<f64>,
    step: f64,
    momentum: f64,
    work: Decomposition,
}

impl BallMinimiser {
    /// One accelerated step, with a step length that the loss's own decrease confirms; momentum is dropped where it leads uphill.
    /// `false` where no length helps any more.
    fn advance(&self, walk: &mut Walk) -> bool {
        let at = self.loss.jet(&walk.ahead);
        for _ in 0..60 {
            let mut next: Vec<f64> =
                walk.ahead.iter().zip(&at.gradient).map(|(w, g)| w - walk.step * g).collect();
            self.proximal(&mut next, walk.step, &mut walk.work);
            let moved: Vec<f64> = next.iter().zip(&walk.ahead).map(|(a, b)| a - b).collect();
            // `L(next) − L(ahead) ≤ ⟨∇L(next), moved⟩`, so this confirms the decrease, and is exact where values differ by
            // rounding only.
            let curved: f64 = self
                .loss
                .jet(&next)
                .gradient
                .iter()
                .zip(&at.gradient)
                .zip(&moved)
                .map(|((a, b), m)| (a - b) * m)
                .sum();
            if curved <= 0.5 * dot(&moved, &moved) / walk.step {
                let uphill = next
                    .iter()
                    .zip(&walk.w)
                    .zip(&walk.ahead)
                    .map(|((next, w), ahead)| (ahead - next) * (next - w))
                    .sum::<f64>()
                    > 0.0;
                let old = if uphill { 1.0 } else { walk.momentum };
                let new = 0.5 * (1.0 + (1.0 + 4.0 * old * old).sqrt());
                let share = if uphill { 0.0 } else { (old - 1.0) / new };
                for ((ahead, next), w) in walk.ahead.iter_mut().zip(&next).zip(&walk.w) {
                    *ahead = next + share * (next - w);
                }
                self.project(&mut walk.ahead, &mut walk.work);
                (walk.momentum, walk.step) = (new, walk.step * 1.1);
                let still = distance(&next, &walk.w) == 0.0 && norm2(&moved) == 0.0;
                walk.w = next;
                return !still;
            }
            walk.step *= 0.5;
        }
        false
    }
}

impl Program for BallMinimiser {
    fn value(&self, w: &[f64]) -> f64 {
        let mut near = w.to_vec();
        self.project(&mut near, &mut Decomposition::default());
        let up = self.inside(&near).0 * (1.0 + self.violation(w));
        if up.is_nan() { f64::INFINITY } else { up }
    }

    fn violation(&self, w: &[f64]) -> f64 {
        let over = self.size(w) / self.radius - 1.0;
        // The last bits of a norm are no violation.
        if over <= 1e-12 { 0.0 } else { over }
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let jet = self.loss.jet(dual);
        // ‖δ‖_* ≤ √p ‖δ‖₂ for all these norms.
        let root = (dual.len() as f64).sqrt();
        let off = jet.gradient_error * (norm2(dual) + self.radius * root) * (1.0 + ROUNDING);
        let slant = dot(&jet.gradient, dual);
        let rounding = (dual.len() as f64 + 8.0) * f64::EPSILON * norm2(&jet.gradient) * norm2(dual);
        let bound = jet.value - jet.value_error - slant - self.support(&jet.gradient) - off - rounding;
        // Neither a loss nor the barrier is negative.
        if bound.is_nan() { 0.0 } else { bound.next_down().max(0.0) }
    }

    /// Accelerated proximal gradient steps with restarts, from zero.
    fn solve(&self, budget: &Budget) -> Solution {
        let (k, d) = self.loss.shape();
        let start = vec![0.0; k * d];
        let curved = norm2(&self.loss.jet(&start).gradient).max(f64::MIN_POSITIVE);
        let mut walk = Walk {
            w: start.clone(),
            ahead: start,
            step: self.radius / curved,
            momentum: 1.0,
            work: Decomposition::default(),
        };
        let (mut best, mut least, mut rounds, mut moves) = (walk.w.clone(), f64::INFINITY, 0, true);
        // The last round whose gap was better by a tenth.
        let mut better = 0;
        while moves && least > budget.relative_gap && rounds < ROUNDS * budget.iterations {
            if budget.stopped() || rounds > better + better / 2 + PATIENCE {
                break;
            }
            moves = (0..ROUND).all(|_| self.advance(&mut walk));
            rounds += 1;
            let gap = certify(self, &walk.w, &walk.w).relative_gap;
            if gap < 0.9 * least {
                better = rounds;
            }
            if gap < least {
                (best, least) = (walk.w.clone(), gap);
            }
        }
        let iterations = ROUND * rounds;
        let status = if least <= budget.relative_gap { SolveStatus::Converged } else { SolveStatus::Stalled };
        let method = "accelerated proximal gradient".into();
        Solution { dual: best.clone(), w: best, status, iterations, method, uniqueness: Uniqueness::Unknown }
    }

    fn facts(&self) -> ProgramFacts {
        let (r, e) = (self.radius, self.epsilon);
        let formula = match e {
            0.0 => format!("min L(w) s.t. {} ≤ {r}", self.norm.symbol("w")),
            _ => format!("min L(w) + εR Σ χ(|w_j|/R), χ(u) = −u − ln(1 − u), ε = {e:e}, R = {r}"),
        };
        // The barrier is strictly convex; a loss need not be.
        let uniqueness = if e > 0.0 { Uniqueness::Unique } else { Uniqueness::Unknown };
        ProgramFacts { id: "ball_minimiser".into(), formula, scale_invariant: false, uniqueness }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Targets;
    use crate::losses::LossSpec;
    use crate::programs::PenalisedLoss;
    use std::sync::Arc;

    fn entry(i: usize, j: usize) -> f64 {
        (((i * 9 + j) * 7919) % 101) as f64 / 50.0 - 1.0
    }

    fn logistic(n: usize, d: usize) -> DataLoss {
        let x = Arc::new(Matrix::from_fn(n, d, entry).into());
        let y = (0..n).map(|i| if i % 3 == 0 { 1.0 } else { -1.0 }).collect();
        let loss = LossSpec::logistic(Default::default()).build().unwrap();
        DataLoss::new(x, Targets::Sign(y), loss, -(n as f64).ln())
    }

    fn classes() -> DataLoss {
        let x = Arc::new(Matrix::from_fn(6, 4, entry).into());
        let loss = LossSpec::cross_entropy(Default::default()).build().unwrap();
        DataLoss::new(x, Targets::Class { labels: vec![0, 1, 2, 0, 1, 2], classes: 3 }, loss, 0.0)
    }

    /// One sample `x = (2, 1)` in a box: both weights go to the corner, where the loss is `ln(1 + e^{-3R})`.
    #[test]
    fn a_corner_by_hand() {
        let x = Arc::new(Matrix::from_rows(&[vec![2.0, 1.0]]).into());
        let loss = LossSpec::logistic(Default::default()).build().unwrap();
        let loss = DataLoss::new(x, Targets::Sign(vec![1.0]), loss, 0.0);
        let program = BallMinimiser::new(loss, Norm::LInf, 0.5, 0.0).unwrap();
        let found = program.solve(&Budget::default());
        assert_eq!(found.w, [0.5, 0.5]);
        let least = (-1.5f64).exp().ln_1p();
        assert!((program.value(&found.w) - least).abs() < 1e-13 && program.bound(&found.w) <= least);
        assert!(
            program.violation(&[0.6, 0.0]) > 0.19 && program.value(&[0.6, 0.6]) > program.value(&[0.5, 0.5])
        );
    }

    /// With the barrier a minimum satisfies `λ w = −g/(|g| + ε)`: the fixed point of AdamW.
    #[test]
    fn the_barrier_has_the_fixed_point_of_adamw() {
        for epsilon in [1e-1, 1e-3, 1e-5] {
            let program = BallMinimiser::new(logistic(12, 4), Norm::LInf, 0.7, epsilon).unwrap();
            let found = program.solve(&Budget::default());
            let gap = certify(&program, &found.w, &found.dual).relative_gap;
            assert!(gap < 1e-11, "{gap:e} at {epsilon}, {:?}", found.status);
            let g = program.loss.jet(&found.w).gradient;
            for (w, g) in found.w.iter().zip(&g) {
                // A gap of 1e-11 leaves a gradient of √(2 · 1e-11 · curvature) ~ 1e-5 of the loss, over ε in the quotient.
                let fixed = -g / (g.abs() + epsilon);
                assert!((w / 0.7 - fixed).abs() < 1e-5 / epsilon, "{w} {fixed} at {epsilon}");
            }
        }
    }

    /// In ℓ2 the ball and the penalty share their minimisers: `λ = ‖∇L‖/R` at the wall.
    #[test]
    fn the_euclidean_ball_is_a_penalty() {
        let ball = BallMinimiser::new(logistic(12, 4), Norm::L2, 0.5, 0.0).unwrap();
        let found = ball.solve(&Budget::default());
        assert!(certify(&ball, &found.w, &found.dual).relative_gap < 1e-11);
        let lambda = norm2(&ball.loss.jet(&found.w).gradient) / 0.5;
        let penalised = PenalisedLoss::new(logistic(12, 4), lambda).unwrap();
        let other = penalised.solve(&Budget::default()).w;
        assert!(distance(&found.w, &other) < 1e-5, "{found:?} {other:?}");
    }

    /// No point of the ball, drawn at random, is below the bound; the solution is at it.
    #[test]
    fn bounds_hold_for_points_of_the_ball() {
        use rand::RngExt;
        let mut rng = crate::numerics::rng::rng(3, crate::numerics::rng::Stream::Data);
        for (norm, epsilon) in [(Norm::L2, 0.0), (Norm::LInf, 0.0), (Norm::LInf, 0.05), (Norm::Spectral, 0.0)]
        {
            let program = BallMinimiser::new(classes(), norm, 0.9, epsilon).unwrap();
            let found = program.solve(&Budget::default());
            let c = certify(&program, &found.w, &found.dual);
            assert!(c.relative_gap < 1e-11 && c.violation == 0.0, "{norm:?} {c:?}");
            for _ in 0..200 {
                let mut w: Vec<f64> = (0..12).map(|_| rng.random_range(-2.0..2.0)).collect();
                assert!(program.value(&w) >= c.lower_bound);
                program.project(&mut w, &mut Decomposition::default());
                assert!(program.violation(&w) == 0.0 && program.bound(&w) <= c.value);
            }
        }
        assert!(BallMinimiser::new(classes(), Norm::L1, 1.0, 0.0).is_err());
        assert!(BallMinimiser::new(classes(), Norm::L2, 1.0, 0.1).is_err());
        assert!(BallMinimiser::new(classes(), Norm::LInf, 0.0, 0.1).is_err());
    }
}
