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
/// Nor are falls whose slopes over the three thirds of the window differ by more than this part of the steepest: networks were seen to fall
/// steeply over decades of `log t` and then to stand for thousands.
const STEADY: f64 = 0.25;
/// Nor is one that would have to go on for more than this factor in `log t`: a factor of eight was seen.
const FARTHEST: f64 = 1e2;
/// Latest horizon, `log10 t`, before margins of that size leave too few digits to the differences between them.
const LATEST: f64 = 2e7;

/// When a gap that falls like a power of `log t` reaches `tolerance` if it goes on so, in words; by the flattest of its slopes over the
/// thirds of the window. `None` where it does not fall, or not steadily.
pub fn forecast(series: &[Point], tolerance: f64) -> Option<String> {
    let last = series.last()?;
    let (gap, now) = (last.gap?, last.log10_time?);
    let slopes = slopes_of_thirds(series)?;
    let steepest = slopes.iter().fold(f64::NEG_INFINITY, |m, s| m.max(-s));
    let fall = slopes.iter().fold(f64::INFINITY, |m, s| m.min(-s));
    let then = now * (gap / tolerance).powf(1.0 / fall);
    if fall < LEAST_FALL || steepest - fall > STEADY * steepest || now <= 0.0 || then.is_nan() {
        return None;
    }
    if then > LATEST {
        return Some(format!(
            "it falls like (log t)^-{fall:.2} now, and if it goes on so no horizon that double precision reaches will decide"
        ));
    }
    if then > FARTHEST * now {
        return None;
    }
    // One digit is all that a slope is good for.
    let unit = 10f64.powf(then.log10().floor());
    let horizon = ((then / unit).floor() + 1.0) * unit;
    Some(format!(
        "it falls like (log t)^-{fall:.2} now, and if it goes on so is within the tolerance by horizon.time = \"1e{horizon:.0}\""
    ))
}

/// Slopes of the gap against `log t`, in logarithms, over the thirds of the window in the order of time.
fn slopes_of_thirds(series: &[Point]) -> Option<[f64; 3]> {
    let point = |p: &Point| {
        let clock = log_clock(p, RateClock::LogTime)?;
        p.gap.filter(|g| *g > 0.0 && g.is_finite()).map(|g| (clock, g, 0.0))
    };
    let points: Vec<(f64, f64, f64)> = series.iter().filter_map(point).collect();
    let (end, width) = (points.last()?.0, WINDOW.ln() / 3.0);
    let slope = |third: usize| {
        let until = end - (2 - third) as f64 * width;
        // Neighbours share their border, so that a sparse record still has a line in each.
        let inside = |c: f64| c >= until - 1.05 * width && c <= until + 0.05 * width;
        let used: Vec<_> = points.iter().copied().filter(|(c, _, _)| inside(*c)).collect();
        line(&used).map(|(slope, _)| slope)
    };
    Some([slope(0)?, slope(1)?, slope(2)?])
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

    /// A gap that falls steeply and then hardly: its mean slope over the window says nothing of what follows.
    #[test]
    fn a_fall_that_flattens_is_no_ground_for_a_forecast() {
        let mut bent = series(-0.5, 1.0);
        let held = bent[15].gap.unwrap();
        bent.iter_mut().skip(16).for_each(|p| p.gap = Some(0.99 * held));
        assert_eq!(forecast(&bent, 1e-3), None);
    }

    /// `gap = (log10 t)^(-1/2)` is 1e-3 at `log10 t = 10^6`, from which rounding may fall to either side of a digit.
    #[test]
    fn forecasts_the_horizon_of_a_power_law() {
        let words = forecast(&series(-0.5, 1.0), 1e-3).unwrap();
        assert!(words.contains("(log t)^-0.50"), "{words}");
        assert!(words.contains("\"1e1000000\"") || words.contains("\"1e2000000\""), "{words}");
        assert!(forecast(&series(-0.06, 10.0), 1e-3).unwrap().contains("no horizon"), "beyond every horizon");
        assert_eq!(forecast(&series(-0.01, 0.1), 1e-3), None, "too slow to be a fall");
        let young: Vec<Point> = series(-0.3, 1.0)
            .into_iter()
            .map(|p| Point {
                log10_time: p.log10_time.map(|t| t / 100.0),
                gap: p.gap.map(|g| g * 100f64.powf(0.3)),
                ..p
            })
            .collect();
        assert!(forecast(&young, 0.02).unwrap().contains("\"1e500000\""), "twenty times what was seen");
        assert_eq!(forecast(&young, 0.008), None, "hundreds of times what was seen");
        assert_eq!(forecast(&series(0.1, 0.1), 1e-3), None, "a rise");
    }
}
