//! Gradients of linear predictors of one output in one pass over the data, and many descent steps inside one call; also of
//! those whose weights are `u² − v²`.

use super::Accumulators;
use crate::data::Targets;
use crate::losses::{Exponential, Logistic, Loss, Pointwise, Squared};
use crate::models::{Model, Structure};
use crate::numerics::blocks::{Blocks, Packed, Plain};
use crate::numerics::fused::{self, Chart, Descent, Direct, Lane, Slope, Vectors};
use crate::numerics::narrow::{Columns, MOST_COLUMNS};
use crate::numerics::squares::{self, Squares, Sums};
use crate::numerics::{Design, Matrix};
use std::marker::PhantomData;

/// Largest number of entries that is copied into the order in which it is read: half a megabyte, so that copy and vectors
/// share the second cache. Beyond that loads wait for memory, not for their alignment.
const MOST_COPIED: usize = 1 << 16;

/// The data in the form the passes read, and their vectors.
pub struct Fused {
    form: Form,
    slope: Pointwise,
    squares: Option<Factors>,
    batch: Batch,
    weights: Vec<Lane>,
    gradient: Vec<Lane>,
    outputs: Vec<Lane>,
    slopes: Vec<Lane>,
    targets: Vec<Lane>,
}

/// Parameters of weights `u² − v²`, and room for the sums of their steps.
struct Factors {
    u: Vec<Lane>,
    v: Vec<Lane>,
    shrink: Vec<Lane>,
    excess: Vec<Lane>,
}

/// Vectors of a batch: grown once.
#[derive(Default)]
struct Batch {
    targets: Vec<Lane>,
    outputs: Vec<Lane>,
    slopes: Vec<Lane>,
}

enum Form {
    /// Few columns: steps without a scale while that is exact, else packed.
    Narrow(Columns, Packed),
    Packed(Packed),
    /// Read where it stands.
    InPlace,
}

impl Form {
    fn lanes(&self, rows: usize, cols: usize) -> usize {
        match self {
            Form::Narrow(_, packed) | Form::Packed(packed) => packed.lanes(),
            Form::InPlace => Plain { data: &[], rows, cols, batch: None }.lanes(),
        }
    }
}

impl Fused {
    /// `None` where model, loss or data have no fused form.
    pub fn new(model: &dyn Model, loss: &dyn Loss, x: &Design, targets: &Targets) -> Option<Self> {
        let slope = loss.pointwise()?;
        let (Targets::Sign(y) | Targets::Real(y)) = targets else { return None };
        let (Design::Dense(m) | Design::Lower(m)) = x else { return None };
        let signs = slope == Pointwise::Squared || matches!(targets, Targets::Sign(_));
        let (rows, cols) = (m.rows(), m.cols());
        let linear = model.facts().structure == Structure::Linear && model.dim() == cols;
        let squares = model.is_difference_of_squares() && model.dim() == 2 * cols;
        if !signs || !(linear || squares) || cols == 0 {
            return None;
        }
        let pack = || Packed::new(m.as_slice(), rows, cols, matches!(x, Design::Lower(_)));
        let form = match rows * cols {
            large if large > MOST_COPIED => Form::InPlace,
            _ if linear && cols <= MOST_COLUMNS => {
                Form::Narrow(Columns::new(m.as_slice(), rows, cols), pack())
            }
            _ => Form::Packed(pack()),
        };
        let weights = fused::lanes(&vec![0.0; cols]);
        let targets = fused::lanes(y);
        let slopes = fused::room(form.lanes(rows, cols), targets.len());
        let (gradient, outputs) = (weights.clone(), targets.clone());
        let part = || weights.clone();
        let squares = squares.then(|| Factors { u: part(), v: part(), shrink: part(), excess: part() });
        let batch = Batch::default();
        Some(Self { form, slope, squares, batch, weights, gradient, outputs, slopes, targets })
    }

    /// Writes `exp(−s) Σ_i ∂ℓ_i/∂θ` into `out` and returns `s`.
    pub fn gradient(&mut self, x: &Design, theta: &[f64], out: &mut [f64]) -> f64 {
        self.load(theta);
        let scale = self.pass(x, Pace::NONE, None);
        self.pull(out);
        scale
    }

    /// [`Fused::gradient`] over the rows `batch` with targets `y` of their own; writes their outputs into `f`.
    pub fn batch_gradient(
        &mut self,
        x: &Design,
        theta: &[f64],
        (batch, y): (&[usize], &[f64]),
        f: &mut [f64],
        out: &mut [f64],
    ) -> f64 {
        self.load(theta);
        let Batch { targets, outputs, slopes } = &mut self.batch;
        let blocks = batch.len().div_ceil(fused::LANES);
        targets.clear();
        targets.resize(blocks, Lane::default());
        outputs.resize(blocks, Lane::default());
        slopes.resize(blocks, Lane::default());
        fused::fill(y, targets);
        let (weights, gradient) = (&mut self.weights, &mut self.gradient);
        let vectors = Vectors { weights, gradient, outputs, slopes, targets };
        let run =
            Run { form: &self.form, slope: self.slope, x, batch: Some(batch), vectors, pace: Pace::NONE };
        let scale = run.on(Direct);
        fused::unfill(outputs, f);
        self.pull(out);
        scale
    }

    /// From the gradient in the weights to that in the parameters.
    fn pull(&self, out: &mut [f64]) {
        let Some(Factors { u, v, .. }) = &self.squares else {
            return fused::unfill(&self.gradient, out);
        };
        let (du, dv) = out.split_at_mut(out.len() / 2);
        let g = self.gradient.iter().flat_map(|g| g.0);
        let factors = u.iter().flat_map(|u| u.0).zip(v.iter().flat_map(|v| v.0));
        for (((du, dv), g), (u, v)) in du.iter_mut().zip(dv).zip(g).zip(factors) {
            (*du, *dv) = (2.0 * u * g, -(2.0 * v * g));
        }
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
        self.load(theta);
        self.pass(x, Pace { eta, log_weight, steps }, None);
        self.unload(theta);
        steps
    }

    /// [`Fused::descend`] of weights `u² − v²`, with the sums of its steps.
    pub fn descend_summed(
        &mut self,
        x: &Design,
        theta: &mut [f64],
        eta: f64,
        (log_weight, steps): (f64, u64),
        sums: &mut Accumulators,
    ) -> u64 {
        let Some(factors) = &mut self.squares else { return 0 };
        fused::fill(&sums.shrink, &mut factors.shrink);
        fused::fill(&sums.excess, &mut factors.excess);
        self.load(theta);
        self.pass(x, Pace { eta, log_weight, steps }, Some(&mut sums.vanished));
        self.unload(theta);
        if let Some(factors) = &self.squares {
            fused::unfill(&factors.shrink, &mut sums.shrink);
            fused::unfill(&factors.excess, &mut sums.excess);
        }
        steps
    }

    fn load(&mut self, theta: &[f64]) {
        let Some(Factors { u, v, .. }) = &mut self.squares else {
            return fused::fill(theta, &mut self.weights);
        };
        let half = theta.len() / 2;
        fused::fill(&theta[..half], u);
        fused::fill(&theta[half..], v);
        for ((w, u), v) in self.weights.iter_mut().zip(u).zip(v) {
            w.0 = std::array::from_fn(|l| squares::weight(u.0[l], v.0[l]));
        }
    }

    fn unload(&self, theta: &mut [f64]) {
        let Some(Factors { u, v, .. }) = &self.squares else { return fused::unfill(&self.weights, theta) };
        let half = theta.len() / 2;
        fused::unfill(u, &mut theta[..half]);
        fused::unfill(v, &mut theta[half..]);
    }

    /// Steps, with their sums where `vanished` is given; a gradient if there are none.
    fn pass(&mut self, x: &Design, pace: Pace, vanished: Option<&mut bool>) -> f64 {
        let vectors = Vectors {
            weights: &mut self.weights,
            gradient: &mut self.gradient,
            outputs: &mut self.outputs,
            slopes: &mut self.slopes,
            targets: &self.targets,
        };
        let run = Run { form: &self.form, slope: self.slope, x, batch: None, vectors, pace };
        match &mut self.squares {
            None => run.on(Direct),
            Some(Factors { u, v, shrink, excess }) => {
                run.on(Squares { u, v, sums: vanished.map(|vanished| Sums { shrink, excess, vanished }) })
            }
        }
    }
}

/// See [`Descent`].
#[derive(Clone, Copy)]
struct Pace {
    eta: f64,
    log_weight: f64,
    steps: u64,
}

impl Pace {
    const NONE: Pace = Pace { eta: 0.0, log_weight: 0.0, steps: 0 };
}

/// A pass or many, before the kinds of data, loss and parameters are chosen.
struct Run<'a> {
    form: &'a Form,
    slope: Pointwise,
    x: &'a Design,
    batch: Option<&'a [usize]>,
    vectors: Vectors<'a>,
    pace: Pace,
}

impl Run<'_> {
    fn on<C: Chart>(self, chart: C) -> f64 {
        match self.slope {
            Pointwise::Exponential => self.over::<Exponential, C>(chart),
            Pointwise::Logistic => self.over::<Logistic, C>(chart),
            Pointwise::Squared => self.over::<Squared, C>(chart),
        }
    }

    fn over<S: Slope, C: Chart>(self, chart: C) -> f64 {
        match (self.form, self.batch) {
            (Form::Narrow(_, blocks) | Form::Packed(blocks), None) => self.through::<S, C, _>(blocks, chart),
            (_, batch) => {
                let (m, cols) = (dense(self.x), self.x.cols());
                let rows = batch.map_or(self.x.rows(), <[usize]>::len);
                let blocks = Plain { data: m.map_or(&[], Matrix::as_slice), rows, cols, batch };
                self.through::<S, C, _>(blocks, chart)
            }
        }
    }

    fn through<S: Slope, C: Chart, B: Blocks>(self, blocks: B, chart: C) -> f64 {
        let Self { vectors, pace: Pace { eta, log_weight, steps }, .. } = self;
        pulp::Arch::new().dispatch(Descent {
            blocks,
            vectors,
            chart,
            eta,
            log_weight,
            steps,
            slope: PhantomData::<S>,
        })
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
        ModelSpec::linear(Default::default())
            .build(&Interface { inputs, outputs: 1, shape: None, image: None })
            .unwrap()
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
