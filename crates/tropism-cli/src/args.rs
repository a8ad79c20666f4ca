//! What can be typed: the one definition behind parsing, help, completions and manual pages.

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

const AFTER: &str = "\
Exit codes: 0 the run agrees with the prediction (or the command did what it says), 1 it disagrees, 2 an error, \
3 undecided, out of scope or no prediction.

Start with `tropism new experiment.toml` and `tropism run experiment.toml`.";

/// A laboratory for the implicit regularization of optimizers.
///
/// From a short experiment file Tropism derives what theory predicts the optimizer selects, solves that program
/// with a certificate, follows the optimizer in log time, and judges.
#[derive(Debug, Parser)]
#[command(name = "tropism", version, after_help = AFTER, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// A folder: several files go there, so it cannot be the terminal.
fn folder() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.as_os_str() == "-" {
        true => Err("a folder of several files is written, which the terminal cannot hold"),
        false => Ok(path),
    })
}

/// Everything the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    Run(Run),
    Predict(Predict),
    Geometry(Geometry),
    Sweep(Sweep),
    List(List),
    Explain(Explain),
    New(New),
    Report(Report),
    Schema(Schema),
    Completions(Completions),
    Man(Man),
}

/// Run an experiment to its verdict and write a run folder.
///
/// The folder holds the resolved experiment, the prediction with its hash (written before the run starts), the
/// trajectory as Parquet, the verdict as JSON, the report as one HTML file and its figures as SVG. It appears
/// complete or not at all. Ctrl-C stops the run at the next step and keeps what there is as a partial run; a second
/// Ctrl-C aborts at once and keeps nothing, as does the first before the run has begun.
///
/// The same experiment run again takes the place of its older run. After an edit, or with other data, the older run
/// stays, and the new one goes to runs/NAME-2, runs/NAME-3 and so on; a folder named by --out is never given to another
/// experiment without --force.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// Experiment file (TOML)
    #[arg(value_hint = ValueHint::FilePath, required_unless_present = "resume")]
    pub file: Option<PathBuf>,
    /// Run folder [default: runs/NAME for NAME.toml, or the next free runs/NAME-2, runs/NAME-3, …]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, value_parser = folder())]
    pub out: Option<PathBuf>,
    /// Continue an interrupted run in its folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with_all = ["file", "out", "force"])]
    pub resume: Option<PathBuf>,
    /// Replace the older run in the folder, whatever its experiment, even if it was interrupted or holds other files
    #[arg(long)]
    pub force: bool,
    /// Print the verdict alone, and no progress
    #[arg(long, short)]
    pub quiet: bool,
    /// Print one JSON object instead of the report
    #[arg(long)]
    pub json: bool,
}

/// Solve the predicted program only, with its certificate.
///
/// Exit code 0 if there is a certified reference, 3 if no theorem applies.
#[derive(Debug, clap::Args)]
pub struct Predict {
    /// Experiment file (TOML)
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// Whose margin does an optimizer maximise? Print the table optimizers × norms.
///
/// Every optimizer runs on the same problem; a cell is the margin it reached as a fraction of the largest there is in that
/// norm, against a certified bound. Without a file two of the bundled digits; a file is an experiment file whose
/// [[optimizer]] sections, in double brackets, name the rows.
#[derive(Debug, clap::Args)]
pub struct Geometry {
    /// Experiment file (TOML); its own [[optimizer]] sections, or the usual optimizers
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Write geometry.json, geometry.svg and geometry.html to this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, value_parser = folder())]
    pub out: Option<PathBuf>,
    /// Print one JSON object instead of the table
    #[arg(long)]
    pub json: bool,
}

/// Run one experiment over values of some keys and several seeds, and judge laws over the runs.
///
/// The file is an experiment file with a [sweep] section: `over` names keys of other sections with the values they take, and
/// every combination is run with every seed. The folder holds every finished run (runs.jsonl), sweep.json, sweep.html and
/// the figures. Ctrl-C keeps the runs that are finished, and the same command continues: only missing runs are made.
#[derive(Debug, clap::Args)]
pub struct Sweep {
    /// Experiment file (TOML) with a [sweep]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Folder [default: runs/NAME for NAME.toml, or the next free runs/NAME-2, runs/NAME-3, …]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, value_parser = folder())]
    pub out: Option<PathBuf>,
    /// Replace another sweep in the folder
    #[arg(long)]
    pub force: bool,
    /// Runs at a time [default: one for each core]; the report is the same for any number
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..).map(usize::from))]
    pub jobs: Option<usize>,
    /// Print the verdict alone, and no progress
    #[arg(long, short)]
    pub quiet: bool,
    /// Print one JSON object instead of the report
    #[arg(long)]
    pub json: bool,
}

/// List models, losses, optimizers, programs, theorems, measures and data sets.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only this room
    pub room: Option<Room>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A room of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Room {
    Data,
    #[value(alias = "models")]
    Model,
    #[value(alias = "losses")]
    Loss,
    #[value(alias = "optimizers")]
    Optimizer,
    #[value(alias = "programs")]
    Program,
    #[value(alias = "theorems")]
    Theorem,
    #[value(alias = "trends")]
    Trend,
    #[value(alias = "measures")]
    Measure,
    #[value(alias = "sections")]
    Section,
}

/// Explain one member of the list: what it is, what it assumes, where it comes from, and its keys.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// Word from `tropism list`
    pub id: String,
    /// Only the keys for the experiment file
    #[arg(long)]
    pub keys: bool,
}

/// Write a commented experiment file to start from.
///
/// With --model the file comes with data, a loss and an optimizer that suit the model, small enough to run in seconds.
#[derive(Debug, clap::Args)]
pub struct New {
    /// File to write, never overwritten; `-` is the terminal
    #[arg(default_value = "experiment.toml", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Model, see `tropism list model` [default: linear]
    #[arg(long, value_name = "KIND")]
    pub model: Option<String>,
    /// Data set or generator, see `tropism list data` [default: gaussian_separable, or what suits the model]
    #[arg(long, value_name = "KIND")]
    pub data: Option<String>,
    /// Loss, see `tropism list loss` [default: the first that fits the data]
    #[arg(long, value_name = "KIND")]
    pub loss: Option<String>,
    /// Optimizer, see `tropism list optimizer` [default: gradient_descent, or what suits the model]
    #[arg(long, value_name = "KIND")]
    pub optimizer: Option<String>,
}

/// Render the report of a run folder again.
///
/// Text and JSON go to the terminal, HTML and figures to their place in the run folder, unless --out says otherwise.
#[derive(Debug, clap::Args)]
pub struct Report {
    /// Run folder, or its verdict.json
    #[arg(value_hint = ValueHint::AnyPath)]
    pub run: PathBuf,
    /// What to render
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// For svg: only this figure, as one file
    #[arg(long, value_name = "NAME")]
    pub figure: Option<String>,
    /// File to write to, or for all figures the folder; `-` is the terminal
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub out: Option<PathBuf>,
}

/// A rendering of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Html,
    Json,
    Svg,
}

/// Print the JSON schema of experiment files, of verdict.json, geometry.json or sweep.json.
#[derive(Debug, clap::Args)]
pub struct Schema {
    /// Which of them
    pub of: Described,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Described {
    Experiment,
    Geometry,
    Sweep,
    Verdict,
}

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Print the manual page, or write the pages of all commands to a folder.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// Folder for the pages
    #[arg(value_hint = ValueHint::DirPath, value_parser = folder())]
    pub dir: Option<PathBuf>,
}
