//! Full-batch gradient steps of networks: steps a second, against the multiplications of a step alone and the best rate seen elsewhere.

use crate::clock::{Effort, seconds, si};
use std::hint::black_box;
use tropism::data::Targets;
use tropism::losses::LossSpec;
use tropism::models::{Interface, ModelSpec};
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Design, Matrix};
use tropism::optimizers::Oracle;
use tropism::training::DataOracle;

/// Samples, inputs, keys, and multiply-adds of a step: two products with the first layer (there and back), three with
/// every further one.
struct Problem {
    name: &'static str,
    id: &'static str,
    keys: &'static str,
    n: usize,
    d: usize,
    products: usize,
    /// Steps a second that another tool was seen to take.
    elsewhere: Option<f64>,
}

const PROBLEMS: [Problem; 2] = [
    Problem {
        name: "two layers, width 512, n = 200, d = 20",
        id: "two_layer_relu",
        keys: "width = 512",
        n: 200,
        d: 20,
        products: 200 * 512 * (2 * 20 + 1),
        elsewhere: Some(2.55e3),
    },
    Problem {
        name: "three layers, width 64, n = 357, d = 64",
        id: "deep_relu",
        keys: "widths = [64, 64]",
        n: 357,
        d: 64,
        products: 357 * (2 * 64 * 64 + 3 * 64 * 64 + 3 * 64),
        elsewhere: None,
    },
];

/// One step: gradient of the squared loss and an update.
fn step(effort: Effort, p: &Problem) -> f64 {
    use rand_distr::{Distribution, StandardNormal};
    let mut r = rng(1, Stream::Data);
    let x = Design::Dense(Matrix::from_fn(p.n, p.d, |_, _| StandardNormal.sample(&mut r)));
    let targets = Targets::Real((0..p.n).map(|i| (i % 5) as f64).collect());
    let spec = ModelSpec::parse("model", p.id, p.keys.parse().expect("valid TOML"), &[]).expect("valid keys");
    let model =
        spec.build(&Interface { inputs: p.d, outputs: 1, shape: None, image: None }).expect("in range");
    let loss =
        LossSpec::parse("loss", "squared", toml::Table::new(), &[]).and_then(|l| l.build()).expect("no keys");
    let mut theta = vec![0.0; model.dim()];
    model.init(&mut rng(1, Stream::Init), &mut theta);
    let mut gradient = vec![0.0; theta.len()];
    let mut oracle = DataOracle::new(&*model, &*loss, &x, &targets, -(p.n as f64).ln());
    seconds(effort, || {
        let scale = 1e-4 * oracle.gradient(&theta, None, &mut gradient).exp();
        theta.iter_mut().zip(&gradient).for_each(|(t, g)| *t -= scale * g);
        black_box(&theta);
    })
}

/// `count` multiply-adds that stay in registers.
pub fn bound(effort: Effort, count: usize) -> f64 {
    seconds(effort, || pulp::Arch::new().dispatch(Arithmetic(count)))
}

struct Arithmetic(usize);

impl pulp::NullaryFnOnce for Arithmetic {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let (mut sums, factor) = ([[0.0f64; 16]; 4], black_box(0.999));
        for _ in 0..self.0 / 64 {
            for row in &mut sums {
                for s in row.iter_mut() {
                    *s = s.mul_add(factor, 0.5);
                }
            }
        }
        black_box(&mut sums);
    }
}

pub fn table(effort: Effort) {
    println!("\nFull-batch gradient steps of networks");
    let heads = ["steps/s", "arithmetic/s", "of arithmetic", "x elsewhere"];
    println!("{:42} {:>12} {:>14} {:>14} {:>14}", "problem", heads[0], heads[1], heads[2], heads[3]);
    for p in &PROBLEMS {
        let (one, bound) = (step(effort, p), bound(effort, p.products));
        let beside = p.elsewhere.map_or_else(|| "-".into(), |rate| format!("{:.2}", 1.0 / one / rate));
        let (rate, most) = (si(1.0 / one), si(1.0 / bound));
        println!("{:42} {rate:>12} {most:>14} {:>14.2} {beside:>14}", p.name, bound / one);
    }
}
