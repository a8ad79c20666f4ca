//! Whose margin does an optimizer maximise? One problem, several optimizers, the matrix of margin fractions.

use crate::data::MarginMap;
use crate::measures::error_rate::error_rate;
use crate::numerics::Norm;
use crate::programs::{Certificate, MaxMargin, Program};
use crate::report::{GeometryColumn, GeometryReport, GeometryRow};
use crate::spec::{Loader, Setup, Spec};
use crate::training::{self, Ended, Observer, Phase, Snapshot, Trajectory};
use crate::{Error, examine};

/// The optima that every row of the table is measured against.
pub struct Optima {
    margins: MarginMap,
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
        let column = |norm| {
            let program = MaxMargin::new(margins.clone(), norm);
            let certificate = examine::largest_margin(&program, &setup.budget);
            (norm, program, certificate)
        };
        let columns: Vec<_> = norms(margins.outputs()).into_iter().map(column).collect();
        if columns.iter().all(|(_, _, c)| !c.value.is_finite()) {
            let what =
                "no linear predictor was found that separates the classes, so there is no margin to maximise";
            return Err(Error::data(setup.data.name.clone(), what));
        }
        Ok(Self { margins, columns })
    }

    /// Trains every setup, each under an observer of its own, and puts the rows under their columns. An interrupted run is
    /// the last row.
    ///
    /// # Errors
    /// No setup at all.
    pub fn table<O: Observer>(
        &self,
        setups: &[Setup],
        mut watch: impl FnMut() -> O,
    ) -> Result<GeometryReport, Error> {
        let first = setups.first().ok_or_else(|| Error::data("geometry", "there is no optimizer to run"))?;
        let mut rows = vec![];
        for setup in setups {
            let trajectory = training::run(&setup.job(), &mut watch());
            rows.push(self.row(setup, &trajectory));
            if trajectory.ended == Ended::Interrupted {
                break;
            }
        }
        Ok(GeometryReport {
            schema: "tropism-geometry/1".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            data: examine::data_report(first),
            model: first.spec.model.id().into(),
            loss: first.spec.loss.loss.id().into(),
            columns: self.describe(),
            rows,
        })
    }

    fn describe(&self) -> Vec<GeometryColumn> {
        let column = |(norm, _, c): &(Norm, MaxMargin, Certificate)| GeometryColumn {
            norm: norm.name(),
            optimum: 1.0 / c.value,
            optimum_upper: 1.0 / c.lower_bound,
        };
        self.columns.iter().map(column).collect()
    }

    fn row(&self, setup: &Setup, trajectory: &Trajectory) -> GeometryRow {
        let last = trajectory.snapshots.last();
        let fractions = self.fractions(setup, last);
        let settled = self.fractions(setup, last.and_then(|s| earlier(trajectory, s)));
        let settled = settled.iter().zip(&fractions).all(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= STILL,
            _ => false,
        });
        let present = fractions.iter().enumerate().filter_map(|(j, f)| Some((j, (*f)?)));
        // The first of equals.
        let largest = present.reduce(|best, next| if next.1 > best.1 { next } else { best });
        let test_error = last.and_then(|s| {
            let test = setup.data.test.as_deref()?;
            error_rate(test, &setup.outputs(&s.theta, test))
        });
        GeometryRow {
            optimizer: setup.spec.title.clone(),
            keys: setup.spec.optimizer_keys(),
            steps: trajectory.steps,
            log10_time: examine::log10(trajectory.log_time),
            log10_loss: last.and_then(|s| examine::log10(s.log_loss)),
            ended: trajectory.ended.word().into(),
            test_error,
            fractions,
            largest: largest.map(|(j, _)| j),
            settled,
        }
    }

    /// The achieved margin over an upper bound on the best, so never too large; `None` where the point does not separate.
    fn fractions(&self, setup: &Setup, at: Option<&Snapshot>) -> Vec<Option<f64>> {
        let w = at.and_then(|s| setup.model.effective(&s.theta));
        let separating = w.filter(|w| self.margins.min_margin(w) > 0.0);
        let fraction = |(_, program, c): &(Norm, MaxMargin, Certificate)| {
            Some(c.lower_bound / program.value(separating.as_ref()?)).filter(|f| f.is_finite())
        };
        self.columns.iter().map(fraction).collect()
    }
}

/// Largest change of a fraction in a row that no longer changes.
const STILL: f64 = 0.01;

/// The record at an eighth of the steps, or of the logarithm of time where a flow went on.
fn earlier<'a>(trajectory: &'a Trajectory, last: &Snapshot) -> Option<&'a Snapshot> {
    let before = |s: &&Snapshot| match last.phase {
        Phase::Discrete => 8 * s.step <= last.step,
        Phase::Flow => 8.0 * s.log_time <= last.log_time,
    };
    trajectory.snapshots.iter().rev().find(before)
}

fn norms(outputs: usize) -> Vec<Norm> {
    let mut norms = vec![Norm::L1, Norm::L2, Norm::Lp(3.0), Norm::LInf];
    if outputs > 1 {
        norms = vec![Norm::L1, Norm::L2, Norm::LInf, Norm::Spectral, Norm::Nuclear];
    }
    norms
}

/// The optimizers of a table that names none.
const USUAL: &str = include_str!("assets/geometry-optimizers.toml");

/// The setups of experiments that differ in nothing but the optimizer, on data loaded once.
///
/// # Errors
/// Anything wrong with the file or its data.
pub fn setups(specs: &[Spec], load: Loader) -> Result<Vec<Setup>, Error> {
    let Some(first) = specs.first() else { return Ok(vec![]) };
    let data = first.dataset(load)?;
    specs.iter().map(|spec| Setup::with_data(spec, data.clone())).collect()
}

/// Reads a geometry file: an experiment for each `[[optimizer]]`, or for the usual ones where the file names at most one.
///
/// # Errors
/// As for [`Spec::parse`].
pub fn parse(text: &str) -> Result<Vec<Spec>, Error> {
    Spec::parse_all(text, USUAL)
}
