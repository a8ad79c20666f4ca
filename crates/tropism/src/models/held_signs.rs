//! Signs of Fourier coefficients that a gradient flow on circular convolutions conserves.
//!
//! At a real frequency, `0` and for even `d` also `d/2`, a full-width convolutional network of one channel and one output is a product of
//! real numbers, one for each layer, of whose squares the flow conserves every difference. Where all start with one modulus they keep one,
//! which moves in proportion to a power of itself and cannot pass through zero: no layer changes its sign there.

use super::{ModelFacts, Structure};

/// Moduli this close, relative to them, are one: they differ by rounding of the start.
const ONE_MODULUS: f64 = 1e-12;
/// Coefficients below this part of the largest of their layer have no sign that the flow's error control would keep.
const RESOLVED: f64 = 1e-6;

/// The real frequencies at which the layers `[d]` of a start have one modulus, with the coefficients there.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldSigns {
    d: usize,
    /// Frequency and coefficients, one for each layer.
    held: Vec<(usize, Vec<f64>)>,
}

impl HeldSigns {
    /// Of the start `theta0 [depth · d]`; `None` for other models.
    pub fn of(facts: &ModelFacts, theta0: &[f64], d: usize) -> Option<Self> {
        let Structure::Convolutional { depth, full: true } = facts.structure else { return None };
        if depth < 2 || facts.outputs != 1 || d == 0 || theta0.len() != depth * d {
            return None;
        }
        let one_modulus = |c: &[f64]| {
            let (low, high) =
                c.iter().fold((f64::INFINITY, 0.0), |(l, h): (f64, f64), v| (l.min(v.abs()), h.max(v.abs())));
            high > 0.0 && high - low <= ONE_MODULUS * high
        };
        let frequencies = [0].into_iter().chain(d.is_multiple_of(2).then_some(d / 2).filter(|k| *k > 0));
        let held = frequencies
            .map(|k| (k, theta0.chunks_exact(d).map(|w| coefficient(w, k)).collect::<Vec<f64>>()))
            .filter(|(_, c)| one_modulus(c))
            .collect();
        Some(Self { d, held })
    }

    /// The frequencies, each with the modulus of every layer and the sign of the predictor.
    pub fn frequencies(&self) -> impl Iterator<Item = (usize, f64, f64)> {
        self.held
            .iter()
            .map(|(k, c)| (*k, c[0].abs() / (self.d as f64).sqrt(), c.iter().map(|v| v.signum()).product()))
    }

    /// The first frequency at which a layer of `theta` has another sign than at the start.
    pub fn changed(&self, theta: &[f64]) -> Option<usize> {
        let differs = |k: usize, before: &[f64]| {
            theta.chunks_exact(self.d).zip(before).any(|(w, b)| {
                let now = coefficient(w, k);
                // No coefficient is larger than the sum of moduli.
                now * b < 0.0 && now.abs() > RESOLVED * w.iter().map(|v| v.abs()).sum::<f64>()
            })
        };
        self.held.iter().find(|(k, before)| differs(*k, before)).map(|(k, _)| *k)
    }
}

/// `√d` times the Fourier coefficient of the signal `w [d]` at a real frequency.
pub fn coefficient(w: &[f64], frequency: usize) -> f64 {
    match frequency {
        0 => w.iter().sum(),
        _ => w.iter().enumerate().map(|(j, v)| if j % 2 == 0 { *v } else { -v }).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::fourier::Fourier;

    const FACTS: ModelFacts = ModelFacts {
        homogeneity: Some(2.0),
        linear_in_parameters: false,
        linear_in_inputs: true,
        is_predictor: false,
        outputs: 1,
        structure: Structure::Convolutional { depth: 2, full: true },
    };

    #[test]
    fn coefficients_are_those_of_the_transform() {
        let w = [0.3, -1.2, 2.0, 0.7, -0.1, 0.4];
        let all = Fourier::new(6).transform(&w);
        for k in [0, 3] {
            assert!((coefficient(&w, k) / 6f64.sqrt() - all[k].0).abs() < 1e-15, "{k}");
        }
    }

    /// Sums 1 and -1, alternating sums 3 and 1: only the first is held, and it shows when its sign changes.
    #[test]
    fn equal_moduli_hold_their_signs() {
        let theta = [2.0, -1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0];
        let signs = HeldSigns::of(&FACTS, &theta, 4).unwrap();
        assert_eq!(signs.frequencies().collect::<Vec<_>>(), [(0, 0.5, -1.0)]);
        assert_eq!(signs.changed(&theta), None);
        let other: Vec<f64> = theta.iter().map(|v| -v).collect();
        assert_eq!(signs.changed(&other), Some(0));
        assert!(HeldSigns::of(&ModelFacts { outputs: 2, ..FACTS }, &theta, 4).is_none());
    }
}
