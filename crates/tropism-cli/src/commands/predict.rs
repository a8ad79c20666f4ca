//! `tropism predict`: theorem, hypotheses and certified reference, without a run.

use super::Exit;
use crate::args::Predict;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::interrupt;
use crate::progress::Waiting;
use crate::terminal::{colour, say, width};
use tropism::examine;
use tropism::report::prediction_text;

pub fn predict(args: &Predict) -> Result<Exit, Error> {
    interrupt::install()?;
    let experiment = Experiment::load(&args.file)?;
    let waiting = Waiting::new("Solving and certifying the predicted program", args.json);
    let report = examine::predict(&experiment.setup).map_err(Error::of(&args.file))?.report;
    drop(waiting);
    if args.json {
        say(&(serde_json::to_string_pretty(&report)? + "\n"))?;
    } else {
        let data = examine::data_report(&experiment.setup);
        say(&prediction_text(&report, &data, width(), colour()))?;
    }
    let certified = report.relative_gap.is_some_and(f64::is_finite);
    Ok(if certified { Exit::Success } else { Exit::Open })
}
