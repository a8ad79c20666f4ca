//! `tropism run`: from an experiment file to a run folder and a verdict.

use super::Exit;
use crate::args::Run;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::folder::{self, RunFolder};
use crate::progress::{Progress, Waiting};
use crate::terminal::{colour, say, width};
use crate::{interrupt, trajectory};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tropism::examine::{conclude, predict};
use tropism::report::{self, Report};
use tropism::training::{self, Ended, Trajectory};

pub fn run(args: &Run) -> Result<Exit, Error> {
    let Some(file) = &args.file else { return resume(args) };
    let target = args.out.clone().unwrap_or_else(|| default_folder(file));
    folder::check(&target, args.force)?;
    interrupt::install()?;
    let experiment = Experiment::load(file)?;
    let setup = &experiment.setup;
    let quiet = args.quiet;

    let waiting = Waiting::new("Solving and certifying the predicted program", quiet);
    let predicted = predict(setup).map_err(Error::of(file))?;
    drop(waiting);
    if interrupt::requested() {
        return Err(Error::InterruptedEarly);
    }

    // The prediction is on disk before the first step.
    let folder = RunFolder::create(&target)?;
    folder.write(folder::EXPERIMENT, head(file) + &experiment.resolved)?;
    folder.write(folder::PREDICTION, serde_json::to_string_pretty(&predicted.report)? + "\n")?;

    let mut progress = Progress::new(quiet);
    let trajectory = training::run(&setup.job(), &mut progress);
    drop(progress);

    let waiting = Waiting::new("Measuring the run against the prediction", quiet);
    let report = conclude(setup, &predicted, &trajectory);
    let report = write(&folder, &report, &trajectory)?;
    drop(waiting);
    folder.publish()?;
    present(args, &report, &target)?;
    Ok(report.verdict.into())
}

/// Continues the interrupted run in a folder.
fn resume(args: &Run) -> Result<Exit, Error> {
    let path = args.resume.clone().unwrap_or_default();
    if !path.join(folder::VERDICT).exists() {
        return Err(Error::NoVerdict(path));
    }
    if !path.join(folder::PARTIAL).exists() {
        return Err(Error::NotResumable { path, what: "this run is complete, there is nothing to continue" });
    }
    Err(Error::NotResumable { path, what: "this version cannot continue a run yet" })
}

/// `runs/NAME` for `NAME.toml`.
fn default_folder(file: &Path) -> PathBuf {
    Path::new("runs").join(file.file_stem().unwrap_or_default())
}

fn head(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let version = env!("CARGO_PKG_VERSION");
    format!("# {name} as tropism {version} resolved it: every default is written out.\n\n")
}

/// Writes everything that is known after the run. Returns the report as `verdict.json` holds it, so that rendering
/// it again from there gives the same bytes.
fn write(folder: &RunFolder, report: &Report, trajectory: &Trajectory) -> Result<Report, Error> {
    let json = report::json(report)?;
    let report: Report = serde_json::from_str(&json)?;
    folder.write(folder::VERDICT, json)?;
    trajectory::write(&folder.path(folder::TRAJECTORY), &report, trajectory)?;
    folder.write(folder::REPORT, report::html(&report))?;
    for figure in report::figures(&report) {
        folder.write(&format!("{}/{}.svg", folder::FIGURES, figure.id), figure.svg)?;
    }
    if trajectory.ended == Ended::Interrupted {
        let steps = trajectory.steps;
        folder.write(folder::PARTIAL, format!("This run was interrupted after {steps} steps.\n"))?;
    }
    Ok(report)
}

/// Shows the outcome on standard output.
fn present(args: &Run, report: &Report, target: &Path) -> Result<(), Error> {
    let page = target.join(folder::REPORT);
    if args.json {
        let mut value = serde_json::to_value(report)?;
        if let Value::Object(map) = &mut value {
            // Long, and in verdict.json.
            map.remove("series");
            map.insert("folder".into(), target.to_string_lossy().into());
            map.insert("report".into(), page.to_string_lossy().into());
        }
        return say(&(serde_json::to_string_pretty(&value)? + "\n"));
    }
    if args.quiet {
        let verdict = serde_json::to_value(report.verdict)?;
        let word = verdict.as_str().unwrap_or_default().replace('_', " ");
        return say(&format!("{word}: {}\n", report.reason));
    }
    let mut text = report::text(report, width(), colour());
    if report.run.ended == Ended::Interrupted.word() {
        text.push_str(&format!("{:12}interrupted; what there is was kept\n", ""));
    }
    say(&format!("{text}{:12}{}\n", "report", page.display()))
}
