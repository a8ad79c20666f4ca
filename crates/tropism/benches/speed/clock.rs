//! Least times: whatever else the machine does only ever adds.

use std::time::Instant;

/// How long to measure.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Repetitions, of which the shortest counts.
    pub repeats: usize,
    /// Least seconds of one repetition: short, so that some are left undisturbed.
    pub least: f64,
    /// Seconds after which no repetition is begun.
    pub most: f64,
    /// Leave out what takes long.
    pub quick: bool,
}

impl Effort {
    pub const FULL: Effort = Effort { repeats: 200, least: 1e-3, most: 1.5, quick: false };
    pub const QUICK: Effort = Effort { repeats: 40, least: 5e-4, most: 0.2, quick: true };
}

/// Seconds of one call of `f`, called as often as a repetition needs.
pub fn seconds(effort: Effort, mut f: impl FnMut()) -> f64 {
    let mut calls = 1u32;
    let begin = Instant::now();
    let once = |calls: u32, f: &mut dyn FnMut()| {
        let begin = Instant::now();
        (0..calls).for_each(|_| f());
        begin.elapsed().as_secs_f64()
    };
    let mut least = once(calls, &mut f);
    while least < effort.least && calls < 1 << 30 {
        calls *= 2;
        least = once(calls, &mut f);
    }
    for _ in 1..effort.repeats {
        if begin.elapsed().as_secs_f64() > effort.most {
            break;
        }
        least = least.min(once(calls, &mut f));
    }
    least / f64::from(calls)
}

/// The time in the middle: what a typical one of several problems takes, however one of them was disturbed.
pub fn median(times: impl Iterator<Item = f64>) -> f64 {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
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
