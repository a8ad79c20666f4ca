//! The certified reference of a prediction, and the gap of any predictor to it.

use crate::Error;
use crate::data::{MarginMap, Targets};
use crate::numerics::{Design, PseudoInverse, linalg};
use crate::programs::offset::{self, Offset};
use crate::programs::{
    BregmanInterpolant, Budget, Certificate, Decomposition, MaxMargin, MinNormInterpolant, Program, Ridge,
    SpectralFilter, SpectralRisk, Uniqueness, certify,
};
use crate::spec::Setup;
use crate::theory::{Case, Claim, Prediction, ProgramSpec};
use std::sync::Arc;

/// What predictors are measured against.
pub struct Reference {
    target: Target,
    /// Certificate of the reference itself.
    pub certificate: Certificate,
    /// The predicted point or direction, `[k * d]`, where there is one.
    pub solution: Option<Vec<f64>>,
    pub unique: Option<bool>,
    /// Smallest margin at unit norm, for margin programs.
    pub margin: Option<f64>,
    pub method: String,
    pub formula: String,
    /// The second-order offset, where it was asked for.
    pub offset: Option<Offset>,
    /// Only the direction of the predictor is compared.
    pub direction: bool,
    /// The predicted limit lies at infinity: a direction, in part or as a whole.
    pub at_infinity: bool,
    /// For equality constraints: the way back to the interpolants.
    feasible: Option<Feasible>,
}

/// The projection `w + X⁺(y − Xw)` onto the interpolants.
struct Feasible {
    inverse: PseudoInverse,
    y: Vec<f64>,
    /// Size of the predicted step from the start: what a correction is measured against.
    scale: f64,
}

impl Feasible {
    fn new(setup: &Setup, y: Vec<f64>, solution: &[f64]) -> Option<Self> {
        let inverse = PseudoInverse::new(setup.data.x.clone())?;
        let step = distance(solution, &setup.theta0);
        // Where the start already interpolates, rounding of the solution itself is the only scale there is.
        let scale = step.max(1e-9 * linalg::norm2(solution)).max(f64::MIN_POSITIVE);
        Some(Self { inverse, y, scale })
    }

    /// `‖X⁺(y − Xw)‖` relative to the predicted step: how far the nearest interpolant is.
    fn correction(&self, w: &[f64]) -> f64 {
        let mut rest = vec![0.0; self.y.len()];
        self.inverse.design().apply(w, &mut rest);
        rest.iter_mut().zip(&self.y).for_each(|(r, y)| *r = y - *r);
        linalg::norm2(&self.inverse.solve(&rest)) / self.scale
    }
}

/// Inputs, targets and start of a least-squares path.
type Path = (Arc<Design>, Vec<f64>, Vec<f64>);

enum Target {
    Program {
        program: Box<dyn Program>,
        dual: Vec<f64>,
    },
    Filter {
        point: Vec<f64>,
        rounding: f64,
    },
    /// With the length of a weight vector that moves an output by one.
    Split(Box<Decomposition>, f64),
    /// The risks, the data of the exact path, and the log of the mean loss's time over the run's.
    Risk {
        risk: SpectralRisk,
        path: Path,
        log_scale: f64,
    },
}

/// Largest distance to the nearest interpolant, relative to the predicted step, that still counts as interpolating.
const INTERPOLATES: f64 = 1e-2;

impl Reference {
    /// Builds and solves the predicted program.
    pub fn solve(case: &Case, prediction: &Prediction) -> Result<Reference, Error> {
        let setup = case.setup;
        match &prediction.program {
            ProgramSpec::MaxMargin { norm } => {
                let margins = setup.data.margins().ok_or_else(|| real_targets("max_margin"))?;
                let mut reference = from_program(Box::new(MaxMargin::new(margins.clone(), *norm)));
                reference.margin = Some(1.0 / reference.certificate.value).filter(|m| *m > 0.0);
                if prediction.claim == Claim::Offset {
                    reference.offset = offset::determine(&margins, setup.log_weight, &setup.theta0).ok();
                }
                Ok(reference)
            }
            ProgramSpec::MinNormInterpolant { norm } => {
                let start = Some(setup.theta0.clone());
                let program = MinNormInterpolant::new(setup.data.x.clone(), real(setup)?, *norm, start)?;
                interpolant(setup, Box::new(program))
            }
            ProgramSpec::BregmanInterpolant { potential } => {
                let start = Some(setup.theta0.clone());
                let program = BregmanInterpolant::new(setup.data.x.clone(), real(setup)?, *potential, start)?;
                interpolant(setup, Box::new(program))
            }
            ProgramSpec::SpectralFilter { log_time } => filter(setup, *log_time),
            ProgramSpec::Decomposition => split(case),
            ProgramSpec::Ridge { lambda } => {
                let mut reference =
                    from_program(Box::new(Ridge::new(setup.data.x.clone(), real(setup)?, *lambda)?));
                if let Some(truth) = &setup.data.truth {
                    let variance = truth.noise * truth.noise;
                    let risk = SpectralRisk::with_truth(&setup.data.x, &truth.weights, variance)?;
                    let path = (setup.data.x.clone(), real(setup)?, setup.theta0.clone());
                    let log_scale = setup.log_weight + (setup.data.n() as f64).ln();
                    reference.target = Target::Risk { risk, path, log_scale };
                }
                Ok(reference)
            }
        }
    }

    /// Certified relative gap of a predictor; `None` where it has no feasible representative.
    pub fn gap(&self, w: &[f64], log_time: f64) -> Option<f64> {
        match &self.target {
            Target::Program { program, dual } => {
                let Some(feasible) = &self.feasible else {
                    // The bound is that of the reference's dual, certified once; only the value is new.
                    let bound = self.certificate.lower_bound;
                    let gap = ((program.value(w) - bound) / bound.abs().max(f64::MIN_POSITIVE)).max(0.0);
                    return gap.is_finite().then_some(gap);
                };
                let c = certify(&**program, w, dual);
                // A value below the optimum is no merit: it is bought with infeasibility. Count the distance to the
                // nearest interpolant, and the difference of values on either side.
                let off = feasible.correction(w);
                let scale = c.lower_bound.abs().max(1e-9 * feasible.scale);
                let difference = (c.value - c.lower_bound).abs() / scale;
                (difference.is_finite() && off <= INTERPOLATES).then_some(difference.max(off))
            }
            Target::Filter { point, rounding } => {
                let size = linalg::norm2(point).max(f64::MIN_POSITIVE);
                Some((distance(w, point) - rounding).max(0.0) / size)
            }
            Target::Split(d, unit) => split_gap(d, w, *unit),
            Target::Risk { risk, path, log_scale } => {
                let log_time = log_time + log_scale;
                let t = log_time.exp();
                let ratio = risk.flow(t) / risk.ridge(1.0 / t);
                let excess = (ratio / SpectralRisk::FLOW_OVER_RIDGE - 1.0).max(0.0);
                // The risk is that of the exact path; the run must be on it for the bound to speak of the run.
                let (x, y, start) = path;
                let exact = SpectralFilter::new(x, y, Some(start.clone()), log_time).ok()?;
                let size = linalg::norm2(exact.point()).max(f64::MIN_POSITIVE);
                let off = (distance(w, exact.point()) - exact.rounding()).max(0.0) / size;
                (t > 0.0 && ratio.is_finite()).then(|| excess.max(off))
            }
        }
    }

    /// Relative gap between the reference's value and the bound that `dual` certifies, for margin programs.
    pub fn gap_of_dual(&self, dual: &[f64]) -> Option<f64> {
        let Target::Program { program, .. } = &self.target else { return None };
        let bound = program.bound(dual);
        (self.direction && bound > 0.0).then(|| self.certificate.value / bound - 1.0)
    }

    /// Smallest margin of the samples whose margins go to infinity.
    pub fn least_margin(&self, margins: &MarginMap, w: &[f64]) -> f64 {
        let mut m = vec![0.0; margins.rows()];
        margins.apply(w, &mut m);
        match &self.target {
            Target::Split(d, _) => d.separable.iter().map(|&i| m[i]).fold(f64::INFINITY, f64::min),
            _ => m.into_iter().fold(f64::INFINITY, f64::min),
        }
    }

    /// Certificate of a predictor, for programs.
    pub fn certify(&self, w: &[f64]) -> Option<Certificate> {
        match &self.target {
            Target::Program { program, dual } => Some(certify(&**program, w, dual)),
            _ => None,
        }
    }

    /// Distance of `w(t)` to `ŵ log t + w̃`, relative to `1 + ‖w̃‖`.
    pub fn offset_distance(&self, w: &[f64], log_time: f64) -> Option<f64> {
        let o = self.offset.as_ref()?;
        let expected: Vec<f64> = o
            .direction
            .iter()
            .zip(&o.offset)
            .map(|(direction, offset)| direction * log_time + offset)
            .collect();
        Some(distance(w, &expected) / (1.0 + linalg::norm2(&o.offset)))
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let difference: Vec<f64> = a.iter().zip(b).map(|(x, y)| x - y).collect();
    linalg::norm2(&difference)
}

fn real_targets(program: &str) -> Error {
    Error::incompatible(program, "real targets", "the program needs classes")
}

fn real(setup: &Setup) -> Result<Vec<f64>, Error> {
    match &setup.data.targets {
        Targets::Real(y) | Targets::Sign(y) => Ok(y.clone()),
        Targets::Class { .. } => Err(Error::incompatible(
            "an interpolation program",
            "class labels",
            "it needs one real target a sample",
        )),
    }
}

/// A program over the interpolants.
fn interpolant(setup: &Setup, program: Box<dyn Program>) -> Result<Reference, Error> {
    let mut reference = from_program(program);
    let solution = reference.solution.clone().unwrap_or_default();
    reference.feasible = Feasible::new(setup, real(setup)?, &solution);
    if reference.feasible.is_none() {
        return Err(Error::data(setup.data.name.clone(), "the data matrix could not be factorised"));
    }
    Ok(reference)
}

fn from_program(program: Box<dyn Program>) -> Reference {
    let solution = program.solve(&Budget::default());
    let certificate = certify(&*program, &solution.w, &solution.dual);
    let facts = program.facts();
    let certified = certificate.relative_gap.is_finite();
    let uniqueness =
        if facts.uniqueness == Uniqueness::Unknown { solution.uniqueness } else { facts.uniqueness };
    Reference {
        target: Target::Program { program, dual: solution.dual },
        certificate,
        // What nothing certifies is not shown as a solution.
        solution: certified.then_some(solution.w),
        unique: if certified { uniqueness.into() } else { None },
        margin: None,
        method: solution.method,
        formula: facts.formula,
        offset: None,
        direction: facts.scale_invariant,
        at_infinity: facts.scale_invariant,
        feasible: None,
    }
}

fn filter(setup: &Setup, log_time: f64) -> Result<Reference, Error> {
    let start = Some(setup.theta0.clone());
    let program = SpectralFilter::new(&setup.data.x, &real(setup)?, start, log_time)?;
    let (point, rounding) = (program.point().to_vec(), program.rounding());
    let size = linalg::norm2(&point).max(f64::MIN_POSITIVE);
    Ok(Reference {
        certificate: Certificate {
            value: rounding,
            lower_bound: 0.0,
            relative_gap: rounding / size,
            violation: 0.0,
        },
        target: Target::Filter { point: point.clone(), rounding },
        solution: Some(point),
        unique: Some(true),
        margin: None,
        method: "singular value decomposition".into(),
        formula: program.facts().formula,
        offset: None,
        direction: false,
        at_infinity: false,
        feasible: None,
    })
}

fn split(case: &Case) -> Result<Reference, Error> {
    let Some(d) = case.decomposition().cloned() else {
        let what = "the samples could not be split into a separable and an inseparable part";
        return Err(Error::data(case.setup.data.name.clone(), what));
    };
    let longest = case.setup.data.x.row_norms().into_iter().fold(0.0, f64::max);
    // The certificate of the separable part where there is one; of the finite minimiser otherwise.
    let minimiser_gap = d.gradient.max(d.carried);
    let certificate = match &d.direction {
        Some((_, c)) => Certificate { relative_gap: c.relative_gap.max(minimiser_gap), ..*c },
        None => {
            let size = linalg::norm2(&d.minimiser);
            Certificate { value: size, lower_bound: size, relative_gap: minimiser_gap, violation: d.carried }
        }
    };
    let (solution, direction) = match &d.direction {
        Some((s, _)) => (s.w.clone(), true),
        None => (d.minimiser.clone(), false),
    };
    Ok(Reference {
        certificate,
        solution: Some(solution),
        unique: Some(true),
        margin: d.direction.as_ref().map(|(_, c)| 1.0 / c.value),
        method: format!(
            "linear program for the split ({} samples hold each other in {} dimensions, {} are separable), Newton for the \
             minimiser, quadratic program for the direction",
            d.convex.len(),
            d.basis.cols(),
            d.separable.len()
        ),
        formula: "v̄ = argmin L_c on S; ū = max margin of Z_s across S".into(),
        offset: None,
        direction,
        at_infinity: direction,
        feasible: None,
        target: Target::Split(Box::new(d), 1.0 / longest.max(f64::MIN_POSITIVE)),
    })
}

/// The larger of the relative distance to the finite minimiser inside `S` and the margin gap across it. A minimiser
/// shorter than the `unit` of the weights is measured against that.
fn split_gap(d: &Decomposition, w: &[f64], unit: f64) -> Option<f64> {
    let r = d.basis.cols();
    let mut inside = vec![0.0; r];
    linalg::matvec_transposed(&d.basis, w, &mut inside);
    let mut projected = vec![0.0; w.len()];
    linalg::matvec(&d.basis, &inside, &mut projected);
    let settled =
        if r > 0 { distance(&projected, &d.minimiser) / linalg::norm2(&d.minimiser).max(unit) } else { 0.0 };
    let Some((solution, _)) = &d.direction else { return Some(settled) };
    let program = d.program.as_ref()?;
    let across: Vec<f64> = w.iter().zip(&projected).map(|(a, b)| a - b).collect();
    let c = certify(program, &across, &solution.dual);
    c.relative_gap.is_finite().then(|| c.relative_gap.max(settled))
}
