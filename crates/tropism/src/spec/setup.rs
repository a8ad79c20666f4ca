//! A checked experiment with everything built.

use super::curvature::curvature;
use super::{HorizonSpec, ModelSection, Reduction, Spec, Time};
use crate::data::{Dataset, FileSpec, Table, Targets};
use crate::error::Error;
use crate::losses::{Loss, Tail, Task};
use crate::models::{Interface, Model, ModelFacts, Workspace};
use crate::numerics::{Matrix, linalg, rng};
use crate::optimizers::{Built, Curvature, Geometry, OptimizerFacts};
use crate::programs::Budget;
use crate::terms::JudgeRule;
use crate::training::{Horizon, Job};
use std::sync::OnceLock;

/// Reads a file into a table; the library itself touches no files.
pub type Loader<'a> = &'a dyn Fn(&FileSpec) -> Result<Table, Error>;

/// Everything a run, a theorem and a program need.
pub struct Setup {
    /// The resolved experiment: defaults filled in.
    pub spec: Spec,
    pub data: Dataset,
    pub model: Box<dyn Model>,
    pub loss: Box<dyn Loss>,
    pub built: Built,
    pub theta0: Vec<f64>,
    pub horizon: Horizon,
    pub curvature: Curvature,
    /// Log of the weight of one sample: `−ln n` or 0.
    pub log_weight: f64,
    pub rule: JudgeRule,
    /// What solving may cost; whoever runs an experiment may set its `stop`.
    pub budget: Budget,
    start_kernel: OnceLock<Matrix>,
}

impl Setup {
    /// The tangent kernel `J Jᵀ [n k × n k]` on the training samples at `theta`.
    pub fn kernel(&self, theta: &[f64]) -> Matrix {
        let (x, rows) = (&self.data.x, self.data.n() * self.model.facts().outputs);
        let mut j = Matrix::zeros(rows, self.model.dim());
        self.model.jacobian(theta, x, &mut Workspace::default(), &mut j);
        linalg::matmul_nt(&j, &j)
    }

    /// The same at the start, computed once however often it is asked for.
    pub fn start_kernel(&self) -> &Matrix {
        self.start_kernel.get_or_init(|| self.kernel(&self.theta0))
    }

    /// Loads, prepares and checks everything a spec names.
    pub fn build(spec: &Spec, load: Loader) -> Result<Setup, Error> {
        Self::with_data(spec, spec.dataset(load)?)
    }

    /// The same on a data set already in memory.
    pub fn with_data(spec: &Spec, data: Dataset) -> Result<Setup, Error> {
        let loss = spec.loss.loss.build()?;
        data.check()?;
        check_targets(loss.facts().task, &data, spec.loss.loss.id())?;
        let mut spec = spec.clone();
        spec.model.model.resolve(spec.seed);
        let (model, theta0) = start(&spec, &data)?;
        check_start(&spec.model, &*model, &*loss, &data, &theta0)?;
        let log_weight = match spec.loss.reduction {
            Reduction::Mean => -(data.n() as f64).ln(),
            Reduction::Sum => 0.0,
        };
        let curvature = curvature(&data, &*model, &*loss, &theta0, log_weight);
        let built = spec.optimizer.build(&curvature)?;
        let facts = built.optimizer.facts();
        check_domain(&facts, &theta0)?;
        let horizon = resolve_horizon(
            &mut spec.horizon,
            &facts,
            loss.facts().tail,
            &data,
            &model.facts(),
            &spec.optimizer,
        )?;
        if spec.title.is_empty() {
            spec.title = format!("{} on {}", spec.optimizer.id().replace('_', " "), data.name);
        }
        let rule = spec.judge;
        let budget = Budget::default();
        let start_kernel = OnceLock::new();
        Ok(Setup {
            spec,
            data,
            model,
            loss,
            built,
            theta0,
            horizon,
            curvature,
            log_weight,
            rule,
            budget,
            start_kernel,
        })
    }

    /// Outputs `[n * k]` of the model at `theta [p]` on `data`, which may be held-out samples.
    pub fn outputs(&self, theta: &[f64], data: &Dataset) -> Vec<f64> {
        let mut out = vec![0.0; data.n() * data.targets.outputs()];
        self.model.predict(theta, &data.x, &mut Workspace::default(), &mut out);
        out
    }

    /// `diag(XᵀX/n)`, `[d]`.
    pub fn mean_squares(&self) -> Vec<f64> {
        let n = self.data.n();
        let mut mean = vec![0.0; self.data.d()];
        (0..n).for_each(|i| self.data.x.for_row(i, |j, v| mean[j] += v * v / n as f64));
        mean
    }

    /// What the training room needs, and nothing else.
    pub fn job(&self) -> Job<'_> {
        Job {
            data: &self.data,
            model: &*self.model,
            loss: &*self.loss,
            built: &self.built,
            log_weight: self.log_weight,
            theta0: &self.theta0,
            horizon: self.horizon,
            seed: self.spec.seed,
        }
    }
}

/// The model in its regime, and where it starts.
fn start(spec: &Spec, data: &Dataset) -> Result<(Box<dyn Model>, Vec<f64>), Error> {
    let plain = spec.model.model.build(&interface(data))?;
    let mut theta0 = vec![0.0; plain.dim()];
    plain.init(&mut rng::rng(spec.seed, rng::Stream::Init), &mut theta0);
    let model = spec.model.regime.apply(plain, spec.model.id(), &theta0)?;
    Ok((model, theta0))
}

/// Refuses a start whose outputs, or whose loss, are no numbers that a run could begin with.
fn check_start(
    section: &ModelSection,
    model: &dyn Model,
    loss: &dyn Loss,
    data: &Dataset,
    theta0: &[f64],
) -> Result<(), Error> {
    let k = data.targets.outputs();
    let mut outputs = vec![0.0; data.n() * k];
    model.predict(theta0, &data.x, &mut Workspace::default(), &mut outputs);
    let what = if let Some(i) = outputs.iter().position(|f| !f.is_finite()) {
        format!("the output on sample {} is {} at the start", i / k + 1, outputs[i])
    } else {
        // Where the loss has a finite minimiser its value counts, not only its logarithm.
        let log = loss.log_sum(&outputs, &data.targets);
        let largest = if loss.facts().tail == Tail::FiniteRoot { f64::MAX.ln() } else { f64::MAX };
        if log < largest {
            return Ok(());
        }
        format!("the training loss is exp({log:.4}) at the start, too large a number")
    };
    let (key, found) = section.scale_of_start();
    let expected = format!("{what}; choose a smaller start, or smaller inputs or targets");
    Err(Error::bad_value("model", &key, found, &expected))
}

fn interface(data: &Dataset) -> Interface {
    Interface { inputs: data.d(), outputs: data.targets.outputs(), shape: data.shape, image: data.image }
}

fn check_targets(task: Task, data: &Dataset, loss: &str) -> Result<(), Error> {
    let (fits, has) = match (&data.targets, task) {
        (Targets::Real(_), Task::Regression) | (Targets::Sign(_), Task::Binary | Task::Regression) => {
            (true, "")
        }
        (Targets::Class { .. }, Task::Multiclass) => (true, ""),
        (Targets::Real(_), _) => (false, "real targets"),
        (Targets::Sign(_), _) => (false, "two classes"),
        (Targets::Class { .. }, _) => (false, "several classes"),
    };
    // More classes than half the samples are measurements that happen to be written as labels.
    if let Targets::Class { classes, .. } = &data.targets
        && *classes > 20
        && 2 * classes > data.n()
    {
        let missing = format!(
            "the labels take {classes} different values among {} samples, which look like measurements; use the squared \
             loss, or choose the classes with data.classes",
            data.n()
        );
        return Err(Error::incompatible(
            &format!("loss.kind = \"{loss}\""),
            &format!("data `{}`", data.name),
            missing,
        ));
    }
    if fits {
        return Ok(());
    }
    let wants = match task {
        Task::Regression => "real targets",
        Task::Binary => "labels -1 and +1",
        Task::Multiclass => "class labels; use the logistic loss for two classes",
    };
    let missing = format!("the data have {has}, the loss wants {wants}");
    Err(Error::incompatible(&format!("loss.kind = \"{loss}\""), &format!("data `{}`", data.name), missing))
}

fn check_domain(facts: &OptimizerFacts, theta0: &[f64]) -> Result<(), Error> {
    let Geometry::Mirror(potential) = facts.geometry else { return Ok(()) };
    if theta0.iter().all(|&w| potential.contains_start(w)) {
        return Ok(());
    }
    Err(Error::incompatible(
        "optimizer.potential = \"entropy\"",
        &format!("a start at {}", theta0.iter().copied().fold(f64::INFINITY, f64::min)),
        "the mirror map log(w) needs every weight positive at the start; set model.start to a number > 0",
    ))
}

/// Fills in the default horizon and writes it back into the spec.
fn resolve_horizon(
    h: &mut HorizonSpec,
    facts: &OptimizerFacts,
    tail: Tail,
    data: &Dataset,
    model: &ModelFacts,
    optimizer: &crate::optimizers::OptimizerSpec,
) -> Result<Horizon, Error> {
    if facts.flow.is_none() && h.time.is_some() && h.steps.is_none() {
        return Err(Error::incompatible(
            "horizon.time",
            optimizer.id(),
            "this optimizer has no flow limit with these keys, so its clock is the number of steps; set horizon.steps",
        ));
    }
    if facts.continuous && h.steps.is_some() {
        let missing = "a flow has no steps; set horizon.time";
        return Err(Error::incompatible("horizon.steps", optimizer.id(), missing));
    }
    if let Some(least) = h.least_loss
        && !(least >= 0.0 && h.loss.is_some_and(|loss| least < loss))
    {
        let expected = "it must be at least 0 and below horizon.loss, which must be set";
        return Err(Error::bad_value("horizon", "least_loss", least, expected));
    }
    if let Some(loss) = h.loss {
        if !(loss > 0.0 && loss.is_finite()) {
            return Err(Error::bad_value("horizon", "loss", loss, "it must be a finite number > 0"));
        }
        if facts.continuous || h.time.is_some() {
            let missing = "a loss to stop at is looked for among discrete steps; set horizon.steps beside it";
            let other = if facts.continuous { optimizer.id() } else { "horizon.time" };
            return Err(Error::incompatible("horizon.loss", other, missing));
        }
        h.steps.get_or_insert(100_000);
    }
    if h.steps == Some(0) {
        return Err(Error::bad_value("horizon", "steps", 0, "it must be at least 1"));
    }
    if h.time.is_none() && h.steps.is_none() {
        // Discrete steps of a curved model select something else than its flow: it continues them only when asked to.
        let convex = model.linear_in_parameters && model.linear_in_inputs;
        match facts.flow {
            Some(_) if convex || facts.continuous => {
                // The norm grows like t^(1/(power + 2)) there: far enough for directions good to seven digits.
                let far = match tail {
                    Tail::Polynomial { power } => format!("1e{}", (7.5 * (power + 2.0)).min(1e5).ceil()),
                    Tail::Exponential | Tail::FiniteRoot => "1e100000".into(),
                };
                h.time = Some(Time::Text(far));
            }
            _ => h.steps = Some(100_000),
        }
    }
    // About a tenth of a second of exact steps, between a hundred and ten thousand.
    let affordable = (1e8 / (data.n() * data.d() * data.targets.outputs()).max(1) as f64) as u64;
    let exact_steps = *h.exact_steps.get_or_insert(affordable.clamp(100, 10_000));
    let log_time = h.time.as_ref().map(Time::log).transpose()?;
    Ok(Horizon {
        log_time,
        steps: h.steps,
        exact_steps,
        log_loss: h.loss.map(|l| [h.least_loss.unwrap_or(0.0).ln(), l.ln()]),
    })
}
