//! Signs of determinants, which a gradient flow on balanced factors conserves.

use super::Block;
use crate::numerics::Matrix;
use crate::numerics::linalg::singular_values;

/// Smallest singular value, relative to the largest, whose sign the flow's error control keeps: below it a factor counts as
/// singular.
const RESOLVED: f64 = 1e-6;

/// Sign of the determinant of a square factor of `theta [p]`, 0 where it is close to singular, large or not square.
pub fn determinant_sign(theta: &[f64], block: &Block) -> f64 {
    if block.rows != block.cols || block.rows > 200 {
        return 0.0;
    }
    let m = block.matrix(theta);
    let s = singular_values(&m);
    let (most, least) = (s.first().copied().unwrap_or(0.0), s.last().copied().unwrap_or(0.0));
    if least <= most * RESOLVED {
        return 0.0;
    }
    by_elimination(m)
}

/// By elimination with row pivoting: only the sign is kept.
fn by_elimination(mut m: Matrix) -> f64 {
    let n = m.rows();
    let mut sign = 1.0;
    for j in 0..n {
        let Some(p) = (j..n).max_by(|&a, &b| m.get(a, j).abs().total_cmp(&m.get(b, j).abs())) else {
            return 0.0;
        };
        if p != j {
            let (upper, lower) = (m.row(j).to_vec(), m.row(p).to_vec());
            m.row_mut(j).copy_from_slice(&lower);
            m.row_mut(p).copy_from_slice(&upper);
            sign = -sign;
        }
        let pivot = m.get(j, j);
        sign *= pivot.signum();
        let head = m.row(j).to_vec();
        for i in j + 1..n {
            let factor = m.get(i, j) / pivot;
            m.row_mut(i).iter_mut().zip(&head).for_each(|(v, h)| *v -= factor * h);
        }
    }
    sign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn determinants_have_the_sign_of_their_permutation() {
        let m = |rows: &[[f64; 3]]| Matrix::from_rows(&rows.iter().map(|r| r.to_vec()).collect::<Vec<_>>());
        assert_eq!(by_elimination(m(&[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])), 1.0);
        assert_eq!(by_elimination(m(&[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])), -1.0);
        // 1 (5·0 − 6·8) − 2 (4·0 − 6·7) + 3 (4·8 − 5·7) = −48 + 84 − 9 = 27.
        assert_eq!(by_elimination(m(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 0.0]])), 1.0);
    }
}
