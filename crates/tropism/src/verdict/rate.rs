//! The rate seen: a least-squares slope of log gap against the log of the predicted clock.

use super::measured::{Point, RateSeen};
use crate::terms::{Rate, RateClock};

/// The window is the last factor of this size in the clock.
const WINDOW: f64 = 8.0;
/// Of a power law in `t` itself, the window is the last part of this size of `log t`: records are as sparse as that.
const WINDOW_OF_LOG_TIME: f64 = 0.25;
/// Fewer points than this prove no slope.
const FEWEST: usize = 5;
/// Gaps below this are rounding of the certificate; only power laws in `t` itself get there.
const FLOOR: f64 = 1e-12;

/// Natural logarithm of the clock's value at a point, if it has one: of `ln t`, `t` or the step number.
fn log_clock(point: &Point, which: RateClock) -> Option<f64> {
    let ln_time = point.log10_time? * std::f64::consts::LN_10;
    let value = match which {
        RateClock::LogTime => ln_time.ln(),
        RateClock::Time => ln_time,
        RateClock::Steps => (point.step as f64).ln(),
    };
    value.is_finite().then_some(value)
}

/// Length of the window in the logarithm of the clock, which ends at `end`.
fn window(which: RateClock, end: f64) -> f64 {
    match which {
        RateClock::LogTime | RateClock::Steps => WINDOW.ln(),
        RateClock::Time => (WINDOW_OF_LOG_TIME * end).max(WINDOW.ln()),
    }
}

/// Fits the slope over the end of the clock (its last factor 8, of `t` itself the last quarter of `log t`); `None` with
/// fewer than five points of positive gap there.
pub fn fit(series: &[Point], rate: &Rate) -> Option<RateSeen> {
    let least = if rate.clock == RateClock::Time { FLOOR } else { 0.0 };
    let points: Vec<(f64, f64, f64)> = series
        .iter()
        .filter_map(|p| {
            let c = log_clock(p, rate.clock)?;
            let shown = if rate.clock == RateClock::Steps { p.step as f64 } else { p.log10_time? };
            p.gap.filter(|g| *g > least && g.is_finite()).map(|g| (c, g, shown))
        })
        .collect();
    let end = points.last()?.0;
    let width = window(rate.clock, end);
    let used: Vec<_> = points.iter().copied().filter(|(c, _, _)| *c >= end - width).collect();
    if used.len() < FEWEST {
        return None;
    }
    let late: Vec<_> = used.iter().copied().filter(|(c, _, _)| *c >= end - 0.5 * width).collect();
    let (slope, intercept) = line(&used)?;
    let (late_slope, _) = line(&late)?;
    Some(RateSeen {
        slope,
        late_slope,
        predicted: rate.exponent,
        points: used.len(),
        window: [used.first()?.2, used.last()?.2],
        intercept,
    })
}

/// Slower falls than this are no ground for a forecast.
const LEAST_FALL: f64 = 0.05;
/// Latest horizon, `log10 t`, before margins of that size leave too few digits to the differences between them.
const LATEST: f64 = 2e7;

/// When a gap that falls like a power of `log t` reaches `tolerance`, in words; by the flatter of its slopes over the window and over
/// the later half of that. `None` where it does not fall.
pub fn forecast(series: &[Point], tolerance: f64) -> Option<String> {
    let clock = RateClock::LogTime;
    let plain = Rate { law: String::new(), clock, exponent: 0.0, upper_bound_only: false };
    let seen = fit(series, &plain)?;
    let (last, fall) = (series.last()?, -seen.slope.max(seen.late_slope));
    let (gap, now) = (last.gap?, last.log10_time?);
    let then = now * (gap / tolerance).powf(1.0 / fall);
    if fall < LEAST_FALL || now <= 0.0 || then.is_nan() {
        return None;
    }
    if then > LATEST {
        return Some(format!(
            "it falls like (log t)^-{fall:.2}, too slowly for any horizon that double precision reaches"
        ));
    }
    // One digit is all that a slope is good for.
    let unit = 10f64.powf(then.log10().floor());
    let horizon = ((then / unit).floor() + 1.0) * unit;
    Some(format!(
        "it falls like (log t)^-{fall:.2}, and at that rate is within the tolerance by horizon.time = \"1e{horizon:.0}\""
    ))
}

/// Least-squares line through `(log10 clock, log10 gap)`: slope and intercept.
fn line(points: &[(f64, f64, f64)]) -> Option<(f64, f64)> {
    let n = points.len() as f64;
    let xs: Vec<f64> = points.iter().map(|(c, _, _)| c / std::f64::consts::LN_10).collect();
    let ys: Vec<f64> = points.iter().map(|(_, g, _)| g.log10()).collect();
    let (mx, my) = (xs.iter().sum::<f64>() / n, ys.iter().sum::<f64>() / n);
    let sxx: f64 = xs.iter().map(|x| (x - mx) * (x - mx)).sum();
    let sxy: f64 = xs.iter().zip(&ys).map(|(x, y)| (x - mx) * (y - my)).sum();
    (sxx > 0.0).then(|| (sxy / sxx, my - sxy / sxx * mx))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(exponent: f64, level: f64) -> Vec<Point> {
        let at = |log10_time: f64| Point {
            log10_time: Some(log10_time),
            gap: Some(level * log10_time.powf(exponent)),
            ..Point::default()
        };
        (0..20).map(|i| at(1000.0 * 1.5f64.powi(i))).collect()
    }

    /// `gap = (log10 t)^(-1/2)` is 1e-3 at `log10 t = 10^6`, from which rounding may fall to either side of a digit.
    #[test]
    fn forecasts_the_horizon_of_a_power_law() {
        let words = forecast(&series(-0.5, 1.0), 1e-3).unwrap();
        assert!(words.contains("(log t)^-0.50"), "{words}");
        assert!(words.contains("\"1e1000000\"") || words.contains("\"1e2000000\""), "{words}");
        assert!(forecast(&series(-0.06, 10.0), 1e-3).unwrap().contains("too slowly"), "beyond every horizon");
        assert_eq!(forecast(&series(-0.01, 0.1), 1e-3), None, "too slow to be a fall");
        assert_eq!(forecast(&series(0.1, 0.1), 1e-3), None, "a rise");
    }
}
