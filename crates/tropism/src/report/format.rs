//! Numbers and times as a reader wants them: few digits, honest about what is missing or not finite.

use super::Holds;

/// What stands where a value does not exist.
pub(super) const MISSING: &str = "—";

const SUPERSCRIPTS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];

/// Four significant digits; powers of ten outside `[1e-3, 1e6)`.
pub(super) fn number(v: f64) -> String {
    digits(v, 4)
}

/// `v` to `significant` digits, trailing zeros dropped.
pub(super) fn digits(v: f64, significant: usize) -> String {
    if v.is_nan() {
        return "NaN".into();
    }
    if v.is_infinite() {
        return if v > 0.0 { "∞".into() } else { "−∞".into() };
    }
    if v == 0.0 {
        return "0".into();
    }
    // Rounding first decides the decade: 9.9999 shows as 10, not as 10.00 in the wrong column.
    let scientific = format!("{:.*e}", significant.saturating_sub(1), v.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if v < 0.0 { "−" } else { "" };
    if (-3..6).contains(&exponent) {
        let decimals = (significant as i32 - 1 - exponent).max(0) as usize;
        return format!("{sign}{}", trimmed(&format!("{:.*}", decimals, v.abs())));
    }
    let power = format!("10{}", superscript(&exponent.to_string()));
    match trimmed(mantissa).as_str() {
        "1" => format!("{sign}{power}"),
        mantissa => format!("{sign}{mantissa}×{power}"),
    }
}

/// [`number`], or a dash where there is none.
pub(super) fn maybe(v: Option<f64>) -> String {
    v.map_or_else(|| MISSING.into(), number)
}

/// A whole number with its thousands apart.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (k, c) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A fraction as a percentage.
pub(super) fn percent(v: f64) -> String {
    if v.is_finite() { format!("{} %", digits(100.0 * v, 4)) } else { number(v) }
}

/// A certified lower bound on a fraction as a percentage: rounded down, so that the display stays a bound.
pub(super) fn percent_at_least(v: f64) -> String {
    if v.abs() < 1e6 {
        format!("{} %", trimmed(&format!("{:.3}", (1e5 * v).floor() / 1e3)))
    } else {
        percent(v)
    }
}

/// A time given by its log10, as in `10^100000`; small times in plain numbers.
pub(super) fn time(log10: Option<f64>) -> String {
    match log10 {
        None => "0".into(),
        Some(l) if !l.is_finite() => number(l),
        Some(l) if (-3.0..5.0).contains(&l) => digits(10f64.powf(l), 3),
        Some(l) => format!("10^{}", exponent(l)),
    }
}

/// A value given by its log10; an absent logarithm is an exact zero.
pub(super) fn from_log10(log10: Option<f64>) -> String {
    match log10 {
        Some(l) if l.is_finite() && l.abs() < 300.0 => number(10f64.powf(l)),
        Some(l) if l.is_finite() => format!("10{}", superscript(&exponent(l))),
        other => time(other),
    }
}

fn exponent(l: f64) -> String {
    let decimals = if l.abs() < 100.0 { 1 } else { 0 };
    trimmed(&format!("{l:.decimals$}"))
}

/// Digits, signs and points raised: `-1.2` becomes `⁻¹˙²`.
pub(super) fn superscript(digits: &str) -> String {
    digits
        .chars()
        .map(|c| match c {
            '-' | '−' => '⁻',
            '.' => '˙',
            _ => c.to_digit(10).map_or(c, |d| SUPERSCRIPTS[d as usize]),
        })
        .collect()
}

/// The digits of a number, lowered: 12 becomes `₁₂`.
pub(super) fn subscript(n: usize) -> String {
    n.to_string().chars().filter_map(|c| char::from_u32('₀' as u32 + c.to_digit(10)?)).collect()
}

/// The plain character of a raised one, if it is one.
pub(super) fn lowered(c: char) -> Option<char> {
    match c {
        '⁻' => return Some('−'),
        '˙' => return Some('.'),
        _ => {}
    }
    SUPERSCRIPTS.iter().position(|&s| s == c).and_then(|d| char::from_digit(d as u32, 10))
}

/// Control characters are not allowed in XML and would let a name move the terminal's cursor.
pub(super) fn printable(s: &str) -> String {
    s.chars()
        .map(|c| if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) { ' ' } else { c })
        .collect()
}

fn trimmed(s: &str) -> String {
    if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').into() } else { s.into() }
}

/// A hypothesis' state in words.
pub(super) fn holds(h: Holds) -> &'static str {
    match h {
        Holds::Yes => "yes",
        Holds::No => "no",
        Holds::Unchecked => "unchecked",
    }
}

/// Uniqueness in words.
pub(super) fn unique(u: Option<bool>) -> &'static str {
    match u {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not decided",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_few_digits() {
        assert_eq!(number(0.25), "0.25");
        assert_eq!(number(-12345.6), "−12346");
        assert_eq!(number(9.99996), "10");
        assert_eq!(number(3.21e-12), "3.21×10⁻¹²");
        assert_eq!(number(-1e-6), "−10⁻⁶");
        assert_eq!(number(f64::NAN), "NaN");
        assert_eq!(number(f64::NEG_INFINITY), "−∞");
        assert_eq!(maybe(None), MISSING);
        assert_eq!((count(7), count(1_000_000)), ("7".into(), "1,000,000".into()));
        assert_eq!(percent(0.25), "25 %");
        assert_eq!(percent_at_least(0.999_999_9), "99.999 %");
        assert_eq!(percent_at_least(f64::NAN), "NaN");
    }

    #[test]
    fn times_are_powers_of_ten() {
        assert_eq!(time(None), "0");
        assert_eq!(time(Some(100000.0)), "10^100000");
        assert_eq!(time(Some(12.25)), "10^12.2");
        assert_eq!(time(Some(2.0)), "100");
        assert_eq!(from_log10(Some(-2.0)), "0.01");
        assert_eq!(from_log10(Some(-5000.4)), "10⁻⁵⁰⁰⁰");
    }
}
