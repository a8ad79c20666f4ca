//! Which theorem speaks of an experiment.

use super::case::in_scope;
use super::{Case, Check, Prediction, Theorem, all};
use crate::Error;
use crate::terms::{Holds, Hypothesis};

/// The outcome of looking through all theorems.
pub enum Resolution {
    /// Every hypothesis holds or is at least not refuted.
    Applies {
        id: &'static str,
        theorem: &'static dyn Theorem,
        hypotheses: Vec<Hypothesis>,
        prediction: Prediction,
    },
    /// A theorem is about this kind of experiment, but the named hypothesis fails.
    OutOfScope {
        id: &'static str,
        theorem: &'static dyn Theorem,
        hypotheses: Vec<Hypothesis>,
        prediction: Prediction,
        broken: String,
    },
    /// No theorem is about this kind of experiment.
    None,
}

/// Looks through all theorems (or only the one named): first those whose scope fits, among them the ones with no
/// refuted hypothesis, among these theorems before conjectures, and the one that assumes most, for it says most.
pub fn resolve(case: &Case, wanted: Option<&str>) -> Result<Resolution, Error> {
    let theorems = match wanted {
        None => all().into_iter().filter(|(_, t)| !t.is_refinement()).collect(),
        Some(name) => vec![named(name)?],
    };
    let mut candidates: Vec<(&'static str, &'static dyn Theorem, Vec<Check>)> = theorems
        .into_iter()
        .map(|(id, t)| (id, t, t.hypotheses(case)))
        .filter(|(_, _, checks)| wanted.is_some() || in_scope(checks))
        .collect();
    // A stable sort keeps the registry's alphabetical order among equals: the choice is deterministic.
    candidates.sort_by_key(|(_, theorem, checks)| {
        let refuted = checks.iter().filter(|c| c.hypothesis.holds == Holds::No).count();
        (refuted, theorem.is_conjecture(), usize::MAX - checks.len())
    });
    let Some((id, theorem, checks)) = candidates.into_iter().next() else {
        return Ok(Resolution::None);
    };
    let broken = checks.iter().find(|c| c.hypothesis.holds == Holds::No).map(|c| c.hypothesis.name.clone());
    let hypotheses = checks.into_iter().map(|c| c.hypothesis).collect();
    let prediction = theorem.predict(case);
    Ok(match broken {
        None => Resolution::Applies { id, theorem, hypotheses, prediction },
        Some(broken) => Resolution::OutOfScope { id, theorem, hypotheses, prediction, broken },
    })
}

fn named(name: &str) -> Result<(&'static str, &'static dyn Theorem), Error> {
    all().into_iter().find(|(id, _)| *id == name).ok_or_else(|| {
        let valid: Vec<String> = all().iter().map(|(id, _)| id.to_string()).collect();
        Error::unknown_word("top level", "theorem", name, valid)
    })
}
