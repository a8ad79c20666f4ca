//! `tropism run`: from an experiment file to a run folder and a verdict.

use super::{Exit, outcome};
use crate::args::Run;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::folder::{self, Identity, RunFolder};
use crate::progress::{Progress, Waiting};
use crate::terminal::{colour, complain, say, width};
use crate::{interrupt, trajectory};
use serde::de::DeserializeOwned;
use std::fs;
use std::path::{Path, PathBuf};
use tropism::examine::{Predicted, conclude, predict};
use tropism::report::{self, Report};
use tropism::training::{self, Checkpoint, Ended, Trajectory};

pub fn run(args: &Run) -> Result<Exit, Error> {
    interrupt::install()?;
    match (&args.file, &args.resume) {
        (_, Some(folder)) => resume(args, folder),
        (Some(file), None) => begin(args, file),
        // Ruled out by the definition of the arguments.
        (None, None) => Ok(Exit::Open),
    }
}

/// Runs an experiment from its start.
fn begin(args: &Run, file: &Path) -> Result<Exit, Error> {
    let experiment = Experiment::load(file)?;
    // Before anything long is done, and again when the data's hash is known.
    place(args, file, &Identity { experiment: &experiment.resolved, hash: None })?;
    let predicted = foresee(args, file, &experiment)?;
    let new = Identity { experiment: &experiment.resolved, hash: Some(&predicted.report.hash) };
    let target = place(args, file, &new)?;
    let usual = folder::usual(file);
    if args.out.is_none() && target != usual {
        let (other, here) = (usual.display(), target.display());
        complain(&format!(
            "{other} holds the run of another experiment or of other data; this one goes to {here}."
        ));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let version = env!("CARGO_PKG_VERSION");
    let head = format!("# {name} as tropism {version} resolved it: every default is written out.\n\n");
    carry_out(args, &experiment, &predicted, &target, &(head + &experiment.resolved), Left::Everything)
}

/// Continues the interrupted run in `folder`, which is replaced only when it has ended.
fn resume(args: &Run, folder: &Path) -> Result<Exit, Error> {
    let file = folder.join(folder::EXPERIMENT);
    let report = folder::verdict(folder)?;
    let refuse = |what| Err(Error::NotResumable { path: folder.into(), what });
    if !folder.join(folder::PARTIAL).exists() {
        return refuse("this run was not interrupted, so there is nothing to continue");
    }
    let left = if folder.join(folder::UNMEASURED).exists() {
        read(folder, folder::UNMEASURED)?.map(Left::Measuring)
    } else {
        read(folder, folder::CHECKPOINT)?.map(Left::Steps)
    };
    let Some(left) = left else {
        return refuse("its checkpoint.bin or unmeasured.bin is damaged or of another version of Tropism");
    };
    let experiment = Experiment::reload(folder, &report)?;
    let predicted = foresee(args, &file, &experiment)?;
    if predicted.report.hash != report.prediction.hash {
        return refuse("the experiment, its data or the prediction have changed since the run began");
    }
    let text = fs::read_to_string(&file).map_err(Error::file(&file, "read"))?;
    carry_out(args, &experiment, &predicted, folder, &text, left)
}

/// What is left to do of a run.
enum Left {
    Everything,
    /// The run itself, from here on.
    Steps(Checkpoint),
    /// Nothing but to measure and judge it.
    Measuring(Trajectory),
}

/// What a file of an interrupted run's folder holds; `None` if it is damaged.
fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Option<T>, Error> {
    let path = folder.join(name);
    let bytes = fs::read(&path).map_err(Error::file(&path, "read"))?;
    Ok(postcard::from_bytes(&bytes).ok())
}

/// Forms the prediction.
fn foresee(args: &Run, file: &Path, experiment: &Experiment) -> Result<Predicted, Error> {
    let waiting = Waiting::new("Solving and certifying the predicted program", args.quiet);
    let predicted = predict(&experiment.setup).map_err(Error::of(file))?;
    drop(waiting);
    Ok(predicted)
}

/// Where the run goes.
fn place(args: &Run, file: &Path, new: &Identity<'_>) -> Result<PathBuf, Error> {
    match &args.out {
        None if !args.force => folder::vacant(&folder::usual(file), new),
        out => {
            let target = out.clone().unwrap_or_else(|| folder::usual(file));
            folder::check(&target, new, args.force).map(|()| target)
        }
    }
}

/// Runs, concludes, and writes and shows the outcome.
fn carry_out(
    args: &Run,
    experiment: &Experiment,
    predicted: &Predicted,
    target: &Path,
    text: &str,
    left: Left,
) -> Result<Exit, Error> {
    // The prediction is on disk before the first step.
    let folder = RunFolder::create(target)?;
    folder.write(folder::EXPERIMENT, text)?;
    folder.write(folder::PREDICTION, serde_json::to_string_pretty(&predicted.report)? + "\n")?;

    let job = experiment.setup.job();
    let mut progress = Progress::new(args.quiet);
    let trajectory = match left {
        Left::Everything => training::run(&job, &mut progress),
        Left::Steps(checkpoint) => training::resume(&job, checkpoint, &mut progress),
        Left::Measuring(trajectory) => trajectory,
    };
    drop(progress);

    let waiting = Waiting::new("Measuring the run against the prediction", args.quiet);
    let report = conclude(&experiment.setup, predicted, &trajectory);
    let report = write(&folder, &report, &trajectory)?;
    drop(waiting);
    folder.publish()?;
    present(args, &report, target)?;
    Ok(report.verdict.into())
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
        let bytes = postcard::to_stdvec(&trajectory.checkpoint).map_err(Error::Checkpoint)?;
        folder.write(folder::CHECKPOINT, bytes)?;
        let note = format!(
            "This run was interrupted after {} steps.\n`tropism run --resume` and this folder continue it.\n",
            trajectory.steps
        );
        folder.write(folder::PARTIAL, note)?;
    } else if !report.run.measured {
        folder.write(folder::UNMEASURED, whole(trajectory)?)?;
        let note = "This run came to its end, but was interrupted before it was measured.\n`tropism run --resume` and this folder \
                    measure and judge it.\n";
        folder.write(folder::PARTIAL, note)?;
    }
    Ok(report)
}

/// A whole run as bytes. What only a continuation of its steps would need is left out.
fn whole(trajectory: &Trajectory) -> Result<Vec<u8>, Error> {
    let checkpoint = Checkpoint { snapshots: vec![], ..trajectory.checkpoint.clone() };
    let bytes = postcard::to_stdvec(&Trajectory { checkpoint, ..trajectory.clone() });
    bytes.map_err(Error::Checkpoint)
}

/// Shows the outcome on standard output.
fn present(args: &Run, report: &Report, target: &Path) -> Result<(), Error> {
    let page = target.join(folder::REPORT);
    if args.json {
        return say(&outcome(report, &["series", "completion", "visits"], target, &page)?);
    }
    if args.quiet {
        return say(&format!("{}: {}\n", report.verdict.words(), report.reason));
    }
    let mut text = report::text(report, width(), colour());
    text.push_str(&format!("{:12}{}\n", "report", page.display()));
    if report.run.ended == Ended::Interrupted.word() || !report.run.measured {
        text.push_str(&format!("{:12}tropism run --resume {}\n", "to continue", target.display()));
    }
    say(&text)
}
