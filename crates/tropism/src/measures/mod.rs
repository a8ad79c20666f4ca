//! What is read off a recorded moment: one measure a file.
//!
//! A measure sees the moment (parameters, outputs, loss), the data and, where there is one, the target; it never sees
//! how the parameters came about.

mod clarke;

use crate::numerics::Matrix;
use crate::spec::Setup;
use crate::training::Snapshot;
use std::sync::{Arc, OnceLock};

crate::registry::objects! { "measure" Measure {
        balancedness => Balancedness,
        bridge_stationarity => BridgeStationarity,
        direction_distance => DirectionDistance,
        effective_rank => EffectiveRank,
        error_rate => ErrorRate,
        geometry_kkt_residual => GeometryKktResidual,
        hidden_entry_bound => HiddenEntryBound,
        kernel_drift => KernelDrift,
        kkt_residual => KktResidual,
        layer_alignment => LayerAlignment,
        margin_l1 => MarginL1,
        margin_l2 => MarginL2,
        norm => Norm,
        normalized_margin => NormalizedMargin,
        nuclear_norm => NuclearNorm,
        nuclear_to_frobenius => NuclearToFrobenius,
        path_norm => PathNorm,
        point_distance => PointDistance,
        residual => Residual,
        schatten_half => SchattenHalf,
        sharpness => Sharpness,
        sharpness_step => SharpnessStep,
        singular_value_dynamics => SingularValueDynamics,
        spectral_norm => SpectralNorm,
        stable_rank => StableRank,
        support_dimension => SupportDimension,
        unobserved_error => UnobservedError,
    }
}

/// The measure with an id, and that id as a constant of the program.
pub fn find(id: &str) -> Option<(&'static str, &'static dyn Measure)> {
    all().into_iter().find(|(known, _)| *known == id)
}

/// One moment of a run with everything that several measures need, computed once.
pub struct Moment {
    /// Parameters, `[p]`.
    pub theta: Arc<Vec<f64>>,
    /// Effective linear predictor, `[k * d]`, where the model has one.
    pub w: Option<Vec<f64>>,
    /// Outputs on the training samples, `[n * k]`.
    pub outputs: Vec<f64>,
    /// Margins on the training samples, for classification.
    pub margins: Option<Vec<f64>>,
    /// Natural logarithms of the training loss and of the time.
    pub log_loss: f64,
    pub log_time: f64,
    spectrum: OnceLock<Option<Vec<f64>>>,
    sharpness: OnceLock<Option<f64>>,
}

/// Largest number of multiplications, about, that a moment's singular values may cost.
const MOST_WORK: usize = 2_000_000_000;

impl Moment {
    /// The moment a snapshot recorded.
    pub fn new(setup: &Setup, snapshot: &Snapshot) -> Self {
        let outputs = setup.outputs(&snapshot.theta, &setup.data);
        Self {
            w: setup.model.effective(&snapshot.theta),
            margins: setup.data.targets.margins(&outputs),
            outputs,
            theta: snapshot.theta.clone(),
            log_loss: snapshot.log_loss,
            log_time: snapshot.log_time,
            spectrum: OnceLock::new(),
            sharpness: OnceLock::new(),
        }
    }

    /// Singular values, in decreasing order, of the effective predictor as a matrix: of the shape of the inputs where these
    /// are matrices, `k × d` otherwise. `None` for a vector, for zero, for what is not finite and for what is too large.
    pub fn singular_values(&self, setup: &Setup) -> Option<&[f64]> {
        let decompose = || {
            let w = self.w.as_deref()?;
            let k = setup.data.targets.outputs();
            let (rows, cols) = setup.data.shape.filter(|_| k == 1).unwrap_or((k, setup.data.d()));
            let small = rows.min(cols);
            if small < 2 || rows * cols != w.len() || small * small * rows.max(cols) > MOST_WORK {
                return None;
            }
            let values = crate::numerics::norm::singular(w, rows);
            values.first().is_some_and(|s| *s > 0.0 && s.is_finite()).then_some(values)
        };
        self.spectrum.get_or_init(decompose).as_deref()
    }

    /// Largest eigenvalue of the training loss's Hessian, where it is not too dear: [`Setup::sharpness`].
    pub fn sharpness(&self, setup: &Setup) -> Option<f64> {
        if setup.budget.stopped() {
            return None;
        }
        *self.sharpness.get_or_init(|| setup.sharpness(&self.theta))
    }

    /// Smallest margin; `None` for regression.
    pub fn min_margin(&self) -> Option<f64> {
        Some(self.margins.as_ref()?.iter().copied().fold(f64::INFINITY, f64::min))
    }

    /// The predictor where there is one, the parameters otherwise: what a norm is taken of.
    pub fn vector(&self) -> &[f64] {
        self.w.as_deref().unwrap_or(&self.theta)
    }
}

/// The weight matrices, first layer first, where there are at least two and each fits the one below it.
fn layers(view: &View) -> Option<Vec<Matrix>> {
    let blocks = view.setup.model.blocks();
    let chained = blocks.windows(2).all(|pair| pair[1].cols == pair[0].rows);
    if blocks.len() < 2 || !chained || !view.moment.theta.iter().all(|t| t.is_finite()) {
        return None;
    }
    Some(blocks.iter().map(|b| b.matrix(&view.moment.theta)).collect())
}

/// What a measure looks at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub setup: &'a Setup,
    pub moment: &'a Moment,
    /// The predicted solution, where there is one.
    pub target: Option<&'a [f64]>,
}

/// What a measure declares about itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeasureFacts {
    pub unit: &'static str,
    /// Value when the predictor is the target itself.
    pub at_target: Option<f64>,
    /// Unchanged when the predictor is multiplied by a positive number.
    pub scale_invariant: bool,
    /// Cheap enough to be read off every recorded moment, and shown wherever it has a meaning.
    pub shown: bool,
}

/// A number read off a predictor; `None` where it has no meaning, and, of what takes long, once the setup's budget says stop.
pub trait Measure: Send + Sync {
    fn evaluate(&self, view: &View) -> Option<f64>;
    fn facts(&self) -> MeasureFacts;
}
