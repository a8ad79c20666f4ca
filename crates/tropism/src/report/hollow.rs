//! A report in which every number that can be missing is.

use super::*;
use crate::programs::Certificate;

/// NaN, infinity or nothing wherever the type allows it.
pub(super) fn hollow() -> Report {
    let nan = f64::NAN;
    let point = |log10_time, gap| Point { log10_time, gap, norm: nan, ..Point::default() };
    Report {
        schema: "tropism-verdict/1".into(),
        version: "0.1.0".into(),
        title: String::new(),
        experiment: String::new(),
        verdict: VerdictKind::Undecided,
        reason: String::new(),
        log10_time: None,
        prediction: PredictionReport {
            theorem: None,
            source: None,
            statement: String::new(),
            program: None,
            formula: None,
            negative: false,
            law: false,
            value: None,
            lower_bound: None,
            relative_gap: None,
            unique: None,
            margin: None,
            method: None,
            hypotheses: vec![],
            rate: None,
            hash: String::new(),
        },
        selected: Selected {
            relative_gap: Some(nan),
            certificate: Some(Certificate {
                value: f64::INFINITY,
                lower_bound: f64::NEG_INFINITY,
                relative_gap: f64::INFINITY,
                violation: nan,
            }),
            direction_distance: None,
            margin: None,
            offset_distance: None,
            support_dimension: None,
            train_error: None,
            test_error: None,
        },
        rate: Some(RateSeen {
            slope: nan,
            late_slope: nan,
            predicted: nan,
            points: 0,
            window: [nan, nan],
            intercept: nan,
        }),
        rule: JudgeRule { tolerance: nan, ..JudgeRule::default() },
        data: DataReport {
            name: String::new(),
            samples: 0,
            inputs: 0,
            outputs: 0,
            test_samples: 0,
            notes: vec![],
        },
        run: RunReport {
            optimizer: String::new(),
            loss: String::new(),
            model: String::new(),
            norm_of: NormOf::default(),
            step_size: None,
            step_size_origin: String::new(),
            coordinates: String::new(),
            steps: 0,
            flow_steps: 0,
            flow_rejected: 0,
            continuation_bound: None,
            ended: "diverged".into(),
            measured: true,
            phases: vec![],
        },
        series: vec![
            point(None, None),
            point(Some(nan), Some(1.0)),
            point(Some(f64::INFINITY), Some(f64::INFINITY)),
            point(Some(1.0), Some(nan)),
            point(Some(2.0), Some(0.0)),
        ],
        margins: vec![MarginRow {
            norm: "l2".into(),
            achieved: nan,
            optimum: nan,
            optimum_upper: nan,
            fraction: nan,
        }],
        coordinates: vec![Coordinate { name: String::new(), selected: nan, predicted: f64::INFINITY }],
        completion: None,
        fourier: None,
        visits: None,
    }
}
