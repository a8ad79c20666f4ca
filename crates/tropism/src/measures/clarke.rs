//! Gradients of a network's margin at a point where units stand on the kink of their ReLU: one for each way of counting
//! these units as on or off. The Clarke subdifferential is their convex hull.

use crate::models::network::{Kink, Network, Trace};
use crate::numerics::{Design, linalg};

/// A unit stands on its kink if its value is below this part of the lengths of its weights and their inputs.
const TOUCH: f64 = 1e-5;
/// Rounds in which units of several layers settle.
const ROUNDS: usize = 3;

/// One margin, whose slope in the sample's outputs is `slope [k]`.
pub(super) struct KinkedMargin<'a> {
    network: &'a Network,
    theta: &'a [f64],
    x: Design,
    slope: Vec<f64>,
    trace: Trace,
}

impl<'a> KinkedMargin<'a> {
    /// `None` where no unit stands on its kink: then there is one gradient only.
    pub fn new(network: &'a Network, theta: &'a [f64], x: Design, slope: Vec<f64>) -> Option<Self> {
        let mut trace = Trace::default();
        let mut units = vec![];
        network.visit_units(theta, &x, theta, &mut trace, |layer, place, z, _| {
            units.push((Kink { layer, place, share: f64::from(u8::from(z > 0.0)) }, z));
        });
        let touches = |(k, z): &(Kink, f64)| z.abs() <= TOUCH * network.unit_value(theta, k, &trace).1;
        let kinks: Vec<Kink> = units.into_iter().filter(touches).map(|(k, _)| k).collect();
        if kinks.is_empty() {
            return None;
        }
        trace.kinks = kinks;
        Some(Self { network, theta, x, slope, trace })
    }

    /// `out [p]`: among the gradients one that points far along `direction [p]`.
    pub fn gradient_along(&mut self, direction: &[f64], out: &mut [f64]) {
        for _ in 0..ROUNDS {
            self.network.pullback(self.theta, &self.x, &self.slope, &mut self.trace, out);
            let mut moved = vec![0.0; self.trace.kinks.len()];
            let kinks = self.trace.kinks.clone();
            let trace = &mut self.trace;
            self.network.visit_units(self.theta, &self.x, direction, trace, |layer, place, _, dz| {
                if let Some(a) = kinks.iter().position(|k| k.layer == layer && k.place == place) {
                    moved[a] = dz;
                }
            });
            let pulls = self.trace.pulls().to_vec();
            for (a, kink) in self.trace.kinks.iter_mut().enumerate() {
                kink.share = f64::from(u8::from(pulls[a] * moved[a] > 0.0));
            }
        }
        self.network.pullback(self.theta, &self.x, &self.slope, &mut self.trace, out);
        debug_assert!(linalg::norm2(out).is_finite() || !linalg::norm2(self.theta).is_finite());
    }
}
