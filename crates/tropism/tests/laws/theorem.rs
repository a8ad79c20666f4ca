//! Laws of the theorems. That witnesses agree and counter-witnesses are refused is tested in `witnesses.rs`.

use crate::{Law, holds};
use std::sync::atomic::{AtomicUsize, Ordering};
use tropism::report::Holds;
use tropism::spec::Setup;
use tropism::theory::{self, Case, Check, Claim, Prediction, ProgramSpec, Theorem, Witnesses, check};
use tropism::training::{self, Horizon, Silent};
use tropism::{Error, Spec};

fn setup(text: &str) -> Result<Setup, String> {
    let dedented = text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let spec = Spec::parse(&dedented).map_err(|e| e.to_string())?;
    Setup::build(&spec, &|file| Err(Error::data(file.path.clone(), "no files in tests")))
        .map_err(|e| e.to_string())
}

/// Words that tell all theorems' experiments apart: each theorem is asked about each of them.
fn experiments() -> Vec<Setup> {
    let texts = theory::all().into_iter().flat_map(|(_, t)| [t.witnesses().witness, t.witnesses().counter]);
    texts.map(|t| setup(t).expect("a valid experiment")).collect()
}

/// Two evaluations agree, on one case and on a fresh one; and a run in between changes nothing.
fn pure_and_blind(theorem: &dyn Theorem, experiments: &[Setup]) -> Law {
    for setup in experiments {
        let (first, second) = (Case::new(setup), Case::new(setup));
        let look = |case: &Case| (theorem.hypotheses(case), theorem.predict(case));
        let before = look(&first);
        let mut job = setup.job();
        job.horizon = Horizon { log_time: None, steps: Some(3), exact_steps: 3, log_loss: None };
        training::run(&job, &mut Silent);
        holds(before == look(&first) && before == look(&second), || {
            format!("changes its mind on {}", setup.data.name)
        })?;
    }
    Ok(())
}

/// Its hypotheses have distinct names and evidence that is not empty, and one of them can fail: where it is in scope, a condition
/// beyond scope, or (for an identity, which holds wherever it makes sense) a part of its scope that its counter-witness leaves.
fn assumes_something(theorem: &dyn Theorem, experiments: &[Setup]) -> Law {
    let counter = setup(theorem.witnesses().counter)?;
    let leaves_scope =
        theorem.hypotheses(&Case::new(&counter)).iter().any(|c| c.scope && c.hypothesis.holds == Holds::No);
    for setup in experiments {
        let checks = theorem.hypotheses(&Case::new(setup));
        let names: Vec<&str> = checks.iter().map(|c| c.hypothesis.name.as_str()).collect();
        for (i, c) in checks.iter().enumerate() {
            holds(!c.hypothesis.evidence.is_empty() && !names[i].is_empty(), || {
                format!("no evidence for {}", names[i])
            })?;
            holds(!names[..i].contains(&names[i]), || format!("two hypotheses are called {}", names[i]))?;
        }
        // Outside its scope a theorem need not look at what is dear to check.
        let outside = checks.iter().any(|c| c.scope && c.hypothesis.holds == Holds::No);
        let condition = checks.iter().any(|c| !c.scope);
        holds(condition || leaves_scope || outside, || "it assumes nothing beyond its scope".into())?;
    }
    Ok(())
}

/// The pair: no hypothesis fails on the witness; on the counter-witness the named condition, and only conditions, fail.
fn pair_differs_where_it_says(theorem: &dyn Theorem, _: &[Setup]) -> Law {
    let pair = theorem.witnesses();
    let (witness, counter) = (setup(pair.witness)?, setup(pair.counter)?);
    let failing = |s: &Setup| -> Vec<String> {
        let checks = theorem.hypotheses(&Case::new(s));
        checks.into_iter().filter(|c| c.hypothesis.holds == Holds::No).map(|c| c.hypothesis.name).collect()
    };
    let (here, there) = (failing(&witness), failing(&counter));
    holds(here.is_empty(), || format!("fails on its witness: {here:?}"))?;
    holds(there.iter().any(|n| n == pair.broken), || format!("{there:?} instead of {}", pair.broken))
}

/// A source with a year and where to find it, and a statement that is a sentence.
fn cites(theorem: &dyn Theorem, experiments: &[Setup]) -> Law {
    let source = theorem.source();
    let year = source
        .split(|c: char| !c.is_ascii_digit())
        .any(|w| w.len() == 4 && (w.starts_with("19") || w.starts_with("20")));
    let place = source.contains("arXiv") || source.contains("doi") || source.contains("DOI");
    holds(year && place, || format!("source {source:?}"))?;
    let statement = theorem.predict(&Case::new(&experiments[0])).statement;
    holds(statement.ends_with('.') && statement.len() > 20, || format!("statement {statement:?}"))
}

type TheoremLaw = fn(&dyn Theorem, &[Setup]) -> Law;
const LAWS: [(&str, TheoremLaw); 4] = [
    ("pure and blind to runs", pure_and_blind),
    ("assumes something", assumes_something),
    ("its pair differs where it says", pair_differs_where_it_says),
    ("cites", cites),
];

#[test]
fn every_theorem_obeys_every_law() {
    let experiments = experiments();
    let mut failures = vec![];
    for (id, theorem) in theory::all() {
        for (title, law) in LAWS {
            if let Err(e) = law(theorem, &experiments) {
                failures.push(format!("{id}: {title}: {e}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A theorem that counts its calls, assumes nothing but its scope, and has no source.
struct Broken(AtomicUsize);

impl Theorem for Broken {
    fn source(&self) -> &'static str {
        "folklore"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![case.linear_model()]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        let calls = self.0.fetch_add(1, Ordering::SeqCst);
        let program = ProgramSpec::Ridge { lambda: 1.0 };
        Prediction { statement: format!("call {calls}"), program, claim: Claim::Selected, rate: None }
    }

    fn witnesses(&self) -> Witnesses {
        let text = "[data]\nkind = \"soudry_fig1\"\n[loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"gradient_descent\"";
        Witnesses { witness: text, counter: text, broken: "linear model" }
    }
}

#[test]
fn every_law_catches_a_broken_theorem() {
    let broken = Broken(AtomicUsize::new(0));
    let experiments = [setup(broken.witnesses().witness).expect("a valid experiment")];
    for (title, law) in LAWS {
        assert!(law(&broken, &experiments).is_err(), "not caught: {title}");
    }
    // A hypothesis without evidence is caught by the same law as one that assumes nothing.
    assert!(check("named", Holds::Yes, "").hypothesis.evidence.is_empty());
}
