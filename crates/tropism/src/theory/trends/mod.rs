//! What the literature says of an experiment repeated over values of a key: one law a file, each with its hypotheses, a
//! sweep that it speaks of and one that it refuses.

use super::{Case, Check, check};
use crate::optimizers::OptimizerFacts;
use crate::spec::{Spec, SweepSpec};
use crate::terms::Holds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::registry::objects! { "trend" Trend {
        batch_size_term => BatchSizeTerm,
        gradient_descent_order => GradientDescentOrder,
        gradient_free_equivalence => GradientFreeEquivalence,
        lazy_kernel_drift => LazyKernelDrift,
        lazy_tangent_distance => LazyTangentDistance,
        modified_flow_order => ModifiedFlowOrder,
        ntk_distance => NtkDistance,
    }
}

/// A run beside the one in question, that differs in one respect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Companion {
    /// The tangent model at the start in the place of the model.
    Tangent,
    /// The gradient flow in the place of gradient descent.
    Flow,
    /// The gradient flow of `L + (η/4)‖∇L‖²`, `η` the step size of gradient descent.
    ModifiedFlow,
    /// Gradient descent on all samples, with the same steps.
    FullBatch,
}

/// What is read off every run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// A measure at the end, by its id, or one of the columns every run has, such as `test_error`.
    Measure(String),
    /// Relative distance of the outputs on held-out samples to those of a companion run, at the end of both.
    OutputDistance(Companion),
    /// The same to the kernel interpolant, from the outputs at the start, of an infinitely wide ReLU network of that depth.
    NtkDistance { depth: usize },
    /// Euclidean distance of the parameters to those of a companion run, at the end of both.
    ParameterDistance(Companion),
    /// Euclidean length of the mean over the seeds of the parameters less those of a companion run.
    MeanOffset(Companion),
}

/// What a power law is a power of, where that is not the key itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Abscissa {
    pub name: String,
    /// One for every value of the key.
    pub values: Vec<f64>,
}

impl Quantity {
    /// The column it stands in.
    pub fn name(&self) -> String {
        let of = |c: &Companion| match c {
            Companion::Tangent => "tangent_model",
            Companion::Flow => "flow",
            Companion::ModifiedFlow => "modified_flow",
            Companion::FullBatch => "full_batch",
        };
        match self {
            Quantity::Measure(id) => id.clone(),
            Quantity::OutputDistance(c) => format!("output_distance_to_{}", of(c)),
            Quantity::NtkDistance { .. } => "output_distance_to_ntk".into(),
            Quantity::ParameterDistance(c) => format!("parameter_distance_to_{}", of(c)),
            Quantity::MeanOffset(c) => format!("mean_offset_from_{}", of(c)),
        }
    }
}

/// How the quantity depends on the key that varies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `quantity ∝ key^exponent`; with `at_least` that or faster.
    Power { exponent: f64, at_least: bool },
    /// Equal means at the first kind of values and at the second (indices), within the judge's `tolerance`.
    EqualMeans { first: Vec<usize>, second: Vec<usize> },
}

/// What a law says of one sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrendPrediction {
    /// One sentence about this sweep.
    pub statement: String,
    pub quantity: Quantity,
    pub shape: Shape,
    /// `None` for the key itself.
    pub abscissa: Option<Abscissa>,
}

/// One combination of values as laws see it.
pub struct Variant {
    pub spec: Spec,
    pub optimizer: OptimizerFacts,
}

/// A sweep as laws see it: its experiments and what is proven about the first, never a run.
pub struct SweepCase<'a> {
    pub sweep: &'a SweepSpec,
    /// The first combination.
    pub case: &'a Case<'a>,
    /// Every combination, in the order of [`SweepSpec::combinations`].
    pub variants: &'a [Variant],
}

/// A sweep over fewer values shows no power law.
const FEWEST_VALUES: usize = 3;
/// Nor does one over a narrower range.
const LEAST_RATIO: f64 = 4.0;

impl SweepCase<'_> {
    /// Scope: `key`, and nothing else, varies.
    pub fn only(&self, key: &str) -> Check {
        let keys: Vec<&str> = self.sweep.axes.iter().map(|a| a.key.as_str()).collect();
        let words = format!("what varies is {}", keys.join(", "));
        super::case::scope(check(&format!("{key} alone varies"), super::case::holds(keys == [key]), words))
    }

    /// Condition: enough positive values for a power law.
    pub fn values_for_a_power_law(&self) -> Check {
        let numbers = self.sweep.axes.first().and_then(|a| a.numbers()).unwrap_or_default();
        let (lo, hi) = numbers.iter().fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
        let mut distinct = numbers.clone();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        let yes = distinct.len() >= FEWEST_VALUES && lo > 0.0 && hi >= LEAST_RATIO * lo;
        let words = format!(
            "{} different values between {lo} and {hi}; at least {FEWEST_VALUES} positive ones over a factor of at least \
             {LEAST_RATIO} are asked for",
            distinct.len()
        );
        check("enough values for a power law", super::case::holds(yes), words)
    }

    /// Condition: held-out samples.
    pub fn held_out(&self) -> Check {
        let samples = self.case.setup.data.test.as_ref().map_or(0, |t| t.n());
        check("held-out samples", super::case::holds(samples > 0), format!("{samples} samples are held out"))
    }

    /// Condition: several seeds.
    pub fn seeds(&self, least: u64) -> Check {
        let seeds = self.sweep.keys.seeds;
        let words = format!("{seeds} seeds; at least {least} are asked for");
        check("several seeds", super::case::holds(seeds >= least), words)
    }
}

/// A law over several runs that can be applied to a sweep.
pub trait Trend: Send + Sync {
    /// Authors, year, theorem number, arXiv or DOI.
    fn source(&self) -> &'static str;

    /// What it assumes, with the evidence found in this sweep; see [`super::Theorem::hypotheses`].
    fn hypotheses(&self, sweep: &SweepCase) -> Vec<Check>;

    /// What it says of this sweep.
    fn predict(&self, sweep: &SweepCase) -> TrendPrediction;

    /// Sweep files inside and just outside; see [`super::Witnesses`].
    fn witnesses(&self) -> super::Witnesses;
}

/// A law that is about a kind of sweep.
pub struct Foreseen {
    pub id: &'static str,
    pub trend: &'static dyn Trend,
    pub hypotheses: Vec<crate::terms::Hypothesis>,
    pub prediction: TrendPrediction,
    /// The hypothesis that fails here.
    pub broken: Option<String>,
}

/// Every law whose scope fits (or only the one named).
///
/// # Errors
/// A name that is in no registry.
pub fn foresee(sweep: &SweepCase) -> Result<Vec<Foreseen>, crate::Error> {
    let wanted = sweep.sweep.keys.trend.as_deref();
    let known = all();
    if let Some(name) = wanted
        && !known.iter().any(|(id, _)| *id == name)
    {
        let valid: Vec<String> = known.iter().map(|(id, _)| (*id).to_string()).collect();
        return Err(crate::Error::unknown_word("sweep", "trend", name, valid));
    }
    let apply = |(id, trend): (&'static str, &'static dyn Trend)| {
        let checks = trend.hypotheses(sweep);
        let outside = |c: &&Check| c.hypothesis.holds == Holds::No;
        if wanted.is_none() && checks.iter().filter(outside).any(|c| c.scope) {
            return None;
        }
        let broken = checks.iter().find(outside).map(|c| c.hypothesis.name.clone());
        let hypotheses = checks.into_iter().map(|c| c.hypothesis).collect();
        Some(Foreseen { id, trend, hypotheses, prediction: trend.predict(sweep), broken })
    };
    Ok(known.into_iter().filter(|(id, _)| wanted.is_none_or(|w| w == *id)).filter_map(apply).collect())
}
