//! The judge: one total function.

use crate::terms::{JudgeRule, VerdictKind};

/// How the judged quantity behaved at the end of the run.
#[derive(Default, Debug, Clone, Copy, PartialEq)]
pub enum Settled {
    /// It no longer changes and could not change any more: the run rests at a finite point, or is so deep in the tail of
    /// the loss that its own weights certify the program.
    Yes,
    /// It falls at the predicted rate or faster.
    Falling { slope: f64, predicted: f64 },
    /// Neither: still changing, or too few points to tell.
    #[default]
    No,
}

/// A refuted hypothesis.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    pub name: String,
    /// What refutes it.
    pub evidence: String,
}

/// What the judge looks at. Nothing else exists for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The first refuted hypothesis, if a theorem spoke of this kind of experiment.
    pub broken: Option<Broken>,
    /// Whether any theorem spoke of this experiment.
    pub predicted: bool,
    /// If no theorem spoke: what keeps the known ones from it.
    pub silence: Option<String>,
    /// Names of hypotheses that could not be checked.
    pub unchecked: Vec<String>,
    /// The theorem says the program's solution is *not* selected.
    pub negative: bool,
    /// The theorem holds in a limit that no run reaches, and nothing bounds the rest: it can be confirmed only. Which limit.
    pub approximate: Option<&'static str>,
    /// Not a solution is predicted but a law of a measured quantity; `gap` is the deviation from it.
    pub law: bool,
    /// The law holds as long as nothing happens, and hardly anything has: it can be refuted only.
    pub untested: bool,
    /// The reference's own certified relative gap.
    pub reference_gap: f64,
    /// What alone forbids a judgement: how the run ended (`was interrupted`, `diverged`, …), that it has not begun to
    /// select anything yet, or that its continuation on the flow is not certain enough.
    pub unfinished: Option<String>,
    /// The judged quantity at the end; `None` if the last point has no feasible representative.
    pub gap: Option<f64>,
    /// Directions are compared: a point without a representative is one that does not separate the data.
    pub direction: bool,
    pub settled: Settled,
    /// For a run that has not settled: which horizon should decide, in words, if that can be told.
    pub forecast: Option<String>,
}

/// Hypotheses that could not be checked, as the subject of a sentence, with the verb that agrees in number.
pub(super) struct Open {
    pub the: String,
    pub are: &'static str,
}

impl Open {
    /// `None` if there are none.
    pub fn of<S: AsRef<str>>(names: &[S]) -> Option<Self> {
        let quoted: Vec<String> = names.iter().map(|n| format!("“{}”", n.as_ref())).collect();
        let (last, before) = quoted.split_last()?;
        Some(match before {
            [] => Self { the: format!("the hypothesis {last}"), are: "is" },
            _ => Self { the: format!("the hypotheses {} and {last}", before.join(", ")), are: "are" },
        })
    }
}

/// A verdict with its reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub verdict: VerdictKind,
    pub reason: String,
}

/// The truth table, read from the top; the first row that fits decides. `near` means gap ≤ tolerance.
///
/// | theorem | hypotheses | reference | run | near | settled | claim | verdict |
/// |---|---|---|---|---|---|---|---|
/// | none | | | | | | | no prediction |
/// | yes | one fails | | | | | | out of scope |
/// | yes | hold | too wide | | | | | undecided (reference) |
/// | yes | hold | tight | diverged, interrupted, not begun, uncertain | | | | undecided (run) |
/// | yes | hold | tight | ended | no value | | | undecided (run) |
/// | yes | one unchecked | tight | ended | yes | | selected | undecided (hypothesis) |
/// | yes | hold | tight | ended, hardly anything happened | yes | | a law of the whole run | undecided (run) |
/// | yes | hold | tight | ended | yes | | selected | agrees |
/// | yes | hold | tight | ended | no | | selected in a limit | undecided (a law of small steps, of infinite width) |
/// | yes | hold | tight | ended | no | falling at the rate | selected | agrees |
/// | yes | hold | tight | ended | no | yes | selected | disagrees, or undecided if a hypothesis is unchecked |
/// | yes | hold | tight | ended | no | no | selected | undecided (run) |
/// | yes | hold | tight | ended | yes | | not selected | undecided (a coincidence is not excluded) |
/// | yes | hold | tight | ended | no | yes | not selected | agrees |
/// | yes | hold | tight | ended | no | falling or no | not selected | undecided (run) |
pub fn judge(e: &Evidence, rule: &JudgeRule) -> Finding {
    let say = |verdict, reason: String| Finding { verdict, reason };
    if !e.predicted {
        let why = e.silence.as_ref().map_or(String::new(), |why| format!(" {why}"));
        let reason = format!("No theorem in the registry speaks of this experiment.{why}");
        return say(VerdictKind::NoPrediction, reason);
    }
    if let Some(broken) = &e.broken {
        return say(
            VerdictKind::OutOfScope,
            format!(
                "The theorem does not apply here: its hypothesis “{}” fails, {}.",
                broken.name, broken.evidence
            ),
        );
    }
    if !e.reference_gap.is_finite() {
        let reason = match Open::of(&e.unchecked) {
            Some(Open { the, are }) => format!(
                "The predicted program has no certified solution here, and {the} {are} neither proven nor refuted."
            ),
            None => "The predicted program has no certified solution here.".into(),
        };
        return say(VerdictKind::Undecided, reason);
    }
    let asked = rule.reference_gap.min(rule.tolerance);
    if e.reference_gap > asked {
        return say(
            VerdictKind::Undecided,
            format!(
                "The reference solution is certified only to a relative gap of {:.1e}, wider than the {:.1e} the rule asks for.",
                e.reference_gap, asked
            ),
        );
    }
    if let Some(how) = &e.unfinished {
        return say(VerdictKind::Undecided, format!("Nothing can be judged yet: the run {how}."));
    }
    let Some(gap) = e.gap else {
        if e.law {
            let until = e.forecast.as_ref().map_or(String::new(), |until| format!("; {until}"));
            let reason = format!(
                "The measured quantity has no value at the end of the run (it does not separate the data, the model has none, or \
                 rounding has taken what it rests on){until}."
            );
            return say(VerdictKind::Undecided, reason);
        }
        let why = match e.direction {
            true => {
                "does not separate the data, so that no multiple of it satisfies the constraints of the predicted program"
            }
            false => {
                "is too far from satisfying the equations of the predicted program to be compared with its solution"
            }
        };
        return say(VerdictKind::Undecided, format!("The last recorded point {why}."));
    };
    if e.negative { judge_negative(e, gap, rule) } else { judge_positive(e, gap, rule) }
}

fn judge_positive(e: &Evidence, gap: f64, rule: &JudgeRule) -> Finding {
    let tolerance = rule.tolerance;
    let near = gap <= tolerance;
    if let Some(limit) = e.approximate.filter(|_| !near) {
        let reason = format!("The gap, {gap:.2e}, is above the tolerance {tolerance:.1e}; {limit}.");
        return Finding { verdict: VerdictKind::Undecided, reason };
    }
    if e.untested && near {
        let reason =
            "The law held so far, but the training loss has not even halved: the run is too short to test it.".into();
        return Finding { verdict: VerdictKind::Undecided, reason };
    }
    let quantity = if e.law { "deviation from the law" } else { "certified gap" };
    let words = match e.settled {
        _ if e.law && near => {
            format!("The law holds: deviation {gap:.2e}, tolerance {tolerance:.1e}.")
        }
        Settled::Falling { slope, predicted } if e.law => format!(
            "The deviation from the law, {gap:.2e}, falls at the predicted rate: slope {slope:.3} seen, {predicted:.3} predicted."
        ),
        Settled::Yes if e.law => {
            format!("The law is broken: deviation {gap:.2e}, tolerance {tolerance:.1e}.")
        }
        _ if near => format!(
            "The selected solution is the predicted one: certified relative gap {gap:.2e}, tolerance {tolerance:.1e}."
        ),
        Settled::Falling { slope, predicted } => format!(
            "The certified gap, {gap:.2e}, falls at the predicted rate: slope {slope:.3} seen, {predicted:.3} predicted."
        ),
        Settled::Yes => format!(
            "The run settled elsewhere: its certified relative gap to the predicted solution stays at {gap:.2e}, tolerance {tolerance:.1e}."
        ),
        Settled::No => {
            let next = match Open::of(&e.unchecked) {
                None => e.forecast.clone().unwrap_or("a longer horizon may decide".into()),
                Some(Open { the, are }) => {
                    format!("and no longer horizon can decide while {the} {are} unchecked")
                }
            };
            format!(
                "The run has not settled: its {quantity}, {gap:.2e}, is above the tolerance {tolerance:.1e} and neither \
                 stays nor falls at a predicted rate; {next}."
            )
        }
    };
    let verdict = match e.settled {
        _ if near => VerdictKind::Agrees,
        Settled::Falling { .. } => VerdictKind::Agrees,
        Settled::Yes => VerdictKind::Disagrees,
        Settled::No => VerdictKind::Undecided,
    };
    if verdict != VerdictKind::Undecided
        && let Some(Open { the, .. }) = Open::of(&e.unchecked)
    {
        let reason =
            format!("{words} But {the} could not be checked, so the theorem is not put to the test.");
        return Finding { verdict: VerdictKind::Undecided, reason };
    }
    Finding { verdict, reason: words }
}

fn judge_negative(e: &Evidence, gap: f64, rule: &JudgeRule) -> Finding {
    let tolerance = rule.tolerance;
    if gap <= tolerance {
        let reason = format!(
            "The run is within {gap:.2e} of the solution that in general is not selected (tolerance {tolerance:.1e}); on \
             these data the two may coincide, which the theorem does not exclude."
        );
        return Finding { verdict: VerdictKind::Undecided, reason };
    }
    if e.settled == Settled::Yes {
        let reason = format!(
            "As the theorem says, the run settled away from that solution: its certified relative gap stays at {gap:.2e}."
        );
        return Finding { verdict: VerdictKind::Agrees, reason };
    }
    let reason = format!("The gap, {gap:.2e}, still changes; a longer horizon may decide.");
    Finding { verdict: VerdictKind::Undecided, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use VerdictKind::{Agrees, Disagrees, NoPrediction, OutOfScope, Undecided};

    fn evidence() -> Evidence {
        Evidence {
            broken: None,
            predicted: true,
            silence: None,
            unchecked: vec![],
            negative: false,
            approximate: None,
            law: false,
            untested: false,
            reference_gap: 1e-12,
            unfinished: None,
            gap: Some(1e-5),
            direction: false,
            settled: Settled::No,
            forecast: None,
        }
    }

    /// Every row of the truth table, in its order.
    #[test]
    fn walks_the_truth_table() {
        let falling = Settled::Falling { slope: -1.0, predicted: -1.0 };
        let far = Some(0.3);
        let broken = Broken { name: "separable data".into(), evidence: "two samples contradict".into() };
        let rows: Vec<(Evidence, VerdictKind)> = vec![
            (Evidence { predicted: false, ..evidence() }, NoPrediction),
            (Evidence { broken: Some(broken), ..evidence() }, OutOfScope),
            (Evidence { reference_gap: 1e-3, ..evidence() }, Undecided),
            (Evidence { reference_gap: f64::NAN, ..evidence() }, Undecided),
            (Evidence { unfinished: Some("diverged".into()), ..evidence() }, Undecided),
            (Evidence { untested: true, law: true, ..evidence() }, Undecided),
            (
                Evidence { untested: true, law: true, gap: Some(0.5), settled: Settled::Yes, ..evidence() },
                Disagrees,
            ),
            (Evidence { gap: None, ..evidence() }, Undecided),
            (Evidence { unchecked: vec!["separable data".into()], ..evidence() }, Undecided),
            (evidence(), Agrees),
            (
                Evidence {
                    gap: far,
                    settled: Settled::Yes,
                    approximate: Some("the theorem is a law of small steps"),
                    ..evidence()
                },
                Undecided,
            ),
            (Evidence { gap: far, settled: falling, ..evidence() }, Agrees),
            (Evidence { gap: far, settled: Settled::Yes, ..evidence() }, Disagrees),
            (
                Evidence { gap: far, settled: Settled::Yes, unchecked: vec!["x".into()], ..evidence() },
                Undecided,
            ),
            (Evidence { gap: far, settled: Settled::No, ..evidence() }, Undecided),
            (Evidence { negative: true, ..evidence() }, Undecided),
            (Evidence { negative: true, gap: far, settled: Settled::Yes, ..evidence() }, Agrees),
            (Evidence { negative: true, gap: far, settled: falling, ..evidence() }, Undecided),
            (Evidence { negative: true, gap: far, ..evidence() }, Undecided),
        ];
        for (i, (e, expected)) in rows.iter().enumerate() {
            let found = judge(e, &JudgeRule::default());
            assert_eq!(found.verdict, *expected, "row {i}: {}", found.reason);
            assert!(found.reason.ends_with('.'), "row {i}: the reason is a sentence");
        }
    }

    #[test]
    fn one_hypothesis_is_and_several_are() {
        let reason = |names: &[&str], gap: f64, reference_gap: f64| {
            let unchecked = names.iter().map(|n| (*n).to_string()).collect();
            judge(&Evidence { unchecked, gap: Some(gap), reference_gap, ..evidence() }, &JudgeRule::default())
                .reason
        };
        for (gap, reference_gap, one, several) in [
            (
                0.5,
                0.0,
                "while the hypothesis “a” is unchecked",
                "while the hypotheses “a”, “b” and “c” are unchecked",
            ),
            (0.0, 0.0, "But the hypothesis “a” could not", "But the hypotheses “a”, “b” and “c” could not"),
            (
                0.0,
                f64::INFINITY,
                "the hypothesis “a” is neither",
                "the hypotheses “a”, “b” and “c” are neither",
            ),
        ] {
            let (found, all) =
                (reason(&["a"], gap, reference_gap), reason(&["a", "b", "c"], gap, reference_gap));
            assert!(found.contains(one), "{found}");
            assert!(all.contains(several), "{all}");
        }
    }
}
