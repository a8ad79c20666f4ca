//! The whole way from a checked setup to a verdict, on one screen.
//!
//! ```text
//! Setup ─┬─ predict ──▶ Predicted (theorem, hypotheses, certified reference, hash) ─┐
//!        │                                                                          ├─ conclude ──▶ Report
//!        └─ run ──────▶ Trajectory ─────────────────────────────────────────────────┘
//! ```
//!
//! The prediction is formed and hashed before the run starts, and the run cannot see it.

use crate::Error;
use crate::data::{FileSpec, Table};
use crate::numerics::Norm;
use crate::programs::{Budget, Certificate, MaxMargin, Program, certify};
use crate::report::{DataReport, MarginRow, NormOf, PredictionReport, Report, RunReport};
use crate::spec::{Setup, Spec};
use crate::terms::{Holds, Hypothesis, VerdictKind};
use crate::theory::{Case, Claim, Prediction, ProgramSpec, Resolution, resolve, silence};
use crate::training::{self, Ended, Observer, Trajectory};
use crate::verdict::{Broken, Finding, Reference, compare, evidence, judge};
use sha2::{Digest, Sha256};

/// What is known before a run: theorem, hypotheses and certified reference.
pub struct Predicted {
    pub report: PredictionReport,
    prediction: Option<Prediction>,
    reference: Option<Reference>,
    broken: Option<String>,
    /// If no theorem speaks: what keeps the known ones from it.
    silence: Option<String>,
}

/// Finds the theorem, checks its hypotheses, solves and certifies its program.
///
/// # Errors
/// A theorem name that does not exist, or a program that cannot be posed on these data.
pub fn predict(setup: &Setup) -> Result<Predicted, Error> {
    let case = Case::new(setup);
    let (id, source, hypotheses, prediction, broken) = match resolve(&case, setup.spec.theorem.as_deref())? {
        Resolution::None => (None, None, vec![], None, None),
        Resolution::Applies { id, theorem, hypotheses, prediction } => {
            (Some(id), Some(theorem.source()), hypotheses, Some(prediction), None)
        }
        Resolution::OutOfScope { id, theorem, hypotheses, prediction, broken } => {
            (Some(id), Some(theorem.source()), hypotheses, Some(prediction), Some(broken))
        }
    };
    // A theorem that does not apply has no reference: its program may not even be feasible here.
    let reference = match (&prediction, &broken) {
        // Its program is fixed, but some of its data are sums along the run.
        (Some(p), None) if p.program.of_the_run() => None,
        (Some(p), None) => Some(Reference::solve(&case, p)?),
        _ => None,
    };
    let report = describe(setup, id, source, hypotheses, prediction.as_ref(), reference.as_ref());
    let silence = if prediction.is_none() { silence(&case) } else { None };
    Ok(Predicted { report, prediction, reference, broken, silence })
}

/// Runs, compares and judges.
///
/// # Errors
/// Those of [`predict`].
pub fn examine(setup: &Setup, observer: &mut dyn Observer) -> Result<Report, Error> {
    let predicted = predict(setup)?;
    let trajectory = training::run(&setup.job(), observer);
    Ok(conclude(setup, &predicted, &trajectory))
}

/// Refuses every file: what loads data where nobody else does.
pub(crate) fn no_files(file: &FileSpec) -> Result<Table, Error> {
    let what = "the library reads no files; use `tropism-files` or the program `tropism`";
    Err(Error::data(file.path.clone(), what))
}

/// From an experiment file's text to a report; for data that need no file.
///
/// # Errors
/// Anything wrong with the experiment.
pub fn examine_text(text: &str) -> Result<Report, Error> {
    let spec = Spec::parse(text)?;
    let setup = Setup::build(&spec, &no_files)?;
    examine(&setup, &mut training::Silent)
}

/// Compares a trajectory with what was predicted, and judges.
pub fn conclude(setup: &Setup, predicted: &Predicted, trajectory: &Trajectory) -> Report {
    let claim = predicted.prediction.as_ref().map_or(Claim::Selected, |p| p.claim);
    let rate = predicted.prediction.as_ref().and_then(|p| p.rate.as_ref());
    let (late, broke) = after_the_run(setup, predicted, trajectory);
    let reference = predicted.reference.as_ref().or(late.as_ref());
    let comparison = compare(setup, reference, claim, rate, &setup.rule, trajectory);
    let unchecked = predicted.report.hypotheses.iter().filter(|h| h.holds == Holds::Unchecked);
    let evidence = evidence(
        &comparison,
        reference,
        claim,
        predicted
            .broken
            .as_ref()
            .map(|name| Broken { name: name.clone(), evidence: why(&predicted.report, name) })
            .or(broke),
        unchecked.map(|h| h.name.clone()).collect(),
        predicted.silence.clone(),
    );
    let Finding { verdict, reason } = judge(&evidence, &setup.rule);
    Report {
        schema: "tropism-verdict/1".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        title: setup.spec.title.clone(),
        experiment: setup.spec.to_toml(),
        verdict,
        reason,
        log10_time: log10(trajectory.log_time).or_else(|| last_known(trajectory)),
        margins: margin_table(setup, predicted, trajectory, verdict),
        prediction: completed(&predicted.report, late.as_ref()),
        selected: comparison.selected,
        rate: comparison.rate,
        rule: setup.rule,
        data: data_report(setup),
        run: RunReport {
            measured: comparison.measured,
            ..run_report(setup, predicted, trajectory, comparison.separated)
        },
        series: comparison.series,
        coordinates: comparison.coordinates,
        completion: comparison.completion,
        fourier: comparison.fourier,
        visits: comparison.visits,
    }
}

/// The reference of a prediction whose program holds sums along the run, or what the run did that leaves it without one.
fn after_the_run(
    setup: &Setup,
    predicted: &Predicted,
    trajectory: &Trajectory,
) -> (Option<Reference>, Option<Broken>) {
    let prediction = predicted.prediction.as_ref().filter(|_| predicted.broken.is_none());
    match prediction.filter(|p| p.program.of_the_run()) {
        None => (None, None),
        Some(p) => match Reference::of_the_run(setup, &p.program, trajectory) {
            Ok(reference) => (Some(reference), None),
            Err(broke) => (None, Some(broke)),
        },
    }
}

/// The report of a prediction with the numbers of a reference that could be solved only after the run.
fn completed(report: &PredictionReport, late: Option<&Reference>) -> PredictionReport {
    let Some(r) = late else { return report.clone() };
    PredictionReport {
        formula: Some(r.formula.clone()),
        value: Some(r.certificate.value),
        lower_bound: Some(r.certificate.lower_bound),
        relative_gap: Some(r.certificate.relative_gap),
        unique: r.unique,
        method: Some(r.method.clone()),
        ..report.clone()
    }
}

/// What refutes the hypothesis `name`.
fn why(report: &PredictionReport, name: &str) -> String {
    let found = report.hypotheses.iter().find(|h| h.name == name);
    found.map_or(String::new(), |h| h.evidence.clone())
}

/// Common logarithm of a natural one, where there is one.
pub(crate) fn log10(natural: f64) -> Option<f64> {
    let v = natural / std::f64::consts::LN_10;
    v.is_finite().then_some(v)
}

fn describe(
    setup: &Setup,
    id: Option<&str>,
    source: Option<&str>,
    hypotheses: Vec<Hypothesis>,
    prediction: Option<&Prediction>,
    reference: Option<&Reference>,
) -> PredictionReport {
    let certificate = reference.map(|r| r.certificate);
    let statement = prediction
        .map_or("No theorem in the registry speaks of this experiment.".into(), |p| p.statement.clone());
    PredictionReport {
        theorem: id.map(Into::into),
        source: source.map(Into::into),
        program: prediction.map(|p| p.program.id().into()),
        formula: reference.map(|r| r.formula.clone()),
        negative: prediction.is_some_and(|p| p.claim == Claim::NotSelected),
        law: prediction.is_some_and(|p| matches!(p.program, ProgramSpec::Law { .. })),
        value: certificate.map(|c| c.value),
        lower_bound: certificate.map(|c| c.lower_bound),
        relative_gap: certificate.map(|c| c.relative_gap),
        unique: reference.and_then(|r| r.unique),
        margin: reference.and_then(|r| r.margin),
        method: reference.map(|r| r.method.clone()),
        hypotheses,
        rate: prediction.and_then(|p| p.rate.clone()),
        hash: hash(setup, id, prediction),
        statement,
    }
}

/// Fixes experiment, theorem, program and rule: any later change of them changes the hash.
fn hash(setup: &Setup, id: Option<&str>, prediction: Option<&Prediction>) -> String {
    let mut h = Sha256::new();
    h.update(setup.spec.to_toml());
    h.update(id.unwrap_or("none"));
    h.update(format!("{prediction:?}"));
    h.update(format!("{:?}", setup.rule));
    data_digest(setup, &mut h);
    hexadecimal(h)
}

/// A finished hash as text.
pub(crate) fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn data_digest(setup: &Setup, h: &mut Sha256) {
    let mut row = vec![];
    for i in 0..setup.data.n() {
        row.clear();
        setup.data.x.for_row(i, |j, v| {
            row.extend_from_slice(&(j as u64).to_le_bytes());
            row.extend_from_slice(&v.to_le_bytes());
        });
        h.update(&row);
    }
    h.update(format!("{:?}", setup.data.targets));
}

/// The data as the setup holds them, for a prediction that is shown without a run.
pub fn data_report(setup: &Setup) -> DataReport {
    DataReport {
        name: setup.data.name.clone(),
        samples: setup.data.n(),
        inputs: setup.data.d(),
        outputs: setup.data.targets.outputs(),
        test_samples: setup.data.test.as_ref().map_or(0, |t| t.n()),
        notes: setup.data.notes.clone(),
    }
}

fn run_report(
    setup: &Setup,
    predicted: &Predicted,
    trajectory: &Trajectory,
    separated: Option<usize>,
) -> RunReport {
    RunReport {
        optimizer: setup.spec.optimizer.id().into(),
        loss: setup.spec.loss.loss.id().into(),
        model: setup.spec.model.id().into(),
        norm_of: match setup.model.facts().linear_in_inputs {
            true => NormOf::Predictor,
            false => NormOf::Parameters,
        },
        step_size: setup.built.step_size,
        step_size_origin: setup.built.origin.clone(),
        coordinates: trajectory.coordinates.clone(),
        steps: trajectory.steps,
        flow_steps: trajectory.flow_steps,
        flow_rejected: trajectory.flow_rejected,
        continuation_bound: trajectory.continuation_bound,
        ended: trajectory.ended.word().into(),
        measured: true,
        phases: phases(setup, predicted, trajectory, separated),
    }
}

/// The run's own sentences, and for classification when it began to separate the data.
fn phases(
    setup: &Setup,
    predicted: &Predicted,
    trajectory: &Trajectory,
    separated: Option<usize>,
) -> Vec<String> {
    let mut out = trajectory.phases.clone();
    let several = setup.data.targets.outputs() > 1;
    let inseparable = predicted.broken.as_deref() == Some(crate::theory::SEPARABLE);
    if setup.budget.stopped() && trajectory.ended != Ended::Interrupted {
        out.push(
            "The table of margins by norm was left out: the program was asked to stop after the run.".into(),
        );
    }
    if several && inseparable && trajectory.ended == Ended::PrecisionExhausted {
        out.push(
            "The data are not separable. The samples that no classifier tells apart settle, and rounding of their gradient \
             comes to hide that of the samples still moving to infinity; with more than two classes the two parts are not \
             followed apart, so the run ends there."
                .into(),
        );
    }
    let Some(first) = separated else { return out };
    let time = |i: usize| crate::numerics::logscale::format_log(trajectory.snapshots[i].log_time);
    if first > 1 {
        out.push(format!(
            "Between t = {} and t = {} the predictor began to separate the data; before that the loss is not \
             dominated by its tail, and its direction is not yet that of the theorem's limit.",
            time(first - 1),
            time(first)
        ));
    }
    out
}

/// Largest problem for which the table of margins is worth its linear programs.
const TABLE_LIMIT: usize = 4_000_000;

/// Relative gap at which a row of the table is good enough: it shows four digits.
const TABLE_GAP: f64 = 1e-9;

/// The certificate of the predicted program, if that is the max margin in `norm`.
fn certified(predicted: &Predicted, norm: Norm) -> Option<Certificate> {
    match predicted.prediction.as_ref()?.program {
        ProgramSpec::MaxMargin { norm: own } if own == norm => {
            Some(predicted.reference.as_ref()?.certificate)
        }
        _ => None,
    }
}

/// The certified optimum of a margin, to the digits a table shows.
pub(crate) fn largest_margin(program: &MaxMargin, budget: &Budget) -> Certificate {
    let solution = program.solve(&Budget { relative_gap: TABLE_GAP, ..*budget });
    certify(program, &solution.w, &solution.dual)
}

/// log10 of the last recorded time there is, where a run left the range of numbers.
fn last_known(trajectory: &Trajectory) -> Option<f64> {
    let mut times = trajectory.snapshots.iter().rev().map(|s| s.log_time);
    times.find(|t| t.is_finite()).map(|t| t / std::f64::consts::LN_10)
}

/// Margins of the selected solution in several norms beside the certified optima.
fn margin_table(
    setup: &Setup,
    predicted: &Predicted,
    trajectory: &Trajectory,
    verdict: VerdictKind,
) -> Vec<MarginRow> {
    let Some(margins) = setup.data.margins() else { return vec![] };
    let Some(w) = trajectory.snapshots.last().and_then(|s| setup.model.effective(&s.theta)) else {
        return vec![];
    };
    // An interrupted run has no last solution yet, and whoever stopped it does not wait for programs.
    if trajectory.ended == Ended::Interrupted
        || setup.budget.stopped()
        || verdict == VerdictKind::Undecided && trajectory.snapshots.len() < 2
        || margins.rows() * margins.cols() > TABLE_LIMIT
        || margins.min_margin(&w) <= 0.0
    {
        return vec![];
    }
    let k = margins.outputs();
    let mut norms = vec![Norm::L1, Norm::L2, Norm::LInf];
    if k > 1 {
        norms.extend([Norm::Spectral, Norm::Nuclear]);
    }
    let rows = norms
        .into_iter()
        .map(|norm| {
            let program = MaxMargin::new(margins.clone(), norm);
            let certificate =
                certified(predicted, norm).unwrap_or_else(|| largest_margin(&program, &setup.budget));
            let achieved = 1.0 / program.value(&w);
            let upper = 1.0 / certificate.lower_bound;
            MarginRow {
                norm: norm.name(),
                achieved,
                optimum: 1.0 / certificate.value,
                optimum_upper: upper,
                fraction: achieved / upper,
            }
        })
        .collect();
    // Solvers told to stop leave wide certificates, which are no news about the data.
    if setup.budget.stopped() { vec![] } else { rows }
}
