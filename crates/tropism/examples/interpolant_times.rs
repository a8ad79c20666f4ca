//! Times and certified gaps of the interpolation programs on random problems.
//!
//! `cargo run --release -p tropism --example interpolant_times`

use rand::RngExt;
use std::sync::Arc;
use std::time::Instant;
use tropism::Error;
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Design, Matrix, Norm, Potential};
use tropism::programs::{BregmanInterpolant, Budget, MinNormInterpolant, Program, Ridge, certify};

/// Uniform entries; with `sparse`, targets of a truth with three nonzero weights.
fn problem(seed: u64, n: usize, d: usize, sparse: bool) -> (Arc<Design>, Vec<f64>) {
    let mut r = rng(seed, Stream::Data);
    let x = Matrix::from_fn(n, d, |_, _| r.random_range(-1.0..1.0));
    let y =
        (0..n)
            .map(|i| {
                if sparse { x.get(i, 0) - 2.0 * x.get(i, 1) + x.get(i, 2) } else { r.random_range(-1.0..1.0) }
            })
            .collect();
    (Arc::new(x.into()), y)
}

fn report(label: &str, programs: &[Box<dyn Program>]) {
    let (mut times, mut gap, mut violation, mut iterations) = (vec![], 0.0f64, 0.0f64, 0);
    let (mut methods, mut unique, mut failed) = (vec![], 0, 0);
    for p in programs {
        let begin = Instant::now();
        let s = p.solve(&Budget::default());
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        let c = certify(&**p, &s.w, &s.dual);
        gap = gap.max(c.relative_gap);
        violation = violation.max(c.violation);
        iterations = iterations.max(s.iterations);
        unique += usize::from(s.uniqueness == tropism::programs::Uniqueness::Unique);
        failed += usize::from(s.status != tropism::programs::SolveStatus::Converged);
        if !methods.contains(&s.method) {
            methods.push(s.method);
        }
    }
    times.sort_by(f64::total_cmp);
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "{label:44} {median:8.3} ms (worst {worst:8.3})  gap {gap:.1e}  violation {violation:.1e}  \
         iterations {iterations:3}  unique {unique}/{}  not converged {failed}  {}",
        programs.len(),
        methods.join(", ")
    );
}

fn main() -> Result<(), Error> {
    for (n, d, seeds) in [(40, 100, 20), (20, 1000, 5), (200, 50, 3), (200, 500, 2)] {
        for sparse in [false, true] {
            if n > d && !sparse {
                continue;
            }
            let tag = if sparse { "sparse truth" } else { "noise" };
            let data: Vec<_> = (0..seeds).map(|s| problem(s, n, d, sparse)).collect();
            for norm in [
                Norm::L1,
                Norm::L2,
                Norm::LInf,
                Norm::Lp(1.05),
                Norm::Lp(1.5),
                Norm::Lp(3.0),
                Norm::Lp(10.0),
                Norm::Lp(50.0),
            ] {
                let mut list: Vec<Box<dyn Program>> = vec![];
                for (x, y) in &data {
                    list.push(Box::new(MinNormInterpolant::new(x.clone(), y.clone(), norm, None)?));
                }
                report(&format!("{n} x {d} {tag}: {}", norm.name()), &list);
            }
            for alpha in [1e-8, 1e-6, 1e-4, 1e-2, 1.0, 1e2, 1e4] {
                let mut list: Vec<Box<dyn Program>> = vec![];
                for (x, y) in &data {
                    list.push(Box::new(BregmanInterpolant::diagonal_network(x.clone(), y.clone(), alpha)?));
                }
                report(&format!("{n} x {d} {tag}: diagonal alpha {alpha:e}"), &list);
            }
            let mut others: Vec<(&str, Vec<Box<dyn Program>>)> = vec![];
            for (name, potential) in
                [("p-norm 1.2", Potential::PNorm(1.2)), ("p-norm 4", Potential::PNorm(4.0))]
            {
                let mut list: Vec<Box<dyn Program>> = vec![];
                for (x, y) in &data {
                    list.push(Box::new(BregmanInterpolant::new(x.clone(), y.clone(), potential, None)?));
                }
                others.push((name, list));
            }
            let mut list: Vec<Box<dyn Program>> = vec![];
            for (x, y) in &data {
                list.push(Box::new(Ridge::new(x.clone(), y.clone(), 1e-3)?));
            }
            others.push(("ridge 1e-3", list));
            for (name, list) in &others {
                report(&format!("{n} x {d} {tag}: {name}"), list);
            }
        }
    }
    Ok(())
}
