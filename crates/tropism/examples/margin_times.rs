use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use std::sync::Arc;
use std::time::Instant;
use tropism::data::MarginMap;
use tropism::numerics::{Csr, Design, Matrix, Norm};
use tropism::programs::{Budget, MaxMargin, Program, certify};

fn gauss(n: usize, d: usize, shift: f64, seed: u64) -> MarginMap {
    let mut r = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let mut z = Matrix::from_fn(n, d, |_, _| r.sample(StandardNormal));
    for i in 0..n {
        z.row_mut(i)[0] = z.get(i, 0).abs() + shift;
    }
    MarginMap::Binary { z: Arc::new(Design::Dense(z)) }
}
fn sparse(n: usize, d: usize, per: usize, seed: u64) -> MarginMap {
    let mut r = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let mut c = Csr { rows: n, cols: d, offsets: vec![0], indices: vec![], values: vec![] };
    for _ in 0..n {
        let mut idx: Vec<u32> = (0..per).map(|_| r.random_range(0..d as u32)).collect();
        idx.sort();
        idx.dedup();
        for j in idx {
            c.indices.push(j);
            c.values.push(r.sample(StandardNormal));
        }
        c.offsets.push(c.indices.len());
    }
    MarginMap::Binary { z: Arc::new(Design::Sparse(c)) }
}
fn classes(n: usize, d: usize, k: usize, seed: u64) -> MarginMap {
    let mut r = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let centres = Matrix::from_fn(k, d, |_, _| r.sample::<f64, _>(StandardNormal));
    let labels: Vec<usize> = (0..n).map(|i| i % k).collect();
    let x = Matrix::from_fn(n, d, |i, j| centres.get(i % k, j) + 0.3 * r.sample::<f64, _>(StandardNormal));
    MarginMap::Multiclass { x: Arc::new(Design::Dense(x)), labels, classes: k }
}
fn run(name: &str, m: MarginMap, norm: Norm) {
    let p = MaxMargin::new(m, norm);
    let mut best = f64::INFINITY;
    let mut s = None;
    for _ in 0..3 {
        let t = Instant::now();
        s = Some(p.solve(&Budget::default()));
        best = best.min(t.elapsed().as_secs_f64());
        if best > 2.0 {
            break;
        }
    }
    let s = s.unwrap();
    let c = certify(&p, &s.w, &s.dual);
    println!(
        "{name:28} {:9.3} ms  gap {:.1e} margin {:.6e} it {} {:?} {}",
        best * 1e3,
        c.relative_gap,
        1.0 / c.value,
        s.iterations,
        s.status,
        s.method
    );
}
fn main() {
    let text = std::fs::read_to_string(
        std::env::args().nth(1).unwrap_or("crates/tropism/tests/known/known-answers.json".into()),
    )
    .unwrap();
    let v: serde_json::Value = serde_json::from_str(&text).unwrap();
    let row = |v: &serde_json::Value| {
        v.as_array().unwrap().iter().map(|e| e.as_f64().unwrap()).collect::<Vec<f64>>()
    };
    let x = Matrix::from_rows(&v["X"].as_array().unwrap().iter().map(row).collect::<Vec<_>>());
    let y = row(&v["y_classification"]);
    let z = Design::Dense(x.clone()).scaled_rows(&y);
    for k in ["l1", "l1.5", "l2", "l3", "linf"] {
        run(
            &format!("known {k} {:.9}", v["max_margin"][k]["margin"].as_f64().unwrap()),
            MarginMap::Binary { z: Arc::new(z.clone()) },
            Norm::parse(k).unwrap(),
        );
    }
    let labels: Vec<usize> = v["multiclass_margin"]["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e.as_u64().unwrap() as usize)
        .collect();
    for (k, norm) in [
        ("frobenius", Norm::L2),
        ("spectral", Norm::Spectral),
        ("nuclear", Norm::Nuclear),
        ("max-entry", Norm::LInf),
        ("sum-entry", Norm::L1),
    ] {
        let m = MarginMap::Multiclass {
            x: Arc::new(Design::Dense(x.clone())),
            labels: labels.clone(),
            classes: 3,
        };
        run(&format!("known {k} {:.9}", v["multiclass_margin"]["margin"][k].as_f64().unwrap()), m, norm);
    }
    run("200x500 l2", gauss(200, 500, 0.0, 1), Norm::L2);
    run("2000x50 l2", gauss(2000, 50, 0.1, 2), Norm::L2);
    run("2000x50 l2 tiny", gauss(2000, 50, 1e-6, 2), Norm::L2);
    run("100x1000 l1", gauss(100, 1000, 0.0, 3), Norm::L1);
    run("100x1000 linf", gauss(100, 1000, 0.0, 3), Norm::LInf);
    run("2000x50 l1", gauss(2000, 50, 0.1, 2), Norm::L1);
    run("2000x50 linf", gauss(2000, 50, 0.1, 2), Norm::LInf);
    for p in [1.1, 1.5, 3.0, 10.0] {
        run(&format!("60x20 l{p}"), gauss(60, 20, 0.1, 4), Norm::Lp(p));
    }
    run("500x25x10 frobenius", classes(500, 25, 10, 5), Norm::L2);
    run("500x25x10 spectral", classes(500, 25, 10, 5), Norm::Spectral);
    run("500x25x10 nuclear", classes(500, 25, 10, 5), Norm::Nuclear);
    run("500x25x10 linf", classes(500, 25, 10, 5), Norm::LInf);
    if let Ok(t) = std::fs::read_to_string("/tmp/bc.csv") {
        let rows: Vec<Vec<f64>> =
            t.lines().map(|l| l.split(',').map(|e| e.parse().unwrap()).collect()).collect();
        for n in [Norm::L2, Norm::L1, Norm::LInf, Norm::Lp(3.0)] {
            run(
                &format!("breast cancer {}", n.name()),
                MarginMap::Binary { z: Arc::new(Design::Dense(Matrix::from_rows(&rows))) },
                n,
            );
        }
    }
    for e in [1e-4, 1e-6, 1e-8, 1e-10] {
        let z = Matrix::from_rows(&[vec![1.0, e], vec![-1.0, e], vec![0.3, 1.0]]);
        run(&format!("opposed {e}"), MarginMap::Binary { z: Arc::new(Design::Dense(z)) }, Norm::L2);
    }
    if std::env::args().len() > 2 {
        run("5000x50000 sparse", sparse(5000, 50000, 100, 6), Norm::L2);
    }
}
