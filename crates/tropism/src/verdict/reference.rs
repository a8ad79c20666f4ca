//! The certified reference of a prediction, and the gap of any predictor to it.

use crate::Error;
use crate::data::Targets;
use crate::numerics::linalg;
use crate::programs::offset::{self, Offset};
use crate::programs::{
    BregmanInterpolant, Budget, Certificate, Decomposition, MaxMargin, MinNormInterpolant, Program, Ridge,
    SpectralFilter, SpectralRisk, Uniqueness, certify,
};
use crate::spec::Setup;
use crate::theory::{Case, Claim, Prediction, ProgramSpec};

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
}

enum Target {
    Program { program: Box<dyn Program>, dual: Vec<f64> },
    Filter { point: Vec<f64>, rounding: f64 },
    Split(Box<Decomposition>),
    Risk(SpectralRisk),
}

/// Largest relative violation of an equality constraint that still counts as interpolating.
const INTERPOLATES: f64 = 1e-6;

impl Reference {
    /// Builds and solves the predicted program.
    pub fn solve(case: &Case, prediction: &Prediction) -> Result<Reference, Error> {
        let setup = case.setup;
        match &prediction.program {
            ProgramSpec::MaxMargin { norm } => {
                let margins = setup.data.margins().ok_or_else(|| real_targets("max_margin"))?;
                let mut reference = from_program(Box::new(MaxMargin::new(margins.clone(), *norm)));
                reference.margin = Some(1.0 / reference.certificate.value);
                if prediction.claim == Claim::Offset {
                    reference.offset = offset::determine(&margins, setup.log_weight, &setup.theta0).ok();
                }
                Ok(reference)
            }
            ProgramSpec::MinNormInterpolant { norm } => {
                let start = Some(setup.theta0.clone());
                let program = MinNormInterpolant::new(setup.data.x.clone(), real(setup)?, *norm, start)?;
                Ok(from_program(Box::new(program)))
            }
            ProgramSpec::BregmanInterpolant { potential } => {
                let start = Some(setup.theta0.clone());
                let program = BregmanInterpolant::new(setup.data.x.clone(), real(setup)?, *potential, start)?;
                Ok(from_program(Box::new(program)))
            }
            ProgramSpec::SpectralFilter { log_time } => filter(setup, *log_time),
            ProgramSpec::Decomposition => split(case),
            ProgramSpec::Ridge { lambda } => {
                let mut reference =
                    from_program(Box::new(Ridge::new(setup.data.x.clone(), real(setup)?, *lambda)?));
                if let Some(truth) = &setup.data.truth {
                    let variance = truth.noise * truth.noise;
                    let risk = SpectralRisk::with_truth(&setup.data.x, &truth.weights, variance)?;
                    reference.target = Target::Risk(risk);
                }
                Ok(reference)
            }
        }
    }

    /// Certified relative gap of a predictor; `None` where it has no feasible representative.
    pub fn gap(&self, w: &[f64], log_time: f64) -> Option<f64> {
        match &self.target {
            Target::Program { program, dual } => {
                let c = certify(&**program, w, dual);
                (c.relative_gap.is_finite() && c.violation <= INTERPOLATES).then_some(c.relative_gap)
            }
            Target::Filter { point, rounding } => {
                let size = linalg::norm2(point).max(f64::MIN_POSITIVE);
                Some((distance(w, point) - rounding).max(0.0) / size)
            }
            Target::Split(d) => split_gap(d, w),
            Target::Risk(risk) => {
                let t = log_time.exp();
                let ratio = risk.flow(t) / risk.ridge(1.0 / t);
                (t > 0.0 && ratio.is_finite()).then(|| (ratio / SpectralRisk::FLOW_OVER_RIDGE - 1.0).max(0.0))
            }
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

fn from_program(program: Box<dyn Program>) -> Reference {
    let solution = program.solve(&Budget::default());
    let certificate = certify(&*program, &solution.w, &solution.dual);
    let facts = program.facts();
    let uniqueness =
        if facts.uniqueness == Uniqueness::Unknown { solution.uniqueness } else { facts.uniqueness };
    Reference {
        target: Target::Program { program, dual: solution.dual },
        certificate,
        solution: Some(solution.w),
        unique: uniqueness.into(),
        margin: None,
        method: solution.method,
        formula: facts.formula,
        offset: None,
        direction: facts.scale_invariant,
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
    })
}

fn split(case: &Case) -> Result<Reference, Error> {
    let Some(d) = case.decomposition().cloned() else {
        let what = "the samples could not be split into a separable and an inseparable part";
        return Err(Error::data(case.setup.data.name.clone(), what));
    };
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
        target: Target::Split(Box::new(d)),
    })
}

/// The larger of the relative distance to the finite minimiser inside `S` and the margin gap across it.
fn split_gap(d: &Decomposition, w: &[f64]) -> Option<f64> {
    let r = d.basis.cols();
    let mut inside = vec![0.0; r];
    linalg::matvec_transposed(&d.basis, w, &mut inside);
    let mut projected = vec![0.0; w.len()];
    linalg::matvec(&d.basis, &inside, &mut projected);
    let settled = if r > 0 {
        distance(&projected, &d.minimiser) / linalg::norm2(&d.minimiser).max(f64::MIN_POSITIVE)
    } else {
        0.0
    };
    let Some((solution, _)) = &d.direction else { return Some(settled) };
    let program = d.program.as_ref()?;
    let across: Vec<f64> = w.iter().zip(&projected).map(|(a, b)| a - b).collect();
    let c = certify(program, &across, &solution.dual);
    c.relative_gap.is_finite().then(|| c.relative_gap.max(settled))
}
