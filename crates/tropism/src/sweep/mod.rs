//! One experiment over values of some keys and several seeds: laws over the runs, fixed in advance.
//!
//! ```text
//! SweepSpec ── plan ──▶ Sweep (every combination built once, laws foreseen, hash) ── run ──▶ runs ── conclude ──▶ SweepReport
//! ```
//!
//! Runs are independent and their order is of no consequence: any number of threads gives the same report, and runs that
//! were finished before an interruption are taken over as they are.

mod conclude;
mod plan;
mod single;

pub use plan::Sweep;

use crate::examine::no_files;
use crate::report::{SweepReport, SweepRun};
use crate::spec::SweepSpec;
use crate::training::Observer;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a sweep needs from whoever runs it.
pub struct Host<'a> {
    /// Reads data files.
    pub load: &'a (dyn Fn(&crate::data::FileSpec) -> Result<crate::data::Table, crate::Error> + Sync),
    /// Runs at a time.
    pub jobs: usize,
    /// Asked often; `true` ends everything as soon as possible.
    pub stop: fn() -> bool,
    /// Told of every run that has finished.
    pub finished: &'a (dyn Fn(&SweepRun) + Sync),
}

/// Passes a request to stop on to a run.
pub(crate) struct Stoppable(fn() -> bool);

impl Observer for Stoppable {
    fn progress(&mut self, _: f64, _: u64, _: f64) -> bool {
        !(self.0)()
    }
}

impl Sweep {
    /// Every run there is to make: combination and repeat.
    pub fn runs(&self) -> Vec<(Vec<usize>, u64)> {
        let repeats = 0..self.spec.keys.seeds;
        let all = self.spec.combinations().into_iter();
        all.flat_map(|at| repeats.clone().map(move |r| (at.clone(), r))).collect()
    }

    /// Makes the runs that are not among `known`, and concludes.
    pub fn run(&self, host: &Host, known: Vec<SweepRun>) -> SweepReport {
        let plan = self.runs();
        let mut known: HashMap<_, _> =
            known.into_iter().map(|run| ((run.at.clone(), run.seed), run)).collect();
        let mut done: Vec<Option<SweepRun>> =
            plan.iter().map(|(at, repeat)| known.remove(&(at.clone(), self.seed(*repeat)))).collect();
        let open: Vec<usize> = (0..plan.len()).filter(|&i| done[i].is_none()).collect();
        let (next, results) = (AtomicUsize::new(0), Mutex::new(vec![]));
        let work = || {
            while let Some(&i) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (at, repeat) = &plan[i];
                let Some(run) = self.single(at, *repeat, host) else { return };
                (host.finished)(&run);
                if let Ok(mut all) = results.lock() {
                    all.push((i, run));
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..host.jobs.clamp(1, open.len().max(1)) {
                scope.spawn(work);
            }
            work();
        });
        for (i, run) in results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            done[i] = Some(run);
        }
        self.conclude(done)
    }

    fn seed(&self, repeat: u64) -> u64 {
        self.first_seed + repeat
    }
}

/// Reads a sweep file whose data need no file, and runs it on one thread.
///
/// # Errors
/// Anything wrong with the file.
pub fn sweep_text(text: &str) -> Result<SweepReport, crate::Error> {
    let sweep = Sweep::plan(SweepSpec::parse(text)?, &no_files)?;
    Ok(sweep.run(&Host { load: &no_files, jobs: 1, stop: || false, finished: &|_| {} }, vec![]))
}
