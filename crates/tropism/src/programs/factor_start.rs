//! What a small start on two factors has beside the columns learned so far, and what rounding adds to it.
//!
//! Both grow by the linear equation `dP/dt = S P`, `S = −[0 G; Gᵀ 0]` with the gradient `G [rows × cols]` of the loss in the product,
//! `P [(rows + cols) × k]`; sizes are kept as logarithms.

use crate::error::Error;
use crate::numerics::Matrix;
use crate::numerics::linalg::{dot, matmul_nn, matmul_tn, max_abs, norm2, symmetric_eigen};

/// Rounding along a run of some hundred steps, relative to the factors.
const ROUNDING: f64 = 1e-15;

/// See the module header.
pub(super) struct Others {
    start: Grown,
    rounding: Grown,
    /// Largest size of either since the last departure.
    pub most: f64,
}

/// How a point is left: the time until the next direction has come to size, what is beside it then, relative to it, and what of it
/// is rounding.
pub(super) struct Departure {
    pub wait: f64,
    pub beside: f64,
    pub rounding: f64,
}

impl Others {
    /// The start `[U; V]`.
    pub fn new(start: &Matrix) -> Self {
        let p = start.rows();
        Self { start: Grown::new(start.clone()), rounding: Grown::new(Matrix::zeros(p, p)), most: 0.0 }
    }

    /// Rounding of factors of that size, alike in all directions.
    pub fn round(&mut self, size: f64) {
        let before = self.rounding.log_size.exp();
        let p = self.rounding.part.rows();
        let add = |i: usize, j: usize| {
            before * self.rounding.part.get(i, j) + if i == j { ROUNDING * size } else { 0.0 }
        };
        self.rounding = Grown::new(Matrix::from_fn(p, p, add));
    }

    /// Lets them grow for `time` at the gradient `g`.
    pub fn follow(&mut self, g: &Matrix, time: f64) -> Result<(), Error> {
        let modes = Modes::new(g)?;
        for grown in [&mut self.start, &mut self.rounding] {
            let parts = grown.parts(&modes);
            grown.grow(&modes, parts, time);
            self.most = self.most.max(grown.log_size.exp());
        }
        Ok(())
    }

    /// Until `lead` before the part along the leading singular vectors of `−g` has factors of that `length`; then without it and
    /// its column.
    pub fn depart(&mut self, g: &Matrix, length: f64, lead: f64) -> Result<Departure, Error> {
        let modes = Modes::new(g)?;
        let top = modes.rates.len() - 1;
        let mut parts = self.start.parts(&modes);
        let column = parts.row(top).to_vec();
        let log_own = self.start.log_size + norm2(&column).ln();
        // Both factors have that length: together they are longer by √2.
        let wait = ((length * 2f64.sqrt()).ln() - log_own) / modes.rates[top];
        let mut rounding = self.rounding.parts(&modes);
        let share = |log_size: f64, part: &[f64], i: usize| {
            let ahead = (modes.rates[i] - modes.rates[top]) * wait;
            if max_abs(part) > 0.0 { (log_size + norm2(part).ln() - log_own + ahead).exp() } else { 0.0 }
        };
        let mut departure =
            Departure { wait, beside: 0.0, rounding: share(self.rounding.log_size, rounding.row(top), top) };
        for i in 0..top {
            let of_start = share(self.start.log_size, parts.row(i), i);
            let of_rounding = share(self.rounding.log_size, rounding.row(i), i);
            departure.beside = departure.beside.max(of_start).max(of_rounding);
            let along = dot(parts.row(i), &column) / dot(&column, &column);
            parts.row_mut(i).iter_mut().zip(&column).for_each(|(p, c)| *p -= along * c);
        }
        if !(departure.beside.is_finite() && wait.is_finite()) {
            return Err(Error::data(
                "greedy rank",
                "the start has no part in the direction that grows fastest",
            ));
        }
        parts.row_mut(top).fill(0.0);
        rounding.row_mut(top).fill(0.0);
        self.start.grow(&modes, parts, wait - lead);
        self.rounding.grow(&modes, rounding, wait - lead);
        self.most = 0.0;
        Ok(departure)
    }
}

/// `exp(log_size) · part`, `part` of norm one, or zero.
struct Grown {
    part: Matrix,
    log_size: f64,
}

impl Grown {
    fn new(part: Matrix) -> Self {
        let mut grown = Self { part, log_size: 0.0 };
        grown.normalise();
        grown
    }

    fn normalise(&mut self) {
        let size = max_abs(self.part.as_slice()).max(f64::MIN_POSITIVE);
        self.part.as_mut_slice().iter_mut().for_each(|p| *p /= size);
        let rest = norm2(self.part.as_slice()).max(f64::MIN_POSITIVE);
        self.part.as_mut_slice().iter_mut().for_each(|p| *p /= rest);
        self.log_size += size.ln() + rest.ln();
    }

    /// Along the modes, one a row.
    fn parts(&self, modes: &Modes) -> Matrix {
        matmul_tn(&modes.vectors, &self.part)
    }

    /// To `time` later, from the parts along the modes; rows of zeros stay so.
    fn grow(&mut self, modes: &Modes, mut parts: Matrix, time: f64) {
        let there: Vec<usize> = (0..parts.rows()).filter(|&i| max_abs(parts.row(i)) > 0.0).collect();
        let fastest = there.iter().map(|&i| modes.rates[i] * time).reduce(f64::max).unwrap_or(0.0);
        for i in there {
            let growth = (modes.rates[i] * time - fastest).exp();
            parts.row_mut(i).iter_mut().for_each(|p| *p *= growth);
        }
        self.part = matmul_nn(&modes.vectors, &parts);
        self.log_size += fastest;
        self.normalise();
    }
}

/// Growth rates in increasing order and modes of `S`.
struct Modes {
    rates: Vec<f64>,
    vectors: Matrix,
}

impl Modes {
    fn new(g: &Matrix) -> Result<Self, Error> {
        let (rows, p) = (g.rows(), g.rows() + g.cols());
        let mut lifted = Matrix::zeros(p, p);
        for (i, j) in (0..rows).flat_map(|i| (rows..p).map(move |j| (i, j))) {
            lifted.set(i, j, -g.get(i, j - rows));
            lifted.set(j, i, -g.get(i, j - rows));
        }
        let (rates, vectors) = symmetric_eigen(&lifted)
            .ok_or_else(|| Error::data("greedy rank", "the gradient left the range of numbers"))?;
        Ok(Self { rates, vectors })
    }
}
