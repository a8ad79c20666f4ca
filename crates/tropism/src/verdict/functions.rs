//! References that are no linear predictors: kernel interpolants and margins, the margin of wide networks, and the path of
//! saddles.

use super::reference::{Known, Reference, real};
use super::targets::{FeatureMarginTarget, FunctionTarget, NetworkMarginTarget, SaddleTarget};
use crate::Error;
use crate::data::{MarginMap, Targets};
use crate::models::Structure;
use crate::numerics::Norm;
use crate::programs::{Certificate, KernelMargin, MaxMargin, Program, SaddlePath, VariationMargin};
use crate::spec::{Features, Setup};
use crate::theory::{Case, TangentLimit};
use std::sync::Arc;

fn features<'a>(case: &'a Case, program: &str) -> Result<&'a Features, Error> {
    case.features().ok_or_else(|| {
        let why = "the kernel matrix would be too large, or there are several outputs";
        Error::incompatible(program, case.setup.spec.model.id(), why)
    })
}

/// The labels of two classes, `[n]`.
fn labels<'a>(setup: &'a Setup, program: &str) -> Result<&'a [f64], Error> {
    match &setup.data.targets {
        Targets::Sign(y) => Ok(y),
        _ => Err(Error::incompatible(program, "these targets", "the program needs two classes")),
    }
}

/// The interpolant nearest to the start in the tangent kernel there, at training and held-out inputs.
pub fn kernel_interpolant(case: &Case) -> Result<Reference, Error> {
    let (setup, f) = (case.setup, features(case, "kernel_interpolant")?);
    let limit = TangentLimit::new(f, &f.outputs, &real(setup)?, &setup.budget)?;
    let known = Known::new(&limit.program, &limit.solution);
    let exact = setup.model.facts().linear_in_parameters;
    let parameters = exact.then(|| setup.theta0.iter().zip(&limit.step).map(|(t, s)| t + s).collect());
    let target = FunctionTarget::new(limit.outputs, &f.outputs, f.n, parameters, &setup.theta0);
    Ok(functional(known.reference(Box::new(target))))
}

/// The largest margin in the unit ball of the tangent kernel at the start.
pub fn kernel_margin(case: &Case) -> Result<Reference, Error> {
    let (setup, f) = (case.setup, features(case, "kernel_margin")?);
    let y = labels(setup, "kernel_margin")?;
    let rows = f.training();
    let program = KernelMargin::from_gram(crate::numerics::linalg::matmul_nt(&rows, &rows), y)?;
    let solution = program.solve(&setup.budget);
    let known = Known::new(&program, &solution);
    let Some(map) = MarginMap::new(Arc::new(rows.into()), &setup.data.targets) else {
        return Err(Error::incompatible("kernel_margin", "these targets", "the program needs two classes"));
    };
    let target = FeatureMarginTarget {
        kernel: program,
        features: MaxMargin::new(map, Norm::L2),
        start: setup.theta0.clone(),
        lower_bound: known.certificate().lower_bound,
    };
    Ok(functional(known.reference(Box::new(target))))
}

/// The largest margin of infinitely wide two-layer ReLU networks in the variation norm.
pub fn variation_margin(setup: &Setup) -> Result<Reference, Error> {
    let program = VariationMargin::new(&setup.data.x, labels(setup, "variation_margin")?)?;
    if !matches!(setup.model.facts().structure, Structure::Relu { depth: 2, .. }) {
        let id = setup.spec.model.id();
        return Err(Error::incompatible("variation_margin", id, "the model is no two-layer ReLU network"));
    }
    let solution = program.solve(&setup.budget);
    let known = Known::new(&program, &solution);
    let lower_bound = known.certificate().lower_bound;
    Ok(functional(known.reference(Box::new(NetworkMarginTarget { program, lower_bound }))))
}

/// The saddles of a vanishing start on a diagonal network, each with the time it is left.
pub fn saddle_path(case: &Case) -> Result<Reference, Error> {
    let Some(Ok(path)) = case.saddles() else { return Err(undetermined(case, "saddle_path")) };
    Ok(visits(case, path, path, "saddles"))
}

/// The points of rank 1, 2, … of greedy low-rank learning, each with the time it is left.
pub fn greedy_rank(case: &Case) -> Result<Reference, Error> {
    let Some(Ok(greedy)) = case.greedy() else { return Err(undetermined(case, "greedy_rank")) };
    Ok(visits(case, greedy, &greedy.path, "points of rank 0, 1, …"))
}

fn undetermined(case: &Case, program: &str) -> Error {
    Error::incompatible(program, case.setup.spec.model.id(), "its saddles could not be determined")
}

/// A path that `program` ends, judged where it stays.
fn visits(case: &Case, program: &dyn Program, path: &SaddlePath, what: &str) -> Reference {
    let known = Known::new(program, &program.solve(&case.setup.budget));
    // The end is a minimiser to what is left of the way to it.
    let certificate = Certificate { relative_gap: path.left, ..*known.certificate() };
    let target = SaddleTarget::new(path, case.setup.rule.tolerance);
    let method = target.describe(what);
    let path = Some(path.clone());
    Reference { certificate, method, path, of_the_whole_run: true, ..known.reference(Box::new(target)) }
}

/// Coefficients of a function are no linear predictor: nothing of the run is compared with them one by one.
fn functional(mut reference: Reference) -> Reference {
    let margin = 1.0 / reference.certificate.value;
    reference.margin = (reference.direction && margin > 0.0).then_some(margin);
    reference.solution = None;
    reference
}
