//! Guess and check: every step draws all parameters afresh, until a draw fits the training data: rejection sampling from the initial
//! distribution, the control without any optimizer.
//!
//! It stops at zero training error, or at a training loss of at most `target_loss`.
//!
//! Shapes: any parameter vector.
//! Assumes: independent Gaussian or uniform parameters of standard deviation `scale`.
//! Source: Chiang et al. 2023 (ICLR, "Loss landscapes are all you need"); Buzaglo et al. 2024 (arXiv 2402.06323).
//! Units and invariance: `scale` is a weight; draws belong to the coordinates. Its time is the number of draws.
//! Errors: `scale ≤ 0`, `target_loss ≤ 0`, no `target_loss` for regression, which has no training error.
//! Example: `optimizer.kind = "guess_and_check"`, `optimizer.scale = 1.0`.

use super::{Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, State, check_positive};
use crate::Error;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What parameters are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Draw {
    /// Gaussian.
    #[default]
    Gaussian,
    /// Uniform on an interval around zero.
    Uniform,
}

/// Spec keys of guess and check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GuessAndCheckSpec {
    /// What parameters are drawn from.
    pub distribution: Draw,
    /// Standard deviation of a parameter.
    pub scale: f64,
    /// Stop at this training loss; at zero training error if absent.
    pub target_loss: Option<f64>,
}

impl Default for GuessAndCheckSpec {
    fn default() -> Self {
        Self { distribution: Draw::default(), scale: 1.0, target_loss: None }
    }
}

/// Guess and check with its criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct GuessAndCheck {
    pub spec: GuessAndCheckSpec,
}

/// Refuses a target that is not positive.
pub(super) fn check_target(target: Option<f64>) -> Result<(), Error> {
    target.map_or(Ok(()), |t| check_positive("target_loss", t))
}

/// Whether the loss is at most the target.
pub(super) fn reached(target: Option<f64>, log_loss: f64) -> bool {
    target.is_some_and(|t| log_loss <= t.ln())
}

impl GuessAndCheckSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_positive("scale", self.scale)?;
        check_target(self.target_loss)?;
        if !c.at_infinity && self.target_loss.is_none() {
            let expected = "a loss of real targets has no training error to bring to zero".into();
            return Err(Error::MissingKey {
                section: "optimizer".into(),
                key: "target_loss".into(),
                expected,
            });
        }
        Ok(Built {
            step_size: None,
            origin: format!("no steps: every guess is drawn afresh with standard deviation {}", self.scale),
            optimizer: Box::new(GuessAndCheck { spec: self.clone() }),
        })
    }
}

impl Optimizer for GuessAndCheck {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, 0, seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        if !state.done {
            let mut rng = state.rng();
            let half_width = 3f64.sqrt() * self.spec.scale;
            for w in &mut state.theta {
                *w = match self.spec.distribution {
                    Draw::Gaussian => {
                        self.spec.scale * Distribution::<f64>::sample(&StandardNormal, &mut rng)
                    }
                    Draw::Uniform => rng.random_range(-half_width..half_width),
                };
            }
            state.done = match self.spec.target_loss {
                Some(_) => reached(self.spec.target_loss, oracle.log_loss_at(&state.theta)),
                None => oracle.errors_at(&state.theta) == Some(0),
            };
        }
        state.tick(0.0);
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts { stochastic: true, ..OptimizerFacts::plain(Geometry::Search) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Exponential};
    use super::*;

    /// With one sample in the plane a Gaussian guess is right half the time: the mean number of guesses is 2 ± 0.1 over a
    /// thousand seeds (standard error √2/√1000 = 0.045).
    #[test]
    fn it_stops_at_the_first_guess_that_fits() {
        let optimizer = GuessAndCheckSpec::default().build(&reference::curvature()).unwrap().optimizer;
        let mut oracle = Exponential::new(&[&[1.0, 0.5]]);
        let mut total = 0;
        for seed in 0..1000 {
            let mut state = optimizer.start(vec![0.0; 2], seed);
            while !optimizer.finished(&state) {
                optimizer.step(&mut state, &mut oracle);
            }
            assert_eq!(oracle.errors_at(&state.theta), Some(0));
            total += state.step;
            let found = state.theta.clone();
            optimizer.step(&mut state, &mut oracle);
            assert_eq!(state.theta, found);
        }
        assert!((total as f64 / 1000.0 - 2.0).abs() < 0.18, "{total}");
    }

    #[test]
    fn regression_needs_a_target() {
        let curvature = Curvature { at_infinity: false, ..reference::curvature() };
        let e = GuessAndCheckSpec::default().build(&curvature).err().unwrap().to_string();
        assert!(e.contains("target_loss"), "{e}");
    }
}
