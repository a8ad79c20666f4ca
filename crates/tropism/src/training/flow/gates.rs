//! Units of a ReLU network that the flow holds on their kink.
//!
//! Where a unit is driven up below its kink and down above it, the flow stays on the kink (a sliding mode): the derivative of its
//! ReLU is whatever share in [0, 1] keeps it there. Taken by its sign such a unit chatters, and no step is short enough. Here
//! the shares are part of every implicit step: the step ends with the unit at zero and a share in between, above it with share
//! one, or below it with share zero. Those are the conditions of a quadratic program over a box, one variable for each unit
//! that could reach its kink within the step,
//!
//! ```text
//! z + Z Δθ(κ) ⊥ κ ∈ [c, 0],      Δθ(κ) = (I + h JᵀSJ)^-1 (Δθ₀ + h Zᵀ κ),
//! ```
//!
//! `Z` the gradients of the units' values, `c < 0` the force on a unit that is fully on. Units whose force is positive leave
//! their kink by themselves and keep their sign.
//!
//! Source: implicit steps for dynamics with discontinuous right-hand side: Moreau 1988; Stewart 1990, "A high accuracy method
//! for solving ODEs with discontinuous right-hand side", Numerische Mathematik 58; the flow so selected is the one of
//! Lyu, Li 2020 (arXiv 1906.05890), along the smallest element of the Clarke subdifferential.

use super::gauss_newton::GaussNewton;
use crate::models::network::{Kink, Network, Trace};
use crate::numerics::{Design, Factor, Matrix, box_quadratic, linalg};

/// Samples whose weight is below this part of the largest exert no force worth a share.
const FAINT: f64 = 1e-13;
/// Share beyond which a unit is off its kink, and value beside the lengths of weights and input below which it is on it.
const EDGE: f64 = 1e-9;
/// The same for a unit with a share in between, which linearisation leaves a little off.
const OFF: f64 = 1e-4;
/// How many times its present speed a unit may move.
const REACH: f64 = 2.0;
/// Most units on or near their kinks; beyond, the ones farthest from it are taken by their sign.
const MOST: usize = 400;
/// Relative size of curvature below which a sample is left out of the implicit part here.
const STIFF: f64 = 1e-7;

/// The units near their kinks, and what a step needs to know of them.
pub struct Gates<'a> {
    pub network: &'a Network,
    pub trace: Trace,
    /// `Z [c × p]`.
    gradients: Matrix,
    /// `Z Zᵀ` and `Z Jᵀ R` over the stiff outputs, and `Rᵀ J Jᵀ R` of these.
    products: Matrix,
    images: Matrix,
    gram: Matrix,
    /// `h Z (I + h JᵀSJ)^-1 Zᵀ`.
    system: Matrix,
}

impl<'a> Gates<'a> {
    /// For a chain of layers, with no unit on its kink.
    pub fn new(network: &'a Network) -> Self {
        let empty = || Matrix::zeros(0, 0);
        Self {
            network,
            trace: Trace::default(),
            gradients: empty(),
            products: empty(),
            images: empty(),
            gram: empty(),
            system: empty(),
        }
    }

    /// How many units are held strictly inside their kink.
    pub fn held(&self) -> usize {
        self.trace.kinks.iter().filter(|k| k.share > EDGE && k.share < 1.0 - EDGE).count()
    }

    /// Finds the units that could reach their kink within a step of size `h` along `velocity`; `weights [n]` are the sizes of
    /// the samples' slopes.
    pub fn choose(&mut self, theta: &[f64], x: &Design, velocity: &[f64], h: f64, weights: &[f64]) {
        let old = std::mem::take(&mut self.trace.kinks);
        let top = linalg::max_abs(weights);
        let mut found: Vec<(f64, Kink)> = vec![];
        let network = self.network;
        self.trace.kinks.clone_from(&old);
        network.visit_units(theta, x, velocity, &mut self.trace, |layer, place, z, dz| {
            let sample = place / network.layers[layer - 1].outputs();
            if weights[sample] <= FAINT * top {
                return;
            }
            let known = old.iter().find(|k| k.layer == layer && k.place == place);
            let reach = REACH * h * dz.abs();
            if known.is_some() || z.abs() <= reach {
                let share = known.map_or(f64::from(u8::from(z > 0.0)), |k| k.share);
                let far = if known.is_some() { 0.0 } else { z.abs() / reach };
                found.push((far, Kink { layer, place, share }));
            }
        });
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.truncate(MOST);
        self.trace.kinks = found.into_iter().map(|(_, k)| k).collect();
    }

    /// Gradients of the chosen units at `theta`, and their products with the stiff outputs.
    pub fn linearise(&mut self, theta: &[f64], newton: &GaussNewton) {
        let c = self.trace.kinks.len();
        self.gradients = Matrix::zeros(c, theta.len());
        for a in 0..c {
            let kink = self.trace.kinks[a];
            self.network.unit_gradient(theta, &kink, &mut self.trace, self.gradients.row_mut(a));
        }
        let stiff = newton.stiff_rows(STIFF);
        self.products = linalg::matmul_nt(&self.gradients, &self.gradients);
        self.images = linalg::matmul_nt(&self.gradients, &stiff);
        self.gram = linalg::matmul_nt(&stiff, &stiff);
    }

    /// Prepares steps of size `h`; `false` if the factorisation fails.
    pub fn factorise(&mut self, h: f64) -> bool {
        let (c, r) = (self.trace.kinks.len(), self.gram.rows());
        if c == 0 {
            return true;
        }
        let mut factor = Factor::new(r);
        if !factor.shifted(&self.gram, h) {
            return false;
        }
        let mut halves = self.images.clone();
        (0..c).for_each(|a| factor.solve_lower(halves.row_mut(a)));
        let taken = linalg::matmul_nt(&halves, &halves);
        let (all, taken) = (self.products.as_slice(), taken.as_slice());
        let entries = all.iter().zip(taken).map(|(all, taken)| h * (all - h * taken)).collect();
        self.system = Matrix::from_vec(c, c, entries);
        true
    }

    /// New shares for a step that with the present ones would move the parameters by `moved` from `theta`, where the last pass
    /// was. `force` is what the pullback is multiplied by to become a velocity, `stretch` the step's weight of that velocity in
    /// units of `h`. Returns the largest change of a share.
    pub fn share(&mut self, theta: &[f64], moved: &[f64], force: f64, stretch: f64) -> f64 {
        let c = self.trace.kinks.len();
        if c == 0 {
            return 0.0;
        }
        let full: Vec<f64> = self.trace.pulls().iter().map(|p| force * p).collect();
        let (mut low, mut high, mut q) = (vec![0.0; c], vec![0.0; c], vec![0.0; c]);
        let mut largest: f64 = 0.0;
        for a in 0..c {
            let kink = self.trace.kinks[a];
            let (z, _) = self.network.unit_value(theta, &kink, &self.trace);
            q[a] = (z + linalg::dot(self.gradients.row(a), moved)) / stretch;
            if full[a] < 0.0 {
                (low[a], high[a]) = ((1.0 - kink.share) * full[a], -kink.share * full[a]);
            } else {
                // Driven off its kink on either side.
                let share = f64::from(u8::from(z > 0.0));
                largest = largest.max((share - kink.share).abs());
                self.trace.kinks[a].share = share;
            }
        }
        let mut change = vec![0.0; c];
        box_quadratic::minimise(&self.system, &q, (&low, &high), &mut change);
        for ((kink, d), full) in self.trace.kinks.iter_mut().zip(&change).zip(&full) {
            if *full < 0.0 {
                let share = (kink.share + d / full).clamp(0.0, 1.0);
                largest = largest.max((share - kink.share).abs());
                kink.share = share;
            }
        }
        largest
    }

    /// Lets go of the units that have left their kinks, at `theta`.
    pub fn let_go(&mut self, theta: &[f64]) {
        let (network, trace) = (self.network, &mut self.trace);
        let mut kinks = std::mem::take(&mut trace.kinks);
        kinks.retain(|k| {
            let (z, size) = network.unit_value(theta, k, trace);
            z.abs() <= EDGE * size || (k.share > EDGE && k.share < 1.0 - EDGE && z.abs() <= OFF * size)
        });
        trace.kinks = kinks;
    }
}
