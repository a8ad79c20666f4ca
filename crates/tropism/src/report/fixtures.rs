//! Reports made by hand for the tests of every rendering.

pub(super) use super::hollow::hollow;
use super::*;
use crate::programs::Certificate;
use crate::programs::least_rank::LeastRank;

/// log10 of the last time of [`classification`].
pub(super) const LAST: f64 = 1e5;
/// `gap = GAP_AT_ONE / ln t` in [`classification`].
pub(super) const GAP_AT_ONE: f64 = 0.8;

/// Logistic regression on separable data, followed to `t = 10^100000`; the gap is exactly `0.8 / ln t`.
pub(super) fn classification() -> Report {
    Report {
        title: "Gradient descent on the logistic loss".into(),
        experiment:
            "title = \"Gradient descent on the logistic loss\"\n\n[data]\nkind = \"gaussian_clouds\"\n\
                     samples = 60\n\n[optimizer]\nkind = \"gradient_descent\"\nstep_size = \"auto\"\n"
                .into(),
        verdict: VerdictKind::Agrees,
        reason:
            "Gradient descent selects the ℓ2 max-margin direction: the certified gap is 3.5×10⁻⁶, below the \
                 tolerance 0.01, and falls at the predicted rate 1 / log t."
                .into(),
        log10_time: Some(LAST),
        prediction: prediction(),
        selected: Selected {
            relative_gap: Some(3.474e-6),
            certificate: Some(Certificate {
                value: 2.300_008,
                lower_bound: 2.3,
                relative_gap: 3.474e-6,
                violation: 0.0,
            }),
            direction_distance: Some(1.2e-6),
            margin: Some(0.434_781),
            offset_distance: Some(3.1e-5),
            support_dimension: Some(7.25),
            train_error: Some(0.0),
            test_error: Some(0.0125),
        },
        rate: Some(RateSeen {
            slope: -1.0,
            late_slope: -1.0,
            predicted: -1.0,
            points: 48,
            window: [1e2, LAST],
            intercept: GAP_AT_ONE.log10(),
        }),
        rule: JudgeRule::default(),
        data: data(),
        run: run(),
        series: (0..=160).map(|k| separable_point(f64::from(k))).collect(),
        margins: margins(),
        coordinates: coordinates(),
        ..hollow()
    }
}

fn separable_point(k: f64) -> Point {
    let asinh = |v: f64| v.asinh();
    let l = (asinh(-2.0) + (asinh(LAST) - asinh(-2.0)) * k / 160.0).sinh();
    let log_t = l * std::f64::consts::LN_10;
    let late = log_t > 1.0;
    Point {
        step: if l < 4.0 { 10f64.powf(l + 2.0) as u64 } else { 1_000_000 },
        log10_time: Some(l),
        log10_loss: Some(-0.16 - 0.5 * (1.0 + 10f64.powf(l.min(300.0))).log10() - 0.5 * (l - 300.0).max(0.0)),
        norm: 0.02 + 2.3 * log_t.max(0.0),
        gap: late.then(|| GAP_AT_ONE / log_t),
        direction_distance: late.then(|| 0.5 / log_t),
        offset_distance: (log_t > 3.0).then(|| 2.0 / log_t.sqrt()),
        margin_l2: Some(0.4348 - 0.5 / (1.0 + log_t.max(0.0))),
        train_error: Some(if l > 0.5 { 0.0 } else { 0.05 }),
        test_error: Some(if l > 1.5 { 0.0125 } else { 0.06 }),
        phase: if l < 4.0 { "discrete" } else { "flow" }.into(),
        ..Point::default()
    }
}

fn prediction() -> PredictionReport {
    let hypothesis = |name: &str, holds, evidence: &str| Hypothesis {
        name: name.into(),
        holds,
        evidence: evidence.into(),
    };
    PredictionReport {
        theorem: Some("max_margin_gradient_descent".into()),
        source: Some("Soudry, Hoffer, Nacson, Gunasekar, Srebro (2018), Theorem 3, arXiv:1710.10345".into()),
        statement: "The direction of the iterates converges to the ℓ2 max-margin direction of the 60 points."
            .into(),
        program: Some("max_margin".into()),
        formula: Some("min ‖w‖₂ subject to yᵢ⟨w, xᵢ⟩ ≥ 1 for all i".into()),
        negative: false,
        law: false,
        value: Some(2.3),
        lower_bound: Some(2.299_999_999_999),
        relative_gap: Some(4.3e-13),
        unique: Some(true),
        margin: Some(0.434_782_6),
        method: Some("dense interior point".into()),
        hypotheses: vec![
            hypothesis(
                "separable data",
                Holds::Yes,
                "largest ℓ2 margin at least 0.43478, certified by a separator",
            ),
            hypothesis("exponential tail", Holds::Yes, "logistic loss: tail exponent 1, tight"),
            hypothesis("step size below 2/β", Holds::Yes, "η = 0.031 < 2/β = 0.062 on the first 10⁶ steps"),
            hypothesis(
                "almost every data set",
                Holds::Unchecked,
                "the offset needs support vectors in general position",
            ),
        ],
        rate: Some(Rate {
            law: "gap = Θ(1 / log t)".into(),
            clock: RateClock::LogTime,
            exponent: -1.0,
            upper_bound_only: false,
        }),
        hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
    }
}

fn data() -> DataReport {
    DataReport {
        name: "gaussian_clouds".into(),
        samples: 60,
        inputs: 20,
        outputs: 1,
        test_samples: 400,
        notes: vec!["Columns were centred and scaled to unit variance.".into()],
    }
}

fn run() -> RunReport {
    RunReport {
        optimizer: "gradient_descent".into(),
        loss: "logistic".into(),
        model: "linear".into(),
        norm_of: NormOf::Predictor,
        step_size: Some(0.031),
        step_size_origin: "half of 2/β, β from the largest singular value".into(),
        coordinates: "log time and logarithmic dual variables, because the weights overflow no float there"
            .into(),
        steps: 1_000_000,
        flow_steps: 1834,
        flow_rejected: 12,
        continuation_bound: Some(2.1e-7),
        ended: "completed".into(),
        measured: true,
        phases: vec![
            "Discrete gradient descent for the first 1 000 000 steps (t from 0 to 10^4).".into(),
            "Gradient flow in log time from t = 10^4 to t = 10^100000.".into(),
        ],
    }
}

fn margins() -> Vec<MarginRow> {
    let row = |norm: &str, achieved: f64, optimum: f64| MarginRow {
        norm: norm.into(),
        achieved,
        optimum,
        optimum_upper: optimum * (1.0 + 1e-12),
        fraction: achieved / optimum,
    };
    vec![row("l1", 0.121, 0.187), row("l2", 0.434_781, 0.434_782_6), row("linf", 1.21, 1.52)]
}

fn coordinates() -> Vec<Coordinate> {
    let names =
        ["mean radius", "mean texture", "worst perimeter", "worst concave points of the outline", "x₅"];
    let pair = |k: usize| {
        let v = (0.7 * (k as f64 + 1.0)).sin() / (1.0 + 0.15 * k as f64);
        let name = names.get(k).map_or_else(|| format!("x{}", k + 1), |n| (*n).to_string());
        Coordinate { name, selected: v, predicted: v * 0.97 + 0.004 }
    };
    (0..12).map(pair).collect()
}

/// Least squares with more unknowns than equations, to `t = 10^6`; exponential convergence in `t`.
pub(super) fn regression() -> Report {
    let point = |k: i32| {
        let l = -2.0 + 8.0 * f64::from(k) / 80.0;
        let gap = 0.9 * (1.0 + 10f64.powf(l)).powi(-2);
        Point {
            step: 10f64.powf(l + 3.0) as u64,
            log10_time: Some(l),
            log10_loss: Some(gap.log10() - 1.0),
            norm: 3.0 * (1.0 - gap),
            gap: Some(gap),
            residual: Some(gap.sqrt()),
            phase: "discrete".into(),
            ..Point::default()
        }
    };
    let base = classification();
    Report {
        title: "Minimum-norm interpolation".into(),
        verdict: VerdictKind::Disagrees,
        reason: "The run settled at a certified distance from the minimum-norm interpolant.".into(),
        log10_time: Some(6.0),
        prediction: PredictionReport {
            formula: Some("min ‖w‖₂ subject to Xw = y".into()),
            margin: None,
            rate: Some(Rate {
                law: "gap = O(t^-2)".into(),
                clock: RateClock::Time,
                exponent: -2.0,
                upper_bound_only: true,
            }),
            ..prediction()
        },
        rate: Some(RateSeen {
            slope: -2.0,
            late_slope: -2.0,
            predicted: -2.0,
            points: 20,
            window: [2.0, 6.0],
            intercept: -0.046,
        }),
        series: (0..=80).map(point).collect(),
        margins: vec![],
        ..base
    }
}

/// A rate in steps, with step sizes that grow: `gap = steps^-1/2`, `t = steps^2`.
pub(super) fn steps() -> Report {
    let mut report = regression();
    report.prediction.rate = Some(Rate {
        law: "gap = O(1 / √k)".into(),
        clock: RateClock::Steps,
        exponent: -0.5,
        upper_bound_only: true,
    });
    report.rate = Some(RateSeen {
        slope: -0.5,
        late_slope: -0.5,
        predicted: -0.5,
        points: 12,
        window: [16.0, 4096.0],
        intercept: 0.0,
    });
    let point = |k: u32| {
        let step = 1_u64 << k;
        let gap = (step as f64).powf(-0.5);
        let log10_time = Some(2.0 * (step as f64).log10());
        Point {
            step,
            log10_time,
            gap: Some(gap),
            norm: 1.0 - gap / 2.0,
            phase: "discrete".into(),
            ..Point::default()
        }
    };
    report.series = (0..=14).map(point).collect();
    report
}

/// Nothing predicted: the run is still described.
pub(super) fn no_prediction() -> Report {
    let mut report = classification();
    report.verdict = VerdictKind::NoPrediction;
    report.reason = "No theorem in the registry speaks of this optimizer with this model.".into();
    report.prediction = PredictionReport { statement: "No prediction.".into(), ..hollow().prediction };
    report.selected = Selected { train_error: Some(0.0), ..hollow().selected };
    report.rate = None;
    report.coordinates.clear();
    for p in &mut report.series {
        (p.gap, p.offset_distance, p.direction_distance) = (None, None, None);
    }
    report
}

/// Stopped by the user after a few steps.
pub(super) fn interrupted() -> Report {
    let mut report = classification();
    report.verdict = VerdictKind::Undecided;
    report.reason = "The run was interrupted at t = 1 before it settled.".into();
    report.series.retain(|p| p.log10_time.is_some_and(|l| l < 0.0));
    report.log10_time = Some(0.0);
    report.rate = None;
    report.run.ended = "interrupted".into();
    report
}

/// Every name tries to break out of its rendering.
pub(super) fn hostile() -> Report {
    let mut report = classification();
    let evil = "</script><script>alert(\"1\")</script>&amp;\u{1b}[31m<!--";
    for text in [&mut report.title, &mut report.reason, &mut report.experiment, &mut report.data.name] {
        *text = evil.into();
    }
    report.coordinates[0].name = evil.into();
    report.margins[0].norm = evil.into();
    report.prediction.hypotheses[0].evidence = evil.repeat(5);
    report.prediction.hypotheses[1].name = "w".repeat(300);
    report
}

/// To `t = 10^1000000` with few points, gaps that reach zero, and a loss that is exactly zero in the end.
pub(super) fn deepest() -> Report {
    let mut report = classification();
    let point = |k: i32| {
        let l = 10f64.powi(k);
        let gap = if k < 5 { 0.3 / l } else { 0.0 };
        let log10_loss = (k < 5).then_some(-l);
        Point {
            log10_time: Some(l),
            gap: Some(gap),
            log10_loss,
            norm: l,
            phase: "flow".into(),
            ..Point::default()
        }
    };
    report.series = std::iter::once(Point { phase: "discrete".into(), ..Point::default() })
        .chain((-2..=6).map(point))
        .collect();
    report.log10_time = Some(1e6);
    report.rate = None;
    report
}

/// A 6 × 4 matrix completed: `σ_k = t^(1/k)`, every other entry observed, and measures that share charts.
pub(super) fn completion() -> Report {
    let mut report = regression();
    for p in &mut report.series {
        let l = p.log10_time.unwrap_or(0.0);
        p.spectrum = (1..=4).map(|k| 10f64.powf(l / f64::from(k))).collect();
        let measured = [
            ("unobserved_error", 10f64.powf(-1.0 - l)),
            ("effective_rank", 2.5),
            ("stable_rank", 1.5),
            ("balancedness", 1e-12),
            ("support_dimension", 7.0 + l),
            ("direction_distance", 10f64.powf(-l)),
            ("a_measure_of_another_version", 1.0),
        ];
        p.measured = measured.map(|(id, v)| (id.to_string(), v)).into();
    }
    let cells = |keep: &dyn Fn(usize) -> bool| (0..24).map(|k| keep(k).then_some(k as f64)).collect();
    report.completion = Some(CompletionReport {
        of: [12, 8],
        rows: 6,
        cols: 4,
        truth: cells(&|_| true),
        mask: cells(&|k| k % 2 == 0),
        completed: cells(&|k| k != 5),
        predicted: vec![],
        least_rank: Some(LeastRank { at_least: 2, at_most: 3 }),
    });
    report
}

/// A convolutional network: a predictor of length 9 with its spectrum beside the predicted one.
pub(super) fn convolution() -> Report {
    let mut report = classification();
    let predicted = vec![Some(0.0), Some(0.5), Some(0.25), None, Some(0.1)];
    let selected = vec![Some(0.1), Some(0.5), Some(0.2), Some(0.0), Some(0.1)];
    report.fourier = Some(FourierReport { length: 9, selected, predicted });
    report
}

/// All of them, for the checks that every report must pass.
pub(super) fn all() -> Vec<Report> {
    vec![
        classification(),
        regression(),
        no_prediction(),
        interrupted(),
        hostile(),
        hollow(),
        steps(),
        deepest(),
        completion(),
        convolution(),
    ]
}
