//! `max |Σ c_i relu(⟨u, x_i⟩)|` over the unit circle, by one sweep over the directions orthogonal to the data.
//!
//! Between two such directions the sum is linear, `⟨s, u⟩`, and its largest modulus on the arc is `‖s‖` where `±s` points
//! into the arc and lies at an end otherwise. Nothing is sampled.
//!
//! Error: every computed direction is within `2·10⁻¹⁵` of the true one (one `atan2`, one addition, one wrap). Where a sample is
//! counted on the wrong side, `u` is within three times that of the direction where its term is zero, so the sum is off by at most
//! `6·10⁻¹⁵ Σ|c_i| ‖x_i‖`; the sums themselves are compensated. [`SLACK`] covers both.

use super::variation_oracle::{Peak, Peaks};
use crate::numerics::Matrix;
use crate::numerics::directed::two_sum;
use std::f64::consts::{FRAC_PI_2, PI};

/// Relative to `Σ|c_i| ‖x_i‖`.
pub(super) const SLACK: f64 = 1e-14;
/// Uncertainty of an angle.
const ANGLE: f64 = 2e-15;

/// A direction at which sample `i` begins or ceases to count.
struct Event {
    angle: f64,
    sample: usize,
    enters: bool,
}

/// A sum of vectors in twice the working precision.
#[derive(Default)]
struct Sum {
    high: [f64; 2],
    low: [f64; 2],
}

impl Sum {
    fn add(&mut self, c: f64, x: &[f64]) {
        for ((high, low), v) in self.high.iter_mut().zip(&mut self.low).zip(x) {
            let (s, e) = two_sum(*high, c * v);
            *high = s;
            *low += e;
        }
    }

    fn value(&self) -> [f64; 2] {
        [self.high[0] + self.low[0], self.high[1] + self.low[1]]
    }
}

/// `x [n × 2]`, `c [n]`; `lipschitz` is `Σ|c_i| ‖x_i‖`.
pub(super) fn peaks(x: &Matrix, c: &[f64], lipschitz: f64) -> Peaks {
    let (events, mut sum) = events(x, c);
    let mut peaks = Peaks::default();
    let Some(last) = events.last() else { return peaks };
    // The arc before the first event is the one after the last.
    let mut from = last.angle - 2.0 * PI;
    for event in &events {
        arc(sum.value(), from, event.angle, &mut peaks);
        let weight = if event.enters { c[event.sample] } else { -c[event.sample] };
        sum.add(weight, x.row(event.sample));
        from = event.angle;
    }
    peaks.above = (peaks.best() + SLACK * lipschitz).next_up();
    peaks
}

/// The directions in increasing order, and the sum just before the first of them.
fn events(x: &Matrix, c: &[f64]) -> (Vec<Event>, Sum) {
    let mut events = vec![];
    let mut sum = Sum::default();
    for (i, &weight) in c.iter().enumerate() {
        let row = x.row(i);
        if weight == 0.0 || row.iter().all(|&v| v == 0.0) {
            continue;
        }
        let angle = row[1].atan2(row[0]);
        let wrap = |a: f64| {
            if a < -PI {
                a + 2.0 * PI
            } else if a >= PI {
                a - 2.0 * PI
            } else {
                a
            }
        };
        let (begin, end) = (wrap(angle - FRAC_PI_2), wrap(angle + FRAC_PI_2));
        events.push(Event { angle: begin, sample: i, enters: true });
        events.push(Event { angle: end, sample: i, enters: false });
        if begin > end {
            sum.add(weight, row);
        }
    }
    events.sort_by(|a, b| a.angle.total_cmp(&b.angle));
    (events, sum)
}

/// The largest modulus of `⟨s, u⟩` for `u` between two angles.
fn arc(s: [f64; 2], from: f64, to: f64, peaks: &mut Peaks) {
    let size = s[0].hypot(s[1]);
    for sign in [1.0, -1.0] {
        let angle = (sign * s[1]).atan2(sign * s[0]);
        let inside = [angle, angle - 2.0 * PI].iter().any(|a| from - ANGLE <= *a && *a <= to + ANGLE);
        if inside && size > 0.0 {
            peaks.offer(Peak { value: size, u: vec![sign * s[0] / size, sign * s[1] / size] });
        }
    }
    let (sine, cosine) = to.sin_cos();
    peaks.offer(Peak { value: (s[0] * cosine + s[1] * sine).abs(), u: vec![cosine, sine] });
}
