//! `tropism new`: a commented experiment file to start from, which runs as it stands.

use super::Exit;
use super::suited::{ANY, Keys, OPTIMIZER, SUITED, Suited};
use crate::args::New;
use crate::error::Error;
use crate::terminal::{say, wrap};
use std::io::{ErrorKind, Write};
use toml::{Table, Value};
use tropism::data::DataSpec;
use tropism::losses::LossSpec;
use tropism::optimizers::OptimizerSpec;
use tropism::registry::{Key, Member, unknown_kind};
use tropism::spec::{Setup, Spec};

/// Columns of the file.
const WIDTH: usize = 100;
/// More classes than this are taken for numbers to be predicted.
const MOST_CLASSES: usize = 20;
/// The model most theorems speak of, and the default of an experiment without a `[model]`.
const MODEL: &str = "linear";
/// The horizon of a flow.
const USUAL_TIME: &str = "1e100000";
/// What stands for a user's own data, by the kind of data, while the other sections are chosen.
const STAND_INS: [(&str, &str); 2] = [("file", "gaussian_separable"), ("matrix", "matrix_completion")];

pub fn new(args: &New) -> Result<Exit, Error> {
    let text = starter(args)?;
    let path = &args.file;
    if path.as_os_str() == "-" {
        say(&text)?;
        return Ok(Exit::Success);
    }
    let mut file = std::fs::File::create_new(path).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => Error::Exists(path.clone()),
        _ => Error::file(path, "written")(e),
    })?;
    file.write_all(text.as_bytes()).map_err(Error::file(path, "written"))?;
    let name = path.display();
    say(&format!("{name} is written. Next: `tropism predict {name}`, then `tropism run {name}`.\n"))?;
    Ok(Exit::Success)
}

/// A member of a room with the keys that the file sets.
#[derive(Clone, Copy)]
struct Part {
    member: &'static Member,
    keys: Keys,
}

impl Part {
    fn find(section: &str, kind: &str, keys: Keys, members: &'static [Member]) -> Result<Self, Error> {
        let found = members.iter().find(|m| m.id == kind);
        let member = found.ok_or_else(|| Error::Words(unknown_kind(section, kind, members)))?;
        Ok(Self { member, keys })
    }

    /// The section as a parsed file has it.
    fn table(&self) -> Result<Table, tropism::Error> {
        let lines: Vec<String> = self.keys.iter().map(|(k, v)| format!("{k} = {v}")).collect();
        let text = format!("kind = \"{}\"\n{}", self.member.id, lines.join("\n"));
        text.parse()
            .map_err(|e: toml::de::Error| tropism::Error::Syntax { message: e.to_string(), line: None })
    }
}

/// The sections of an experiment that has all of them.
struct Parts {
    data: Part,
    model: Part,
    loss: Part,
    optimizer: Part,
    setup: Setup,
}

/// The file's text.
fn starter(args: &New) -> Result<String, Error> {
    let model = args.model.as_deref().unwrap_or(MODEL);
    let suited = SUITED.iter().find(|s| args.model.is_some() && s.model == model);
    let parts = choose(args, model, suited)?;
    let Parts { data, model, loss, optimizer, setup } = &parts;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy();
    let mut out = format!(
        "# A Tropism experiment: which solution does the optimizer select, and is it the one theory predicts?\n\
         #\n\
         #   tropism predict {name}    the prediction alone, with its certificate\n\
         #   tropism run {name}        the whole experiment, with a report\n\
         #   tropism explain WORD{}    what a word means and which keys it has\n\
         #\n\
         # A key behind `#` shows what holds without it. Times and names may be changed freely.\n\n",
        " ".repeat(name.chars().count().saturating_sub(4)),
    );
    let words = |part: &Part| part.member.id.replace('_', " ");
    let of = if args.model.is_some() { format!(" of {}", words(model)) } else { String::new() };
    let title = format!("{}{of} on {}", words(optimizer), words(data));
    out.push_str(&format!("title = \"{title}\"\n# Seed of everything random.\nseed = 0\n"));
    for part in [data, model, loss, optimizer] {
        out.push_str(&section(part));
    }
    // Another optimizer may have another clock.
    let time = suited.and_then(|s| s.time).filter(|_| args.optimizer.is_none());
    out.push_str(&horizon(setup, time.unwrap_or(USUAL_TIME)));
    Ok(out)
}

/// Everything the arguments leave open, chosen to fit the rest; the setup is checked.
fn choose(args: &New, model: &str, suited: Option<&Suited>) -> Result<Parts, Error> {
    let model_keys = suited.map_or(&[] as Keys, |s| s.keys);
    let model = Part::find("model", model, model_keys, tropism::models::ModelSpec::MEMBERS)?;
    let optimizer = args.optimizer.as_deref().unwrap_or(suited.map_or(OPTIMIZER, |s| s.optimizer));
    let optimizer = Part::find("optimizer", optimizer, &[], OptimizerSpec::MEMBERS)?;
    let loss = args.loss.as_deref().or(suited.and_then(|s| s.loss).filter(|_| args.data.is_none()));
    let loss = loss.map(|l| Part::find("loss", l, &[], LossSpec::MEMBERS)).transpose()?;
    let candidates: Vec<(&str, Keys)> = match (&args.data, suited) {
        (Some(kind), _) => vec![(kind, &[])],
        (None, Some(s)) => vec![s.data],
        (None, None) if args.model.is_none() => vec![ANY[0]],
        (None, None) => ANY.to_vec(),
    };
    let mut refused = None;
    for (kind, keys) in candidates {
        let data = Part::find("data", kind, keys, DataSpec::MEMBERS)?;
        match fit(data, model, loss, optimizer) {
            Ok((loss, setup)) => return Ok(Parts { data, model, loss, optimizer, setup }),
            // Of several refusals the first is that of the usual data.
            Err(e) => refused = refused.or(Some(e)),
        }
    }
    Err(refused.unwrap_or_else(|| Error::Words(unknown_kind("data", "", DataSpec::MEMBERS))))
}

/// The loss asked for, or the first that the data can be used with; the setup is checked.
fn fit(data: Part, model: Part, chosen: Option<Part>, optimizer: Part) -> Result<(Part, Setup), Error> {
    let usual = ["logistic", "cross_entropy", "squared"];
    let candidates: Vec<Part> = match chosen {
        Some(loss) => vec![loss],
        None => usual.iter().filter_map(|id| Part::find("loss", id, &[], LossSpec::MEMBERS).ok()).collect(),
    };
    let mut refused = None;
    for loss in candidates {
        match check([data, model, loss, optimizer]) {
            Ok(setup) if chosen.is_none() && setup.data.targets.outputs() > MOST_CLASSES => {}
            Ok(setup) => return Ok((loss, setup)),
            // Of several refusals the last is the one by the loss with the fewest demands.
            Err(e) => refused = Some(e),
        }
    }
    Err(Error::Words(refused.unwrap_or_else(|| unknown_kind("loss", "", LossSpec::MEMBERS))))
}

fn check(parts: [Part; 4]) -> Result<Setup, tropism::Error> {
    let mut table = Table::new();
    for part in parts {
        // What stands for a user's own data while the other sections are chosen.
        let section = match STAND_INS.iter().find(|(own, _)| *own == part.member.id) {
            Some((_, kind)) => Table::from_iter([("kind".to_string(), Value::from(*kind))]),
            None => part.table()?,
        };
        table.insert(part.member.room.into(), Value::Table(section));
    }
    let spec = Spec::parse(&table.to_string())?;
    Setup::build(&spec, &|file| Err(tropism::Error::data(&file.path, "it is not read here.")))
}

/// A section with the member's summary and all its keys.
fn section(Part { member, keys }: &Part) -> String {
    let mut out = format!("\n[{}]\n{}\nkind = \"{}\"\n", member.room, comment(&member.summary()), member.id);
    for key in member.keys().iter().chain(&member.shared_keys()) {
        let set = keys.iter().find(|(name, _)| *name == key.name);
        out.push_str(&entry(key, member.id, set.map(|(_, value)| *value)));
    }
    out
}

fn entry(key: &Key, member: &str, set: Option<&str>) -> String {
    let says = comment(&key.description);
    // A file's label column can be left out only where the format knows it.
    let placeholder = match (member, key.name.as_str()) {
        ("file", "path") => Some("\"data.csv\""),
        ("file", "label") => Some("\"label\""),
        ("matrix", "path") => Some("\"matrix.csv\""),
        _ => set,
    };
    match (placeholder, &key.default) {
        (Some(value), _) => format!("{says}\n{} = {value}\n", key.name),
        (None, Some(value)) => format!("{says}\n# {} = {value}\n", key.name),
        (None, None) => format!("{says}\n# {} = …    ({})\n", key.name, key.expects),
    }
}

fn horizon(setup: &Setup, time: &str) -> String {
    let horizon = &setup.spec.horizon;
    match (&horizon.time, horizon.steps) {
        (Some(_), _) => format!(
            "\n[horizon]\n# Time to reach, the sum of all step sizes. Beyond the first steps the run follows the \
             flow\n# in log time, so that this is an ordinary number.\ntime = \"{time}\"\n"
        ),
        (None, steps) => format!(
            "\n[horizon]\n# Number of steps: this optimizer has no flow limit to continue on.\nsteps = {}\n",
            steps.unwrap_or(100_000)
        ),
    }
}

/// `text` as comment lines.
fn comment(text: &str) -> String {
    let lines = wrap(text, WIDTH - 2, 0);
    lines.lines().map(|l| format!("# {l}")).collect::<Vec<_>>().join("\n")
}
