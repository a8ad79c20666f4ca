//! The certified reference of a prediction, and the gap of any moment of a run to it.

use super::functions;
use super::targets::{
    Along, InterpolantTarget, LawTarget, PathTarget, ProgramTarget, RiskTarget, SplitTarget, Target, relative,
};
use crate::Error;
use crate::data::{MarginMap, Targets};
use crate::losses::Tail;
use crate::measures::{self, Moment};
use crate::models::Structure;
use crate::numerics::{Norm, linalg};
use crate::programs::offset::Offset;
use crate::programs::{
    BregmanInterpolant, Certificate, FourierMargin, MaxMargin, MinNormInterpolant, NuclearInterpolant,
    Program, ProgramFacts, QMargin, Ridge, SaddlePath, Solution, SpectralFilter, SpectralRisk, TailDirection,
    Uniqueness, certify,
};
use crate::spec::Setup;
use crate::theory::{Case, Claim, Prediction, ProgramSpec, Relation};

/// What moments are measured against.
pub struct Reference {
    pub(super) target: Box<dyn Target>,
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
    /// The prediction is broken for good once it is broken: it speaks of the whole run.
    pub of_the_whole_run: bool,
    /// Not a solution is predicted but a law of this measure.
    pub law: Option<&'static str>,
    /// The saddles that the run is to visit, where they are what is predicted.
    pub path: Option<SaddlePath>,
    /// Share of the gap at the start that theory leaves at the horizon, where it says.
    pub left_of_start: Option<f64>,
}

impl Reference {
    /// Whether the predicted point fits every target.
    pub fn interpolates(&self) -> bool {
        self.target.interpolates()
    }

    /// Builds and solves the predicted program.
    pub fn solve(case: &Case, prediction: &Prediction) -> Result<Reference, Error> {
        let setup = case.setup;
        match &prediction.program {
            ProgramSpec::MaxMargin { norm } => {
                let program = MaxMargin::new(margins(setup, "max_margin")?, *norm);
                // The question of separability has already solved this one.
                let known = case.euclidean_margin().filter(|_| *norm == Norm::L2).cloned();
                let solution = known.unwrap_or_else(|| program.solve(&setup.budget));
                let mut reference = of_solution(program, solution, None);
                reference.margin = Some(1.0 / reference.certificate.value).filter(|m| *m > 0.0);
                if prediction.claim == Claim::Offset {
                    reference.offset = case.offset().and_then(|o| o.as_ref().ok().cloned());
                }
                Ok(reference)
            }
            ProgramSpec::MinNormInterpolant { norm } => {
                let (x, start) = (setup.data.x.clone(), Some(start(setup)?));
                interpolant(setup, Box::new(MinNormInterpolant::new(x, real(setup)?, *norm, start)?))
            }
            ProgramSpec::BregmanInterpolant { potential } => {
                let (x, start) = (setup.data.x.clone(), Some(start(setup)?));
                interpolant(setup, Box::new(BregmanInterpolant::new(x, real(setup)?, *potential, start)?))
            }
            ProgramSpec::TailDirection { power } => {
                Ok(of_program(setup, TailDirection::new(margins(setup, "tail_direction")?, *power)?))
            }
            ProgramSpec::DiagonalInterpolant => diagonal(case),
            ProgramSpec::DiagonalFiniteSteps
            | ProgramSpec::DiagonalSmallSteps { .. }
            | ProgramSpec::WeightedInterpolant
            | ProgramSpec::AccumulatedMargin => Err(Error::incompatible(
                prediction.program.id(),
                "a prediction without a run",
                "its program holds sums along the run",
            )),
            ProgramSpec::NuclearInterpolant { rows } => {
                let program = NuclearInterpolant::new(setup.data.x.clone(), real(setup)?, *rows)?;
                interpolant(setup, Box::new(program))
            }
            ProgramSpec::QMargin { mu, depth } => {
                Ok(of_program(setup, QMargin::new(margins(setup, "q_margin")?, *mu, *depth)?))
            }
            ProgramSpec::FourierMargin => {
                Ok(of_program(setup, FourierMargin::new(margins(setup, "fourier_margin")?)?))
            }
            ProgramSpec::KernelInterpolant => functions::kernel_interpolant(case),
            ProgramSpec::KernelMargin => functions::kernel_margin(case),
            ProgramSpec::VariationMargin => functions::variation_margin(setup),
            ProgramSpec::SaddlePath => functions::saddle_path(case),
            ProgramSpec::GreedyRank => functions::greedy_rank(case),
            ProgramSpec::SpectralFilter { log_time } => filter(setup, *log_time),
            ProgramSpec::Decomposition => split(case),
            ProgramSpec::Ridge { lambda } => ridge(setup, *lambda),
            ProgramSpec::PenalisedLoss { lambda } => super::along::penalised(setup, *lambda),
            ProgramSpec::BallMinimiser { norm, radius, epsilon } => {
                super::ball::reference(setup, *norm, *radius, *epsilon)
            }
            ProgramSpec::Law { measure, relation } => law(setup, measure, *relation),
        }
    }

    /// The judged quantity at every moment; `None` where a moment has none, or from where it no longer `goes_on`.
    pub fn gaps(&self, setup: &Setup, moments: &[Moment], goes_on: &dyn Fn() -> bool) -> Vec<Option<f64>> {
        self.target.gaps(&Along { setup, moments, target: self.solution.as_deref(), goes_on })
    }

    /// Relative gap between the reference's value and the bound that `dual` certifies, for margin programs.
    pub fn gap_of_dual(&self, dual: &[f64]) -> Option<f64> {
        if !self.direction {
            return None;
        }
        let bound = self.target.bound(dual)?;
        (bound > 0.0).then(|| self.certificate.value / bound - 1.0)
    }

    /// Smallest margin of the samples whose margins go to infinity.
    pub fn least_margin(&self, margins: &[f64]) -> f64 {
        self.target.least_margin(margins)
    }

    /// Certificate of a predictor, for programs.
    pub fn certify(&self, w: &[f64]) -> Option<Certificate> {
        self.target.certify(w)
    }

    /// Distance of `w(t)` to `ŵ log t + w̃`, relative to `1 + ‖w̃‖`.
    pub fn offset_distance(&self, w: &[f64], log_time: f64) -> Option<f64> {
        let o = self.offset.as_ref()?;
        let along = o.direction.iter().zip(&o.offset);
        let square: f64 = along.zip(w).map(|((u, o), w)| (w - u * log_time - o).powi(2)).sum();
        Some(square.sqrt() / (1.0 + linalg::norm2(&o.offset)))
    }
}

pub(super) fn margins(setup: &Setup, program: &str) -> Result<MarginMap, Error> {
    let missing = || Error::incompatible(program, "real targets", "the program needs classes");
    setup.data.margins().ok_or_else(missing)
}

pub(super) fn real(setup: &Setup) -> Result<Vec<f64>, Error> {
    match &setup.data.targets {
        Targets::Real(y) | Targets::Sign(y) => Ok(y.clone()),
        Targets::Class { .. } => Err(Error::incompatible(
            "an interpolation program",
            "class labels",
            "it needs one real target a sample",
        )),
    }
}

/// The linear predictor at the start, `[k * d]`.
fn start(setup: &Setup) -> Result<Vec<f64>, Error> {
    let id = setup.spec.model.id();
    setup.model.effective(&setup.theta0).ok_or_else(|| {
        Error::incompatible("a program over linear predictors", id, "the model has no linear predictor")
    })
}

/// The interpolant that a diagonal network's start selects.
fn diagonal(case: &Case) -> Result<Reference, Error> {
    let setup = case.setup;
    let (x, y, d) = (setup.data.x.clone(), real(setup)?, setup.data.d());
    let theta = case.plain_start();
    let (u, v) = theta.split_at(d.min(theta.len()));
    let program = match setup.model.facts().structure {
        Structure::Diagonal { depth: 2 } => BregmanInterpolant::diagonal_network_from(x, y, (u, v), None)?,
        Structure::Diagonal { depth } => {
            BregmanInterpolant::deep_diagonal_network(x, y, u, u32::try_from(depth).unwrap_or(u32::MAX))?
        }
        _ => {
            let id = setup.spec.model.id();
            return Err(Error::incompatible("diagonal_interpolant", id, "the model is no diagonal network"));
        }
    };
    interpolant(setup, Box::new(program))
}

/// A program over the interpolants.
pub(super) fn interpolant(setup: &Setup, program: Box<dyn Program>) -> Result<Reference, Error> {
    interpolant_of(setup, program, Box::new(|target| Box::new(target)))
}

/// What judges in the place of a plain target.
pub(super) type Wrap = Box<dyn FnOnce(InterpolantTarget) -> Box<dyn Target>>;

/// The same, judged by `wrap`.
pub(super) fn interpolant_of(
    setup: &Setup,
    program: Box<dyn Program>,
    wrap: Wrap,
) -> Result<Reference, Error> {
    let solution = program.solve(&setup.budget);
    let known = Known::new(&*program, &solution);
    let (start, end) = (start(setup)?, known.solution.as_deref().unwrap_or_default());
    let target = InterpolantTarget::new(&setup.data, real(setup)?, program, solution.dual, [&start, end])
        .ok_or_else(|| Error::data(setup.data.name.clone(), "the data matrix could not be factorised"))?;
    Ok(known.reference(wrap(target)))
}

/// A program without equality constraints.
pub(super) fn of_program(setup: &Setup, program: impl Program + 'static) -> Reference {
    let solution = program.solve(&setup.budget);
    of_solution(program, solution, None)
}

/// The same with a solution that is known already, and gaps in `unit` where they are not relative to the bound.
pub(super) fn of_solution(
    program: impl Program + 'static,
    solution: Solution,
    unit: Option<f64>,
) -> Reference {
    let mut known = Known::new(&program, &solution);
    let lower_bound = known.certificate.lower_bound;
    let unit = unit.unwrap_or(relative(lower_bound));
    let target = ProgramTarget { program: Box::new(program), dual: solution.dual, lower_bound, unit };
    known.certificate = target.in_units(known.certificate);
    known.reference(Box::new(target))
}

/// What a solution, once certified, says beside being a target.
pub(super) struct Known {
    certificate: Certificate,
    solution: Option<Vec<f64>>,
    unique: Option<bool>,
    method: String,
    facts: ProgramFacts,
}

impl Known {
    pub(super) fn new(program: &dyn Program, solution: &Solution) -> Self {
        let certificate = certify(program, &solution.w, &solution.dual);
        let facts = program.facts();
        let certified = certificate.relative_gap.is_finite();
        let uniqueness =
            if facts.uniqueness == Uniqueness::Unknown { solution.uniqueness } else { facts.uniqueness };
        Self {
            certificate,
            // What nothing certifies is not shown as a solution.
            solution: certified.then(|| solution.w.clone()),
            unique: if certified { uniqueness.into() } else { None },
            method: solution.method.clone(),
            facts,
        }
    }

    pub(super) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(super) fn reference(self, target: Box<dyn Target>) -> Reference {
        Reference {
            solution: self.solution,
            unique: self.unique,
            direction: self.facts.scale_invariant,
            at_infinity: self.facts.scale_invariant,
            ..bare(target, self.certificate, self.method, self.facts.formula)
        }
    }
}

/// A reference with nothing but a target and its certificate.
pub(super) fn bare(
    target: Box<dyn Target>,
    certificate: Certificate,
    method: String,
    formula: String,
) -> Reference {
    Reference {
        target,
        certificate,
        solution: None,
        unique: None,
        margin: None,
        method,
        formula,
        offset: None,
        direction: false,
        at_infinity: false,
        of_the_whole_run: false,
        law: None,
        path: None,
        left_of_start: None,
    }
}

fn law(setup: &Setup, id: &str, relation: Relation) -> Result<Reference, Error> {
    let Some((name, measure)) = measures::find(id) else {
        return Err(Error::incompatible("a law", id, "there is no such measure"));
    };
    // The measure itself is exact: what is predicted needs no solver.
    let value = relation.value();
    let certificate = Certificate { value, lower_bound: value, relative_gap: 0.0, violation: 0.0 };
    let whole = matches!(relation, Relation::AtMost(_) | Relation::NeverFalls);
    let tail = setup.loss.facts().tail != Tail::FiniteRoot;
    let target = Box::new(LawTarget { measure, relation });
    let formula = relation.describe(id);
    Ok(Reference {
        at_infinity: tail && !whole,
        of_the_whole_run: whole,
        law: Some(name),
        ..bare(target, certificate, "read off the run".into(), formula)
    })
}

fn ridge(setup: &Setup, lambda: f64) -> Result<Reference, Error> {
    let (x, y) = (setup.data.x.clone(), real(setup)?);
    let mut reference = of_program(setup, Ridge::new(x.clone(), y.clone(), lambda)?);
    if let Some(truth) = &setup.data.truth {
        let risk = SpectralRisk::with_truth(&x, &truth.weights, truth.noise * truth.noise)?;
        let log_scale = setup.log_weight + (setup.data.n() as f64).ln();
        reference.target = Box::new(RiskTarget { risk, x, y, start: setup.theta0.clone(), log_scale });
    }
    Ok(reference)
}

fn filter(setup: &Setup, log_time: f64) -> Result<Reference, Error> {
    let start = Some(setup.theta0.clone());
    let program = SpectralFilter::new(&setup.data.x, &real(setup)?, start, log_time)?;
    let (point, rounding) = (program.point().to_vec(), program.rounding());
    let size = linalg::norm2(&point).max(f64::MIN_POSITIVE);
    let certificate =
        Certificate { value: rounding, lower_bound: 0.0, relative_gap: rounding / size, violation: 0.0 };
    let target = Box::new(PathTarget { point: point.clone(), rounding });
    let method = "singular value decomposition".into();
    Ok(Reference {
        solution: Some(point),
        unique: Some(true),
        ..bare(target, certificate, method, program.facts().formula)
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
    let method = format!(
        "linear program for the split ({} samples hold each other in {} dimensions, {} are separable), Newton for the \
         minimiser, quadratic program for the direction",
        d.convex.len(),
        d.basis.cols(),
        d.separable.len()
    );
    let margin = d.direction.as_ref().map(|(_, c)| 1.0 / c.value);
    let target = SplitTarget { split: Box::new(d), unit: 1.0 / longest.max(f64::MIN_POSITIVE) };
    let formula = "v̄ = argmin L_c on S; ū = max margin of Z_s across S".into();
    Ok(Reference {
        solution: Some(solution),
        unique: Some(true),
        margin,
        direction,
        at_infinity: direction,
        ..bare(Box::new(target), certificate, method, formula)
    })
}
