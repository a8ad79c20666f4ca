//! One experiment over several values of some keys, each with several seeds.
//!
//! `[sweep.over]` names keys of the other sections with the values they take, and every combination is run; a whole section may
//! be replaced by a list of tables (`optimizer = [{ kind = "sgd" }, { kind = "adam" }]`). Every combination runs with the seeds
//! `seed, seed + 1, …`, so that combinations are compared on the same data and starts.
//! Assumes: at least one key with at least one value; at most 10,000 runs.
//! Units and invariance: intervals are Student's t over seeds, at the level `confidence`.
//! Errors: a section or key that does not exist, a combination that cannot be built: named with the combination.
//! Example: `[sweep]`, `seeds = 5`, `measures = ["kernel_drift"]`, then `[sweep.over]`, `model.width = [64, 256, 1024]`.

use super::Spec;
use super::parse::{SECTIONS, label, read, table, with_line};
use crate::error::{Error, nearest};
use crate::registry::parse_keys;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// More runs than this are a mistake in the file.
const MOST_RUNS: usize = 10_000;

/// The keys of `[sweep]` beside `over`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SweepKeys {
    /// Runs of every combination, with seeds counted up from the experiment's own.
    #[schemars(range(min = 1))]
    pub seeds: u64,
    /// What is read off the end of every run beside its error: ids of measures (`tropism list measures`).
    pub measures: Vec<String>,
    /// Judge only this law of the registry (`tropism list trends`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<String>,
    /// Level of the intervals over seeds.
    pub confidence: f64,
    /// Draw this quantity over the one key that varies and the training loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

impl SweepKeys {
    /// Every quantity named, with the key it stands under.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let measures = self.measures.iter().map(|m| ("measure", m));
        measures.chain(self.picture.iter().map(|p| ("picture", p)))
    }
}

impl Default for SweepKeys {
    fn default() -> Self {
        Self { seeds: 1, measures: vec![], trend: None, confidence: 0.95, picture: None }
    }
}

/// A key, or a whole section, with the values it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// `model.width`, or `optimizer` for a whole section.
    pub key: String,
    pub values: Vec<Value>,
}

impl Axis {
    /// How a value is called: short, as the file has it.
    pub fn name(&self, index: usize) -> String {
        match &self.values[index] {
            Value::String(s) => s.clone(),
            value @ Value::Table(_) => label(value),
            value => value.to_string(),
        }
    }

    /// The values as numbers, if all of them are; a text such as `"1e100"` counts if it is a finite one.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        let number = |v: &Value| match v {
            Value::Integer(i) => Some(*i as f64),
            Value::Float(f) => Some(*f),
            Value::String(s) => s.parse().ok().filter(|f: &f64| f.is_finite()),
            _ => None,
        };
        self.values.iter().map(number).collect()
    }

    fn put(&self, base: &mut Table, index: usize) -> Result<(), Error> {
        let value = self.values[index].clone();
        let Some((section, key)) = self.key.split_once('.') else {
            base.insert(self.key.clone(), value);
            return Ok(());
        };
        let entry = base.entry(section).or_insert_with(|| Value::Table(Table::new()));
        match entry.as_table_mut() {
            Some(table) => {
                table.insert(key.into(), value);
                Ok(())
            }
            None => Err(Error::bad_value("top level", section, "a value", "it must be a section")),
        }
    }
}

/// An experiment file with a `[sweep]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepSpec {
    pub keys: SweepKeys,
    pub axes: Vec<Axis>,
    base: Table,
    text: String,
}

impl SweepSpec {
    /// Reads an experiment file with a `[sweep]`, and every experiment it stands for.
    ///
    /// # Errors
    /// Anything wrong with the file or with one of the combinations.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut base = table(text)?;
        let Some(Value::Table(mut section)) = base.remove("sweep") else {
            return Err(Error::MissingKey {
                section: "sweep".into(),
                key: "over".into(),
                expected: "`[sweep.over]` names the keys that vary, as in `model.width = [64, 256]`".into(),
            });
        };
        let over = section.remove("over");
        let keys: SweepKeys =
            parse_keys("sweep", section, &["over".into()]).map_err(|e| with_line(e, text))?;
        let spec = Self { keys, axes: axes(over)?, base, text: text.into() };
        spec.check()?;
        Ok(spec)
    }

    fn check(&self) -> Result<(), Error> {
        if self.keys.seeds == 0 {
            return Err(Error::bad_value("sweep", "seeds", 0, "it must be at least 1"));
        }
        if !(self.keys.confidence > 0.5 && self.keys.confidence < 1.0) {
            let found = self.keys.confidence;
            return Err(Error::bad_value("sweep", "confidence", found, "it must lie between 0.5 and 1"));
        }
        let runs = self.axes.iter().try_fold(1usize, |n, a| n.checked_mul(a.values.len()));
        let runs = runs.and_then(|n| n.checked_mul(self.keys.seeds as usize)).unwrap_or(usize::MAX);
        if runs > MOST_RUNS {
            let expected = format!("at most {MOST_RUNS} runs are made at a time");
            return Err(Error::bad_value("sweep", "over", format!("a list of {runs} runs"), &expected));
        }
        self.combinations().iter().try_for_each(|at| self.experiment(at, 0).map(drop))
    }

    /// Every combination of values, as indices into the axes; the last axis runs fastest.
    pub fn combinations(&self) -> Vec<Vec<usize>> {
        let mut all = vec![vec![]];
        for axis in &self.axes {
            let longer = |at: &Vec<usize>, i| at.iter().copied().chain([i]).collect();
            all = all.iter().flat_map(|at| (0..axis.values.len()).map(move |i| longer(at, i))).collect();
        }
        all
    }

    /// The experiment at one combination, with the `repeat`-th seed.
    ///
    /// # Errors
    /// What is wrong with the experiment, and at which combination.
    pub fn experiment(&self, at: &[usize], repeat: u64) -> Result<Spec, Error> {
        let mut base = self.base.clone();
        for (axis, &i) in self.axes.iter().zip(at) {
            axis.put(&mut base, i)?;
        }
        let mut spec = read(base).map_err(|e| with_line(e, &self.text))?;
        spec.seed = spec.seed.checked_add(repeat).ok_or_else(|| {
            Error::bad_value("top level", "seed", spec.seed, "it leaves no room for further seeds")
        })?;
        spec.title = self.name(at);
        Ok(spec)
    }

    /// The combination in words.
    pub fn name(&self, at: &[usize]) -> String {
        let part = |(axis, &i): (&Axis, &usize)| match axis.key.split_once('.') {
            Some((_, key)) => format!("{} {}", key.replace('_', " "), axis.name(i)),
            None => axis.name(i),
        };
        self.axes.iter().zip(at).map(part).collect::<Vec<_>>().join(", ")
    }

    /// The experiment's own title.
    pub fn title(&self) -> Option<&str> {
        self.base.get("title").and_then(Value::as_str)
    }
}

/// The axes of `[sweep.over]`, written with dotted keys, as sub-tables or as quoted keys.
fn axes(over: Option<Value>) -> Result<Vec<Axis>, Error> {
    let Some(Value::Table(over)) = over else {
        return Err(Error::MissingKey {
            section: "sweep".into(),
            key: "over".into(),
            expected: "`[sweep.over]` names the keys that vary, as in `model.width = [64, 256]`".into(),
        });
    };
    let mut out = vec![];
    for (name, value) in over {
        match value {
            Value::Table(keys) => {
                for (key, value) in keys {
                    out.push(axis(format!("{name}.{key}"), value)?);
                }
            }
            value => out.push(axis(name, value)?),
        }
    }
    if out.is_empty() {
        return Err(Error::bad_value("sweep", "over", "empty", "at least one key must vary"));
    }
    Ok(out)
}

fn axis(key: String, value: Value) -> Result<Axis, Error> {
    let (section, whole) = match key.split_once('.') {
        Some((section, _)) => (section, false),
        None => (key.as_str(), true),
    };
    if !SECTIONS.contains(&section) {
        let valid: Vec<String> = SECTIONS.iter().map(|s| (*s).to_string()).collect();
        return Err(Error::UnknownKey {
            section: "sweep.over".into(),
            nearest: nearest(section, &valid),
            key: section.into(),
            valid,
            line: None,
        });
    }
    let expected = if whole {
        "a whole section varies as a list of tables, as in `[{ kind = \"sgd\" }, { kind = \"adam\" }]`"
    } else {
        "a key varies as a list of at least one value"
    };
    match value {
        Value::Array(values) if !values.is_empty() && (!whole || values.iter().all(Value::is_table)) => {
            Ok(Axis { key, values })
        }
        other => Err(Error::bad_value("sweep.over", &key, other, expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "seed = 3\n[data]\nkind = \"iris\"\nclasses = [\"setosa\", \"versicolor\"]\n[loss]\nkind = \"logistic\"\n\
        [optimizer]\nkind = \"gradient_descent\"\n[sweep]\nseeds = 2\n[sweep.over]\n";

    fn parse(over: &str) -> Result<SweepSpec, Error> {
        SweepSpec::parse(&format!("{FILE}{over}"))
    }

    #[test]
    fn every_combination_is_an_experiment() {
        let sweep = parse(
            "optimizer = [{ kind = \"gradient_descent\" }, { kind = \"adam\", beta1 = 0.5 }]\ndata.bias = [true, false]",
        )
        .unwrap();
        let all = sweep.combinations();
        assert_eq!(all, [[0, 0], [0, 1], [1, 0], [1, 1]]);
        let last = sweep.experiment(&all[3], 1).unwrap();
        let first = sweep.experiment(&all[0], 0).unwrap();
        let adam = sweep.axes.iter().position(|a| a.key == "optimizer").unwrap();
        assert_eq!(
            (first.seed, last.seed, first.optimizer.id(), last.optimizer.id()),
            (3, 4, "gradient_descent", "adam")
        );
        assert_eq!(sweep.axes[adam].name(1), "adam, beta1 0.5");
        assert!(last.title.contains("bias false"), "{}", last.title);
    }

    #[test]
    fn quoted_and_dotted_keys_are_one() {
        let axes = |over: &str| parse(over).unwrap().axes;
        assert_eq!(axes("\"data.bias\" = [true]"), axes("data.bias = [true]"));
        assert_eq!(axes("horizon.time = [\"1e3\", 100]")[0].numbers(), Some(vec![1e3, 100.0]));
    }

    #[test]
    fn what_cannot_vary_is_refused() {
        let refused = [
            ("dat.bias = [true]", "Did you mean `data`"),
            ("data.bias = true", "list"),
            ("data.bias = []", "list"),
            ("optimizer = [\"sgd\"]", "list of tables"),
            ("data.bia = [true]", "Did you mean `bias`"),
            ("", "at least one key"),
        ];
        for (over, words) in refused {
            let message = parse(over).err().unwrap().to_string();
            assert!(message.contains(words), "{over}: {message}");
        }
        let message = SweepSpec::parse("[data]\nkind = \"iris\"").err().unwrap().to_string();
        assert!(message.contains("[sweep.over]"), "{message}");
    }
}
