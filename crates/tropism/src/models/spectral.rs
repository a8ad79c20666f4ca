//! Full-width circular convolutions in Fourier coordinates: a product of one complex number for each frequency.
//!
//! Not a member of the registry: what `convolutional` with one channel is in coordinates in which its frequencies do not mix. The flow
//! is written in them where some frequencies have grown and others wait below the rounding of those (`training/flow`).
//!
//! Every signal `w [d]` is given by its coordinates in the orthonormal basis of cosines and sines: first the mean, then the pairs
//! `√(2/d) Σ_j w_j cos(2πjk/d)`, `√(2/d) Σ_j w_j sin(2πjk/d)`, last, for even `d`, the alternating sum. With `z = a − ib` for such a pair the
//! convolution of two signals is `z = √(d/2) z₁ z₂`, and `√d` times the product of the numbers where there is one.
//!
//! Shapes: as of `convolutional`: `depth − 1` layers `[d]`, then `[k × d]`.

use super::through_predictor::{Layers, PredictorMap, multilinear_curvature};
use super::{Block, ModelFacts, Structure};
use crate::numerics::rng::Rng;
use crate::numerics::{Design, Matrix, linalg};
use std::f64::consts::TAU;

/// The product of `depth` spectra of signals of length `inputs`, the last of them one for each output.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectral {
    pub depth: usize,
    pub inputs: usize,
    pub outputs: usize,
}

/// The orthonormal basis `[d × d]`, a coordinate a row.
fn basis(d: usize) -> Matrix {
    let root = (d as f64).sqrt();
    Matrix::from_fn(d, d, |row, j| {
        let k = row.div_ceil(2);
        let angle = TAU * ((k * j) % d) as f64 / d as f64;
        match row {
            0 => 1.0 / root,
            _ if 2 * k == d => {
                if j % 2 == 0 {
                    1.0 / root
                } else {
                    -1.0 / root
                }
            }
            _ if row % 2 == 1 => 2f64.sqrt() * angle.cos() / root,
            _ => 2f64.sqrt() * angle.sin() / root,
        }
    })
}

/// Coordinates of every signal of length `d` in `signals`, one after the other.
pub fn to_coordinates(d: usize, signals: &[f64]) -> Vec<f64> {
    each(&basis(d), signals, linalg::matvec)
}

/// The signals of such coordinates.
pub fn to_signals(d: usize, coordinates: &[f64]) -> Vec<f64> {
    each(&basis(d), coordinates, linalg::matvec_transposed)
}

/// The inputs in those coordinates.
pub fn inputs_to_coordinates(x: &Design) -> Design {
    let dense = x.to_dense();
    let turned = to_coordinates(dense.cols(), dense.as_slice());
    Design::Dense(Matrix::from_vec(dense.rows(), dense.cols(), turned))
}

fn each(basis: &Matrix, signals: &[f64], turn: fn(&Matrix, &[f64], &mut [f64])) -> Vec<f64> {
    let mut out = vec![0.0; signals.len()];
    let d = basis.rows();
    signals.chunks_exact(d).zip(out.chunks_exact_mut(d)).for_each(|(w, o)| turn(basis, w, o));
    out
}

impl Spectral {
    /// `out ← z · by` at every frequency, where `conjugate` says whether it is the conjugate of `by` that multiplies.
    fn multiply(&self, out: &mut [f64], by: &[f64], conjugate: bool) {
        let d = self.inputs;
        let (single, double) = ((d as f64).sqrt(), (d as f64 / 2.0).sqrt());
        out[0] *= single * by[0];
        for k in 1..=(d - 1) / 2 {
            let (i, j) = (2 * k - 1, 2 * k);
            let (a, b, sign) = (by[i], by[j], if conjugate { -1.0 } else { 1.0 });
            (out[i], out[j]) =
                (double * (a * out[i] - sign * b * out[j]), double * (a * out[j] + sign * b * out[i]));
        }
        if d.is_multiple_of(2) {
            out[d - 1] *= single * by[d - 1];
        }
    }

    /// Layer `l` as seen by output `o`.
    fn layer(&self, l: usize, o: usize) -> std::ops::Range<usize> {
        let row = if l + 1 == self.depth { l + o } else { l };
        row * self.inputs..(row + 1) * self.inputs
    }

    /// Multiplies `out [d]` by all layers but `without`, or by their conjugates.
    fn others(&self, theta: &[f64], o: usize, without: usize, conjugate: bool, out: &mut [f64]) {
        for l in (0..self.depth).filter(|l| *l != without) {
            self.multiply(out, &theta[self.layer(l, o)], conjugate);
        }
    }
}

impl PredictorMap for Spectral {
    fn dim(&self) -> usize {
        (self.depth - 1 + self.outputs) * self.inputs
    }

    fn predictor_shape(&self) -> (usize, usize) {
        (self.outputs, self.inputs)
    }

    /// Starts are those of `convolutional`, turned.
    fn init(&self, _rng: &mut Rng, theta: &mut [f64]) {
        theta.fill(0.0);
    }

    fn predictor(&self, theta: &[f64], _layers: &mut Layers, w: &mut [f64]) {
        for (o, w) in w.chunks_exact_mut(self.inputs).enumerate() {
            w.copy_from_slice(&theta[self.layer(self.depth - 1, o)]);
            self.others(theta, o, self.depth - 1, false, w);
        }
    }

    fn pull(&self, theta: &[f64], g: &[f64], layers: &mut Layers, out: &mut [f64]) {
        let d = self.inputs;
        out.fill(0.0);
        layers.forward.resize(d, 0.0);
        for (o, g) in g.chunks_exact(d).enumerate() {
            for l in 0..self.depth {
                layers.forward.copy_from_slice(g);
                self.others(theta, o, l, true, &mut layers.forward);
                linalg::axpy(1.0, &layers.forward, &mut out[self.layer(l, o)]);
            }
        }
    }

    fn push(&self, theta: &[f64], v: &[f64], layers: &mut Layers, out: &mut [f64]) {
        let d = self.inputs;
        layers.forward.resize(d, 0.0);
        for (o, out) in out.chunks_exact_mut(d).enumerate() {
            out.fill(0.0);
            for l in 0..self.depth {
                layers.forward.copy_from_slice(&v[self.layer(l, o)]);
                self.others(theta, o, l, false, &mut layers.forward);
                linalg::axpy(1.0, &layers.forward, out);
            }
        }
    }

    fn curvature(&self, theta: &[f64], g: &[f64], layers: &mut Layers, out: &mut Matrix) {
        multilinear_curvature(self, theta, g, layers, out);
    }

    fn facts(&self) -> ModelFacts {
        ModelFacts {
            homogeneity: Some(self.depth as f64),
            linear_in_parameters: self.depth == 1,
            linear_in_inputs: true,
            is_predictor: self.depth == 1,
            outputs: self.outputs,
            structure: Structure::Convolutional { depth: self.depth, full: true },
        }
    }

    /// Coordinates, not matrices: a vector for each layer.
    fn blocks(&self) -> Vec<Block> {
        let d = self.inputs;
        let hidden = (0..self.depth - 1).map(|l| Block { offset: l * d, rows: d, cols: 1 });
        let last = Block { offset: (self.depth - 1) * d, rows: self.outputs * d, cols: 1 };
        hidden.chain([last]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Interface, ModelSpec, Workspace};
    use crate::numerics::rng::{Stream, rng};

    /// The network in these coordinates has the outputs, the pullback, the pushforward and the curvature of the convolutions, turned.
    #[test]
    fn coordinates_change_nothing() {
        for (d, outputs, depth) in [(7, 1, 3), (8, 2, 4), (2, 1, 2), (1, 1, 3)] {
            let keys = format!("depth = {depth}\ninit_scale = 1.0");
            let spec = ModelSpec::parse("model", "convolutional", keys.parse().unwrap(), &[]).unwrap();
            let model = spec.build(&Interface { inputs: d, outputs, shape: None, image: None }).unwrap();
            let turned = model.spectral().expect("one channel, full kernels");
            let p = model.dim();
            assert_eq!(p, turned.dim());
            let mut theta = vec![0.0; p];
            model.init(&mut rng(5, Stream::Init), &mut theta);
            let at = to_coordinates(d, &theta);
            let close = |a: &[f64], b: &[f64]| {
                assert!(linalg::distance(a, b) < 1e-13 * (1.0 + linalg::norm2(a)), "{a:?} {b:?}");
            };
            close(&to_signals(d, &at), &theta);

            let x: Design = Matrix::from_fn(4, d, |i, j| f64::sin((i * d + j * j) as f64)).into();
            let z = inputs_to_coordinates(&x);
            let work = &mut Workspace::default();
            let (mut f, mut g) = (vec![0.0; 4 * outputs], vec![0.0; 4 * outputs]);
            model.predict(&theta, &x, work, &mut f);
            turned.predict(&at, &z, work, &mut g);
            close(&f, &g);

            let r: Vec<f64> = (0..4 * outputs).map(|i| f64::cos(i as f64)).collect();
            let (mut a, mut b) = (vec![0.0; p], vec![0.0; p]);
            model.pullback(&theta, &x, &r, work, &mut a);
            turned.pullback(&at, &z, &r, work, &mut b);
            close(&to_coordinates(d, &a), &b);

            model.pushforward(&theta, &x, &a, work, &mut f);
            turned.pushforward(&at, &z, &b, work, &mut g);
            close(&f, &g);

            let mut h = Matrix::zeros(p, p);
            assert!(turned.curvature(&at, &z, &r, work, &mut h));
            let mut along = vec![0.0; p];
            linalg::matvec(&h, &b, &mut along);
            model.curvature_product(&theta, &x, &r, &a, work, &mut b);
            // The product of the convolutions is a difference.
            let (want, size) = (to_coordinates(d, &b), linalg::norm2(&along));
            assert!(linalg::distance(&want, &along) < 1e-6 * (1.0 + size), "{want:?} {along:?}");
        }
    }
}
