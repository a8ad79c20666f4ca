//! Median times.

use std::time::Instant;

/// How long to measure.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Repetitions, of which the median is taken.
    pub repeats: usize,
    /// Least seconds of one repetition.
    pub least: f64,
    /// Leave out what takes long.
    pub quick: bool,
}

impl Effort {
    pub const FULL: Effort = Effort { repeats: 7, least: 0.05, quick: false };
    pub const QUICK: Effort = Effort { repeats: 3, least: 0.005, quick: true };
}

/// Median seconds of one call of `f`, called as often as a repetition needs.
pub fn seconds(effort: Effort, mut f: impl FnMut()) -> f64 {
    let mut calls = 1u32;
    let once = |calls: u32, f: &mut dyn FnMut()| {
        let begin = Instant::now();
        (0..calls).for_each(|_| f());
        begin.elapsed().as_secs_f64()
    };
    let mut first = once(calls, &mut f);
    while first < effort.least && calls < 1 << 30 {
        calls *= 2;
        first = once(calls, &mut f);
    }
    // A call that is long by itself is repeated less often.
    let repeats = if first > 2.0 {
        1
    } else if first > 0.5 {
        3.min(effort.repeats)
    } else {
        effort.repeats
    };
    let mut times = vec![first];
    times.extend((1..repeats).map(|_| once(calls, &mut f)));
    times.sort_by(f64::total_cmp);
    times[times.len() / 2] / f64::from(calls)
}

/// A number with a unit prefix.
pub fn si(value: f64) -> String {
    let (scale, prefix) = match value {
        v if v >= 1e9 => (1e9, "G"),
        v if v >= 1e6 => (1e6, "M"),
        v if v >= 1e3 => (1e3, "k"),
        v if v >= 1.0 => (1.0, ""),
        v if v >= 1e-3 => (1e-3, "m"),
        _ => (1e-6, "µ"),
    };
    format!("{:.3} {prefix}", value / scale)
}
