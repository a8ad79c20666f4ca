//! The fitted and the predicted power law as lines over the time axis.

use super::axis::Axis;
use super::canvas::Role;
use super::chart::Line;
use crate::report::format::number;
use crate::report::{RateClock, Report};

/// Points along a curve; on the asinh axis a power law of `log t` bends near `t = 10`.
const SAMPLES: usize = 240;
/// How far the predicted line runs past the fitted window, as a part of the axis.
const OVERHANG: f64 = 0.12;

/// `log10 gap = intercept + slope · log10(clock)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Law {
    pub slope: f64,
    pub intercept: f64,
    clock: RateClock,
}

impl Law {
    /// The line fitted to the run.
    pub fn fitted(report: &Report) -> Option<Self> {
        let (seen, rate) = (report.rate.as_ref()?, report.prediction.rate.as_ref()?);
        let numbers = [seen.slope, seen.intercept, seen.window[0], seen.window[1]];
        let law = Self { slope: seen.slope, intercept: seen.intercept, clock: rate.clock };
        numbers.iter().all(|v| v.is_finite()).then_some(law)
    }

    /// The predicted exponent through the middle of the fitted window or, without a fit, through the last point.
    pub fn predicted(report: &Report) -> Option<Self> {
        let rate = report.prediction.rate.as_ref()?;
        let (x, y) = match (Self::fitted(report), report.rate.as_ref()) {
            (Some(fit), Some(seen)) => {
                let [from, to] = seen.window.map(|w| log10_clock_of_window(rate.clock, w));
                let x = (from + to) / 2.0;
                (x, fit.intercept + fit.slope * x)
            }
            _ => {
                let last =
                    report.series.iter().rev().find(|p| p.gap.is_some_and(|g| g > 0.0 && g.is_finite()))?;
                let log10_time = last.log10_time?;
                (log10_clock(rate.clock, log10_time, Some(last.step))?, last.gap?.log10())
            }
        };
        let law = Self { slope: rate.exponent, intercept: y - rate.exponent * x, clock: rate.clock };
        law.intercept.is_finite().then_some(law)
    }

    /// log10 of the gap at a log10 time (and step, where steps are the clock).
    fn at(&self, log10_time: f64, step: Option<u64>) -> f64 {
        log10_clock(self.clock, log10_time, step).map_or(f64::NAN, |c| self.intercept + self.slope * c)
    }
}

/// log10 of the clock; `None` before the clock starts.
fn log10_clock(clock: RateClock, log10_time: f64, step: Option<u64>) -> Option<f64> {
    match clock {
        RateClock::Time => Some(log10_time),
        // The clock is the natural log t = log10 t · ln 10.
        RateClock::LogTime => (log10_time > 0.0).then(|| (log10_time * std::f64::consts::LN_10).log10()),
        RateClock::Steps => step.filter(|s| *s > 0).map(|s| (s as f64).log10()),
    }
}

/// A window's end is a log10 time, or a number of steps where steps are the clock.
fn log10_clock_of_window(clock: RateClock, end: f64) -> f64 {
    match clock {
        RateClock::Steps => end.max(1.0).log10(),
        _ => log10_clock(clock, end, None).unwrap_or(f64::NAN),
    }
}

/// The fitted window on the time axis.
fn window(report: &Report, clock: RateClock) -> Option<[f64; 2]> {
    let window = report.rate.as_ref().map(|r| r.window).filter(|w| w.iter().all(|v| v.is_finite()))?;
    if clock != RateClock::Steps {
        return Some(window);
    }
    // The first recorded time at or after the given number of steps.
    let when = |steps: f64| {
        let reached = report.series.iter().filter(|p| p.step as f64 >= steps - 0.5);
        reached.filter_map(|p| p.log10_time).find(|l| l.is_finite())
    };
    Some([when(window[0])?, when(window[1])?])
}

fn curve(report: &Report, law: &Law, x: &Axis, units: [f64; 2]) -> Vec<(f64, f64)> {
    if law.clock == RateClock::Steps {
        // Steps and time need not be proportional: only recorded points know both.
        let inside = |l: &f64| (units[0]..=units[1]).contains(&x.unit(*l));
        let points = report.series.iter().filter_map(|p| Some((p.log10_time.filter(inside)?, p.step)));
        return points.map(|(l, step)| (l, law.at(l, Some(step)))).collect();
    }
    let unit = |k: usize| units[0] + (units[1] - units[0]) * k as f64 / SAMPLES as f64;
    (0..=SAMPLES).map(|k| x.value(unit(k))).map(|l| (l, law.at(l, None))).collect()
}

pub(super) fn fitted_line(report: &Report, law: &Law, x: &Axis) -> Option<Line> {
    let units = window(report, law.clock)?.map(|l| x.unit(l));
    let name = format!("fitted, slope {}", number(law.slope));
    Some(Line {
        name,
        role: Role::Fitted,
        width: 8.0,
        points: curve(report, law, x, units),
        dots: false,
        end: String::new(),
    })
}

pub(super) fn predicted_line(report: &Report, law: &Law, x: &Axis) -> Option<Line> {
    let units = match window(report, law.clock) {
        Some(ends) => ends.map(|l| x.unit(l)),
        None => [0.5, 1.0],
    };
    let units = [(units[0] - OVERHANG).max(0.0), (units[1] + OVERHANG).min(1.0)];
    let bound = report.prediction.rate.as_ref().is_some_and(|r| r.upper_bound_only);
    let name = format!("predicted{} slope {}", if bound { " bound," } else { "," }, number(law.slope));
    Some(Line {
        name,
        role: Role::Predicted,
        width: 1.8,
        points: curve(report, law, x, units),
        dots: false,
        end: String::new(),
    })
}
