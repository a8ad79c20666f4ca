//! Each program's solver against the general conic solver on the same problem, both certified by the same free function.

use crate::clock::{Effort, seconds, si};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use std::hint::black_box;
use std::sync::Arc;
use tropism::data::MarginMap;
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Csr, Design, Matrix, Norm, Potential, linalg};
use tropism::programs::{
    BregmanInterpolant, Budget, MaxMargin, MinNormInterpolant, NuclearInterpolant, Program, QMargin,
    Solution, certify, peer,
};

/// Gaussian rows, the first column made positive: separable.
fn dense(n: usize, d: usize, shift: f64, seed: u64) -> MarginMap {
    let mut r = rng(seed, Stream::Data);
    let mut z = Matrix::from_fn(n, d, |_, _| StandardNormal.sample(&mut r));
    for i in 0..n {
        let first: f64 = z.get(i, 0);
        z.set(i, 0, first.abs() + shift);
    }
    MarginMap::Binary { z: Arc::new(z.into()) }
}

fn sparse(n: usize, d: usize, per_row: usize, seed: u64) -> MarginMap {
    let mut r = rng(seed, Stream::Data);
    let mut csr = Csr { rows: n, cols: d, offsets: vec![0], ..Csr::default() };
    for _ in 0..n {
        let mut columns: Vec<u32> = (0..per_row).map(|_| r.random_range(0..d as u32)).collect();
        columns.sort_unstable();
        columns.dedup();
        csr.values.extend(columns.iter().map(|_| -> f64 { StandardNormal.sample(&mut r) }));
        csr.indices.extend(columns);
        csr.offsets.push(csr.indices.len());
    }
    MarginMap::Binary { z: Arc::new(Design::Sparse(csr)) }
}

/// Equations with a sparse truth: three of a hundred weights.
fn equations(n: usize, d: usize, seed: u64) -> (Arc<Design>, Vec<f64>) {
    let mut r = rng(seed, Stream::Data);
    let x = Matrix::from_fn(n, d, |_, _| StandardNormal.sample(&mut r));
    let y = (0..n).map(|i| x.get(i, 0) - 2.0 * x.get(i, 1) + x.get(i, 2)).collect();
    (Arc::new(x.into()), y)
}

/// `count` entries of a square matrix of that order and rank.
fn completion(order: usize, rank: usize, count: usize, seed: u64) -> NuclearInterpolant {
    let mut r = rng(seed, Stream::Data);
    let mut part = || Matrix::from_fn(order, rank, |_, _| StandardNormal.sample(&mut r));
    let truth = linalg::matmul_nt(&part(), &part());
    let mut places = std::collections::BTreeSet::new();
    while places.len() < count {
        places.insert(r.random_range(0..(order * order) as u32));
    }
    let b = places.iter().map(|&i| truth.as_slice()[i as usize]).collect();
    let (indices, values) = (places.into_iter().collect(), vec![1.0; count]);
    let mask = Csr { rows: count, cols: order * order, offsets: (0..=count).collect(), indices, values };
    NuclearInterpolant::new(Arc::new(Design::Sparse(mask)), b, order).expect("posed")
}

/// Seconds that are aimed at, certified: half of the best that other tools were seen to take or less.
const AIMS: [(&str, f64); 11] = [
    ("nuclear 100 x 100, 2000 entries", 1.0),
    ("diagonal start 1e-8, n = 40, d = 100", 5e-3),
    ("diagonal start 1e-4, n = 40, d = 100", 5e-3),
    ("diagonal start 1e0, n = 40, d = 100", 5e-3),
    ("diagonal start 1e4, n = 40, d = 100", 5e-3),
    ("l2 margin n = 200, d = 500", 5e-3),
    ("l2 margin n = 2000, d = 50", 12e-3),
    ("basis pursuit n = 40, d = 100", 2e-3),
    ("l1 margin n = 100, d = 1000", 70e-3),
    ("linf margin n = 100, d = 1000", 275e-3),
    ("l2 margin n = 5000, d = 50000, 0.2%", 100e-3),
];

type Peer = Box<dyn Fn() -> Option<Solution>>;

fn margin(map: MarginMap, norm: Norm) -> (Box<dyn Program>, Peer) {
    let program = MaxMargin::new(map, norm);
    let same = program.clone();
    (Box::new(program), Box::new(move || peer::max_margin(&same)))
}

pub fn table(effort: Effort, all: bool) {
    println!("\nSolvers against the general conic solver");
    println!(
        "{:34} {:>10} {:>9} {:>10} {:>9} {:>9} {:>7}  method",
        "problem", "ours", "gap", "conic", "gap", "times", "of aim"
    );
    let case =
        |name: &str, (program, peer): (Box<dyn Program>, Peer)| line(effort, name, &*program, Some(peer));
    case("l2 margin n = 200, d = 500", margin(dense(200, 500, 0.0, 1), Norm::L2));
    case("l2 margin n = 2000, d = 50", margin(dense(2000, 50, 0.1, 2), Norm::L2));
    let (x, y) = equations(40, 100, 3);
    let pursuit = MinNormInterpolant::new(x.clone(), y.clone(), Norm::L1, None).expect("posed");
    let (a, b, same) = (x.clone(), y.clone(), pursuit.clone());
    case(
        "basis pursuit n = 40, d = 100",
        (Box::new(pursuit), Box::new(move || peer::min_norm(&same, &a, &b))),
    );
    for beta in [1e-3, 1.0] {
        let hyper =
            BregmanInterpolant::new(x.clone(), y.clone(), Potential::Hypentropy(beta), None).expect("posed");
        let (a, b, same) = (x.clone(), y.clone(), hyper.clone());
        let name = format!("hypentropy {beta}, n = 40, d = 100");
        case(&name, (Box::new(hyper), Box::new(move || peer::hypentropy(&same, &a, &b))));
    }
    let (x, y) = equations(40, 100, 3);
    // The hypentropy of a diagonal network that starts at α has β = 2α².
    for alpha in [1e-8, 1e-4, 1.0, 1e4] {
        let potential = Potential::Hypentropy(2.0 * alpha * alpha);
        let hyper = BregmanInterpolant::new(x.clone(), y.clone(), potential, None).expect("posed");
        line(effort, &format!("diagonal start {alpha:e}, n = 40, d = 100"), &hyper, None);
    }
    for (alpha, depth) in [(1e-2, 3), (1.0, 4)] {
        let deep = BregmanInterpolant::deep_diagonal_network(x.clone(), y.clone(), &[alpha; 100], depth);
        let name = format!("depth {depth}, start {alpha}, n = 40, d = 100");
        line(effort, &name, &deep.expect("posed"), None);
    }
    let map = dense(40, 100, 0.0, 4);
    if let MarginMap::Binary { z } = map.clone() {
        let program = QMargin::new(map, 1e-2, 2).expect("posed");
        case(
            "Q margin 0.01, n = 40, d = 100",
            (Box::new(program), Box::new(move || Some(peer::q_margin(&z, 1e-2)))),
        );
    }
    // No conic peer: the engine is built without semidefinite cones.
    line(effort, "nuclear 100 x 100, 2000 entries", &completion(100, 5, 2000, 5), None);
    if effort.quick {
        return;
    }
    case("l1 margin n = 100, d = 1000", margin(dense(100, 1000, 0.0, 3), Norm::L1));
    case("linf margin n = 100, d = 1000", margin(dense(100, 1000, 0.0, 3), Norm::LInf));
    let (program, peer) = margin(sparse(5000, 50_000, 100, 6), Norm::L2);
    line(effort, "l2 margin n = 5000, d = 50000, 0.2%", &*program, all.then_some(peer));
    println!("The last conic solve takes long; `-- --all` runs it.");
}

/// Certified relative gap or distance from feasibility, whichever is larger: a point outside the feasible set may have a
/// value below the optimum.
fn quality(program: &dyn Program, s: &Solution) -> f64 {
    let c = certify(program, &s.w, &s.dual);
    c.relative_gap.max(c.violation)
}

/// The aim for a nuclear norm is stated at a gap; the others are solved as far as they go.
fn budget(name: &str) -> Budget {
    let full = Budget::default();
    if name.starts_with("nuclear") { Budget { relative_gap: 1e-9, ..full } } else { full }
}

fn line(effort: Effort, name: &str, program: &dyn Program, peer: Option<Peer>) {
    let budget = budget(name);
    let own = program.solve(&budget);
    let gap = quality(program, &own);
    let time = seconds(effort, || {
        black_box(program.solve(&budget));
    });
    let other = peer.and_then(|p| {
        let found = p()?;
        let time = seconds(Effort { repeats: 3, least: 0.0, most: 1.0, ..effort }, || {
            black_box(p());
        });
        Some((time, quality(program, &found)))
    });
    let [conic, conic_gap, ratio] = match other {
        Some((t, gap)) => [format!("{}s", si(t)), format!("{gap:.0e}"), format!("{:.1}", t / time)],
        None => ["-".into(), "-".into(), "-".into()],
    };
    let aim = AIMS.iter().find(|a| a.0 == name).map_or("-".into(), |a| format!("{:.2}", a.1 / time));
    println!(
        "{name:34} {:>9}s {gap:>9.0e} {conic:>10} {conic_gap:>9} {ratio:>9} {aim:>7}  {}",
        si(time),
        own.method
    );
}
