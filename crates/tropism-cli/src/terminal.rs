//! Standard output and standard error: width, colour, and pipes that close early.

use crate::error::Error;
use std::io::{self, IsTerminal, Write};

/// Columns to lay text out for: `COLUMNS` if set, the terminal's width, or 80.
pub fn width() -> usize {
    let set = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).filter(|&c: &usize| c > 0);
    set.or_else(|| terminal_size::terminal_size().map(|(w, _)| usize::from(w.0))).unwrap_or(80)
}

/// Whether standard output shows colours: a terminal that is not dumb, and no `NO_COLOR`.
pub fn colour() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    io::stdout().is_terminal() && set("NO_COLOR").is_none() && set("TERM").is_none_or(|t| t != "dumb")
}

/// Writes to standard output. A pipe that is closed early (`tropism list | head`) is no error.
///
/// # Errors
/// Whatever else the system refuses, such as a full disk.
pub fn say(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(e)),
        _ => Ok(()),
    }
}

/// Writes a line to standard error; there is nobody left to tell if that fails.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// `text` on lines of at most `width` columns, each behind `indent` spaces.
pub fn wrap(text: &str, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(indent).max(20);
    let mut out = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            out.push('\n');
            used = 0;
        }
        if used == 0 {
            out.push_str(&" ".repeat(indent));
        } else {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_behind_the_indent() {
        assert_eq!(
            wrap("one two three four five six seven", 24, 2),
            "  one two three four\n  five six seven"
        );
        assert_eq!(wrap("", 40, 2), "");
    }
}
