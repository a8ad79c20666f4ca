//! Step-size schedules: constant, power law, loss-normalised.

use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The shape of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// `η_k = η`.
    #[default]
    Constant,
    /// `η_k = η (k + 1)^−power`.
    PowerLaw,
    /// `η_k = η (k + 1)^−power / L_k`: bounded steps however small the loss.
    LossNormalized,
}

/// Spec keys shared by all discrete optimizers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ScheduleSpec {
    /// Base step size η; derived from the data if absent.
    pub step_size: Option<f64>,
    /// Shape of the schedule.
    pub schedule: Option<ScheduleKind>,
    /// Exponent of the decay in the step number.
    pub power: Option<f64>,
}

/// A schedule with its numbers filled in: `η_k = base · (k + 1)^−power · L_k^−loss_power`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    pub base: f64,
    pub power: f64,
    /// 0, or 1 for loss-normalised steps.
    pub loss_power: f64,
}

impl Schedule {
    /// `log η_k`; `log_loss` is called only where the schedule needs it.
    pub fn log_step(&self, k: u64, log_loss: impl FnOnce() -> f64) -> f64 {
        let mut log = self.base.ln();
        if self.power != 0.0 {
            log -= self.power * ((k + 1) as f64).ln();
        }
        if self.loss_power != 0.0 {
            log -= self.loss_power * log_loss();
        }
        log
    }

    /// Neither decays nor looks at the loss.
    pub fn is_constant(&self) -> bool {
        self.power == 0.0 && self.loss_power == 0.0
    }
}

impl ScheduleSpec {
    /// Fills in `default_step` (with its reason) and `default_kind`; checks the ranges.
    pub fn build(
        &self,
        default_kind: ScheduleKind,
        default_power: f64,
        default_step: impl FnOnce(ScheduleKind) -> (f64, String),
    ) -> Result<(Schedule, String), Error> {
        let kind = self.schedule.unwrap_or(default_kind);
        let power = match (kind, self.power) {
            (ScheduleKind::Constant, Some(p)) if p != 0.0 => {
                return Err(Error::incompatible(
                    "optimizer.power",
                    "optimizer.schedule = \"constant\"",
                    "a constant schedule has no decay exponent; set schedule = \"power_law\" or remove power",
                ));
            }
            (ScheduleKind::Constant, _) => 0.0,
            (_, Some(p)) if (0.0..=2.0).contains(&p) => p,
            (_, Some(p)) => return Err(Error::bad_value("optimizer", "power", p, "it must lie in [0, 2]")),
            (_, None) if Some(default_kind) == self.schedule.or(Some(default_kind)) => default_power,
            (ScheduleKind::PowerLaw, None) => 0.5,
            (ScheduleKind::LossNormalized, None) => 0.0,
        };
        let (base, origin) = match self.step_size {
            Some(eta) if eta > 0.0 && eta.is_finite() => (eta, "given in the experiment".to_string()),
            Some(eta) => {
                return Err(Error::bad_value(
                    "optimizer",
                    "step_size",
                    eta,
                    "it must be a finite number > 0",
                ));
            }
            None => default_step(kind),
        };
        let loss_power = if kind == ScheduleKind::LossNormalized { 1.0 } else { 0.0 };
        Ok((Schedule { base, power, loss_power }, origin))
    }
}
