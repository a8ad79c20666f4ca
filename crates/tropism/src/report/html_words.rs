//! Words and small parts shared by the sections of the page.

use super::format::{lowered, maybe, number, printable};
use maud::{Markup, Render, html};

/// A term and its description; nothing where there is nothing to say.
pub(super) fn fact(name: &str, value: Option<&str>) -> Markup {
    html! { @if let Some(v) = value.filter(|v| !v.is_empty()) { dt { (name) } dd { (prose(v)) } } }
}

/// `10^100` with a raised exponent.
pub(super) fn power(text: &str) -> Markup {
    match text.split_once('^') {
        Some((base, exponent)) => html! { (base) sup { (exponent) } },
        None => html! { (text) },
    }
}

/// A number in few digits.
pub(super) fn num(v: f64) -> Markup {
    prose(&number(v))
}

/// A number, or a dash where there is none.
pub(super) fn maybe_num(v: Option<f64>) -> Markup {
    prose(&maybe(v))
}

/// A sentence: what stands between backticks is set as code, and in the rest numeric exponents, as in t^-2, 10^100000 and
/// 10⁻⁶, are raised.
pub(super) fn prose(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    // A lone backtick is a character like any other.
    if parts.len().is_multiple_of(2) {
        return raised(text);
    }
    html! {
        @for (k, part) in parts.iter().enumerate() {
            @if k.is_multiple_of(2) { (raised(part)) } @else { code { (printable(part)) } }
        }
    }
}

fn raised(text: &str) -> Markup {
    let clean = carets(&printable(text));
    let mut out = String::with_capacity(clean.len());
    let mut rest = clean.as_str();
    while let Some((before, after)) = rest.split_once('^') {
        before.render_to(&mut out);
        let length = exponent_length(after);
        if length == 0 {
            out.push('^');
        } else {
            html! { sup { (after[..length].replace('-', "−")) } }.render_to(&mut out);
        }
        rest = &after[length..];
    }
    rest.render_to(&mut out);
    maud::PreEscaped(out)
}

/// Raised numbers as carets: fonts draw the Unicode superscripts unevenly, a raised span they cannot.
fn carets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        let low = lowered(c);
        if low.is_some() && !inside {
            out.push('^');
        }
        inside = low.is_some();
        out.push(low.unwrap_or(c));
    }
    out
}

/// Bytes of the number at the start of `text`: a sign, digits, and a decimal part; 0 if there is none.
fn exponent_length(text: &str) -> usize {
    let digits = |s: &str| s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let sign = ["-", "−"].iter().find(|s| text.starts_with(**s)).map_or(0, |s| s.len());
    let whole = digits(&text[sign..]);
    if whole == 0 {
        return 0;
    }
    let end = sign + whole;
    let decimals = text[end..].strip_prefix('.').map_or(0, digits);
    if decimals > 0 { end + 1 + decimals } else { end }
}
