//! Laws of the models.

mod broken;
mod derivatives;
mod inputs;

use crate::{Law, close, gaussian, gaussian_matrix, holds, orthogonal, random};
use tropism::models::linear::{Linear, LinearSpec};
use tropism::models::network::{Layer, Network};
use tropism::models::{Block, Interface, Model, ModelFacts, ModelSpec, Regime, Workspace};
use tropism::numerics::linalg::{matmul_nn, matmul_nt, norm2};
use tropism::numerics::rng::Rng;
use tropism::numerics::{Design, Matrix};

const INPUTS: usize = 6;
/// As a matrix.
const SHAPE: (usize, usize) = (2, 3);
const ROWS: usize = 4;

/// Settings under which a member is tested; small enough for differences in every parameter.
fn settings(id: &str) -> &'static [&'static str] {
    match id {
        "conv_relu" => {
            &["kernel = 2\nchannels = [3]", "kernel = 1\nchannels = [2, 3]\nstride = 2\nscheme = 'balanced'"]
        }
        "deep_relu" => &[
            "widths = [4]",
            "widths = [3, 5]\nscheme = 'balanced'",
            "depth = 4\nwidth = 5\nscheme = 'ntk'\ninit_scale = 2.0",
        ],
        "two_layer_relu" => &[
            "width = 5",
            "width = 37\nscheme = 'ntk'\ninit_scale = 0.3",
            "width = 16\nscheme = 'balanced'",
            "width = 9\ntrained = 'output_layer'",
        ],
        "convolutional" => &[
            "",
            "depth = 1",
            "depth = 2\ninit = 'balanced'",
            "depth = 3",
            "depth = 4\nkernel = 3\nchannels = 2",
        ],
        "deep_linear" => &["", "depth = 1", "depth = 2\ninit = 'balanced'", "depth = 3\nwidths = [2, 4]"],
        "diagonal" => &["", "depth = 1", "depth = 3", "start = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]"],
        "matrix_factorization" => &[
            "init_scale = 0.5",
            "depth = 1",
            "depth = 3\nwidth = 4",
            "depth = 4\ninit = 'identity'",
            "init = 'gaussian'",
        ],
        _ => &["", "init_scale = 0.5", "init_scale = 0.5\nstart = 0.25"],
    }
}

fn build(id: &str, keys: &str, outputs: usize) -> Box<dyn Model> {
    let spec = ModelSpec::parse("model", id, keys.parse().expect("valid TOML"), &[]).expect("valid keys");
    spec.build(&Interface { inputs: INPUTS, outputs, shape: Some(SHAPE), image: Some(SHAPE) })
        .expect("in range")
}

/// Every registered model over `INPUTS` inputs, with one and with three outputs, and what is not linear in every regime.
fn members() -> Vec<(String, Box<dyn Model>)> {
    let regime = |output_scale, centered, linearized| Regime { output_scale, centered, linearized };
    let regimes = [
        regime(1.0, false, false),
        regime(3.0, false, false),
        regime(1.0, true, false),
        regime(1.0, false, true),
        regime(8.0, true, true),
    ];
    let mut models = vec![];
    for member in ModelSpec::MEMBERS {
        for keys in settings(member.id) {
            // A matrix has one inner product with each input.
            let outputs: &[usize] = if member.id == "matrix_factorization" { &[1] } else { &[1, 3] };
            for (outputs, regime) in outputs.iter().flat_map(|k| regimes.map(|r| (*k, r))) {
                let model = build(member.id, keys, outputs);
                if model.facts().linear_in_parameters && !regime.is_plain() {
                    continue;
                }
                let mut start = vec![0.0; model.dim()];
                model.init(&mut random(10), &mut start);
                let model = regime.apply(model, member.id, &start).expect("in range");
                models.push((format!("{} with {outputs} outputs, {keys:?}, {regime:?}", member.id), model));
            }
        }
    }
    models
}

fn data(rng: &mut Rng) -> Design {
    Design::Dense(gaussian_matrix(rng, ROWS, INPUTS))
}

fn outputs(model: &dyn Model, theta: &[f64], x: &Design) -> Vec<f64> {
    let mut out = vec![0.0; x.rows() * model.facts().outputs];
    model.predict(theta, x, &mut Workspace::default(), &mut out);
    out
}

fn pullback(model: &dyn Model, theta: &[f64], x: &Design, r: &[f64]) -> Vec<f64> {
    let mut out = vec![f64::NAN; theta.len()];
    model.pullback(theta, x, r, &mut Workspace::default(), &mut out);
    out
}

/// `f(cθ) = c^degree f(θ)`; exact for powers of two up to the rounding of `c^degree`.
fn homogeneous_as_declared(model: &dyn Model) -> Law {
    let Some(degree) = model.facts().homogeneity else { return Ok(()) };
    let mut rng = random(12);
    let x = data(&mut rng);
    let theta = gaussian(&mut rng, model.dim());
    let base = outputs(model, &theta, &x);
    for c in [0.25, 2.0, 1024.0] {
        let scaled: Vec<f64> = theta.iter().map(|t| c * t).collect();
        for (got, want) in outputs(model, &scaled, &x).iter().zip(&base) {
            let want = want * f64::powf(c, degree);
            close(*got, want, 1e-13 * want.abs(), || format!("homogeneity at scale {c}"))?;
        }
    }
    Ok(())
}

/// Linear (or affine) in the parameters: `f(θ + φ) + f(0) = f(θ) + f(φ)`, and the pullback does not depend on the point.
fn linear_as_declared(model: &dyn Model) -> Law {
    if !model.facts().linear_in_parameters {
        return Ok(());
    }
    let mut rng = random(13);
    let x = data(&mut rng);
    let (a, b) = (gaussian(&mut rng, model.dim()), gaussian(&mut rng, model.dim()));
    let sum: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
    let (fa, fb, fs) = (outputs(model, &a, &x), outputs(model, &b, &x), outputs(model, &sum, &x));
    let zero = outputs(model, &vec![0.0; a.len()], &x);
    for i in 0..fs.len() {
        // Sums of products of numbers of the size of the outputs: below 100 units in the last place.
        let size = 1.0 + fa[i].abs() + fb[i].abs() + zero[i].abs();
        close(fs[i] + zero[i], fa[i] + fb[i], 1e-13 * size, || format!("additivity of output {i}"))?;
    }
    let r = gaussian(&mut rng, fs.len());
    holds(pullback(model, &a, &x, &r) == pullback(model, &b, &x, &r), || "the pullback depends on θ".into())
}

/// Where there is an effective predictor `W`: `f(θ) = X W`, and the facts declare it.
fn predicts_by_the_effective_predictor(model: &dyn Model) -> Law {
    let mut rng = random(14);
    let x = data(&mut rng);
    let theta = gaussian(&mut rng, model.dim());
    let (k, effective) = (model.facts().outputs, model.effective(&theta));
    holds(effective.is_some() == model.facts().linear_in_inputs, || {
        "effective predictor against facts".into()
    })?;
    let Some(w) = effective else {
        return holds(!model.facts().is_predictor, || "parameters that are no predictor".into());
    };
    holds(!model.facts().is_predictor || w == theta, || "the parameters are not the predictor".into())?;
    let want = matmul_nt(&x.to_dense(), &Matrix::from_vec(k, INPUTS, w));
    let size = 1.0 + norm2(want.as_slice());
    for (got, want) in outputs(model, &theta, &x).iter().zip(want.as_slice()) {
        close(*got, *want, 1e-13 * size, || "output".into())?;
    }
    Ok(())
}

/// Over the rotated inputs `X Q` the rotated parameters compute the same outputs, and the pullback is the rotated one:
/// this is what lets a run be carried out in another orthonormal basis.
fn commutes_with_rotations(model: &dyn Model) -> Law {
    let Some(other) = model.over_inputs(INPUTS) else { return Ok(()) };
    let mut rng = random(15);
    let (x, q) = (gaussian_matrix(&mut rng, ROWS, INPUTS), orthogonal(&mut rng, INPUTS));
    let (theta, k) = (gaussian(&mut rng, model.dim()), model.facts().outputs);
    holds(other.dim() == model.dim(), || "another number of parameters".into())?;
    let turn = |w: &[f64]| matmul_nn(&Matrix::from_vec(k, INPUTS, w.to_vec()), &q).as_slice().to_vec();
    let turned = Design::Dense(matmul_nn(&x, &q));
    let x = Design::Dense(x);
    let (here, there) = (outputs(model, &theta, &x), outputs(&*other, &turn(&theta), &turned));
    for (a, b) in here.iter().zip(&there) {
        close(*a, *b, 1e-13, || "output after rotation".into())?;
    }
    let r = gaussian(&mut rng, here.len());
    let (here, there) =
        (turn(&pullback(model, &theta, &x, &r)), pullback(&*other, &turn(&theta), &turned, &r));
    for (a, b) in here.iter().zip(&there) {
        close(*a, *b, 1e-13 * norm2(&r).max(1.0), || "pullback after rotation".into())?;
    }
    Ok(())
}

/// The start is a function of the generator alone, and finite.
fn starts_alike(model: &dyn Model) -> Law {
    let start = |seed| {
        let mut theta = vec![f64::NAN; model.dim()];
        model.init(&mut random(seed), &mut theta);
        theta
    };
    holds(start(1) == start(1) && start(2).iter().all(|v| v.is_finite()), || "start".into())
}

/// The blocks are the parameters, in order, without gaps or overlaps.
fn blocks_tile_the_parameters(model: &dyn Model) -> Law {
    let mut end = 0;
    for b in model.blocks() {
        holds(b.offset == end && b.rows * b.cols > 0, || format!("{b:?} after {end} parameters"))?;
        end = b.range().end;
    }
    holds(end == model.dim(), || format!("blocks of {end} parameters, not {}", model.dim()))
}

type ModelLaw = fn(&dyn Model) -> Law;
const LAWS: [(&str, ModelLaw); 14] = [
    ("pullback is the derivative", derivatives::pullback_is_derivative),
    ("homogeneous as declared", homogeneous_as_declared),
    ("linear as declared", linear_as_declared),
    ("predict = X effective", predicts_by_the_effective_predictor),
    ("commutes with rotations", commutes_with_rotations),
    ("starts alike", starts_alike),
    ("blocks tile the parameters", blocks_tile_the_parameters),
    ("pushforward is adjoint", derivatives::pushforward_is_adjoint),
    ("Jacobian rows are pullbacks", derivatives::jacobian_rows_are_pullbacks),
    ("curvature is the derivative of the pullback", derivatives::curvature_is_derivative_of_pullback),
    ("the whole curvature is its products", derivatives::curvature_is_its_products),
    ("a workspace leaves no trace", inputs::workspace_leaves_no_trace),
    ("sparse rows are rows", inputs::sparse_rows_are_rows),
    ("the chain of layers is the model", derivatives::chain_is_the_model),
];

#[test]
fn every_model_obeys_every_law() {
    let mut failures = vec![];
    for (name, model) in members() {
        for (title, law) in LAWS {
            if let Err(e) = law(&*model) {
                failures.push(format!("{name}: {title}: {e}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
