//! Words and small parts shared by the sections of the page.

use super::format::{lowered, maybe, number, printable};
use super::typeset::typeset;
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
/// 10⁻⁶, are raised; numbers in a programmer's notation are set like all others.
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

/// A statement with a capital at its beginning, unless it begins with a symbol.
pub(super) fn sentence(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let plain = word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
    if plain { word[..1].to_uppercase() + &text[1..] } else { text.into() }
}

fn raised(text: &str) -> Markup {
    let clean = carets(&typeset(&printable(text)));
    let mut out = String::with_capacity(clean.len());
    let mut rest = clean.as_str();
    while let Some((before, after)) = rest.split_once('^') {
        lowered_into(before, &mut out);
        let length = exponent_length(after);
        if length == 0 {
            out.push('^');
        } else {
            html! { sup { (after[..length].replace('-', "−")) } }.render_to(&mut out);
        }
        rest = &after[length..];
    }
    lowered_into(rest, &mut out);
    maud::PreEscaped(out)
}

/// The text with the indices of symbols set low: one sign behind one letter or a bar, as in `w_i`, `D_Φ` and `‖W‖_*`. Names of several
/// letters, as in `kkt_residual`, stay.
fn lowered_into(text: &str, out: &mut String) {
    let letters: Vec<char> = text.chars().collect();
    let at = |k: usize| letters.get(k).copied().unwrap_or(' ');
    let wordlike = |c: char| c.is_alphanumeric() || c == '_';
    let index = |k: usize| {
        let symbol =
            k > 0 && (at(k - 1) == '‖' || at(k - 1).is_alphabetic() && (k < 2 || !wordlike(at(k - 2))));
        let sign = at(k + 1).is_alphanumeric() || at(k + 1) == '*';
        at(k) == '_' && symbol && sign && !wordlike(at(k + 2))
    };
    let mut k = 0;
    while k < letters.len() {
        if index(k) {
            html! { sub { (at(k + 1)) } }.render_to(out);
            k += 1;
        } else {
            at(k).to_string().render_to(out);
        }
        k += 1;
    }
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
