//! Ctrl-C: the first press asks the run to stop at the next step, the second aborts at once.

use crate::error::Error;
use crate::terminal::complain;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

static PRESSES: AtomicU32 = AtomicU32::new(0);
/// The unfinished folder to remove on the way out.
static SCRATCH: Mutex<Option<PathBuf>> = Mutex::new(None);

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
    Ok(())
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    PRESSES.load(Ordering::Relaxed) > 0
}

/// Names the folder that a second press removes, or none.
pub fn guard(folder: Option<&Path>) {
    if let Ok(mut scratch) = SCRATCH.lock() {
        *scratch = folder.map(Path::to_path_buf);
    }
}
