//! Words in: from an experiment file to a checked setup with everything built.
//!
//! A [`Spec`] is what the file says, with every default filled in; a [`Setup`] is what can be run. Nothing of a
//! setup knows what is predicted of it.

mod curvature;
mod features;
mod horizon;
mod judge;
mod parse;
mod schema;
mod setup;
mod sharpness;
mod sweep;

pub use features::Features;
pub use horizon::{HorizonSpec, Time};
pub use parse::with_line;
pub use schema::schema;
pub use setup::{Loader, Setup};
pub use sweep::{Axis, SweepKeys, SweepSpec};

use crate::data::{DataSpec, Dataset, Preparation};
use crate::losses::LossSpec;
use crate::models::{ModelSpec, Regime};
use crate::optimizers::OptimizerSpec;
use crate::registry::Member;
use judge::JudgeRule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The sections of an experiment that have keys but no kinds.
pub const SECTIONS: &[Member] = &[
    Member::with_keys("section", "horizon", include_str!("horizon.rs"), || {
        schemars::schema_for!(HorizonSpec)
    }),
    Member::with_keys("section", "judge", include_str!("judge.rs"), || schemars::schema_for!(JudgeRule)),
    Member::with_keys("section", "sweep", include_str!("sweep.rs"), || schemars::schema_for!(SweepKeys)),
];

/// What a loss is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// `L = (1/n) Σ ℓ_i`.
    #[default]
    Mean,
    /// `L = Σ ℓ_i`.
    Sum,
}

/// The key of the `[loss]` section that is not a member's own, for `tropism explain`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is read")]
pub(crate) struct ReductionKey {
    /// Whether the loss is the mean or the sum over the samples.
    #[schemars(default)]
    reduction: Reduction,
}

/// The `[data]` section: where the samples come from and how they are prepared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataSection {
    #[serde(flatten)]
    pub source: DataSpec,
    #[serde(flatten)]
    pub preparation: Preparation,
}

/// The `[model]` section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelSection {
    #[serde(flatten)]
    pub model: ModelSpec,
    #[serde(flatten)]
    pub regime: Regime,
}

impl ModelSection {
    /// The model's id.
    pub fn id(&self) -> &'static str {
        self.model.id()
    }

    /// The key that makes the start as large as it is, with what it says: the largest number among those that set its scale.
    fn scale_of_start(&self) -> (String, String) {
        let keys = serde_json::to_value(self).unwrap_or_default();
        let size = |key: &str| -> Option<f64> { largest(keys.get(key)?) };
        let named = ["init_scale", "start", "start_v", "output_scale"]
            .into_iter()
            .filter_map(|k| Some((k, size(k)?)));
        let (key, value) = named.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or(("init_scale", 0.0));
        // Debug writes large numbers with an exponent.
        (key.into(), format!("{value:?}"))
    }
}

/// The largest modulus in a number or in lists of numbers.
fn largest(value: &serde_json::Value) -> Option<f64> {
    match value {
        serde_json::Value::Number(n) => n.as_f64().map(f64::abs),
        serde_json::Value::Array(list) => list.iter().filter_map(largest).max_by(f64::total_cmp),
        _ => None,
    }
}

/// The `[loss]` section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LossSection {
    #[serde(flatten)]
    pub loss: LossSpec,
    pub reduction: Reduction,
}

/// An experiment as its file states it, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spec {
    /// Shown at the head of the report.
    pub title: String,
    /// Seed of everything random: data, split, start, batches.
    pub seed: u64,
    /// Judge this theorem instead of the one that fits best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theorem: Option<String>,
    pub data: DataSection,
    pub model: ModelSection,
    pub loss: LossSection,
    pub optimizer: OptimizerSpec,
    pub horizon: HorizonSpec,
    pub judge: JudgeRule,
}

impl Spec {
    /// Reads an experiment file.
    ///
    /// # Errors
    /// Names section, key, line, what was found and the nearest valid word.
    pub fn parse(text: &str) -> Result<Spec, crate::Error> {
        parse::spec(text)
    }

    /// Reads an experiment file with several optimizers (`[[optimizer]]`), one experiment each, titled after the optimizer; the
    /// list in `usual` takes the place of at most one.
    ///
    /// # Errors
    /// As for [`Spec::parse`].
    pub fn parse_all(text: &str, usual: &str) -> Result<Vec<Spec>, crate::Error> {
        parse::specs(text, usual)
    }

    /// Loads, draws and prepares the data it names.
    ///
    /// # Errors
    /// Anything wrong with the data.
    pub fn dataset(&self, load: Loader) -> Result<Dataset, crate::Error> {
        let task = self.loss.loss.build()?.facts().task;
        self.data.source.dataset(&self.data.preparation, task, self.seed, load)
    }

    /// The `[optimizer]` section with every default filled in, as TOML.
    pub fn optimizer_keys(&self) -> String {
        toml::to_string(&self.optimizer).unwrap_or_default()
    }

    /// The experiment with every default filled in, as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(self)
            .unwrap_or_else(|e| format!("# this experiment cannot be written as TOML: {e}\n"))
    }
}
