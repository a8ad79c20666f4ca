//! Ctrl-C: before a run begins it ends the program at once, for nothing has been written; during a run the first press asks
//! it to stop at the next step, the second aborts at once.

use crate::error::Error;
use crate::terminal::complain;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

static PRESSES: AtomicU32 = AtomicU32::new(0);
static STAGE: Mutex<Stage> = Mutex::new(Stage::Before);

/// How far the program is.
#[derive(Debug, Clone)]
enum Stage {
    /// Reading, solving and certifying: nothing is on disk.
    Before,
    /// A run is under way, in this unfinished folder.
    Running(PathBuf),
    /// Several runs are under way; whatever is written stays.
    Keeping,
    /// All is written; only the terminal waits.
    Written,
}

/// Exit code of a program ended by Ctrl-C, as shells expect it.
const ABORTED: i32 = 130;
/// The same for a request to terminate.
#[cfg(unix)]
const TERMINATED: i32 = 143;

/// Takes Ctrl-C over from the system.
///
/// # Errors
/// The system refuses to.
pub fn install() -> Result<(), Error> {
    ctrlc::set_handler(|| press(ABORTED))?;
    install_terminate();
    Ok(())
}

/// A request to terminate (as from `kill` or a job scheduler) is taken like Ctrl-C.
#[cfg(unix)]
fn install_terminate() {
    // Where the system refuses, the request ends the program at once, as it always would.
    let Ok(mut signals) = signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM]) else { return };
    std::thread::spawn(move || signals.forever().for_each(|_| press(TERMINATED)));
}

#[cfg(not(unix))]
fn install_terminate() {}

fn press(code: i32) {
    let earlier = PRESSES.fetch_add(1, Ordering::SeqCst);
    // Held to the end, so that no folder comes to be while this decides.
    let Ok(stage) = STAGE.lock() else { std::process::exit(code) };
    match &*stage {
        Stage::Before => {
            complain("\nInterrupted before the run began, so nothing was written.");
            std::process::exit(code);
        }
        Stage::Running(_) | Stage::Keeping if earlier == 0 => {
            complain("\nStopping at the next step; what there is will be kept. Ctrl-C again aborts at once.");
        }
        Stage::Running(folder) => {
            let _ = std::fs::remove_dir_all(folder);
            std::process::exit(code);
        }
        Stage::Keeping | Stage::Written => std::process::exit(code),
    }
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    PRESSES.load(Ordering::Relaxed) > 0
}

/// Names the unfinished folder, which a second press removes.
pub fn begin(folder: &Path) {
    set(Stage::Running(folder.into()));
}

/// From now on what is finished is kept, even if a second press aborts the rest.
pub fn begin_keeping() {
    set(Stage::Keeping);
}

/// All is written, or given up.
pub fn end() {
    set(Stage::Written);
}

fn set(stage: Stage) {
    if let Ok(mut now) = STAGE.lock() {
        *now = stage;
    }
}
