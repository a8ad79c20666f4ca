//! Progress on standard error: shown only on a terminal, and only for what takes longer than a second.

use crate::interrupt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tropism::numerics::logscale::format_log;
use tropism::training::Observer;

/// What takes less is not worth a bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between drawings.
const BEAT: Duration = Duration::from_millis(100);
/// Resolution of the bar.
const TICKS: u64 = 10_000;

/// Whether anybody would see a bar.
fn watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Follows a run: draws its progress and passes Ctrl-C on.
pub struct Progress {
    visible: bool,
    started: Instant,
    drawn: Instant,
    stage: Stage,
    bar: Option<ProgressBar>,
}

/// Discrete steps, or the flow that continues them: each counts its own fraction from 0 to 1.
struct Stage {
    started: Instant,
    first_step: u64,
    fraction: f64,
}

impl Progress {
    pub fn new(quiet: bool) -> Self {
        let now = Instant::now();
        let stage = Stage { started: now, first_step: 0, fraction: 0.0 };
        Self { visible: !quiet && watched(), started: now, drawn: now, stage, bar: None }
    }

    fn draw(&mut self, now: Instant, step: u64, log_time: f64) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(TICKS), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3}%  {msg}") {
                bar.set_style(style);
            }
            bar
        });
        let elapsed = (now - self.stage.started).as_secs_f64();
        let left = elapsed * (1.0 - self.stage.fraction) / self.stage.fraction.max(1e-9);
        let steps = step - self.stage.first_step;
        let what = if steps > 0 {
            format!("{} steps, {} steps/s", short(step as f64), short(steps as f64 / elapsed.max(1e-9)))
        } else {
            format!("flow at t = {}", format_log(log_time))
        };
        bar.set_position((self.stage.fraction * TICKS as f64) as u64);
        bar.set_message(format!("{what}, {} left", duration(left)));
        bar.tick();
    }
}

impl Observer for Progress {
    fn progress(&mut self, fraction: f64, step: u64, log_time: f64) -> bool {
        if self.visible {
            let now = Instant::now();
            if fraction < self.stage.fraction {
                self.stage = Stage { started: now, first_step: step, fraction };
            }
            self.stage.fraction = fraction;
            if now - self.started > PATIENCE && now - self.drawn > BEAT {
                self.drawn = now;
                self.draw(now, step, log_time);
            }
        }
        !interrupt::requested()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Counts finished runs; several threads may tell it of theirs.
pub struct Counter {
    bar: ProgressBar,
}

impl Counter {
    /// Of `total` runs `known` are finished already.
    pub fn new(total: u64, known: u64, quiet: bool) -> Self {
        let target =
            if quiet || !watched() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos} of {len} runs, {eta} left") {
            bar.set_style(style);
        }
        bar.set_position(known);
        bar.reset_eta();
        Self { bar }
    }

    /// One more run has finished.
    pub fn finished(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A spinner for work that cannot say how far it is; ends when dropped.
pub struct Waiting {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Waiting {
    /// Shows `what` after a second, unless `quiet`.
    pub fn new(what: &'static str, quiet: bool) -> Self {
        if quiet || !watched() {
            return Self { end: None, thread: None };
        }
        let (end, ended) = channel();
        let thread = std::thread::spawn(move || spin(what, &ended));
        Self { end: Some(end), thread: Some(thread) }
    }
}

fn spin(what: &'static str, ended: &Receiver<()>) {
    let started = Instant::now();
    if ended.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let bar = ProgressBar::new_spinner();
    loop {
        bar.set_message(format!("{what}, {} so far", duration(started.elapsed().as_secs_f64())));
        bar.tick();
        if ended.recv_timeout(BEAT) != Err(RecvTimeoutError::Timeout) {
            return bar.finish_and_clear();
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// `950`, `12.3 k`, `7.14 M`.
fn short(v: f64) -> String {
    let (scaled, unit) = match v {
        v if v < 1e3 => return format!("{v:.0}"),
        v if v < 1e6 => (v / 1e3, "k"),
        v if v < 1e9 => (v / 1e6, "M"),
        v => (v / 1e9, "G"),
    };
    let digits = if scaled < 10.0 { 2 } else { usize::from(scaled < 100.0) };
    format!("{scaled:.digits$} {unit}")
}

/// `4 s`, `2 min 5 s`, `3 h 20 min`, `12 d`.
fn duration(seconds: f64) -> String {
    let s = seconds.round().min(1e15) as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3_600 => format!("{} min {} s", s / 60, s % 60),
        3_600..172_800 => format!("{} h {} min", s / 3_600, s % 3_600 / 60),
        _ => format!("{} d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [950.0, 12_345.0, 7.14e6, 2e9, 150_000.0].map(short);
        assert_eq!(shown, ["950", "12.3 k", "7.14 M", "2.00 G", "150 k"]);
        let shown = [3.6, 125.0, 12_000.0, 1e6, f64::INFINITY].map(duration);
        assert_eq!(shown[..4], ["4 s", "2 min 5 s", "3 h 20 min", "11 d"]);
    }

    #[test]
    fn a_run_goes_on_until_ctrl_c() {
        assert!(Progress::new(true).progress(0.5, 10, 1.0));
    }
}
