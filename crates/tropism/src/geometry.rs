//! Whose margin does an optimizer maximise? One problem, several optimizers, the matrix of margin fractions.

use crate::Error;
use crate::numerics::Norm;
use crate::programs::{Certificate, MaxMargin, Program, certify};
use crate::report::{GeometryColumn, GeometryReport, GeometryRow};
use crate::spec::{Loader, Setup, Spec};
use crate::training::{self, Observer};
use crate::{examine, measures};

/// Relative gap of the optima: the table shows four digits.
const GAP: f64 = 1e-9;

/// The optima that every row of the table is measured against.
pub struct Optima {
    margins: crate::data::MarginMap,
    columns: Vec<(Norm, MaxMargin, Certificate)>,
}

impl Optima {
    /// Solves and certifies the max margin of a classification problem in every norm of the table.
    ///
    /// # Errors
    /// Real targets; data that no predictor separates.
    pub fn solve(setup: &Setup) -> Result<Self, Error> {
        let margins = setup.data.margins().ok_or_else(|| {
            Error::incompatible(
                "tropism geometry",
                "real targets",
                "a margin needs classes; choose a classification",
            )
        })?;
        let budget = crate::programs::Budget { relative_gap: GAP, ..setup.budget };
        let columns: Vec<_> = norms(margins.outputs())
            .into_iter()
            .map(|norm| {
                let program = MaxMargin::new(margins.clone(), norm);
                let solution = program.solve(&budget);
                let certificate = certify(&program, &solution.w, &solution.dual);
                (norm, program, certificate)
            })
            .collect();
        if columns.iter().all(|(_, _, c)| !c.value.is_finite()) {
            let what =
                "no linear predictor was found that separates the classes, so there is no margin to maximise";
            return Err(Error::data(setup.data.name.clone(), what));
        }
        Ok(Self { margins, columns })
    }

    fn describe(&self) -> Vec<GeometryColumn> {
        let column = |(norm, _, c): &(Norm, MaxMargin, Certificate)| GeometryColumn {
            norm: norm.name(),
            optimum: 1.0 / c.value,
            optimum_upper: 1.0 / c.lower_bound,
        };
        self.columns.iter().map(column).collect()
    }
}

fn norms(outputs: usize) -> Vec<Norm> {
    let mut norms = vec![Norm::L1, Norm::L2, Norm::Lp(3.0), Norm::LInf];
    if outputs > 1 {
        norms = vec![Norm::L1, Norm::L2, Norm::LInf, Norm::Spectral, Norm::Nuclear];
    }
    norms
}

/// The experiments of a geometry file: one for each `[[optimizer]]`, or the usual ones where the file names at most one.
///
/// # Errors
/// Anything wrong with the file.
pub fn experiments(text: &str) -> Result<Vec<Spec>, Error> {
    Spec::parse_all(text, USUAL)
}

/// The optimizers of a table that names none.
const USUAL: &str = include_str!("assets/geometry-optimizers.toml");

/// One optimizer's row: trains and measures.
pub fn row(setup: &Setup, optima: &Optima, observer: &mut dyn Observer) -> GeometryRow {
    let trajectory = training::run(&setup.job(), observer);
    let last = trajectory.snapshots.last();
    let w = last.and_then(|s| setup.model.effective(&s.theta));
    let separates = w.as_ref().is_some_and(|w| optima.margins.min_margin(w) > 0.0);
    let fraction = |(_, program, c): &(Norm, MaxMargin, Certificate)| {
        let w = w.as_ref().filter(|_| separates)?;
        // The achieved margin over an upper bound on the best: never too large.
        Some(c.lower_bound / program.value(w)).filter(|f| f.is_finite())
    };
    let fractions: Vec<Option<f64>> = optima.columns.iter().map(fraction).collect();
    let most = |best: Option<usize>, i: usize| match best {
        Some(b) if fractions[b] >= fractions[i] => Some(b),
        _ => fractions[i].map(|_| i),
    };
    let largest = (0..fractions.len()).fold(None, |best, i| most(best, i).or(best));
    let error = last.and_then(|s| {
        let test = setup.data.test.as_deref()?;
        measures::error_rate::error_rate(test, &measures::outputs(setup, &s.theta, test))
    });
    GeometryRow {
        optimizer: setup.spec.title.clone(),
        keys: setup.spec.optimizer_keys(),
        steps: trajectory.steps,
        log10_time: (trajectory.log_time / std::f64::consts::LN_10)
            .is_finite()
            .then_some(trajectory.log_time / std::f64::consts::LN_10),
        log10_loss: last.map(|s| s.log_loss / std::f64::consts::LN_10).filter(|v| v.is_finite()),
        ended: trajectory.ended.word().into(),
        test_error: error,
        fractions,
        largest,
    }
}

/// The whole table.
///
/// # Errors
/// Anything wrong with the file or its data.
pub fn geometry(text: &str, load: Loader, observer: &mut dyn Observer) -> Result<GeometryReport, Error> {
    let specs = experiments(text)?;
    let setups = specs.iter().map(|s| Setup::build(s, load)).collect::<Result<Vec<_>, _>>()?;
    let first = setups.first().ok_or_else(|| Error::data("geometry", "there is no optimizer to run"))?;
    let optima = Optima::solve(first)?;
    let rows = setups.iter().map(|s| row(s, &optima, observer)).collect();
    Ok(table(first, &optima, rows))
}

/// Puts rows under their columns.
pub fn table(setup: &Setup, optima: &Optima, rows: Vec<GeometryRow>) -> GeometryReport {
    GeometryReport {
        schema: "tropism-geometry/1".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        data: examine::data_report(setup),
        loss: setup.spec.loss.loss.id().into(),
        columns: optima.describe(),
        rows,
    }
}
