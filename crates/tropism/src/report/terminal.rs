//! Lines for a terminal: wrapping by display width, hanging labels, small tables, sparing colour.

use super::format::printable;
use super::typeset::typeset;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The few styles used; without colour they vanish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Strong,
    Dim,
    Good,
    Bad,
    Open,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Ink::Plain => "",
            Ink::Strong => "1",
            Ink::Dim => "2",
            Ink::Good => "32",
            Ink::Bad => "31",
            Ink::Open => "33",
        }
    }
}

/// Below this nothing can be laid out; narrower terminals wrap for themselves.
const LEAST: usize = 30;
/// Longer lines are hard to read.
const MOST: usize = 120;
/// Room for the labels on the left.
const LABEL: usize = 12;

/// A page under construction.
pub(super) struct Page {
    out: String,
    width: usize,
    colour: bool,
}

impl Page {
    pub fn new(width: usize, colour: bool) -> Self {
        Self { out: String::new(), width: width.clamp(LEAST, MOST), colour }
    }

    pub fn finish(self) -> String {
        self.out
    }

    /// At most one empty line in a row.
    pub fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A line in one style over the whole width.
    pub fn line(&mut self, text: &str, ink: Ink) {
        for line in wrapped(text, self.width) {
            self.styled(&line, ink);
            self.out.push('\n');
        }
    }

    pub fn rule(&mut self) {
        self.styled(&"─".repeat(self.width), Ink::Dim);
        self.out.push('\n');
    }

    /// A text with a label in the left margin; an empty label continues the one above. Empty texts vanish.
    pub fn item(&mut self, label: &str, text: &str, ink: Ink) {
        self.hanging(label, "", text, ink);
    }

    /// An item behind a mark, wrapped lines hanging under its text.
    pub fn marked(&mut self, label: &str, mark: &str, text: &str, ink: Ink) {
        self.hanging(label, &format!("{mark} "), text, ink);
    }

    fn hanging(&mut self, label: &str, mark: &str, text: &str, ink: Ink) {
        let inner = self.width - LABEL - mark.width();
        for (k, line) in wrapped(&typeset(text), inner).iter().enumerate() {
            let label = if k == 0 { label } else { "" };
            self.styled(&padded(label, LABEL, false), Ink::Dim);
            let mark = if k == 0 { mark.to_string() } else { " ".repeat(mark.width()) };
            self.styled(&mark, ink);
            self.styled(line, if mark.is_empty() { ink } else { Ink::Plain });
            self.out.push('\n');
        }
    }

    /// Columns by importance: those that do not fit are left out from the right. Rows align right of the first.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        const GAP: usize = 2;
        let longest = self.width / 3;
        let cell = |c: &str| shortened(&printable(c), longest);
        let widths: Vec<usize> = (0..head.len())
            .map(|k| {
                rows.iter().map(|r| r.get(k).map_or(0, |c| cell(c).width())).fold(head[k].width(), usize::max)
            })
            .collect();
        let mut used = LABEL;
        let fits = widths.iter().take_while(|w| {
            used += *w + GAP;
            used <= self.width + GAP
        });
        let columns = fits.count();
        let put = |page: &mut Self, cells: Vec<String>, ink: Ink| {
            let texts = cells.iter().zip(&widths).take(columns).enumerate();
            let padded: Vec<String> = texts.map(|(k, (c, w))| padded(c, *w, k > 0)).collect();
            page.out.push_str(&" ".repeat(LABEL));
            page.styled(padded.join(&" ".repeat(GAP)).trim_end(), ink);
            page.out.push('\n');
        };
        put(self, head.iter().map(|h| (*h).to_string()).collect(), Ink::Dim);
        for row in rows {
            put(self, row.iter().map(|c| cell(c)).collect(), Ink::Plain);
        }
    }

    fn styled(&mut self, text: &str, ink: Ink) {
        if self.colour && ink != Ink::Plain && !text.trim().is_empty() {
            self.out.push_str(&format!("\u{1b}[{}m{text}\u{1b}[0m", ink.code()));
        } else {
            self.out.push_str(text);
        }
    }
}

fn padded(text: &str, width: usize, right: bool) -> String {
    let fill = " ".repeat(width.saturating_sub(text.width()));
    if right { fill + text } else { text.to_string() + &fill }
}

fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.into();
    }
    let (head, _) = split_at_width(text, width - 1);
    format!("{head}…")
}

/// The longest beginning that fits (at least one character) and the rest.
fn split_at_width(text: &str, width: usize) -> (&str, &str) {
    let mut used = 0;
    for (k, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width && k > 0 {
            return text.split_at(k);
        }
    }
    (text, "")
}

/// Words on lines of at most `width` columns; a longer word is broken.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let clean = printable(text);
    for word in clean.split_whitespace() {
        if let Some(line) = lines.last_mut().filter(|l| l.width() + 1 + word.width() <= width) {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        let mut rest = word;
        while !rest.is_empty() {
            let (head, tail) = split_at_width(rest, width);
            lines.push(head.to_string());
            rest = tail;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_by_display_width() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        // Each of these characters is two columns wide.
        assert_eq!(wrapped("最大間隔", 4), ["最大", "間隔"]);
        assert!(wrapped("  ", 10).is_empty());
    }

    #[test]
    fn tables_leave_out_what_does_not_fit() {
        let mut page = Page::new(30, false);
        page.table(&["a", "b", "c"], &[vec!["1".into(), "2".repeat(9), "3".repeat(9)]]);
        let out = page.finish();
        assert!(out.contains("222222222") && !out.contains('3'));
    }
}
