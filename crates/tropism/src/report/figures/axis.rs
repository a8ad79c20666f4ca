//! Axes: where a value lies between 0 and 1, and which values get a tick.
//!
//! Times reach `t = 10^100000`, so the time axis shows `asinh(log10 t)`: logarithmic in `log t` where `log t`
//! is large (a power law in `log t` is straight), smooth and monotone through `t = 1`, and as honest about
//! times below one as about times above.

use super::canvas::text_width;
use crate::report::format::{digits, superscript};

/// How a value is bent before it is laid on the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Warp {
    Straight,
    /// `asinh(v)`: linear near zero, logarithmic (with sign) far out.
    Asinh,
}

impl Warp {
    fn apply(self, v: f64) -> f64 {
        match self {
            Warp::Straight => v,
            Warp::Asinh => v.asinh(),
        }
    }

    fn undo(self, u: f64) -> f64 {
        match self {
            Warp::Straight => u,
            Warp::Asinh => u.sinh(),
        }
    }
}

/// A tick; only some carry a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub at: f64,
    pub label: Option<String>,
}

/// What the values on an axis stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The value itself.
    Plain,
    /// The value is a log10; labels are powers of ten.
    Powers,
}

/// One axis over a range of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub label: String,
    warp: Warp,
    kind: Kind,
    /// Ends after warping.
    ends: [f64; 2],
}

/// The room an axis has, for spacing its labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    Across,
    Up,
}

pub(super) const LABEL_SIZE: f64 = 12.0;

impl Axis {
    /// An axis of powers of ten around log10 `values`; `None` if no value is finite.
    pub fn powers(label: &str, warp: Warp, values: impl Iterator<Item = f64>) -> Option<Self> {
        Self::around(label, warp, Kind::Powers, values, 0.2)
    }

    /// An axis of plain numbers around `values`; `None` if no value is finite.
    pub fn plain(label: &str, values: impl Iterator<Item = f64>) -> Option<Self> {
        Self::around(label, Warp::Straight, Kind::Plain, values, 1e-9)
    }

    fn around(
        label: &str,
        warp: Warp,
        kind: Kind,
        values: impl Iterator<Item = f64>,
        least: f64,
    ) -> Option<Self> {
        let (lo, hi) = values
            .filter(|v| v.is_finite())
            .map(|v| warp.apply(v))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        if lo > hi {
            return None;
        }
        // What vanishes throughout, like the error of a fit, stands at the foot of a unit interval.
        let hi = if kind == Kind::Plain && lo == 0.0 && hi == 0.0 { 1.0 } else { hi };
        // Another constant still needs an interval around it.
        let narrow = least.max(1e-6 * lo.abs().max(hi.abs()));
        let pad = if hi - lo < narrow { narrow.max(0.05 * lo.abs()) } else { 0.04 * (hi - lo) };
        Some(Self { label: label.into(), warp, kind, ends: [lo - pad, hi + pad] })
    }

    /// Position of a value between the two ends, in `[0, 1]` inside the axis.
    pub fn unit(&self, v: f64) -> f64 {
        (self.warp.apply(v) - self.ends[0]) / (self.ends[1] - self.ends[0])
    }

    /// The value at a position between the ends.
    pub fn value(&self, unit: f64) -> f64 {
        self.warp.undo(self.ends[0] + unit * (self.ends[1] - self.ends[0]))
    }

    /// The ends as values.
    pub fn range(&self) -> [f64; 2] {
        self.ends.map(|u| self.warp.undo(u))
    }

    /// Ticks with labels that do not touch on an axis of `length` pixels.
    pub fn ticks(&self, length: f64, lie: Lie) -> Vec<Tick> {
        let [lo, hi] = self.range();
        let mut ticks = match (self.kind, self.warp) {
            (Kind::Plain, _) => plain_ticks(lo, hi, length, lie),
            (Kind::Powers, Warp::Asinh) => {
                self.accept(&asinh_candidates(lo.abs().max(hi.abs())), length, lie)
            }
            (Kind::Powers, Warp::Straight) if hi - lo < 1.3 => narrow_ticks(lo, hi, length, lie),
            (Kind::Powers, Warp::Straight) => decade_ticks(lo, hi, length, lie),
        };
        ticks.retain(|t| (0.0..=1.0).contains(&self.unit(t.at)));
        ticks
    }

    /// Labels candidates in order of importance wherever there is room; the rest become small ticks.
    fn accept(&self, candidates: &[f64], length: f64, lie: Lie) -> Vec<Tick> {
        let mut taken: Vec<(f64, f64)> = Vec::new();
        let mut ticks = Vec::new();
        for &at in candidates {
            let unit = self.unit(at);
            if !(0.0..=1.0).contains(&unit) {
                continue;
            }
            let label = power_label(at);
            let half = half_extent(&label, lie);
            // Only 0 and powers of ten are worth a label unless little else is there.
            let plain = is_power_of_ten(at) || taken.len() < 3;
            let free = taken.iter().all(|&(u, h)| (u - unit).abs() * length > half + h);
            let named = plain && free;
            if named {
                taken.push((unit, half));
            }
            ticks.push(Tick { at, label: named.then_some(label) });
        }
        ticks
    }
}

fn half_extent(label: &str, lie: Lie) -> f64 {
    match lie {
        Lie::Across => text_width(label, LABEL_SIZE) / 2.0 + 7.0,
        Lie::Up => LABEL_SIZE * 0.85,
    }
}

fn is_power_of_ten(v: f64) -> bool {
    v == 0.0 || (v.abs().log10() - v.abs().log10().round()).abs() < 1e-9
}

fn power_label(exponent: f64) -> String {
    format!("10{}", superscript(&format!("{exponent:.0}")))
}

/// 0, then ±1, ±10, ±100, …, then their multiples.
fn asinh_candidates(largest: f64) -> Vec<f64> {
    let decades: Vec<f64> =
        (0..=308).map(|k| 10f64.powi(k)).take_while(|d| *d <= largest * 1.000_001).collect();
    let mut out = vec![0.0];
    // From the outside in: the largest times are what the figure is about.
    for &d in decades.iter().rev() {
        out.extend([d, -d]);
    }
    for factor in [5.0, 2.0, 3.0, 4.0, 6.0, 7.0, 8.0, 9.0] {
        for &d in &decades {
            out.extend([factor * d, -factor * d]);
        }
    }
    out
}

/// The smallest of 1, 2, 5, 10, 20, … that is at least `least`.
fn nice_step(least: f64) -> f64 {
    let decade = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .iter()
        .map(|m| m * decade)
        .find(|s| *s >= least * 0.999_999)
        .unwrap_or(10.0 * decade)
}

fn multiples(lo: f64, hi: f64, step: f64) -> impl Iterator<Item = f64> {
    // An axis never holds more than a few dozen ticks; the bound guards against a degenerate step.
    let first = (lo / step).ceil();
    (0..200).map(move |k| (first + f64::from(k)) * step).take_while(move |v| *v <= hi)
}

fn room(length: f64, lie: Lie) -> f64 {
    let each = match lie {
        Lie::Across => 62.0,
        Lie::Up => 38.0,
    };
    (length / each).max(2.0)
}

fn plain_ticks(lo: f64, hi: f64, length: f64, lie: Lie) -> Vec<Tick> {
    let step = nice_step((hi - lo) / room(length, lie));
    // Enough digits to tell neighbours apart; a value within rounding of zero is zero.
    let significant = (lo.abs().max(hi.abs()) / step).log10().ceil().max(1.0) as usize + 1;
    multiples(lo, hi, step)
        .map(|v| if v.abs() < step * 1e-6 { 0.0 } else { v })
        .map(|at| Tick { at, label: Some(digits(at, significant)) })
        .collect()
}

/// Less than about a decade: plain numbers at round values, placed at their logarithms.
fn narrow_ticks(lo: f64, hi: f64, length: f64, lie: Lie) -> Vec<Tick> {
    // Far from 1 the values themselves overflow; their exponents still tell.
    if lo.abs().max(hi.abs()) > 300.0 {
        return plain_ticks(lo, hi, length, lie)
            .into_iter()
            .map(|t| Tick { label: t.label.map(|l| format!("10^{l}")), ..t })
            .collect();
    }
    let values = plain_ticks(10f64.powf(lo), 10f64.powf(hi), length, lie);
    values.into_iter().filter(|t| t.at > 0.0).map(|t| Tick { at: t.at.log10(), ..t }).collect()
}

fn decade_ticks(lo: f64, hi: f64, length: f64, lie: Lie) -> Vec<Tick> {
    let step = nice_step(((hi - lo) / room(length, lie)).max(1.0));
    let mut ticks: Vec<Tick> =
        multiples(lo, hi, step).map(|at| Tick { at, label: Some(power_label(at)) }).collect();
    if step == 1.0 && hi - lo < 9.0 {
        let whole = lo.floor() as i64..=hi.ceil() as i64;
        let small = whole.flat_map(|k| (2..10).map(move |m| k as f64 + f64::from(m).log10()));
        ticks.extend(small.map(|at| Tick { at, label: None }));
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, length: f64) -> Vec<String> {
        let mut ticks = axis.ticks(length, Lie::Across);
        ticks.sort_by(|a, b| a.at.total_cmp(&b.at));
        ticks.into_iter().filter_map(|t| t.label).collect()
    }

    #[test]
    fn time_axis_names_the_decades_of_log_time() {
        let axis = Axis::powers("t", Warp::Asinh, [-2.0, 1e5].into_iter()).unwrap();
        let names = labels(&axis, 800.0);
        for name in ["10⁰", "10¹", "10¹⁰", "10¹⁰⁰", "10¹⁰⁰⁰", "10¹⁰⁰⁰⁰", "10¹⁰⁰⁰⁰⁰"]
        {
            assert!(names.iter().any(|n| n == name), "{name} in {names:?}");
        }
    }

    #[test]
    fn labels_do_not_touch() {
        for (lo, hi) in [(-3.0, 1e6), (-300.0, 2.0), (0.0, 0.01), (-1e5, 1e5), (3.0, 3.0), (-2.0, 40.0)] {
            for warp in [Warp::Straight, Warp::Asinh] {
                let axis = Axis::powers("t", warp, [lo, hi].into_iter()).unwrap();
                let mut at: Vec<(f64, f64)> = axis
                    .ticks(400.0, Lie::Across)
                    .iter()
                    .filter_map(|t| {
                        t.label.as_ref().map(|l| (400.0 * axis.unit(t.at), text_width(l, LABEL_SIZE)))
                    })
                    .collect();
                at.sort_by(|a, b| a.0.total_cmp(&b.0));
                assert!(at.windows(2).all(|w| w[1].0 - w[0].0 > (w[0].1 + w[1].1) / 2.0), "{lo} {hi} {at:?}");
            }
        }
    }

    #[test]
    fn unit_and_value_are_inverse() {
        let axis = Axis::powers("t", Warp::Asinh, [-2.0, 1e5].into_iter()).unwrap();
        for v in [-2.0, 0.0, 0.3, 17.0, 1e5] {
            // asinh and sinh are each good to an ulp of an argument below 13; sinh amplifies by its condition ≤ 13.
            assert!((axis.value(axis.unit(v)) - v).abs() <= 1e-12 * (1.0 + v.abs()));
        }
        assert!(Axis::plain("x", [f64::NAN].into_iter()).is_none());
    }
}
