//! `tropism new`: a commented experiment file to start from, which runs as it stands.

use super::Exit;
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
/// What stands for a user's own data while the other sections are chosen.
const STAND_IN: &str = "gaussian_separable";

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

/// The file's text.
fn starter(args: &New) -> Result<String, Error> {
    let data = find("data", &args.data, DataSpec::MEMBERS)?;
    let optimizer = find("optimizer", &args.optimizer, OptimizerSpec::MEMBERS)?;
    let chosen = args.loss.as_deref().map(|l| find("loss", l, LossSpec::MEMBERS)).transpose()?;
    let (loss, setup) = fit(data, chosen, optimizer)?;
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
    let title = format!("{} on {}", optimizer.id.replace('_', " "), data.id.replace('_', " "));
    out.push_str(&format!("title = \"{title}\"\n# Seed of everything random.\nseed = 0\n"));
    out.push_str(&section(data));
    out.push_str(&section(find("model", MODEL, tropism::models::ModelSpec::MEMBERS)?));
    out.push_str(&section(loss));
    out.push_str(&section(optimizer));
    out.push_str(&horizon(&setup));
    Ok(out)
}

fn find(section: &str, kind: &str, members: &'static [Member]) -> Result<&'static Member, Error> {
    let found = members.iter().find(|m| m.id == kind);
    found.ok_or_else(|| Error::Words(unknown_kind(section, kind, members)))
}

/// The loss asked for, or the first that the data can be used with; the setup is checked.
fn fit(
    data: &Member,
    chosen: Option<&'static Member>,
    optimizer: &Member,
) -> Result<(&'static Member, Setup), Error> {
    let usual = ["logistic", "cross_entropy", "squared"];
    let candidates: Vec<&Member> = match chosen {
        Some(loss) => vec![loss],
        None => usual.iter().filter_map(|id| LossSpec::MEMBERS.iter().find(|m| m.id == *id)).collect(),
    };
    let mut refused = None;
    for loss in candidates {
        match check(data, loss, optimizer) {
            Ok(setup) if chosen.is_none() && setup.data.targets.outputs() > MOST_CLASSES => {}
            Ok(setup) => return Ok((loss, setup)),
            // Of several refusals the last is the one by the loss with the fewest demands.
            Err(e) => refused = Some(e),
        }
    }
    Err(Error::Words(refused.unwrap_or_else(|| unknown_kind("loss", "", LossSpec::MEMBERS))))
}

fn check(data: &Member, loss: &Member, optimizer: &Member) -> Result<Setup, tropism::Error> {
    let data = if data.id == "file" { STAND_IN } else { data.id };
    let kind = |id: &str| Value::Table(Table::from_iter([("kind".to_string(), Value::from(id))]));
    let mut table = Table::new();
    for (section, id) in [("data", data), ("loss", loss.id), ("optimizer", optimizer.id)] {
        table.insert(section.into(), kind(id));
    }
    let spec = Spec::parse(&table.to_string())?;
    Setup::build(&spec, &|file| Err(tropism::Error::data(&file.path, "not read here")))
}

/// A section with the member's summary and all its keys.
fn section(member: &Member) -> String {
    let mut out = format!("\n[{}]\n{}\nkind = \"{}\"\n", member.room, comment(&member.summary()), member.id);
    for key in member.keys().iter().chain(&member.shared_keys()) {
        out.push_str(&entry(key, member.id));
    }
    out
}

fn entry(key: &Key, member: &str) -> String {
    let says = comment(&key.description);
    // A file's label column can be left out only where the format knows it.
    let placeholder = match (member, key.name.as_str()) {
        ("file", "path") => Some("\"data.csv\""),
        ("file", "label") => Some("\"label\""),
        _ => None,
    };
    match (placeholder, &key.default) {
        (Some(value), _) => format!("{says}\n{} = {value}\n", key.name),
        (None, Some(value)) => format!("{says}\n# {} = {value}\n", key.name),
        (None, None) => format!("{says}\n# {} = …    ({})\n", key.name, key.expects),
    }
}

fn horizon(setup: &Setup) -> String {
    let horizon = &setup.spec.horizon;
    match (&horizon.time, horizon.steps) {
        (Some(_), _) => {
            "\n[horizon]\n# Time to reach, the sum of all step sizes. Beyond the first steps the run follows the \
             flow\n# in log time, so that this is an ordinary number.\ntime = \"1e100000\"\n"
                .into()
        }
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
