//! Laws of what a model is handed: rows in any form, scratch memory in any state.

use super::{INPUTS, ROWS, data, outputs, pullback};
use crate::{Law, close, gaussian, gaussian_matrix, holds, random};
use tropism::models::{Model, Workspace};
use tropism::numerics::linalg::norm2;
use tropism::numerics::{Csr, Design, Matrix};

/// A workspace makes no difference: one that has seen other points and other data gives the bits of a fresh one.
pub fn workspace_leaves_no_trace(model: &dyn Model) -> Law {
    let mut rng = random(19);
    let mut work = Workspace::default();
    let points: Vec<Vec<f64>> = (0..2).map(|_| gaussian(&mut rng, model.dim())).collect();
    let short = Design::Dense(gaussian_matrix(&mut rng, ROWS - 1, INPUTS));
    let sets = [data(&mut rng), data(&mut rng), short];
    for (t, s, again) in [(0, 0, true), (0, 0, false), (1, 0, true), (1, 1, true), (0, 2, true), (0, 0, true)]
    {
        let (theta, x) = (&points[t], &sets[s]);
        let mut f = vec![f64::NAN; x.rows() * model.facts().outputs];
        if again {
            model.predict(theta, x, &mut work, &mut f);
            holds(f == outputs(model, theta, x), || "outputs depend on the past".into())?;
        }
        let r = gaussian(&mut rng, f.len());
        let mut g = vec![f64::NAN; theta.len()];
        model.pullback(theta, x, &r, &mut work, &mut g);
        holds(g == pullback(model, theta, x, &r), || "the pullback depends on the past".into())?;
    }
    Ok(())
}

/// Sparse rows are the same data.
pub fn sparse_rows_are_rows(model: &dyn Model) -> Law {
    let mut rng = random(20);
    let dense =
        Matrix::from_fn(ROWS, INPUTS, |i, j| if (i + j) % 3 == 0 { 1.0 + (i * j) as f64 } else { 0.0 });
    let mut sparse = Csr { rows: ROWS, cols: INPUTS, offsets: vec![0], ..Csr::default() };
    for i in 0..ROWS {
        for (j, v) in dense.row(i).iter().enumerate().filter(|(_, v)| **v != 0.0) {
            sparse.indices.push(j as u32);
            sparse.values.push(*v);
        }
        sparse.offsets.push(sparse.values.len());
    }
    let (dense, sparse) = (Design::Dense(dense), Design::Sparse(sparse));
    let theta = gaussian(&mut rng, model.dim());
    let (a, b) = (outputs(model, &theta, &dense), outputs(model, &theta, &sparse));
    let r = gaussian(&mut rng, a.len());
    let (ga, gb) = (pullback(model, &theta, &dense, &r), pullback(model, &theta, &sparse, &r));
    for (got, want) in b.iter().zip(&a).chain(gb.iter().zip(&ga)) {
        close(*got, *want, 1e-13 * (1.0 + norm2(&a) + norm2(&ga)), || "on sparse rows".into())?;
    }
    Ok(())
}
