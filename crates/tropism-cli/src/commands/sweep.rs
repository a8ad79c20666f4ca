//! `tropism sweep`: one experiment over values of some keys and several seeds.

use super::{Exit, outcome};
use crate::args::Sweep as Args;
use crate::error::Error;
use crate::progress::{Counter, Waiting};
use crate::terminal::{colour, complain, say, width};
use crate::{experiment, folder, interrupt};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tropism::report::{SweepReport, SweepRun, sweep_html, sweep_json, sweep_svgs, sweep_text};
use tropism::spec::SweepSpec;
use tropism::sweep::{Host, Sweep};

/// Finished runs, a line each, below a head.
const RUNS: &str = "runs.jsonl";

/// The first line of the finished runs.
#[derive(Serialize, Deserialize)]
struct Head {
    schema: String,
    title: String,
    hash: String,
}

pub fn sweep(args: &Args) -> Result<Exit, Error> {
    interrupt::install()?;
    let file = args.file.as_path();
    let text = experiment::read(file)?;
    let load = experiment::loader(file);
    let waiting = Waiting::new("Building every combination", args.quiet);
    let spec = SweepSpec::parse(&text).map_err(Error::of(file))?;
    let sweep =
        Sweep::plan(spec, &load).map_err(|e| tropism::spec::with_line(e, &text)).map_err(Error::of(file))?;
    drop(waiting);
    let folder = place(args, file, &sweep)?;
    let known = finished(&folder, &sweep.hash)?;
    let head = Head {
        schema: "tropism-sweep-runs/1".into(),
        title: sweep.spec.title().unwrap_or_default().into(),
        hash: sweep.hash.clone(),
    };
    interrupt::begin_keeping();
    let log = begin(&folder, &text, &head, &known)?;
    let counter = Counter::new(sweep.runs().len() as u64, known.len() as u64, args.quiet);
    let broken = Mutex::new(None);
    let keep = |run: &SweepRun| {
        counter.finished();
        if let Err(e) = append(&log, run)
            && let Ok(mut first) = broken.lock()
        {
            first.get_or_insert(e);
        }
    };
    let host = Host { load: &load, jobs: jobs(args), stop: interrupt::requested, finished: &keep };
    let report = sweep.run(&host, known);
    drop(counter);
    if let Some(source) = broken.into_inner().unwrap_or_default() {
        return Err(Error::file(&folder.join(RUNS), "written")(source));
    }
    write(&folder, &report)?;
    interrupt::end();
    present(args, &report, &folder)?;
    Ok(if report.missing > 0 { Exit::Open } else { report.verdict.into() })
}

/// Runs at a time: what was asked for, or what the machine has.
fn jobs(args: &Args) -> usize {
    args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}

/// The folder: what was named, or `runs/NAME`, or the next `runs/NAME-2` that holds no other sweep or run.
fn place(args: &Args, file: &Path, sweep: &Sweep) -> Result<PathBuf, Error> {
    let usable = |folder: &Path| match head(folder) {
        Some(head) => head.hash == sweep.hash,
        None => !folder.exists() || fs::read_dir(folder).is_ok_and(|mut d| d.next().is_none()),
    };
    if let Some(folder) = &args.out {
        if usable(folder) || args.force && head(folder).is_some() {
            return Ok(folder.clone());
        }
        return Err(match head(folder) {
            Some(head) => {
                Error::OtherRun { path: folder.clone(), title: head.title, verdict: "a sweep".into() }
            }
            None => Error::NotARun(folder.clone()),
        });
    }
    let first = folder::usual(file);
    let chosen = folder::candidates(&first).find(|f| usable(f)).unwrap_or(first.clone());
    if chosen != first {
        complain(&format!(
            "{} holds another sweep or run, or one of other data; this one goes to {}.",
            first.display(),
            chosen.display()
        ));
    }
    Ok(chosen)
}

fn head(folder: &Path) -> Option<Head> {
    let file = File::open(folder.join(RUNS)).ok()?;
    let line = BufReader::new(file).lines().next()?.ok()?;
    serde_json::from_str(&line).ok()
}

/// The runs of the same sweep that were finished before; a line cut short by an abort counts as none.
fn finished(folder: &Path, hash: &str) -> Result<Vec<SweepRun>, Error> {
    if head(folder).is_none_or(|h| h.hash != hash) {
        return Ok(vec![]);
    }
    let path = folder.join(RUNS);
    let text = fs::read_to_string(&path).map_err(Error::file(&path, "read"))?;
    Ok(text.lines().skip(1).filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Writes experiment, head and the runs known, and opens the list for more.
fn begin(folder: &Path, text: &str, head: &Head, known: &[SweepRun]) -> Result<Mutex<File>, Error> {
    fs::create_dir_all(folder).map_err(Error::file(folder, "created"))?;
    folder::put(folder, "sweep.toml", text)?;
    let mut lines = serde_json::to_string(head)? + "\n";
    for run in known {
        lines += &(serde_json::to_string(run)? + "\n");
    }
    folder::put(folder, RUNS, &lines)?;
    let path = folder.join(RUNS);
    let log = OpenOptions::new().append(true).open(&path).map_err(Error::file(&path, "opened"))?;
    Ok(Mutex::new(log))
}

fn append(log: &Mutex<File>, run: &SweepRun) -> std::io::Result<()> {
    let line = serde_json::to_string(run).map_err(std::io::Error::other)? + "\n";
    let mut file = log.lock().map_err(|_| std::io::Error::other("another run could not be written"))?;
    file.write_all(line.as_bytes())?;
    file.flush()
}

fn write(folder: &Path, report: &SweepReport) -> Result<(), Error> {
    folder::put(folder, "sweep.json", &sweep_json(report)?)?;
    folder::put(folder, "sweep.html", &sweep_html(report))?;
    sweep_svgs(report).iter().try_for_each(|f| folder::put(folder, &format!("figures/{}.svg", f.id), &f.svg))
}

fn present(args: &Args, report: &SweepReport, folder: &Path) -> Result<(), Error> {
    let page = folder.join("sweep.html");
    if args.json {
        return say(&outcome(report, &["runs", "picture"], folder, &page)?);
    }
    if args.quiet {
        return say(&format!("{}: {}\n", report.verdict.words(), report.reason));
    }
    say(&(sweep_text(report, width(), colour()) + &format!("{:12}{}\n", "report", page.display())))
}
