//! Muon `W ← (1 − η_k λ) W − η_k polar(M)`, `M ← β M + (1 − β) G`, for each weight matrix; Nesterov's form takes the polar factor of
//! `β M + (1 − β) G`.
//!
//! `polar = "newton_schulz"` is the usual quintic iteration, which brings singular values into about [0.7, 1.2];
//! `"exact"` the polar factor itself: steepest descent in the spectral norm. Blocks that are vectors are normalised in ℓ2
//! (`vectors = "normalize"`, their polar factor) or stepped by Adam (`vectors = "adam"`, the usual hybrid).
//!
//! Shapes: the model's blocks, `W [k × d]` for a linear model: with one output it is a vector.
//! Assumes: steps `η_k = η (k + 1)^−power`, by default `power = 0.5`; no factor for the shape of a matrix.
//! Source: Jordan et al. 2024 (kellerjordan.github.io/posts/muon); bias: Fan, Schmidt, Thrampoulidis 2025 (arXiv 2502.04664).
//! Units and invariance: does not see the loss's scale (Adam's ε does). Commutes with rotations of the inputs, with Adam on
//! some block only with signed permutations.
//! Errors: `momentum`, `beta1` or `beta2` outside [0, 1), `iterations = 0`, `epsilon < 0`, `weight_decay < 0`, `batch` outside 1..=n.
//! Example: `optimizer.kind = "muon"`, `optimizer.polar = "exact"`.

use super::geometry::block_direction;
use super::gradient_descent::add_scaled;
use super::second_moment::{batch_gradient, check_batch_schedule, decay};
use super::{
    BatchSpec, Batches, Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule,
    ScheduleKind, ScheduleSpec, SecondMoment, State, Symmetry, check_momentum, check_nonnegative,
    check_range,
};
use crate::Error;
use crate::models::Block;
use crate::numerics::Norm;
use crate::numerics::decomposition::Decomposition;
use crate::numerics::linalg::axpy;
use crate::numerics::polar::newton_schulz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the polar factor is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Polar {
    /// By a singular value decomposition.
    Exact,
    /// Approximately, by a few matrix products.
    #[default]
    NewtonSchulz,
}

/// What happens to blocks that are vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Vectors {
    /// Steps of unit ℓ2 length times η.
    #[default]
    Normalize,
    /// Adam with the same η.
    Adam,
}

/// Spec keys of Muon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MuonSpec {
    /// Momentum β in [0, 1).
    pub momentum: f64,
    /// Mix the newest gradient into the momentum once more.
    pub nesterov: bool,
    /// How the polar factor is found.
    pub polar: Polar,
    /// Newton-Schulz iterations, at least 1.
    #[schemars(range(min = 1, max = 100))]
    pub iterations: u32,
    /// What happens to blocks that are vectors.
    pub vectors: Vectors,
    /// Adam's β₁ on vectors, in [0, 1).
    pub beta1: f64,
    /// Adam's β₂ on vectors, in [0, 1).
    pub beta2: f64,
    /// Adam's ε ≥ 0 on vectors.
    pub epsilon: f64,
    /// Decoupled weight decay λ ≥ 0.
    pub weight_decay: f64,
    #[serde(flatten)]
    pub batches: BatchSpec,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for MuonSpec {
    fn default() -> Self {
        Self {
            momentum: 0.95,
            nesterov: true,
            polar: Polar::default(),
            iterations: 5,
            vectors: Vectors::default(),
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.0,
            batches: BatchSpec::default(),
            steps: ScheduleSpec::default(),
        }
    }
}

/// Muon with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Muon {
    pub spec: MuonSpec,
    /// Which blocks are vectors in the model's own coordinates.
    pub vector: Vec<bool>,
    pub batches: Option<Batches>,
    pub schedule: Schedule,
}

impl MuonSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_momentum(self.momentum)?;
        check_range("beta1", self.beta1, (0.0..1.0).contains(&self.beta1), "it must lie in [0, 1)")?;
        self.second().check("beta2")?;
        check_nonnegative("weight_decay", self.weight_decay)?;
        if self.iterations == 0 || self.iterations > 100 {
            let expected = "it must lie between 1 and 100";
            return Err(Error::bad_value("optimizer", "iterations", self.iterations, expected));
        }
        let batches = self.batches.build(c.samples)?;
        check_batch_schedule("muon", batches, &self.steps)?;
        let (schedule, origin) = self.steps.build(ScheduleKind::PowerLaw, 0.5, |_| {
            let reach = c.radius.dual(Norm::Spectral);
            (1.0 / reach, format!("1 / longest sample = 1 / {reach:.6}"))
        })?;
        let vector = c.blocks.iter().map(Block::is_vector).collect();
        let optimizer = Box::new(Muon { spec: self.clone(), vector, batches, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }

    fn second(&self) -> SecondMoment {
        let (beta2, epsilon) = (Some(self.beta2), self.epsilon);
        SecondMoment { beta2, epsilon, initial: 0.0, bias_correction: true }
    }
}

impl Muon {
    /// Some block is stepped by Adam.
    fn hybrid(&self) -> bool {
        self.spec.vectors == Vectors::Adam && self.vector.contains(&true)
    }

    /// Writes the negative polar factors of the matrices and unit vectors of the others.
    fn orthogonalise(
        &self,
        direction: &[f64],
        blocks: &[Block],
        (work, decomposition): (&mut Vec<f64>, &mut Decomposition),
        v: &mut [f64],
    ) {
        for (b, &vector) in blocks.iter().zip(&self.vector) {
            let (g, v) = (&direction[b.range()], &mut v[b.range()]);
            if vector || self.spec.polar == Polar::Exact {
                block_direction(Norm::Spectral, g, b, decomposition, v);
            } else {
                v.iter_mut().zip(g).for_each(|(v, g)| *v = -g);
                newton_schulz(v, (b.rows, b.cols), self.spec.iterations, work);
            }
        }
    }

    /// Adam's step on the blocks that are vectors; `g` is used up.
    fn step_vectors(&self, state: &mut State, blocks: &[Block], (scale, g): (f64, &mut [f64]), log_eta: f64) {
        let second = self.spec.second();
        let (first, root) = state.slots[2..].split_at_mut(1);
        first[0].blend(self.spec.beta1, 1.0 - self.spec.beta1, scale, g);
        second.absorb(&mut root[0], scale, g);
        let log = second.divide((&first[0], self.spec.beta1), &root[0], state.step + 1, g);
        for (b, _) in blocks.iter().zip(&self.vector).filter(|(_, vector)| **vector) {
            add_scaled(&mut state.theta[b.range()], log_eta + log, &g[b.range()], -1.0);
        }
    }
}

impl Optimizer for Muon {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        // Momentum and mix; for the hybrid Adam's moments.
        State::new(theta, if self.hybrid() { 4 } else { 2 }, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let (mut g, mut v) = (state.take_scratch(), state.take_second());
        let scale = batch_gradient(self.batches, state, oracle, &mut g);
        let log_eta = self.schedule.log_step(state.step, || oracle.log_loss());
        let beta = self.spec.momentum;
        let (m, mix) = state.slots.split_at_mut(1);
        m[0].blend(beta, 1.0 - beta, scale, &g);
        let followed = if self.spec.nesterov {
            mix[0].log_scale = m[0].log_scale;
            mix[0].direction.copy_from_slice(&m[0].direction);
            mix[0].blend(beta, 1.0 - beta, scale, &g);
            &mix[0]
        } else {
            &m[0]
        };
        let blocks = oracle.blocks();
        let work = (&mut state.work, &mut state.decomposition);
        self.orthogonalise(&followed.direction, blocks, work, &mut v);
        decay(&mut state.theta, self.spec.weight_decay, log_eta);
        if self.hybrid() {
            for (b, _) in blocks.iter().zip(&self.vector).filter(|(_, vector)| **vector) {
                v[b.range()].fill(0.0);
            }
            self.step_vectors(state, blocks, (scale, &mut g), log_eta);
        }
        axpy(log_eta.exp(), &v, &mut state.theta);
        state.tick(log_eta);
        (state.scratch, state.second) = (g, v);
    }

    fn facts(&self) -> OptimizerFacts {
        let all_vectors = !self.vector.contains(&false);
        let adam = self.hybrid() && all_vectors;
        let geometry = match self.spec.polar {
            _ if adam => Geometry::Adaptive(self.spec.second()),
            _ if self.hybrid() => Geometry::Hybrid(self.spec.second()),
            Polar::NewtonSchulz if !all_vectors => {
                Geometry::NewtonSchulz { iterations: self.spec.iterations }
            }
            _ => Geometry::Norm(Norm::Spectral),
        };
        OptimizerFacts {
            // Where all is stepped by Adam, its memory is the one at work.
            momentum: if adam { self.spec.beta1 } else { self.spec.momentum },
            mixed: !adam && self.spec.nesterov && self.spec.momentum > 0.0,
            normalized: !self.hybrid(),
            weight_decay: self.spec.weight_decay,
            stochastic: self.batches.is_some_and(|b| b.is_random()),
            sampling: self.batches.map(|b| b.sampling()),
            symmetry: if self.hybrid() { Symmetry::SignedPermutation } else { Symmetry::Rotation },
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(geometry)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Quadratic};
    use super::*;
    use crate::numerics::{Matrix, linalg};

    /// With exact polar factors: `U Vᵀ` of an SVD of the plainly accumulated momentum.
    #[test]
    fn exact_steps_agree_with_a_decomposition() {
        for nesterov in [false, true] {
            let steps = ScheduleSpec { step_size: Some(0.2), ..Default::default() };
            let spec =
                MuonSpec { nesterov, polar: Polar::Exact, steps, weight_decay: 0.1, ..Default::default() };
            let got = reference::run(&*spec.build(&reference::curvature()).unwrap().optimizer, 50);
            let mut w = reference::START.to_vec();
            let mut m = [0.0; 6];
            for k in 1..=50 {
                let (g, eta) = (Quadratic::slope(&w), 0.2 / f64::from(k).sqrt());
                (0..6).for_each(|i| m[i] = 0.95 * m[i] + 0.05 * g[i]);
                let mix = |i: usize| if nesterov { 0.95 * m[i] + 0.05 * g[i] } else { m[i] };
                let svd = linalg::svd(&Matrix::from_vec(2, 3, (0..6).map(mix).collect())).unwrap();
                for i in 0..2 {
                    for j in 0..3 {
                        let polar: f64 = (0..2).map(|r| svd.u.get(i, r) * svd.v.get(j, r)).sum();
                        w[i * 3 + j] = (1.0 - 0.1 * eta) * w[i * 3 + j] - eta * polar;
                    }
                }
            }
            reference::close(&got, &w, 1e-11);
        }
    }

    #[test]
    fn vectors_are_stepped_by_adam_where_asked() {
        let steps = ScheduleSpec { step_size: Some(0.2), ..Default::default() };
        let curvature =
            Curvature { blocks: vec![Block { offset: 0, rows: 1, cols: 6 }], ..reference::curvature() };
        let spec = MuonSpec { vectors: Vectors::Adam, steps: steps.clone(), ..Default::default() };
        let built = spec.build(&curvature).unwrap();
        let adam = super::super::adam::AdamSpec { beta2: 0.95, steps, ..Default::default() };
        let want = reference::run(&*adam.build(&curvature).unwrap().optimizer, 30);
        assert!(matches!(built.optimizer.facts().geometry, Geometry::Adaptive(_)));
        reference::close(&reference::run(&*built.optimizer, 30), &want, 0.0);
    }

    #[test]
    fn no_iterations_are_refused() {
        let spec = MuonSpec { iterations: 0, ..Default::default() };
        let e = spec.build(&reference::curvature()).err().unwrap().to_string();
        assert!(e.contains("`iterations`") && e.contains("between 1 and 100"), "{e}");
    }
}
