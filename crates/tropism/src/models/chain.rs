//! The hidden widths of a chain of layers, from `depth` and `width`, or from `widths`.

use super::check_depth;
use crate::Error;
use crate::error::counted;

/// What the `[model]` section says of a chain of layers, and what holds where it says nothing.
pub(super) struct Chain<'a> {
    pub depth: Option<usize>,
    pub width: Option<usize>,
    pub widths: Option<&'a [usize]>,
    pub usual_depth: usize,
    pub usual_width: usize,
    /// Fewest layers of weights.
    pub least_depth: usize,
}

impl<'a> Chain<'a> {
    /// Of a product of matrices, which may have a single one.
    pub fn of_factors(
        (depth, width, widths): (Option<usize>, Option<usize>, Option<&'a [usize]>),
        usual_depth: usize,
        usual_width: usize,
    ) -> Self {
        Self { depth, width, widths, usual_depth, usual_width, least_depth: 1 }
    }

    /// Layers of weights, checked or not.
    pub fn depth(&self) -> usize {
        self.depth.or(self.widths.map(|w| w.len() + 1)).unwrap_or(self.usual_depth)
    }

    /// One width for each hidden layer, one less than layers of weights.
    ///
    /// # Errors
    /// `width` beside `widths`, a `depth` that `widths` contradicts, a depth out of its range, a layer without units.
    pub fn hidden(&self) -> Result<Vec<usize>, Error> {
        let refuse = |key: &str, found: String, why: &str| Err(Error::bad_value("model", key, found, why));
        let Some(list) = self.widths else {
            let depth = self.depth();
            check_depth(depth, self.least_depth)?;
            let width = self.width.unwrap_or(self.usual_width);
            if width == 0 && depth > 1 {
                return refuse("width", "0".into(), "every hidden layer must have a width of at least 1");
            }
            return Ok(vec![width; depth - 1]);
        };
        let found = format!("{list:?}");
        if let Some(width) = self.width {
            let why = "`widths` already says the width of every hidden layer; remove one of the two keys";
            return refuse("width", width.to_string(), why);
        }
        let depth = list.len() + 1;
        if let Some(said) = self.depth.filter(|d| *d != depth) {
            let layers = counted(list.len(), "hidden layer", "hidden layers");
            let why = format!(
                "`widths` lists {layers}, so the depth is {depth}; make the two agree, or remove `depth`"
            );
            return refuse("depth", said.to_string(), &why);
        }
        if !(self.least_depth..=64).contains(&depth) {
            let why = format!("it must list the widths of {} to 63 hidden layers", self.least_depth - 1);
            return refuse("widths", found, &why);
        }
        if list.contains(&0) {
            return refuse("widths", found, "every hidden layer must have a width of at least 1");
        }
        Ok(list.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(
        depth: Option<usize>,
        width: Option<usize>,
        widths: Option<&[usize]>,
    ) -> Result<Vec<usize>, String> {
        let chain = Chain { depth, width, widths, usual_depth: 3, usual_width: 7, least_depth: 2 };
        chain.hidden().map_err(|e| e.to_string())
    }

    #[test]
    fn widths_suffice_and_a_depth_beside_them_must_agree() {
        assert_eq!(hidden(None, None, None), Ok(vec![7, 7]));
        assert_eq!(hidden(Some(2), None, None), Ok(vec![7]));
        assert_eq!(hidden(None, Some(4), None), Ok(vec![4, 4]));
        assert_eq!(hidden(None, None, Some(&[5, 6, 7])), Ok(vec![5, 6, 7]));
        assert_eq!(hidden(Some(4), None, Some(&[5, 6, 7])), Ok(vec![5, 6, 7]));
    }

    #[test]
    fn what_does_not_agree_says_why() {
        let none: &[usize] = &[];
        for (depth, width, widths, words) in [
            (
                Some(3),
                None,
                Some([4].as_slice()),
                "`depth` in [model] is 3, but `widths` lists 1 hidden layer, ",
            ),
            (None, Some(3), Some(&[4]), "`width` in [model] is 3, but `widths` already says"),
            (None, None, Some(&[4, 0]), "`widths` in [model] is [4, 0], but every hidden layer"),
            (
                None,
                None,
                Some(none),
                "`widths` in [model] is [], but it must list the widths of 1 to 63 hidden layers",
            ),
            (None, Some(0), None, "`width` in [model] is 0, but every hidden layer"),
            (Some(0), None, None, "`depth` in [model] is 0, but it must be a whole number from 2 to 64"),
            (Some(65), None, None, "from 2 to 64"),
        ] {
            let found = hidden(depth, width, widths).expect_err(words);
            assert!(found.contains(words), "{found}");
        }
    }
}
