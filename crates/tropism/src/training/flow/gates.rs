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
use crate::numerics::box_quadratic::BoxQuadratic;
use crate::numerics::{Design, Factor, Matrix, linalg};

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

/// The units near their kinks, and what a step needs to know of them; memory that a step needs is used again by the next.
pub struct Gates<'a> {
    pub network: &'a Network,
    pub trace: Trace,
    /// Kinks of the step before, and those found with their distances.
    old: Vec<Kink>,
    found: Vec<(f64, Kink)>,
    /// `Z [c × p]`.
    gradients: Matrix,
    /// `Rᵀ J` over the stiff outputs.
    stiff: Matrix,
    /// `Z Zᵀ` and `Z Jᵀ R` over the stiff outputs, and `Rᵀ J Jᵀ R` of these.
    products: Matrix,
    images: Matrix,
    gram: Matrix,
    /// Factor of `I + h` times that, its images, and what they take from the products.
    factor: Factor,
    halves: Matrix,
    taken: Matrix,
    /// `h Z (I + h JᵀSJ)^-1 Zᵀ`.
    system: Matrix,
    program: Shares,
}

/// The quadratic program for the changes of the shares: all `[c]`.
#[derive(Default)]
struct Shares {
    method: BoxQuadratic,
    /// Forces on units that are fully on.
    full: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    q: Vec<f64>,
    change: Vec<f64>,
}

impl<'a> Gates<'a> {
    /// For a chain of layers, with no unit on its kink.
    pub fn new(network: &'a Network) -> Self {
        Self {
            network,
            trace: Trace::default(),
            old: vec![],
            found: vec![],
            gradients: Matrix::default(),
            stiff: Matrix::default(),
            products: Matrix::default(),
            images: Matrix::default(),
            gram: Matrix::default(),
            factor: Factor::new(0),
            halves: Matrix::default(),
            taken: Matrix::default(),
            system: Matrix::default(),
            program: Shares::default(),
        }
    }

    /// How many units are held strictly inside their kink.
    pub fn held(&self) -> usize {
        self.trace.kinks.iter().filter(|k| k.share > EDGE && k.share < 1.0 - EDGE).count()
    }

    /// Finds the units that could reach their kink within a step of size `h` along `velocity`; `weights [n]` are the sizes of
    /// the samples' slopes.
    pub fn choose(&mut self, theta: &[f64], x: &Design, velocity: &[f64], h: f64, weights: &[f64]) {
        let Self { network, trace, old, found, .. } = self;
        old.clone_from(&trace.kinks);
        found.clear();
        let top = linalg::max_abs(weights);
        network.visit_units(theta, x, velocity, trace, |layer, place, z, dz| {
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
        // Places tell equal distances apart, so that the order is one.
        found.sort_unstable_by(|a, b| {
            a.0.total_cmp(&b.0).then((a.1.layer, a.1.place).cmp(&(b.1.layer, b.1.place)))
        });
        found.truncate(MOST);
        trace.kinks.clear();
        trace.kinks.extend(found.iter().map(|(_, k)| *k));
    }

    /// Gradients of the chosen units at `theta`, and their products with the stiff outputs.
    pub fn linearise(&mut self, theta: &[f64], newton: &GaussNewton) {
        let c = self.trace.kinks.len();
        self.gradients.reset(c, theta.len());
        for a in 0..c {
            let kink = self.trace.kinks[a];
            self.network.unit_gradient(theta, &kink, &mut self.trace, self.gradients.row_mut(a));
        }
        newton.stiff_rows(STIFF, &mut self.stiff);
        linalg::matmul_nt_into(&self.gradients, &self.gradients, &mut self.products);
        linalg::matmul_nt_into(&self.gradients, &self.stiff, &mut self.images);
        linalg::matmul_nt_into(&self.stiff, &self.stiff, &mut self.gram);
    }

    /// Prepares steps of size `h`; `false` if the factorisation fails.
    pub fn factorise(&mut self, h: f64) -> bool {
        let (c, r) = (self.trace.kinks.len(), self.gram.rows());
        if c == 0 {
            return true;
        }
        self.factor.resize(r);
        if !self.factor.shifted(&self.gram, h) {
            return false;
        }
        self.halves.reset(c, r);
        self.halves.as_mut_slice().copy_from_slice(self.images.as_slice());
        (0..c).for_each(|a| self.factor.solve_lower(self.halves.row_mut(a)));
        linalg::matmul_nt_into(&self.halves, &self.halves, &mut self.taken);
        self.system.reset(c, c);
        let pairs = self.products.as_slice().iter().zip(self.taken.as_slice());
        let entries = self.system.as_mut_slice().iter_mut().zip(pairs);
        entries.for_each(|(entry, (all, taken))| *entry = h * (all - h * taken));
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
        let Shares { method, full, low, high, q, change } = &mut self.program;
        full.clear();
        full.extend(self.trace.pulls().iter().map(|p| force * p));
        for list in [&mut *low, high, q, change] {
            list.clear();
            list.resize(c, 0.0);
        }
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
        method.minimise(&self.system, q, (low, high), change);
        for ((kink, d), full) in self.trace.kinks.iter_mut().zip(change).zip(full) {
            if *full < 0.0 {
                let share = (kink.share + *d / *full).clamp(0.0, 1.0);
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
