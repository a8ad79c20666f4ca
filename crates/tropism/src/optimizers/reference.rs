//! Problems for unit tests that share no code with the data and the losses: a quadratic and the exponential loss, written
//! out by hand.

use super::{Curvature, Optimizer, Oracle, Radius};
use crate::models::Block;

pub const START: [f64; 6] = [1.0, -2.0, 0.5, 2.2, -0.25, 1.5];
const BLOCKS: [Block; 1] = [Block { offset: 0, rows: 2, cols: 3 }];

/// `½ Σ c_i (w_i − i)²`.
#[derive(Default)]
pub struct Quadratic {
    log_loss: f64,
}

impl Quadratic {
    pub fn slope(w: &[f64]) -> Vec<f64> {
        w.iter().enumerate().map(|(i, w)| (1.0 + i as f64) * (w - i as f64)).collect()
    }

    fn loss(w: &[f64]) -> f64 {
        w.iter().enumerate().map(|(i, w)| 0.5 * (1.0 + i as f64) * (w - i as f64).powi(2)).sum()
    }
}

impl Oracle for Quadratic {
    fn samples(&self) -> usize {
        6
    }

    fn gradient(&mut self, theta: &[f64], _batch: Option<&[usize]>, out: &mut [f64]) -> f64 {
        self.log_loss = Self::loss(theta).ln();
        // A scale that is not one, to be undone by the optimizer.
        out.iter_mut().zip(Self::slope(theta)).for_each(|(o, g)| *o = 8.0 * g);
        -8f64.ln()
    }

    fn log_loss(&mut self) -> f64 {
        self.log_loss
    }

    fn blocks(&self) -> &[Block] {
        &BLOCKS
    }

    fn log_loss_at(&mut self, theta: &[f64]) -> f64 {
        Self::loss(theta).ln()
    }
}

/// The mean exponential loss of margin rows `z [n][d]`.
pub struct Exponential {
    pub z: Vec<Vec<f64>>,
    blocks: [Block; 1],
    log_loss: f64,
}

impl Exponential {
    pub fn new(z: &[&[f64]]) -> Self {
        let blocks = [Block { offset: 0, rows: 1, cols: z[0].len() }];
        Self { z: z.iter().map(|r| r.to_vec()).collect(), blocks, log_loss: 0.0 }
    }

    fn margins(&self, w: &[f64]) -> Vec<f64> {
        self.z.iter().map(|r| r.iter().zip(w).map(|(z, w)| z * w).sum()).collect()
    }

    /// Smallest margin over the ℓ2 norm.
    pub fn margin(&self, w: &[f64]) -> f64 {
        let length = w.iter().map(|v| v * v).sum::<f64>().sqrt();
        self.margins(w).into_iter().fold(f64::INFINITY, f64::min) / length
    }
}

impl Oracle for Exponential {
    fn samples(&self) -> usize {
        self.z.len()
    }

    fn gradient(&mut self, theta: &[f64], _batch: Option<&[usize]>, out: &mut [f64]) -> f64 {
        let m = self.margins(theta);
        let least = m.iter().copied().fold(f64::INFINITY, f64::min);
        out.fill(0.0);
        let mut total = 0.0;
        for (row, m) in self.z.iter().zip(m) {
            let q = (least - m).exp();
            total += q;
            out.iter_mut().zip(row).for_each(|(o, z)| *o -= q * z);
        }
        let scale = -least - (self.z.len() as f64).ln();
        self.log_loss = scale + total.ln();
        scale
    }

    fn log_loss(&mut self) -> f64 {
        self.log_loss
    }

    fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    fn log_loss_at(&mut self, theta: &[f64]) -> f64 {
        let mut out = vec![0.0; theta.len()];
        self.gradient(theta, None, &mut out);
        self.log_loss
    }

    fn errors_at(&mut self, theta: &[f64]) -> Option<usize> {
        Some(self.margins(theta).iter().filter(|&&m| m <= 0.0).count())
    }
}

/// What step sizes are derived from; the tests set their own.
pub fn curvature() -> Curvature {
    Curvature {
        smoothness: 6.0,
        single: 6.0,
        samples: 6,
        blocks: BLOCKS.to_vec(),
        radius: Radius { l1: 2.0, l2: 1.0, linf: 1.0 },
        log_loss: 0.0,
        at_infinity: true,
    }
}

/// The parameters after some steps on the quadratic.
pub fn run(optimizer: &dyn Optimizer, steps: u64) -> Vec<f64> {
    let mut state = optimizer.start(START.to_vec(), 1);
    let mut oracle = Quadratic::default();
    (0..steps).for_each(|_| optimizer.step(&mut state, &mut oracle));
    state.theta
}

/// Agreement entry by entry, relative to one.
pub fn close(got: &[f64], want: &[f64], tolerance: f64) {
    for (a, b) in got.iter().zip(want) {
        assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{got:?} instead of {want:?}");
    }
}
