//! Laws of the measures.

use crate::{Law, binary, close, gaussian, holds, multiclass, random, regression};
use tropism::data::Dataset;
use tropism::measures::{self, Measure, MeasureFacts, View};

/// Data of every kind.
fn datasets() -> Vec<Dataset> {
    vec![binary(41, 8, 3), multiclass(42, 9, 3, 3), regression(43, 6, 3)]
}

fn predictor(data: &Dataset, seed: u64) -> Vec<f64> {
    gaussian(&mut random(seed), data.d() * data.targets.outputs())
}

/// At the target it has its declared value: to rounding, and at any positive multiple if it is scale invariant.
fn declared_value_at_target(measure: &dyn Measure) -> Law {
    let facts = measure.facts();
    let Some(want) = facts.at_target else { return Ok(()) };
    for data in datasets() {
        let margins = data.margins();
        let target = predictor(&data, 44);
        for c in if facts.scale_invariant { vec![1.0, 0.3, 1e100] } else { vec![1.0] } {
            let w: Vec<f64> = target.iter().map(|v| c * v).collect();
            let got = measure.evaluate(&View {
                w: &w,
                data: &data,
                margins: margins.as_ref(),
                target: Some(&target),
            });
            let got = got.ok_or("no value at the target")?;
            // Two normalisations of vectors of up to nine entries.
            close(got, want, 1e-14, || "at the target".into())?;
        }
    }
    Ok(())
}

/// Unchanged under positive scaling if declared so, and changed on some data if not.
fn scale_invariant_as_declared(measure: &dyn Measure) -> Law {
    let mut changed = false;
    for data in datasets() {
        let margins = data.margins();
        let (w, target) = (predictor(&data, 45), predictor(&data, 46));
        let at = |w: &[f64]| {
            measure.evaluate(&View { w, data: &data, margins: margins.as_ref(), target: Some(&target) })
        };
        for c in [0.3, 2.0, 1e3] {
            let scaled: Vec<f64> = w.iter().map(|v| c * v).collect();
            match (at(&w), at(&scaled)) {
                (Some(a), Some(b)) => changed |= (a - b).abs() > 1e-13 * a.abs(),
                (a, b) => holds(a.is_none() && b.is_none(), || "a value appears with the scale".into())?,
            }
        }
    }
    holds(changed != measure.facts().scale_invariant, || format!("changed with the scale: {changed}"))
}

/// Without a target, a predictor or samples it has a value or none, but never NaN and never a panic.
fn total(measure: &dyn Measure) -> Law {
    for data in datasets() {
        let margins = data.margins();
        let w = predictor(&data, 47);
        let zero = vec![0.0; w.len()];
        for view in [
            View { w: &w, data: &data, margins: margins.as_ref(), target: None },
            View { w: &zero, data: &data, margins: margins.as_ref(), target: Some(&w) },
            View { w: &w, data: &data, margins: margins.as_ref(), target: Some(&zero) },
            View { w: &zero, data: &data, margins: margins.as_ref(), target: Some(&zero) },
        ] {
            holds(measure.evaluate(&view).is_none_or(|v| v.is_finite()), || {
                format!("not a number at {:?}", view.w)
            })?;
        }
    }
    Ok(())
}

type MeasureLaw = fn(&dyn Measure) -> Law;
const LAWS: [(&str, MeasureLaw); 3] = [
    ("declared value at the target", declared_value_at_target),
    ("scale invariant as declared", scale_invariant_as_declared),
    ("total", total),
];

#[test]
fn every_measure_obeys_every_law() {
    let mut failures = vec![];
    for (id, measure) in measures::all() {
        for (title, law) in LAWS {
            if let Err(e) = law(measure) {
                failures.push(format!("{id}: {title}: {e}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The plain distance, declaring what is not true of it.
struct Broken;

impl Measure for Broken {
    fn evaluate(&self, view: &View) -> Option<f64> {
        let target = view.target?;
        let square: f64 = view.w.iter().zip(target).map(|(a, b)| (a - b) * (a - b)).sum();
        Some(1.0 + square / target.iter().map(|v| v * v).sum::<f64>())
    }

    fn facts(&self) -> MeasureFacts {
        MeasureFacts { unit: "1", at_target: Some(0.0), scale_invariant: true }
    }
}

#[test]
fn every_law_catches_a_broken_measure() {
    for (title, law) in LAWS {
        assert!(law(&Broken).is_err(), "not caught: {title}");
    }
}
