//! Margins of functions: of models linear in fixed features, and of two-layer ReLU networks as they stand.

use super::{Target, excess, relative};
use crate::measures::View;
use crate::models::Block;
use crate::programs::{KernelMargin, MaxMargin, Program, VariationMargin};

/// The largest margin in the unit ball of a kernel, for a model whose features span its space.
pub struct FeatureMarginTarget {
    pub kernel: KernelMargin,
    /// The same program in the parameters: `min ‖θ − θ₀‖ s.t. y_i ⟨J_i, θ − θ₀⟩ ≥ 1`.
    pub features: MaxMargin,
    pub start: Vec<f64>,
    pub lower_bound: f64,
}

impl Target for FeatureMarginTarget {
    fn gap(&self, view: &View) -> Option<f64> {
        // The way from the start and its margins: what the start itself computes is left behind on the way to infinity.
        let way: Vec<f64> = view.moment.theta.iter().zip(&self.start).map(|(t, s)| t - s).collect();
        excess(self.features.value(&way), self.lower_bound, relative(self.lower_bound))
    }

    fn bound(&self, dual: &[f64]) -> Option<f64> {
        Some(self.kernel.bound(dual))
    }
}

/// The largest margin in the variation norm, for the neurons of a network.
pub struct NetworkMarginTarget {
    pub program: VariationMargin,
    pub lower_bound: f64,
}

impl Target for NetworkMarginTarget {
    fn gap(&self, view: &View) -> Option<f64> {
        let blocks = view.setup.model.blocks();
        let [hidden, outer] = blocks.as_slice() else { return None };
        // A factor of the outputs multiplies norm and margin alike.
        excess(
            self.program.value(&neurons(&view.moment.theta, hidden, outer)),
            self.lower_bound,
            relative(self.lower_bound),
        )
    }

    fn bound(&self, dual: &[f64]) -> Option<f64> {
        Some(self.program.bound(dual))
    }
}

/// Output weight, then input weights, neuron by neuron.
fn neurons(theta: &[f64], hidden: &Block, outer: &Block) -> Vec<f64> {
    let rows = theta[hidden.range()].chunks_exact(hidden.cols.max(1));
    let units = theta[outer.range()].iter().zip(rows);
    units.flat_map(|(b, v)| std::iter::once(*b).chain(v.iter().copied())).collect()
}
