//! Evolution strategy (μ/μ_w, λ) with cumulative step-size adaptation: λ Gaussian candidates `w + σ z`, a weighted mean of the better half
//! becomes the next `w`, and σ grows while successive steps agree.
//!
//! Shapes: any parameter vector; one slot for the evolution path; λ candidates a step.
//! Assumes: `population = 4 + ⌊3 ln p⌋` and Hansen's weights and constants; σ starts at `step_size`, by default such that an output
//! moves by about a tenth.
//! Source: Hansen, Ostermeier 2001 (Evolutionary Computation 9); constants of Hansen 2016 (arXiv 1604.00772), Table 1, without the
//! covariance.
//! Units and invariance: losses are only ranked. Draws belong to the coordinates. Its time is the number of steps.
//! Errors: `population < 2`, `step_size ≤ 0`, `target_loss ≤ 0`.
//! Example: `optimizer.kind = "evolution_strategy"`.

use super::guess_and_check::{check_target, reached};
use super::{Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, State, check_positive};
use crate::Error;
use crate::numerics::linalg::{axpy, norm2};
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of the evolution strategy.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EvolutionStrategySpec {
    /// First σ; a tenth over the longest sample if absent.
    pub step_size: Option<f64>,
    /// Candidates λ a step, at least 2; `4 + ⌊3 ln p⌋` if absent.
    #[schemars(range(min = 2))]
    pub population: Option<usize>,
    /// Stop at this training loss; never if absent.
    pub target_loss: Option<f64>,
}

/// The strategy with its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct EvolutionStrategy {
    pub sigma: f64,
    pub population: usize,
    pub target_loss: Option<f64>,
    /// Weights of the better half are computed once for this λ.
    weights: Vec<f64>,
}

impl EvolutionStrategySpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_target(self.target_loss)?;
        let p = c.blocks.last().map_or(1, |b| b.range().end);
        let population = self.population.unwrap_or(4 + (3.0 * (p as f64).ln()) as usize);
        if population < 2 {
            return Err(Error::bad_value("optimizer", "population", population, "it must be at least 2"));
        }
        let (sigma, origin) = match self.step_size {
            Some(s) => (s, "given in the experiment".to_string()),
            None => (0.1 / c.radius.l2, format!("0.1 / longest sample = 0.1 / {:.6}", c.radius.l2)),
        };
        check_positive("step_size", sigma)?;
        let optimizer = Box::new(EvolutionStrategy {
            sigma,
            population,
            target_loss: self.target_loss,
            weights: weights(population),
        });
        Ok(Built { step_size: Some(sigma), origin, optimizer })
    }
}

/// `w_i ∝ ln((λ + 1)/2) − ln i` for the better half, summing to one.
fn weights(population: usize) -> Vec<f64> {
    let middle = 0.5 * (population as f64 + 1.0);
    let raw = (1..=population / 2).map(|i| middle.ln() - (i as f64).ln());
    let total: f64 = raw.clone().sum();
    raw.map(|w| w / total).collect()
}

impl EvolutionStrategy {
    /// Evaluates the candidates and leaves their ranking in `state.order`; their directions are rows of `z`.
    fn rank(&self, state: &mut State, oracle: &mut dyn Oracle, z: &mut [f64], losses: &mut [f64]) {
        let p = state.theta.len();
        let (mut rng, sigma) = (state.rng(), state.slots[0].log_scale.exp());
        let mut candidate = state.take_scratch();
        for (z, loss) in z.chunks_exact_mut(p).zip(losses.iter_mut()) {
            z.iter_mut().for_each(|z| *z = StandardNormal.sample(&mut rng));
            candidate.copy_from_slice(&state.theta);
            axpy(sigma, z, &mut candidate);
            *loss = oracle.log_loss_at(&candidate);
        }
        state.order.clear();
        state.order.extend(0..losses.len());
        state.order.sort_unstable_by(|&a, &b| losses[a].total_cmp(&losses[b]).then(a.cmp(&b)));
        state.scratch = candidate;
    }

    /// Moves along the weighted mean `y` of the better directions and adapts σ.
    fn adapt(&self, state: &mut State, y: &[f64]) {
        let p = y.len() as f64;
        let mass = 1.0 / self.weights.iter().map(|w| w * w).sum::<f64>();
        let rate = (mass + 2.0) / (p + mass + 5.0);
        let damping = 1.0 + 2.0 * (((mass - 1.0) / (p + 1.0)).sqrt() - 1.0).max(0.0) + rate;
        let expected = p.sqrt() * (1.0 - 1.0 / (4.0 * p) + 1.0 / (21.0 * p * p));
        let path = &mut state.slots[0];
        axpy(path.log_scale.exp(), y, &mut state.theta);
        path.direction.iter_mut().for_each(|v| *v *= 1.0 - rate);
        axpy((rate * (2.0 - rate) * mass).sqrt(), y, &mut path.direction);
        path.log_scale += rate / damping * (norm2(&path.direction) / expected - 1.0);
    }
}

/// The slot's direction is the evolution path, its scale σ.
impl Optimizer for EvolutionStrategy {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        let mut state = State::new(theta, 1, seed);
        state.slots[0].log_scale = self.sigma.ln();
        state
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        if !state.done {
            let (p, count) = (state.theta.len(), self.population);
            let mut work = std::mem::take(&mut state.work);
            work.resize((p + 1) * count, 0.0);
            let (z, losses) = work.split_at_mut(p * count);
            self.rank(state, oracle, z, losses);
            let mut y = state.take_second();
            y.fill(0.0);
            for (&i, w) in state.order.iter().zip(&self.weights) {
                axpy(*w, &z[i * p..(i + 1) * p], &mut y);
            }
            self.adapt(state, &y);
            if self.target_loss.is_some() {
                state.done = reached(self.target_loss, oracle.log_loss_at(&state.theta));
            }
            (state.work, state.second) = (work, y);
        }
        state.tick(0.0);
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts { stochastic: true, ..OptimizerFacts::plain(Geometry::Search) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Quadratic};
    use super::*;

    /// Linear convergence on a quadratic of condition number six: many decades below the start, with σ along.
    #[test]
    fn it_converges_linearly_on_a_quadratic() {
        let optimizer = EvolutionStrategySpec::default().build(&reference::curvature()).unwrap().optimizer;
        let mut oracle = Quadratic::default();
        let mut state = optimizer.start(reference::START.to_vec(), 3);
        (0..600).for_each(|_| optimizer.step(&mut state, &mut oracle));
        assert!(oracle.log_loss_at(&state.theta) < -25.0, "{}", oracle.log_loss_at(&state.theta));
        assert!(state.slots[0].log_scale < -8.0, "{}", state.slots[0].log_scale);
    }

    #[test]
    fn weights_favour_the_best() {
        let w = weights(9);
        assert_eq!(w.len(), 4);
        assert!(w.windows(2).all(|p| p[0] > p[1]) && (w.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }
}
