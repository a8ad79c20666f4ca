//! What is read off a recorded moment: one measure a file.
//!
//! A measure sees a predictor, the data and, where there is one, the target; it never sees how the predictor was
//! trained.

use crate::data::{Dataset, MarginMap};

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

/// What a measure looks at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Effective linear predictor, `[k * d]`.
    pub w: &'a [f64],
    pub data: &'a Dataset,
    /// The data's margin rows, built once by the caller; `None` for regression.
    pub margins: Option<&'a MarginMap>,
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
}

/// A number read off a predictor; `None` where it has no meaning.
pub trait Measure: Send + Sync {
    fn evaluate(&self, view: &View) -> Option<f64>;
    fn facts(&self) -> MeasureFacts;
}
