//! Ctrl-C: the first press asks the run to stop at the next step, the second aborts at once.

use crate::error::Error;
use crate::terminal::complain;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

static PRESSES: AtomicU32 = AtomicU32::new(0);
/// The unfinished folder to remove on the way out.
static SCRATCH: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Set by a request to terminate.
static TERMINATE: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Exit code of a program ended by Ctrl-C, as shells expect it.
const ABORTED: i32 = 130;

/// Takes Ctrl-C over from the system.
///
/// # Errors
/// The system refuses to.
pub fn install() -> Result<(), Error> {
    ctrlc::set_handler(|| {
        if PRESSES.fetch_add(1, Ordering::SeqCst) == 0 {
            complain("\nStopping at the next step; what there is will be kept. Ctrl-C again aborts at once.");
            return;
        }
        if let Some(folder) = SCRATCH.lock().ok().and_then(|mut s| s.take()) {
            let _ = std::fs::remove_dir_all(folder);
        }
        std::process::exit(ABORTED);
    })?;
    install_terminate();
    Ok(())
}

/// A request to terminate (as from `kill` or a job scheduler) is taken like a first press.
#[cfg(unix)]
fn install_terminate() {
    let flag = TERMINATE.get_or_init(Default::default);
    // Where the system refuses, the request ends the program at once, as it always would.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGTERM, flag.clone());
}

#[cfg(not(unix))]
fn install_terminate() {}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    PRESSES.load(Ordering::Relaxed) > 0 || TERMINATE.get().is_some_and(|t| t.load(Ordering::Relaxed))
}

/// Names the folder that a second press removes, or none.
pub fn guard(folder: Option<&Path>) {
    if let Ok(mut scratch) = SCRATCH.lock() {
        *scratch = folder.map(Path::to_path_buf);
    }
}
