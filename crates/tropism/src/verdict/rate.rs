//! The rate seen: a least-squares slope of log gap against the log of the predicted clock.

use super::measured::{Point, RateSeen};
use crate::terms::{Rate, RateClock};

/// The window is the last factor of this size in the clock.
const WINDOW: f64 = 8.0;
/// Fewer points than this prove no slope.
const FEWEST: usize = 5;

/// The clock's value at a point, if it has one: `ln t`, `t` or the step number.
fn clock(point: &Point, which: RateClock) -> Option<f64> {
    let ln_time = point.log10_time? * std::f64::consts::LN_10;
    let value = match which {
        RateClock::LogTime => ln_time,
        RateClock::Time => ln_time.exp(),
        RateClock::Steps => point.step as f64,
    };
    (value > 0.0 && value.is_finite()).then_some(value)
}

/// Fits the slope over the last factor 8 of the clock; `None` with fewer than five points of positive gap there.
pub fn fit(series: &[Point], rate: &Rate) -> Option<RateSeen> {
    let points: Vec<(f64, f64, f64)> = series
        .iter()
        .filter_map(|p| {
            let c = clock(p, rate.clock)?;
            let shown = if rate.clock == RateClock::Steps { p.step as f64 } else { p.log10_time? };
            p.gap.filter(|g| *g > 0.0 && g.is_finite()).map(|g| (c, g, shown))
        })
        .collect();
    let end = points.last()?.0;
    let used: Vec<_> = points.iter().filter(|(c, _, _)| *c >= end / WINDOW).collect();
    if used.len() < FEWEST {
        return None;
    }
    let n = used.len() as f64;
    let xs: Vec<f64> = used.iter().map(|(c, _, _)| c.log10()).collect();
    let ys: Vec<f64> = used.iter().map(|(_, g, _)| g.log10()).collect();
    let (mx, my) = (xs.iter().sum::<f64>() / n, ys.iter().sum::<f64>() / n);
    let sxx: f64 = xs.iter().map(|x| (x - mx) * (x - mx)).sum();
    let sxy: f64 = xs.iter().zip(&ys).map(|(x, y)| (x - mx) * (y - my)).sum();
    if sxx <= 0.0 {
        return None;
    }
    let slope = sxy / sxx;
    Some(RateSeen {
        slope,
        predicted: rate.exponent,
        points: used.len(),
        window: [used.first()?.2, used.last()?.2],
        intercept: my - slope * mx,
    })
}
