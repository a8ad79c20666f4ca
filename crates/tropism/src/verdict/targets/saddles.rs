//! A path that is piecewise constant in the limit of vanishing starts, judged where a start that does not vanish shows it.

use super::{Along, Target};
use crate::measures::View;
use crate::numerics::linalg::{distance, norm2};
use crate::programs::{Saddle, SaddlePath};
use crate::spec::Setup;

/// Saddles with the middle part of each stay, where a run must be at the saddle.
pub struct SaddleTarget {
    stays: Vec<Stay>,
    /// Euclidean norm of the last saddle.
    size: f64,
}

struct Stay {
    saddle: Saddle,
    /// First and last time at which it is judged; none if the stay is too short for this start.
    window: Option<(f64, f64)>,
}

/// Share of a stay on either side that belongs to the jump.
const EDGE: f64 = 0.25;
/// Jumps come late by a few units of the logarithm that grows, for each jump so far: so many.
const LATE: f64 = 6.0;

/// Part of the tolerance that weights which should be zero may take.
const NEGLIGIBLE: f64 = 0.1;

/// The part of a window in which every weight that should be zero at a saddle is below `limit`.
fn alone(saddle: &Saddle, (mut from, mut to): (f64, f64), limit: f64) -> (f64, f64) {
    for (log, rate) in &saddle.others {
        let room = limit.ln() - log;
        match rate {
            r if *r > 0.0 => to = to.min(saddle.time + room / r),
            r if *r < 0.0 => from = from.max(saddle.time + room / r),
            // What stays is a matter of the start, and judged as such.
            _ => {}
        }
    }
    (from, to)
}

impl SaddleTarget {
    /// The stays of `path`; a fall onto a saddle counts as done well within `tolerance`.
    pub fn new(path: &SaddlePath, tolerance: f64) -> Self {
        let size = path.saddles.last().map_or(0.0, |s| norm2(&s.w)).max(f64::MIN_POSITIVE);
        let times: Vec<f64> = path.saddles.iter().map(|s| s.time).chain([f64::INFINITY]).collect();
        let stay = |(k, s): (usize, &Saddle)| {
            let (begins, ends) = (times[k], times[k + 1]);
            let fall = s.fall(tolerance * size);
            let length = ends - begins;
            let edge = if length.is_finite() { EDGE * length } else { 0.0 };
            let from = begins + edge.max(LATE * s.blur + fall);
            let early = path.saddles.get(k + 1).map_or(0.0, |next| LATE * 0.5 * next.blur);
            let to = if length.is_finite() { ends - edge.max(early) } else { f64::INFINITY };
            let (from, to) = alone(s, (from, to), NEGLIGIBLE * tolerance * size);
            Stay { saddle: s.clone(), window: (from < to).then_some((from, to)) }
        };
        let stays = path.saddles.iter().enumerate().map(stay).collect();
        Self { stays, size }
    }

    /// How many of the stays can be judged, in words; `what` the path visits.
    pub fn describe(&self, what: &str) -> String {
        let long = self.stays.iter().filter(|s| s.window.is_some()).count();
        let times: Vec<String> =
            self.stays.iter().skip(1).take(6).map(|s| format!("{:.4e}", s.saddle.time)).collect();
        let more = if self.stays.len() > 7 { ", …" } else { "" };
        format!(
            "successive {what}: {} with jumps at t = {}{more}; {long} of the stays are long enough to be judged at this start",
            self.stays.len(),
            times.join(", ")
        )
    }
}

impl SaddleTarget {
    /// Distance to the last saddle of a run that came to it sooner than it had to.
    fn arrived(&self, view: &View, setup: &Setup) -> Option<f64> {
        let end = self.stays.last().filter(|s| view.moment.log_time.exp() > s.saddle.time)?;
        let off = distance(view.moment.w.as_deref()?, &end.saddle.w) / self.size;
        (off <= setup.rule.tolerance).then_some(off)
    }
}

impl Target for SaddleTarget {
    fn gap(&self, view: &View) -> Option<f64> {
        let t = view.moment.log_time.exp();
        let now = self.stays.iter().find(|s| s.window.is_some_and(|(a, b)| (a..=b).contains(&t)))?;
        Some(distance(view.moment.w.as_deref()?, &now.saddle.w) / self.size)
    }

    /// A path left once is not followed: the largest distance so far. Moments of a jump keep what was found before; a path that has not
    /// been left must be judged at the end itself.
    fn gaps(&self, run: &Along) -> Vec<Option<f64>> {
        let mut largest: Option<f64> = None;
        let (last, mut k) = (run.moments.len().saturating_sub(1), 0);
        let one = |view: View| {
            let at_last = k == last;
            k += 1;
            let now = self.gap(&view).or_else(|| self.arrived(&view, run.setup).filter(|_| at_last));
            if let Some(g) = now {
                largest = Some(largest.map_or(g, |l| l.max(g)));
            }
            let left = largest.is_some_and(|l| l > run.setup.rule.tolerance);
            if at_last && now.is_none() && !left { None } else { largest }
        };
        run.each(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::Moment;
    use crate::{Error, Spec, theory, training};

    /// The two jumps of independent weights, and the same with the saddles in the wrong order or of the wrong size: a reference that is
    /// planted wrong is told from the right one.
    #[test]
    fn a_wrong_path_is_told_from_the_right_one() {
        let text = "[data]\nkind = \"points\"\nx = [[1.0, 0.0], [0.0, 1.0]]\ny = [2.0, -1.0]\n[model]\nkind = \"diagonal\"\n\
                    init_scale = 1e-30\n[loss]\nkind = \"squared\"\nreduction = \"sum\"\n[optimizer]\nkind = \"gradient_flow\"\n\
                    [horizon]\ntime = 1e4";
        let spec = Spec::parse(text).unwrap();
        let setup = Setup::build(&spec, &|f| Err(Error::data(f.path.clone(), "no files"))).unwrap();
        let run = training::run(&setup.job(), &mut training::Silent);
        let moments: Vec<Moment> = run.snapshots.iter().map(|s| Moment::new(&setup, s)).collect();
        let case = theory::Case::new(&setup);
        let right = case.saddles().unwrap().as_ref().unwrap();
        let end = |path: &SaddlePath| {
            let gaps = SaddleTarget::new(path, 0.01).gaps(&Along {
                setup: &setup,
                moments: &moments,
                target: None,
                goes_on: &|| true,
            });
            gaps.last().copied().flatten()
        };
        assert!(end(right).is_some_and(|g| g < 1e-6), "{:?}", end(right));
        let mut swapped = right.clone();
        swapped.saddles[1].w = vec![0.0, -1.0];
        assert!(end(&swapped).is_some_and(|g| g > 0.5), "{:?}", end(&swapped));
        let mut short = right.clone();
        short.saddles[2].w[1] = -0.9;
        assert!(end(&short).is_none_or(|g| g > 0.04), "{:?}", end(&short));
        let mut late = right.clone();
        late.saddles[1].time *= 3.0;
        late.saddles[2].time *= 3.0;
        assert!(end(&late).is_some_and(|g| g > 0.5), "{:?}", end(&late));
    }
}
