//! Laws of derivatives: reverse and forward mode, Jacobians and curvature against differences and each other.

use super::{ROWS, data, outputs, pullback};
use crate::{Law, close, gaussian, random};
use tropism::models::network::{Kink, Trace};
use tropism::models::{Model, Workspace};
use tropism::numerics::Matrix;
use tropism::numerics::linalg::{dot, norm2};

/// `pullback(r) = ∂⟨r, f(θ)⟩/∂θ`, by central differences. With S = 1 + Σ|r f|: linear models h = 2^-10, rounding
/// 2^-52/h · S ≤ 1e-12 S. Curved ones h = 2^-20: truncation h²/6 times a third derivative of at most a few hundred, 1e-10, and
/// rounding of a few 2^-53/h · S = 1e-10 S. The points are drawn once; a kink within h of one of them would fail the law.
pub fn pullback_is_derivative(model: &dyn Model) -> Law {
    let linear = model.facts().linear_in_parameters;
    let h = if linear { 1.0 / 1024.0 } else { f64::exp2(-20.0) };
    let mut rng = random(11);
    for _ in 0..5 {
        let x = data(&mut rng);
        let theta = gaussian(&mut rng, model.dim());
        let r = gaussian(&mut rng, ROWS * model.facts().outputs);
        let got = pullback(model, &theta, &x, &r);
        let size: f64 =
            1.0 + outputs(model, &theta, &x).iter().zip(&r).map(|(f, r)| (f * r).abs()).sum::<f64>();
        for j in 0..theta.len() {
            let at = |h: f64| {
                let mut moved = theta.clone();
                moved[j] += h;
                dot(&r, &outputs(model, &moved, &x))
            };
            let want = (at(h) - at(-h)) / (2.0 * h);
            let tolerance = if linear { 1e-11 * size } else { 4e-9 * size };
            close(got[j], want, tolerance, || format!("pullback [{j}]"))?;
        }
    }
    Ok(())
}

/// `⟨r, J v⟩ = ⟨Jᵀ r, v⟩`: forward and reverse mode share no pass. Each side is a sum of products of at most a dozen factors.
pub fn pushforward_is_adjoint(model: &dyn Model) -> Law {
    let mut rng = random(16);
    for _ in 0..5 {
        let x = data(&mut rng);
        let (theta, v) = (gaussian(&mut rng, model.dim()), gaussian(&mut rng, model.dim()));
        let r = gaussian(&mut rng, ROWS * model.facts().outputs);
        let mut moved = vec![f64::NAN; r.len()];
        model.pushforward(&theta, &x, &v, &mut Workspace::default(), &mut moved);
        let back = pullback(model, &theta, &x, &r);
        let size: f64 = back.iter().zip(&v).map(|(a, b)| (a * b).abs()).sum();
        close(dot(&r, &moved), dot(&back, &v), 1e-13 * size.max(1.0), || "⟨r, Jv⟩ against ⟨Jᵀr, v⟩".into())?;
    }
    Ok(())
}

/// Row `i k + c` of the Jacobian is the pullback of that unit vector.
pub fn jacobian_rows_are_pullbacks(model: &dyn Model) -> Law {
    let mut rng = random(17);
    let x = data(&mut rng);
    let theta = gaussian(&mut rng, model.dim());
    let rows = ROWS * model.facts().outputs;
    let mut jacobian = Matrix::from_vec(rows, theta.len(), vec![f64::NAN; rows * theta.len()]);
    model.jacobian(&theta, &x, &mut Workspace::default(), &mut jacobian);
    for row in 0..rows {
        let unit: Vec<f64> = (0..rows).map(|i| f64::from(u8::from(i == row))).collect();
        let want = pullback(model, &theta, &x, &unit);
        let size = norm2(&want).max(1.0);
        for (a, b) in jacobian.row(row).iter().zip(&want) {
            close(*a, *b, 1e-13 * size, || format!("row {row} of the Jacobian"))?;
        }
    }
    Ok(())
}

/// `Σ r_i ∇²f_i v` is the derivative of the pullback along `v`. Central differences with h = 2^-17 in a direction of unit
/// length: truncation h²/6 times a third derivative, 1e-11 times at most a few hundred; rounding a few 2^-53/h = 1.5e-11
/// times the size of the pullback.
pub fn curvature_is_derivative_of_pullback(model: &dyn Model) -> Law {
    let h = f64::exp2(-17.0);
    let mut rng = random(18);
    for _ in 0..5 {
        let x = data(&mut rng);
        let (theta, mut v) = (gaussian(&mut rng, model.dim()), gaussian(&mut rng, model.dim()));
        let length = norm2(&v);
        v.iter_mut().for_each(|v| *v /= length);
        let r = gaussian(&mut rng, ROWS * model.facts().outputs);
        let mut got = vec![f64::NAN; theta.len()];
        model.curvature_product(&theta, &x, &r, &v, &mut Workspace::default(), &mut got);
        let at = |h: f64| -> Vec<f64> {
            let moved: Vec<f64> = theta.iter().zip(&v).map(|(t, v)| t + h * v).collect();
            pullback(model, &moved, &x, &r)
        };
        let (ahead, behind) = (at(h), at(-h));
        let size = norm2(&ahead).max(1.0);
        for j in 0..got.len() {
            let want = (ahead[j] - behind[j]) / (2.0 * h);
            close(got[j], want, 4e-9 * size, || format!("curvature product [{j}]"))?;
        }
    }
    Ok(())
}

/// Where a model knows `Σ r_i ∇²f_i` as a whole, its rows are the products with the unit vectors, and it is symmetric to rounding. The
/// products stand for central differences in some models: see above for what they are good to.
pub fn curvature_is_its_products(model: &dyn Model) -> Law {
    let mut rng = random(23);
    let (x, p) = (data(&mut rng), model.dim());
    let (theta, r) = (gaussian(&mut rng, p), gaussian(&mut rng, ROWS * model.facts().outputs));
    let mut whole = Matrix::from_vec(p, p, vec![f64::NAN; p * p]);
    if !model.curvature(&theta, &x, &r, &mut Workspace::default(), &mut whole) {
        return Ok(());
    }
    let size = norm2(&pullback(model, &theta, &x, &r)).max(1.0);
    let mut product = vec![f64::NAN; p];
    for i in 0..p {
        let unit: Vec<f64> = (0..p).map(|j| f64::from(u8::from(i == j))).collect();
        model.curvature_product(&theta, &x, &r, &unit, &mut Workspace::default(), &mut product);
        for (j, want) in product.iter().enumerate() {
            close(whole.get(i, j), *want, 4e-8 * size, || format!("curvature [{i}, {j}]"))?;
            close(whole.get(i, j), whole.get(j, i), 1e-13 * size, || format!("symmetry of [{i}, {j}]"))?;
        }
    }
    Ok(())
}

/// Where a model is a chain of layers: its pullback is the chain's, and with any shares on any kinks the gradient of a unit's value
/// is the transpose of its change along a direction, which takes the other way through the layers.
pub fn chain_is_the_model(model: &dyn Model) -> Law {
    let Some(network) = model.network() else { return Ok(()) };
    let mut rng = random(21);
    let x = data(&mut rng);
    let (theta, v) = (gaussian(&mut rng, model.dim()), gaussian(&mut rng, model.dim()));
    let r = gaussian(&mut rng, ROWS * model.facts().outputs);
    let (want, mut got) = (pullback(model, &theta, &x, &r), vec![f64::NAN; theta.len()]);
    let mut trace = Trace::default();
    network.pullback(&theta, &x, &r, &mut trace, &mut got);
    let size = norm2(&want);
    for (got, want) in got.iter().zip(&want) {
        // Sums of the same products in another order.
        close(*got, *want, 1e-12 * size, || "pullback of the chain".into())?;
    }
    let mut units = vec![];
    network.visit_units(&theta, &x, &v, &mut trace, |layer, place, _, _| units.push((layer, place)));
    let every_other = units.iter().enumerate().filter(|(i, _)| i % 3 == 0);
    let share = |i: usize| (i % 7) as f64 / 6.0;
    trace.kinks = every_other.map(|(i, &(layer, place))| Kink { layer, place, share: share(i) }).collect();
    let mut changes = vec![];
    network.visit_units(&theta, &x, &v, &mut trace, |layer, place, _, dz| changes.push((layer, place, dz)));
    for (layer, place, dz) in changes {
        network.unit_gradient(&theta, &Kink { layer, place, share: 1.0 }, &mut trace, &mut got);
        let size: f64 = got.iter().zip(&v).map(|(a, b)| (a * b).abs()).sum();
        close(dot(&got, &v), dz, 1e-12 * size.max(1.0), || format!("unit {place} of layer {layer}"))?;
    }
    Ok(())
}
