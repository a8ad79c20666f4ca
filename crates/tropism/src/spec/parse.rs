//! From text to a [`Spec`], with errors that name section, key, line and the nearest valid word.

use super::{DataSection, HorizonSpec, LossSection, ModelSection, Reduction, Spec};
use crate::data::{DataSpec, Preparation};
use crate::error::{Error, nearest};
use crate::losses::LossSpec;
use crate::models::{ModelSpec, Regime};
use crate::optimizers::OptimizerSpec;
use crate::registry::{keys_of, parse_keys};
use crate::terms::JudgeRule;
use toml::{Table, Value};

pub(super) const SECTIONS: [&str; 6] = ["data", "model", "loss", "optimizer", "horizon", "judge"];
const TOP_KEYS: [&str; 3] = ["title", "seed", "theorem"];

pub fn spec(text: &str) -> Result<Spec, Error> {
    read(table(text)?).map_err(|e| with_line(e, text))
}

pub(super) fn table(text: &str) -> Result<Table, Error> {
    text.parse().map_err(|e: toml::de::Error| Error::Syntax {
        message: e.to_string().trim().to_string(),
        line: e.span().map(|s| line_of(text, s.start)),
    })
}

/// One experiment for each `[[optimizer]]` of `text`, or of `usual` if `text` names at most one.
pub fn specs(text: &str, usual: &str) -> Result<Vec<Spec>, Error> {
    let mut base = table(text)?;
    let list = match base.remove("optimizer") {
        Some(Value::Array(list)) => list,
        _ => usual_optimizers(&mut base, table(usual)?),
    };
    let one = |optimizer: Value| {
        let mut single = base.clone();
        let title = label(&optimizer);
        single.insert("optimizer".into(), optimizer);
        let mut spec = read(single).map_err(|e| with_line(e, text))?;
        spec.title = title;
        Ok(spec)
    };
    list.into_iter().map(one).collect()
}

/// The optimizers of `usual`; the horizon that they need fills in what `base` does not say.
fn usual_optimizers(base: &mut Table, mut usual: Table) -> Vec<Value> {
    if let Some(Value::Table(needed)) = usual.remove("horizon") {
        let horizon = base.entry("horizon").or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(horizon) = horizon {
            needed.into_iter().for_each(|(key, value)| {
                horizon.entry(key).or_insert(value);
            });
        }
    }
    match usual.remove("optimizer") {
        Some(Value::Array(list)) => list,
        _ => vec![],
    }
}

/// An optimizer's kind with the keys that the file sets.
pub(super) fn label(optimizer: &Value) -> String {
    let Some(table) = optimizer.as_table() else { return "optimizer".into() };
    let kind = table.get("kind").and_then(Value::as_str).unwrap_or("optimizer").replace('_', " ");
    // A norm speaks for itself.
    let key = |(k, v): (&String, &Value)| {
        let value = v.to_string().replace('"', "");
        if k == "norm" { value } else { format!("{} {value}", k.replace('_', " ")) }
    };
    let keys: Vec<String> = table.iter().filter(|(k, _)| *k != "kind").map(key).collect();
    if keys.is_empty() { kind } else { format!("{kind}, {}", keys.join(", ")) }
}

pub(super) fn read(mut table: Table) -> Result<Spec, Error> {
    check_top(&table)?;
    let title = take_string(&mut table, "title")?.unwrap_or_default();
    let theorem = take_string(&mut table, "theorem")?;
    let seed = match table.remove("seed") {
        None => 0,
        Some(Value::Integer(i)) if i >= 0 => i as u64,
        Some(v) => return Err(Error::bad_value("top level", "seed", v, "it must be an integer >= 0")),
    };
    let mut section = |name: &str| take_section(&mut table, name);
    let (data, model, loss, optimizer) =
        (section("data")?, section("model")?, section("loss")?, section("optimizer")?);
    let (horizon, judge) = (section("horizon")?, section("judge")?);
    let loss = read_loss(required(loss, "loss", "`kind` says what is minimised")?)?;
    let spec = Spec {
        title,
        seed,
        theorem,
        data: read_data(required(data, "data", "`kind` says which data set")?)?,
        model: read_model(model.unwrap_or_default())?,
        loss,
        optimizer: read_optimizer(required(optimizer, "optimizer", "`kind` says which optimizer")?)?,
        horizon: parse_keys::<HorizonSpec>("horizon", horizon.unwrap_or_default(), &[])?,
        judge: parse_keys::<JudgeRule>("judge", judge.unwrap_or_default(), &[])?,
    };
    check_judge(&spec.judge)?;
    Ok(spec)
}

fn check_judge(rule: &JudgeRule) -> Result<(), Error> {
    let fields = [
        ("tolerance", rule.tolerance),
        ("reference_gap", rule.reference_gap),
        ("slope_tolerance", rule.slope_tolerance),
    ];
    for (key, value) in fields {
        if !(value > 0.0 && value < 1.0) {
            return Err(Error::bad_value("judge", key, value, "it must lie strictly between 0 and 1"));
        }
    }
    Ok(())
}

fn check_top(table: &Table) -> Result<(), Error> {
    if table.contains_key("sweep") {
        let missing = "this file stands for several experiments; `tropism sweep` runs them";
        return Err(Error::incompatible("[sweep]", "a single run", missing));
    }
    let valid: Vec<String> = SECTIONS.iter().chain(&TOP_KEYS).map(|s| s.to_string()).collect();
    for (key, value) in table {
        if !valid.contains(key) {
            return Err(Error::UnknownKey {
                section: "top level".into(),
                key: key.clone(),
                nearest: nearest(key, &valid),
                valid,
                line: None,
            });
        }
        if SECTIONS.contains(&key.as_str()) && !value.is_table() {
            let expected = format!("it must be a section, written [{key}] on a line of its own");
            return Err(Error::bad_value("top level", key, value, &expected));
        }
    }
    Ok(())
}

fn take_string(table: &mut Table, key: &str) -> Result<Option<String>, Error> {
    match table.remove(key) {
        None => Ok(None),
        Some(Value::String(s)) => Ok(Some(s)),
        Some(v) => Err(Error::bad_value("top level", key, v, "it must be a string")),
    }
}

fn take_section(table: &mut Table, name: &str) -> Result<Option<Table>, Error> {
    match table.remove(name) {
        Some(Value::Table(t)) => Ok(Some(t)),
        _ => Ok(None),
    }
}

fn required(section: Option<Table>, name: &str, why: &str) -> Result<Table, Error> {
    section.ok_or_else(|| Error::MissingKey {
        section: name.into(),
        key: "kind".into(),
        expected: why.into(),
    })
}

/// Takes `kind` out of a section.
fn kind(table: &mut Table, section: &str, default: Option<&str>) -> Result<String, Error> {
    match (table.remove("kind"), default) {
        (Some(Value::String(s)), _) => Ok(s),
        (Some(v), _) => Err(Error::bad_value(section, "kind", v, "it must be a string")),
        (None, Some(d)) => Ok(d.into()),
        (None, None) if table.keys().any(|k| nearest(k, &["kind".to_string()]).is_some()) => {
            let key = table
                .keys()
                .find(|k| nearest(k, &["kind".to_string()]).is_some())
                .cloned()
                .unwrap_or_default();
            let valid = vec!["kind".to_string()];
            Err(Error::UnknownKey {
                section: section.into(),
                nearest: Some("kind".into()),
                key,
                valid,
                line: None,
            })
        }
        (None, None) => Err(Error::MissingKey {
            section: section.into(),
            key: "kind".into(),
            expected: "`tropism list` shows the kinds there are".into(),
        }),
    }
}

/// Splits the keys that `T` reads out of a section.
fn take_keys(table: &mut Table, keys: &[String]) -> Table {
    keys.iter().filter_map(|k| table.remove(k).map(|v| (k.clone(), v))).collect()
}

fn read_data(mut table: Table) -> Result<DataSection, Error> {
    let kind = kind(&mut table, "data", None)?;
    let shared = keys_of::<Preparation>();
    let preparation = parse_keys("data", take_keys(&mut table, &shared), &[])?;
    Ok(DataSection { source: DataSpec::parse("data", &kind, table, &shared)?, preparation })
}

fn read_model(mut table: Table) -> Result<ModelSection, Error> {
    let kind = kind(&mut table, "model", Some("linear"))?;
    let shared = keys_of::<Regime>();
    let regime = parse_keys("model", take_keys(&mut table, &shared), &[])?;
    Ok(ModelSection { model: ModelSpec::parse("model", &kind, table, &shared)?, regime })
}

fn read_loss(mut table: Table) -> Result<LossSection, Error> {
    let kind = kind(&mut table, "loss", None)?;
    let reduction = match table.remove("reduction") {
        None => Reduction::Mean,
        Some(Value::String(s)) if s == "mean" => Reduction::Mean,
        Some(Value::String(s)) if s == "sum" => Reduction::Sum,
        Some(v) => return Err(Error::bad_value("loss", "reduction", v, "it must be \"mean\" or \"sum\"")),
    };
    Ok(LossSection { loss: LossSpec::parse("loss", &kind, table, &["reduction".into()])?, reduction })
}

fn read_optimizer(mut table: Table) -> Result<OptimizerSpec, Error> {
    let kind = kind(&mut table, "optimizer", None)?;
    OptimizerSpec::parse("optimizer", &kind, table, &[])
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset.min(text.len())].matches('\n').count() + 1
}

/// Adds the line of `text` on which the blamed key stands, where the error names a key.
pub fn with_line(mut error: Error, text: &str) -> Error {
    match &mut error {
        Error::UnknownKey { section, key, line, .. } | Error::BadValue { section, key, line, .. } => {
            *line = find_line(text, section, key);
        }
        Error::UnknownKind { section, what, line, .. } => *line = find_line(text, section, what),
        _ => {}
    }
    error
}

fn find_line(text: &str, section: &str, key: &str) -> Option<usize> {
    let mut current = "top level".to_string();
    for (i, raw) in text.lines().enumerate() {
        let line = raw.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
            current = name.trim().to_string();
            if current == key && section == "top level" {
                return Some(i + 1);
            }
        } else if current == section
            && let Some((name, _)) = line.split_once('=')
            && name.trim().trim_matches('"') == key
        {
            return Some(i + 1);
        }
    }
    None
}
