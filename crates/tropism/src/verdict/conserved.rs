//! What a gradient flow on a product of matrices, or on convolutions, conserves: if the run lost it, rounding or coarse steps have decided, and
//! nothing is judged.

use crate::models::{HeldSigns, Imbalance, Structure, determinant_sign};
use crate::numerics::linalg::distance;
use crate::spec::Setup;
use crate::theory::symmetry::{KeptSymmetry, keeps_symmetry};

/// Largest change of `W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ`, relative to the factors at the end, that the flow's error control may leave.
const BALANCE: f64 = 1e-3;

/// The same of symmetry, signs of eigenvalues and common eigenvectors, relative to the product at the end.
const SYMMETRY: f64 = 1e-4;

/// A flow, and what its start fixes.
pub enum Conserved<'a> {
    Product(Product<'a>),
    Convolutions(HeldSigns),
}

impl<'a> Conserved<'a> {
    /// `None` for other models and for steps, which conserve nothing exactly.
    pub fn of(setup: &'a Setup) -> Option<Self> {
        if !setup.built.optimizer.facts().continuous {
            return None;
        }
        let signs = HeldSigns::of(&setup.model.facts(), &setup.theta0, setup.data.d());
        signs.map(Self::Convolutions).or_else(|| Product::of(setup).map(Self::Product))
    }

    /// What should have been conserved up to `theta [p]` and was not, in words.
    pub fn lost(&self, theta: &[f64]) -> Option<String> {
        match self {
            Self::Product(product) => product.lost(theta),
            Self::Convolutions(signs) => signs.changed(theta).map(|k| {
                format!(
                    "lost what the flow conserves: the layers start with one modulus at frequency {k}, where they keep their signs, and \
                     one has changed, which only rounding or too coarse steps can do"
                )
            }),
        }
    }
}

/// A flow on a product of matrices, and what its start fixes.
pub struct Product<'a> {
    setup: &'a Setup,
    /// Of every pair of neighbouring factors at the start.
    start: Vec<Imbalance>,
    balanced: bool,
    symmetry: Option<KeptSymmetry>,
}

impl<'a> Product<'a> {
    fn of(setup: &'a Setup) -> Option<Self> {
        let start = imbalances_kept(setup)?;
        let balanced = all_balanced(&start);
        let symmetry = if balanced { keeps_symmetry(setup) } else { None };
        Some(Self { setup, start, balanced, symmetry })
    }

    fn lost(&self, theta: &[f64]) -> Option<String> {
        let pairs = self.start.iter().zip(Imbalance::along(theta, &self.setup.model.blocks())?);
        for (j, (before, after)) in pairs.enumerate() {
            let moved = distance(&after.difference, &before.difference);
            let change = moved / before.size.max(after.size).max(f64::MIN_POSITIVE);
            if change > BALANCE {
                return Some(format!(
                    "lost what the flow conserves: the balance of factors {} and {} changed by {change:.1e}",
                    j + 1,
                    j + 2
                ));
            }
        }
        // From a balanced start no singular value of the product can pass through zero: each falls in proportion to a power of
        // itself (Arora et al. 2019, arXiv 1905.13655, Theorem 3). Other starts may lose the sign rightly.
        if self.balanced { self.lost_symmetry(theta).or_else(|| self.lost_sign(theta)) } else { None }
    }

    fn lost_symmetry(&self, theta: &[f64]) -> Option<String> {
        let kept = self.symmetry.as_ref()?;
        let off = kept.lost(&self.setup.model.effective(theta)?);
        let common = if kept.commuting { " with common eigenvectors" } else { "" };
        (off > SYMMETRY).then(|| {
            format!(
                "lost what the flow conserves: measurements and start are symmetric{common}, and the end is off by {off:.1e} of its \
                 size; rounding has grown into a direction that the flow never takes"
            )
        })
    }

    fn lost_sign(&self, theta: &[f64]) -> Option<String> {
        let blocks = self.setup.model.blocks();
        let flipped = blocks
            .iter()
            .position(|b| determinant_sign(&self.setup.theta0, b) * determinant_sign(theta, b) < 0.0)?;
        Some(format!(
            "lost what the flow conserves: the determinant of factor {} changed its sign, which only rounding or too coarse steps \
             can do",
            flipped + 1
        ))
    }
}

/// The imbalances of the start, where the run is a flow on a product of matrices, which keeps them.
fn imbalances_kept(setup: &Setup) -> Option<Vec<Imbalance>> {
    let product = matches!(
        setup.model.facts().structure,
        Structure::DeepLinear { depth } | Structure::Factorized { depth, .. } if depth >= 2
    );
    let kept = product && setup.built.optimizer.facts().continuous;
    if kept { Imbalance::along(&setup.theta0, &setup.model.blocks()) } else { None }
}

fn all_balanced(imbalances: &[Imbalance]) -> bool {
    imbalances.iter().all(|i| i.relative() <= Imbalance::ROUNDING)
}

/// Whether the run is a flow that keeps the factors of a product of matrices balanced.
pub fn keeps_balance(setup: &Setup) -> bool {
    imbalances_kept(setup).is_some_and(|start| all_balanced(&start))
}
