//! Numbers in the cells of delimited text, with a decimal point or a decimal comma.

use crate::lines::{is_missing, missing, number};
use tropism::Error;
use tropism::data::FileSpec;

/// Longest number whose comma is worth replacing: seventeen digits, signs and exponents fit many times over.
const LONGEST: usize = 64;

/// How decimals are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decimal {
    Point,
    Comma,
}

impl Decimal {
    /// As the user says; else a comma where semicolons separate the cells of the `first` rows, some cell is a number with a
    /// comma, and none is one with a point. A note says so.
    pub(crate) fn choose<'a>(
        spec: &FileSpec,
        delimiter: u8,
        first: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(Self, Option<String>), Error> {
        match spec.decimal {
            Some('.') => return Ok((Decimal::Point, None)),
            Some(',') => return Ok((Decimal::Comma, None)),
            Some(c) => {
                return Err(Error::bad_value("data", "decimal", format!("`{c}`"), "it must be `.` or `,`"));
            }
            None if delimiter != b';' => return Ok((Decimal::Point, None)),
            None => {}
        }
        let (mut comma, mut point) = (None, false);
        for cell in first {
            if with_comma(cell).is_some() {
                comma = comma.or(Some(cell));
            } else {
                point |= cell.contains(&b'.') && number(cell).is_some();
            }
        }
        Ok(match comma {
            Some(cell) if !point => {
                let seen = String::from_utf8_lossy(cell);
                let note = format!(
                    "Decimals were read as written with a comma, as in `{seen}`; set decimal = \".\" if they are not."
                );
                (Decimal::Comma, Some(note))
            }
            _ => (Decimal::Point, None),
        })
    }

    /// The number a cell holds, if it holds one.
    pub(crate) fn number(self, cell: &[u8]) -> Option<f64> {
        match self {
            Decimal::Point => number(cell),
            Decimal::Comma if cell.contains(&b'.') => None,
            Decimal::Comma if cell.contains(&b',') => with_comma(cell),
            Decimal::Comma => number(cell),
        }
    }

    /// The finite number in a cell, or what is wrong with it. `first` says that no row above has shown the column to
    /// hold numbers.
    pub(crate) fn finite(self, cell: &[u8], column: &str, first: bool) -> Result<f64, String> {
        match self.number(cell) {
            Some(v) if v.is_finite() => Ok(v),
            Some(v) if !v.is_nan() => Err(tropism::data::prepare::not_finite(v)),
            _ if is_missing(cell) => Err(missing(cell, Some(column))),
            _ => Err(self.fault(cell, column, first)),
        }
    }

    fn fault(self, cell: &[u8], column: &str, first: bool) -> String {
        let text: String = String::from_utf8_lossy(cell).chars().take(40).collect();
        if self == Decimal::Point && with_comma(cell).is_some() {
            return format!(
                "`{text}` is not a number with a decimal point; if this file writes decimals with a comma, set \
                 decimal = \",\" in [data]."
            );
        }
        if self == Decimal::Comma && number(cell).is_some() {
            return format!("`{text}` has a decimal point, but this file is read with decimal commas.");
        }
        let drop = format!("drop = [\"{column}\"]");
        if first {
            format!(
                "`{text}` is not a number. A column of text is left out with {drop} in [data]; a category can be written \
                 as numbers, one column of 0 and 1 for each of its values."
            )
        } else {
            format!("`{text}` is not a number. Mend the cell, or leave the column out with {drop} in [data].")
        }
    }
}

/// The number in a cell whose decimal sign is its only comma.
fn with_comma(cell: &[u8]) -> Option<f64> {
    let at = cell.iter().position(|&b| b == b',')?;
    if cell.len() > LONGEST || cell.contains(&b'.') {
        return None;
    }
    let mut buffer = [0; LONGEST];
    buffer[..cell.len()].copy_from_slice(cell);
    buffer[at] = b'.';
    // A second comma is no part of a number.
    number(&buffer[..cell.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_points_do_not_mix() {
        let read = |cell: &str| Decimal::Comma.number(cell.as_bytes());
        assert_eq!(
            ["1,5", "-0,25e-3", "7", ",5"].map(read),
            [Some(1.5), Some(-0.25e-3), Some(7.0), Some(0.5)]
        );
        assert_eq!(["1.5", "1.234,5", "1,2,3", ",", "x"].map(read), [None; 5]);
        assert_eq!(Decimal::Point.number(b"1,5"), None);
    }
}
