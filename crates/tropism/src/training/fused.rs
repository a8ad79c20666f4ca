//! Gradients of linear predictors of one output in one pass over the data, and many descent steps inside one call.

use crate::data::Targets;
use crate::losses::{Exponential, Logistic, Loss, Pointwise, Squared};
use crate::models::{Model, Structure};
use crate::numerics::fused::{self, Descent, Lane, Packed, Plain, Slope, Vectors};
use crate::numerics::narrow::{Columns, MOST_COLUMNS};
use crate::numerics::{Design, Matrix};
use std::marker::PhantomData;

/// Largest number of entries that is copied into the order in which it is read: half a megabyte, so that copy and vectors
/// share the second cache. Beyond that loads wait for memory, not for their alignment.
const MOST_COPIED: usize = 1 << 16;

/// The data in the form the passes read, and their vectors.
pub struct Fused {
    form: Form,
    slope: Pointwise,
    weights: Vec<Lane>,
    gradient: Vec<Lane>,
    outputs: Vec<Lane>,
    targets: Vec<Lane>,
}

enum Form {
    /// Few columns: steps without a scale while that is exact, else packed.
    Narrow(Columns, Packed),
    Packed(Packed),
    /// Read where it stands.
    InPlace,
}

impl Fused {
    /// `None` where model, loss or data have no fused form.
    pub fn new(model: &dyn Model, loss: &dyn Loss, x: &Design, targets: &Targets) -> Option<Self> {
        let slope = loss.pointwise()?;
        let (Targets::Sign(y) | Targets::Real(y)) = targets else { return None };
        let (Design::Dense(m) | Design::Lower(m)) = x else { return None };
        let signs = slope == Pointwise::Squared || matches!(targets, Targets::Sign(_));
        if !signs || model.facts().structure != Structure::Linear || model.dim() != m.cols() || m.cols() == 0
        {
            return None;
        }
        let (rows, cols) = (m.rows(), m.cols());
        let pack = || Packed::new(m.as_slice(), rows, cols, matches!(x, Design::Lower(_)));
        let form = match rows * cols {
            large if large > MOST_COPIED => Form::InPlace,
            _ if cols <= MOST_COLUMNS => Form::Narrow(Columns::new(m.as_slice(), rows, cols), pack()),
            _ => Form::Packed(pack()),
        };
        let weights = fused::lanes(&vec![0.0; cols]);
        let targets = fused::lanes(y);
        Some(Self { form, slope, gradient: weights.clone(), weights, outputs: targets.clone(), targets })
    }

    /// Writes `exp(−s) Σ_i ∂ℓ_i/∂f_i x_i` into `out` and returns `s`.
    pub fn gradient(&mut self, x: &Design, theta: &[f64], out: &mut [f64]) -> f64 {
        let scale = self.packed(x, theta, 0.0, 0.0, 0);
        fused::unfill(&self.gradient, out);
        scale
    }

    /// The outputs at the last gradient, `[n]`.
    pub fn outputs(&self, out: &mut [f64]) {
        fused::unfill(&self.outputs, out);
    }

    /// See [`crate::optimizers::Oracle::descend`]; `log_weight` is the log of one sample's weight.
    pub fn descend(&mut self, x: &Design, theta: &mut [f64], eta: f64, log_weight: f64, steps: u64) -> u64 {
        if let Form::Narrow(columns, _) = &self.form {
            let (y, eta) = (&self.targets, eta * log_weight.exp());
            return match self.slope {
                Pointwise::Exponential => columns.descend::<Exponential>(y, theta, eta, steps),
                Pointwise::Logistic => columns.descend::<Logistic>(y, theta, eta, steps),
                Pointwise::Squared => columns.descend::<Squared>(y, theta, eta, steps),
            };
        }
        self.packed(x, theta, eta, log_weight, steps);
        fused::unfill(&self.weights, theta);
        steps
    }

    fn packed(&mut self, x: &Design, theta: &[f64], eta: f64, log_weight: f64, steps: u64) -> f64 {
        fused::fill(theta, &mut self.weights);
        match self.slope {
            Pointwise::Exponential => self.run::<Exponential>(x, eta, log_weight, steps),
            Pointwise::Logistic => self.run::<Logistic>(x, eta, log_weight, steps),
            Pointwise::Squared => self.run::<Squared>(x, eta, log_weight, steps),
        }
    }

    fn run<S: Slope>(&mut self, x: &Design, eta: f64, log_weight: f64, steps: u64) -> f64 {
        let vectors = Vectors {
            weights: &mut self.weights,
            gradient: &mut self.gradient,
            outputs: &mut self.outputs,
            targets: &self.targets,
        };
        let slope = PhantomData::<S>;
        match &self.form {
            Form::Narrow(_, blocks) | Form::Packed(blocks) => {
                pulp::Arch::new().dispatch(Descent { blocks, vectors, eta, log_weight, steps, slope })
            }
            Form::InPlace => {
                let m = dense(x);
                let blocks = Plain { data: m.map_or(&[], Matrix::as_slice), rows: x.rows(), cols: x.cols() };
                pulp::Arch::new().dispatch(Descent { blocks, vectors, eta, log_weight, steps, slope })
            }
        }
    }
}

fn dense(x: &Design) -> Option<&Matrix> {
    match x {
        Design::Dense(m) | Design::Lower(m) => Some(m),
        Design::Sparse(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::losses::LossSpec;
    use crate::models::{Interface, ModelSpec, Workspace};

    fn problem(rows: usize, cols: usize, lower: bool) -> (Design, Targets) {
        let entry = |i: usize, j: usize| {
            if lower && j > i { 0.0 } else { ((i * 37 + j * 101 + i * j) % 17) as f64 / 8.0 - 1.0 }
        };
        let m = Matrix::from_fn(rows, cols, entry);
        let y = (0..rows).map(|i| if (i * 7) % 3 == 0 { 1.0 } else { -1.0 }).collect();
        (if lower { Design::Lower(m) } else { Design::Dense(m) }, Targets::Sign(y))
    }

    fn linear(inputs: usize) -> Box<dyn Model> {
        ModelSpec::linear(Default::default()).build(&Interface { inputs, outputs: 1, shape: None }).unwrap()
    }

    fn losses() -> Vec<Box<dyn Loss>> {
        let build = |id: &str| LossSpec::parse("loss", id, toml::Table::new(), &[]).unwrap().build().unwrap();
        ["exponential", "logistic", "squared"].map(build).into()
    }

    /// Gradient by the model's own products: `(scale, direction)`.
    fn plainly(
        model: &dyn Model,
        loss: &dyn Loss,
        x: &Design,
        y: &Targets,
        theta: &[f64],
    ) -> (f64, Vec<f64>) {
        let mut work = Workspace::default();
        let (mut f, mut s, mut g) = (vec![0.0; x.rows()], vec![0.0; x.rows()], vec![0.0; x.cols()]);
        model.predict(theta, x, &mut work, &mut f);
        let scale = loss.slopes(&f, y, &mut s);
        model.pullback(theta, x, &s, &mut work, &mut g);
        (scale, g)
    }

    /// Every form of the data, at margins from nothing to 10^5 on both sides.
    #[test]
    fn one_pass_gives_the_gradient_of_two() {
        for (rows, cols, lower) in
            [(1, 1, false), (20, 2, false), (13, 8, false), (37, 37, true), (9, 21, false), (700, 101, false)]
        {
            let (x, y) = problem(rows, cols, lower);
            let model = linear(cols);
            for loss in losses() {
                let mut fused = Fused::new(&*model, &*loss, &x, &y).unwrap();
                for size in [0.0, 1e-3, 1.0, 40.0, 1e5] {
                    let theta: Vec<f64> = (0..cols).map(|j| size * ((j % 5) as f64 - 1.7)).collect();
                    let (scale, expected) = plainly(&*model, &*loss, &x, &y, &theta);
                    let mut found = vec![0.0; cols];
                    let other = fused.gradient(&x, &theta, &mut found);
                    // Outputs near 10^5 differ by rounding of their sums, and so do the logarithms of their slopes.
                    let rounding = 1e-15 * (rows + cols) as f64 * (1.0 + size * cols as f64);
                    assert!((scale - other).abs() <= rounding, "scales {scale} and {other}");
                    let reach: f64 = x.row_norms().iter().sum::<f64>() * (1.0 + size * cols as f64);
                    for (e, f) in expected.iter().zip(&found) {
                        assert!((e - f).abs() <= rounding * reach, "{e} and {f} at size {size}");
                    }
                }
            }
        }
    }

    /// Many steps in one call are single steps.
    #[test]
    fn descent_takes_the_steps_of_the_gradient() {
        for (rows, cols, lower) in [(20, 2, false), (13, 8, false), (37, 37, true), (700, 101, false)] {
            let (x, y) = problem(rows, cols, lower);
            let model = linear(cols);
            for loss in losses() {
                let mut fused = Fused::new(&*model, &*loss, &x, &y).unwrap();
                let (eta, log_weight) = (0.1 / cols as f64, -(rows as f64).ln());
                let (mut one, mut all) = (vec![0.1; cols], vec![0.1; cols]);
                for _ in 0..50 {
                    let (scale, g) = plainly(&*model, &*loss, &x, &y, &one);
                    one.iter_mut().zip(&g).for_each(|(w, g)| *w -= eta * (scale + log_weight).exp() * g);
                }
                assert_eq!(fused.descend(&x, &mut all, eta, log_weight, 20), 20);
                assert_eq!(fused.descend(&x, &mut all, eta, log_weight, 30), 30);
                // Fifty stable steps of sums of up to a thousand terms of size one.
                assert!(one.iter().zip(&all).all(|(a, b)| (a - b).abs() < 1e-11), "{one:?} {all:?}");
            }
        }
    }

    /// Beyond the range of plain exponentials no step is taken in one go.
    #[test]
    fn narrow_descent_stops_where_slopes_underflow() {
        let (x, y) = problem(20, 2, false);
        let model = linear(2);
        let mut fused = Fused::new(&*model, &*losses()[1], &x, &y).unwrap();
        let mut theta = vec![1e4, -1e4];
        assert_eq!(fused.descend(&x, &mut theta, 1.0, 0.0, 5), 0);
        assert_eq!(theta, [1e4, -1e4]);
    }
}
