//! What is seen of a quantity along a run, as the end of a sentence.

use crate::report::format::time;
use crate::report::{Point, Report};

/// How far outside its ends a quantity must have been on the way for that to be told, as a share of what it moved in all.
const TOLD: f64 = 0.1;

/// `goes from … to …`, with the largest or smallest value on the way where that lies outside; `of` reads a value off a moment, and `show`
/// writes it. Empty if there are fewer than two values.
pub(super) fn story(
    report: &Report,
    of: impl Fn(&Point) -> Option<f64>,
    show: impl Fn(f64) -> String,
) -> String {
    let value = |p: &Point| Some((p.log10_time, of(p).filter(|v| v.is_finite())?));
    let seen: Vec<(Option<f64>, f64)> = report.series.iter().filter_map(value).collect();
    let [(from, first), .., (to, last)] = seen.as_slice() else { return String::new() };
    let when = |t: &Option<f64>| format!("t = {}", time(*t));
    let by = |a: &&(Option<f64>, f64), b: &&(Option<f64>, f64)| a.1.total_cmp(&b.1);
    let (Some(low), Some(high)) = (seen.iter().min_by(by), seen.iter().max_by(by)) else {
        return String::new();
    };
    if show(low.1) == show(high.1) {
        return format!("stays at {} from {} to {}", show(*first), when(from), when(to));
    }
    let margin = TOLD * (high.1 - low.1);
    let above = (high.1 > first.max(*last) + margin)
        .then(|| format!(", by way of {} at {}, the largest", show(high.1), when(&high.0)));
    let below = (low.1 < first.min(*last) - margin)
        .then(|| format!(", by way of {} at {}, the smallest", show(low.1), when(&low.0)));
    format!(
        "goes from {} at {} to {} at {}{}",
        show(*first),
        when(from),
        show(*last),
        when(to),
        above.or(below).unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures;
    use crate::report::format::number;

    fn told(values: &[f64]) -> String {
        let mut report = fixtures::regression();
        report.series.truncate(values.len());
        for (k, (p, v)) in report.series.iter_mut().zip(values).enumerate() {
            (p.log10_time, p.norm) = (Some(k as f64), *v);
        }
        story(&report, |p| Some(p.norm), number)
    }

    #[test]
    fn ends_and_what_lies_outside_them_are_told() {
        assert_eq!(told(&[1.0, 2.0, 3.0]), "goes from 1 at t = 1 to 3 at t = 100");
        assert_eq!(told(&[1.0, 1.0]), "stays at 1 from t = 1 to t = 10");
        assert_eq!(
            told(&[1.0, 9.0, 3.0]),
            "goes from 1 at t = 1 to 3 at t = 100, by way of 9 at t = 10, the largest"
        );
        assert_eq!(
            told(&[1.0, -9.0, 3.0]),
            "goes from 1 at t = 1 to 3 at t = 100, by way of −9 at t = 10, the smallest"
        );
        assert_eq!(told(&[1.0]), "");
    }
}
