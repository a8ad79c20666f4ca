//! Numbers inside sentences: `1.0e-2` and `0.00000001` as the figures and tables around them write them, 0.01 and 10⁻⁸.

use super::format::{digits, superscript};

/// Zeros behind the point from which on a decimal is written as a power of ten, as in the tables.
const MOST_ZEROS: usize = 3;

/// The text with its numbers set; what stands between backticks or in double quotes is code and stays.
pub(super) fn typeset(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut code, mut quoted, mut before) = (false, false, ' ');
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        code ^= c == '`';
        quoted ^= c == '"';
        let length = if code || quoted || joined(before) { 0 } else { token(rest) };
        let end = if length > 0 { length } else { c.len_utf8() };
        let (piece, after) = rest.split_at(end);
        match set(piece).filter(|_| length > 0) {
            Some(number) => out.push_str(&number),
            None => out.push_str(piece),
        }
        before = piece.chars().next_back().unwrap_or(c);
        rest = after;
    }
    out
}

/// Whether a digit behind this character continues a word, a version or a power.
fn joined(c: char) -> bool {
    c.is_alphanumeric() || ['.', '_', '^', '/'].contains(&c)
}

/// Bytes of the number at the start of `text`, with its sign; 0 where there is none, or where a word goes on behind it.
fn token(text: &str) -> usize {
    let run = |from: usize| {
        text[from..].len() - text[from..].trim_start_matches(|c: char| c.is_ascii_digit()).len()
    };
    let sign = usize::from(text.starts_with('-'));
    let whole = run(sign);
    if whole == 0 {
        return 0;
    }
    let mut end = sign + whole;
    if text[end..].starts_with('.') && run(end + 1) > 0 {
        end += 1 + run(end + 1);
    }
    if let Some(power) = text[end..].strip_prefix('e') {
        let from = end + 1 + usize::from(power.starts_with(['-', '+']));
        if run(from) > 0 {
            end = from + run(from);
        }
    }
    let goes_on = text[end..].chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_');
    // As in 1.2.3, and in ranges of pages.
    let goes_on = goes_on || text[end..].starts_with('.') && run(end + 1) > 0;
    if goes_on { 0 } else { end }
}

/// A number with an exponent or with many zeros behind its point, set; `None` for others, which stay as they are.
fn set(number: &str) -> Option<String> {
    let (mantissa, exponent) = number.split_once('e').unwrap_or((number, ""));
    let small = mantissa.trim_start_matches('-').strip_prefix("0.").is_some_and(|decimals| {
        let zeros = decimals.len() - decimals.trim_start_matches('0').len();
        zeros >= MOST_ZEROS && zeros < decimals.len()
    });
    if exponent.is_empty() && !small {
        return None;
    }
    let figures = mantissa.chars().filter(char::is_ascii_digit).collect::<String>();
    let significant = figures.trim_start_matches('0').len();
    let v: f64 = number.parse().ok()?;
    if significant == 0 || v.is_normal() {
        return Some(digits(v, significant.max(1)));
    }
    // Beyond the range of a double.
    let power = format!("10{}", superscript(exponent.trim_start_matches('+')));
    let (sign, size) = mantissa.strip_prefix('-').map_or(("", mantissa), |size| ("−", size));
    let size = if size.contains('.') { size.trim_end_matches('0').trim_end_matches('.') } else { size };
    Some(if size == "1" { format!("{sign}{power}") } else { format!("{sign}{size}×{power}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_set_as_everywhere_else() {
        for (written, read) in [
            ("gap 3.31e-6, tolerance 1.0e-2.", "gap 3.31×10⁻⁶, tolerance 0.01."),
            ("between 1.392517269e-3 and 2e7", "between 0.001392517269 and 2×10⁷"),
            ("from α = 0.00000001 on", "from α = 10⁻⁸ on"),
            ("t = 1e100000, -2.50e-400", "t = 10¹⁰⁰⁰⁰⁰, −2.5×10⁻⁴⁰⁰"),
            ("(1.2525e2, 0e0)", "(125.25, 0)"),
        ] {
            assert_eq!(typeset(written), read);
        }
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "arXiv 1710.10345, Theorem 3, 569 samples, 0.301168, step 0.001 and 0.05",
            "take `horizon.time = 1e10` or \"1e100000\"",
            "w2e3 9f86d0e8 1e3f x_1e4 10^2e3 v1.2.3 ℓ2 1e ‖w‖",
            "",
        ] {
            assert_eq!(typeset(text), text);
        }
    }
}
