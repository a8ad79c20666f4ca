//! Curvature of the training loss in the parameters: products with its Hessian, and the largest eigenvalue.

use super::Setup;
use crate::models::Workspace;
use crate::numerics::lanczos::{Limits, largest_eigenvalue};

/// Multiplications of one pass through model and data, about, up to which some hundred passes are worth their time.
const MOST_WORK: usize = 1_000_000;
/// When the eigenvalue counts as found; its own error is of the order of the square of this.
const LIMITS: Limits = Limits { tolerance: 1e-5, products: 400 };

impl Setup {
    /// Largest eigenvalue of `∇²L = Jᵀ S J + Σ_i r_i ∇²f_i` at `theta [p]`, with `S` the loss's curvature in the outputs and `r` its
    /// slopes, both weighted: the sharpness. At the kinks of a ReLU network the Hessian is that of the side its derivative is
    /// taken from.
    ///
    /// `None` for models linear in their parameters, where one pass costs more than a million multiplications, where something is
    /// not finite, and where the method of Lanczos has not found it.
    pub fn sharpness(&self, theta: &[f64]) -> Option<f64> {
        let facts = self.model.facts();
        let work = self.data.n() * facts.outputs * theta.len();
        if facts.linear_in_parameters || work > MOST_WORK {
            return None;
        }
        let mut hessian = Hessian::at(self, theta);
        let found = largest_eigenvalue(theta.len(), LIMITS, |v, out| hessian.product(v, out))?;
        found.value.is_finite().then_some(found.value)
    }
}

/// The Hessian of the training loss at a point.
struct Hessian<'a> {
    setup: &'a Setup,
    theta: &'a [f64],
    /// Weighted slopes, `[n * k]`.
    slopes: Vec<f64>,
    /// Weighted curvature in the outputs, one `k × k` block a sample.
    blocks: Vec<f64>,
    work: Workspace,
    moved: Vec<f64>,
    curved: Vec<f64>,
    bent: Vec<f64>,
}

impl<'a> Hessian<'a> {
    fn at(setup: &'a Setup, theta: &'a [f64]) -> Self {
        let (data, loss) = (&setup.data, &setup.loss);
        let (n, k) = (data.n(), data.targets.outputs());
        let outputs = setup.outputs(theta, data);
        let mut slopes = vec![0.0; n * k];
        let weight = (loss.slopes(&outputs, &data.targets, &mut slopes) + setup.log_weight).exp();
        slopes.iter_mut().for_each(|r| *r *= weight);
        let mut blocks = vec![0.0; n * k * k];
        for (i, block) in blocks.chunks_exact_mut(k * k).enumerate() {
            let scale = loss.curvature(&outputs[i * k..(i + 1) * k], data.targets.get(i), block);
            let weight = (scale + setup.log_weight).exp();
            block.iter_mut().for_each(|s| *s *= weight);
        }
        let (moved, curved, bent) = (vec![0.0; n * k], vec![0.0; n * k], vec![0.0; theta.len()]);
        Self { setup, theta, slopes, blocks, work: Workspace::default(), moved, curved, bent }
    }

    /// `out [p] = ∇²L v`, `v [p]`.
    fn product(&mut self, v: &[f64], out: &mut [f64]) {
        let (model, x, work) = (&self.setup.model, &self.setup.data.x, &mut self.work);
        let k = self.setup.data.targets.outputs();
        model.pushforward(self.theta, x, v, work, &mut self.moved);
        let samples = self.moved.chunks_exact(k).zip(self.blocks.chunks_exact(k * k));
        for (out, (f, block)) in self.curved.chunks_exact_mut(k).zip(samples) {
            for (o, row) in out.iter_mut().zip(block.chunks_exact(k)) {
                *o = row.iter().zip(f).map(|(s, f)| s * f).sum();
            }
        }
        model.pullback(self.theta, x, &self.curved, work, out);
        model.curvature_product(self.theta, x, &self.slopes, v, work, &mut self.bent);
        out.iter_mut().zip(&self.bent).for_each(|(o, b)| *o += b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Matrix;
    use crate::numerics::linalg::symmetric_eigen;
    use crate::spec::Spec;

    fn setup(data: &str, model: &str, loss: &str) -> Setup {
        let text = format!(
            "[data]\n{data}\n[model]\n{model}\n[loss]\n{loss}\n[optimizer]\nkind = \"gradient_descent\"\n[horizon]\nsteps = 1\n"
        );
        let spec = Spec::parse(&text).expect("a valid spec");
        Setup::build(&spec, &|f| Err(crate::Error::data(f.path.clone(), "no files in tests")))
            .expect("a setup")
    }

    fn gradient(setup: &Setup, theta: &[f64]) -> Vec<f64> {
        let outputs = setup.outputs(theta, &setup.data);
        let mut slopes = vec![0.0; outputs.len()];
        let weight = setup.loss.slopes(&outputs, &setup.data.targets, &mut slopes) + setup.log_weight;
        slopes.iter_mut().for_each(|r| *r *= weight.exp());
        let mut out = vec![0.0; theta.len()];
        setup.model.pullback(theta, &setup.data.x, &slopes, &mut Workspace::default(), &mut out);
        out
    }

    /// Largest eigenvalue, by the dense eigensolver, of central differences of the gradient.
    fn by_differences(setup: &Setup, theta: &[f64]) -> f64 {
        let (p, h) = (theta.len(), 1e-5);
        let mut hessian = Matrix::zeros(p, p);
        for j in 0..p {
            let mut at = theta.to_vec();
            at[j] = theta[j] + h;
            let ahead = gradient(setup, &at);
            at[j] = theta[j] - h;
            let behind = gradient(setup, &at);
            (0..p).for_each(|i| hessian.set(i, j, (ahead[i] - behind[i]) / (2.0 * h)));
        }
        let symmetric = Matrix::from_fn(p, p, |i, j| 0.5 * (hessian.get(i, j) + hessian.get(j, i)));
        *symmetric_eigen(&symmetric).expect("finite").0.last().expect("a parameter")
    }

    #[test]
    fn is_that_of_central_differences_of_the_gradient() {
        let regression = "kind = \"dense_regression\"\nn = 7\nd = 4";
        let binary = "kind = \"gaussian_separable\"\nn = 8\nd = 3";
        let classes = "kind = \"iris\"";
        let relu = "kind = \"two_layer_relu\"\nwidth = 5\ninit_scale = 0.7";
        for (data, model, loss) in [
            (regression, relu, "kind = \"squared\""),
            (regression, relu, "kind = \"squared\"\nreduction = \"sum\""),
            (regression, "kind = \"deep_linear\"\ndepth = 3\nwidth = 3", "kind = \"squared\""),
            (regression, "kind = \"diagonal\"\ninit_scale = 0.6", "kind = \"squared\""),
            (regression, "kind = \"diagonal\"\ndepth = 3\ninit_scale = 0.8", "kind = \"squared\""),
            (binary, "kind = \"deep_relu\"\nwidth = 4", "kind = \"logistic\""),
            (classes, relu, "kind = \"cross_entropy\""),
        ] {
            let setup = setup(data, model, loss);
            let (found, want) = (setup.sharpness(&setup.theta0), by_differences(&setup, &setup.theta0));
            // Differences err by h² = 1e-10 times fourth derivatives of order one; Lanczos by 1e-5 squared over a gap.
            let found = found.expect("small and curved");
            assert!((found - want).abs() <= 1e-6 * want.abs(), "{model} {loss}: {found} against {want}");
        }
    }

    #[test]
    fn linear_and_large_models_have_none() {
        let linear = setup("kind = \"dense_regression\"", "kind = \"linear\"", "kind = \"squared\"");
        assert_eq!(linear.sharpness(&linear.theta0), None);
        let wide = "kind = \"two_layer_relu\"\nwidth = 10000";
        let large = setup("kind = \"dense_regression\"", wide, "kind = \"squared\"");
        assert_eq!(large.sharpness(&large.theta0), None);
    }
}
