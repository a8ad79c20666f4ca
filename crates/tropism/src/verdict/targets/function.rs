//! A function known at the training and the held-out inputs.

use super::Target;
use crate::measures::View;
use crate::numerics::linalg::distance;

/// The predicted values, and for models linear in their parameters the predicted parameters.
pub struct FunctionTarget {
    /// `[N]`, the `n` training samples first.
    outputs: Vec<f64>,
    n: usize,
    /// Root mean square of what the prediction adds to the start.
    scale: f64,
    parameters: Option<Vec<f64>>,
    /// Length of the predicted way in the parameters.
    step: f64,
}

impl FunctionTarget {
    /// Predicted `outputs [N]` and those of the start, the `n` training samples first; predicted parameters `[p]` and the start.
    pub fn new(
        outputs: Vec<f64>,
        start: &[f64],
        n: usize,
        parameters: Option<Vec<f64>>,
        theta0: &[f64],
    ) -> Self {
        let scale = (distance(&outputs, start) / (outputs.len() as f64).sqrt()).max(f64::MIN_POSITIVE);
        let step = parameters.as_deref().map_or(1.0, |p| distance(p, theta0)).max(f64::MIN_POSITIVE);
        Self { outputs, n, scale, parameters, step }
    }
}

impl Target for FunctionTarget {
    /// The largest of three: root mean square distance of the values on the training and on the held-out inputs, relative to
    /// what the prediction adds to the start, and the distance of the parameters relative to their way.
    fn gap(&self, view: &View) -> Option<f64> {
        let (trained, held) = self.outputs.split_at(self.n);
        let off =
            |now: &[f64], then: &[f64]| distance(now, then) / (then.len().max(1) as f64).sqrt() / self.scale;
        let mut gap = off(&view.moment.outputs, trained);
        if let Some(test) = &view.setup.data.test {
            gap = gap.max(off(&view.setup.outputs(&view.moment.theta, test), held));
        }
        if let Some(p) = &self.parameters {
            gap = gap.max(distance(&view.moment.theta, p) / self.step);
        }
        gap.is_finite().then_some(gap)
    }
}
