//! Numbers that a run can work with: finite, and with room for products of several of them.

use super::{Dataset, Targets};
use crate::Error;
use crate::numerics::Design;

/// Largest modulus of an input or target: squares, and sums of very many of them, stay below 1e308 with room for the weights. Beyond, Gram
/// matrices overflow, and ranks and margins read off them would be wrong.
pub const LARGEST: f64 = 1e100;

/// An entry that no run can work with.
pub(super) struct Fault {
    pub sample: usize,
    /// Its column; `None` for the target.
    pub column: Option<usize>,
    pub what: String,
}

/// The first entry of `x`, or else of `targets`, that is not finite or beyond [`LARGEST`].
pub(super) fn fault(x: &Design, targets: &Targets) -> Option<Fault> {
    let mut found = None;
    for sample in 0..x.rows() {
        x.for_row(sample, |j, v| {
            if outside(v) && found.is_none() {
                found = Some(Fault { sample, column: Some(j), what: what_is_wrong("entry", v) });
            }
        });
        if found.is_some() {
            return found;
        }
    }
    let (Targets::Real(y) | Targets::Sign(y)) = targets else { return None };
    let sample = y.iter().position(|v| outside(*v))?;
    Some(Fault { sample, column: None, what: what_is_wrong("target", y[sample]) })
}

/// Whether a number is not finite, or too large.
pub fn outside(v: f64) -> bool {
    // NaN lies in no range.
    !(-LARGEST..=LARGEST).contains(&v)
}

/// What is wrong with an input (`entry`) or a `target` that is [`outside`], and what to do about it.
pub(super) fn what_is_wrong(which: &str, v: f64) -> String {
    if !v.is_finite() {
        return not_finite(which, v);
    }
    let unit = match which {
        "entry" => "divide its column by a constant, or set standardise = true in [data]",
        _ => "divide all of them by a constant",
    };
    format!(
        "the {which} is {v:e}, but its modulus must be at most {LARGEST:e}, for products of larger numbers overflow; {unit}."
    )
}

/// What is wrong with a number that is NaN or infinite.
pub(super) fn not_finite(which: &str, v: f64) -> String {
    let what = if v.is_nan() { "not a number (NaN)" } else { "infinite" };
    format!(
        "the {which} is {what}; every {which} must be a finite number, and none is filled in. Mend it, or leave out its row or \
         column."
    )
}

impl Dataset {
    /// Refuses data that no run can work with.
    ///
    /// # Errors
    /// [`Error::Data`] with row (counted from 1) and column of the first input or target that is NaN, infinite or beyond 1e100.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(Fault { sample, column, what }) = fault(&self.x, &self.targets) {
            let name = |j: usize| self.features.get(j).cloned().unwrap_or_else(|| (j + 1).to_string());
            return Err(Error::Data {
                source_name: self.name.clone(),
                row: Some(sample + 1),
                column: column.map(name),
                what,
            });
        }
        self.test.as_ref().map_or(Ok(()), |test| test.check())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Matrix;

    #[test]
    fn the_first_number_outside_is_named_with_row_and_column() {
        let at = |i: usize, j: usize, v: f64| {
            let mut x = Matrix::from_fn(3, 2, |i, j| (i + j) as f64);
            x.set(i, j, v);
            Dataset::regression("mine", x, vec![1.0, 2.0, 3.0]).check().map_err(|e| e.to_string())
        };
        assert_eq!(at(0, 0, LARGEST), Ok(()));
        let says = |found: Result<(), String>, words: &[&str]| {
            let found = found.expect_err("outside");
            words.iter().for_each(|w| assert!(found.contains(w), "no {w:?} in {found}"));
        };
        says(at(2, 1, 1e200), &["mine, row 3, column x1", "1e200", "at most 1e100", "standardise = true"]);
        says(at(1, 0, -1.5e101), &["row 2, column x0", "-1.5e101"]);
        says(at(1, 0, f64::NAN), &["row 2, column x0", "not a number (NaN)", "Mend it"]);
        says(at(0, 1, f64::NEG_INFINITY), &["row 1, column x1", "infinite"]);
        let y = vec![1.0, 2.0, -1e150];
        let far = Dataset::regression("mine", Matrix::zeros(3, 2), y).check().map_err(|e| e.to_string());
        says(far, &["mine, row 3: the target is -1e150", "divide all of them"]);
    }
}
