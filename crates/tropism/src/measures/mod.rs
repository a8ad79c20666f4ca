//! What is read off a recorded moment: one measure a file.
//!
//! A measure sees the moment (parameters, outputs, loss), the data and, where there is one, the target; it never sees
//! how the parameters came about.

use crate::data::Dataset;
use crate::models::Workspace;
use crate::spec::Setup;
use crate::training::Snapshot;

/// Declares the measures: modules, registry and the list of trait objects.
macro_rules! measures {
    ($($module:ident => $Type:ident),+ $(,)?) => {
        $(pub mod $module;)+

        /// Every measure, sorted by id.
        pub const MEMBERS: &[crate::registry::Member] = &[
            $(crate::registry::Member::new(
                "measure",
                stringify!($module),
                include_str!(concat!(stringify!($module), ".rs")),
            )),+
        ];

        /// Every measure with its id.
        pub fn all() -> Vec<(&'static str, &'static dyn Measure)> {
            vec![$((stringify!($module), &$module::$Type as &dyn Measure)),+]
        }
    };
}

measures! {
    direction_distance => DirectionDistance,
    error_rate => ErrorRate,
    margin_l2 => MarginL2,
    norm => Norm,
    point_distance => PointDistance,
    residual => Residual,
    support_dimension => SupportDimension,
}

/// One moment of a run with everything that several measures need, computed once.
pub struct Moment {
    /// Parameters, `[p]`.
    pub theta: Vec<f64>,
    /// Effective linear predictor, `[k * d]`, where the model has one.
    pub w: Option<Vec<f64>>,
    /// Outputs on the training samples, `[n * k]`.
    pub outputs: Vec<f64>,
    /// Margins on the training samples, for classification.
    pub margins: Option<Vec<f64>>,
    /// Natural logarithms of the training loss and of the time.
    pub log_loss: f64,
    pub log_time: f64,
}

impl Moment {
    /// The moment a snapshot recorded.
    pub fn new(setup: &Setup, snapshot: &Snapshot) -> Self {
        let outputs = outputs(setup, &snapshot.theta, &setup.data);
        Self {
            w: setup.model.effective(&snapshot.theta),
            margins: setup.data.targets.margins(&outputs),
            outputs,
            theta: snapshot.theta.clone(),
            log_loss: snapshot.log_loss,
            log_time: snapshot.log_time,
        }
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

/// Outputs `[n * k]` of the setup's model on `data`.
pub fn outputs(setup: &Setup, theta: &[f64], data: &Dataset) -> Vec<f64> {
    let mut out = vec![0.0; data.n() * data.targets.outputs()];
    setup.model.predict(theta, &data.x, &mut Workspace::default(), &mut out);
    out
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

/// A number read off a predictor; `None` where it has no meaning.
pub trait Measure: Send + Sync {
    fn evaluate(&self, view: &View) -> Option<f64>;
    fn facts(&self) -> MeasureFacts;
}
