//! Laws of the explicit programs.

use crate::{Law, close, gaussian, holds, random};
use rand::RngExt;
use std::sync::Arc;
use tropism::data::MarginMap;
use tropism::numerics::linalg::norm2;
use tropism::numerics::rng::Rng;
use tropism::numerics::{Design, Matrix, Norm, Potential};
use tropism::programs::{
    BregmanInterpolant, Budget, FourierInterpolant, FourierMargin, MaxMargin, MinNormInterpolant,
    NuclearInterpolant, Program, ProgramFacts, QMargin, Ridge, SaddlePath, Solution, SpectralFilter,
    TailDirection, Uniqueness, certify,
};

/// A program with points known to be feasible exactly.
pub struct Posed {
    pub name: String,
    pub program: Box<dyn Program>,
    pub feasible: Vec<Vec<f64>>,
    pub duals: usize,
    /// The same program with columns in another order, and that order.
    pub permuted: Option<(Box<dyn Program>, Vec<usize>)>,
}

const N: usize = 4;
const D: usize = 9;

/// `X = [I | B]` with small integers: `(c − B z, z)` solves `X w = c` without rounding for integers `c` and `z`.
fn integers(rng: &mut Rng) -> (Matrix, Vec<f64>, Vec<Vec<f64>>) {
    let x =
        Matrix::from_fn(
            N,
            D,
            |i, j| if j < N { f64::from(i == j) } else { f64::from(rng.random_range(-3..=3)) },
        );
    let y: Vec<f64> = (0..N).map(|_| f64::from(rng.random_range(20..60))).collect();
    let feasible = (0..20)
        .map(|_| {
            let z: Vec<f64> = (N..D).map(|_| f64::from(rng.random_range(1..4))).collect();
            let head = (0..N).map(|i| y[i] - (N..D).map(|j| x.get(i, j) * z[j - N]).sum::<f64>());
            head.chain(z.iter().copied()).collect()
        })
        .collect();
    (x, y, feasible)
}

fn order() -> Vec<usize> {
    (0..D).map(|j| (4 * j + 2) % D).collect()
}

fn permute(x: &Matrix, order: &[usize]) -> Matrix {
    // Rows as well: reversed.
    Matrix::from_fn(x.rows(), x.cols(), |i, j| x.get(x.rows() - 1 - i, order[j]))
}

/// Every program, on a random instance each.
fn members() -> Vec<Posed> {
    let mut rng = random(31);
    let mut out = vec![];
    let norms = [Norm::L1, Norm::Lp(1.5), Norm::L2, Norm::Lp(3.0), Norm::LInf];
    for norm in norms {
        out.push(binary_margin(&mut rng, norm));
        out.push(interpolant(&mut rng, format!("min norm {}", norm.name()), |x, y| {
            Box::new(MinNormInterpolant::new(x, y, norm, None).expect("posed"))
        }));
    }
    for (mu, depth) in [(1e-6, 2), (0.1, 2), (1e3, 2), (1e-3, 3), (1.0, 5)] {
        let z = Matrix::from_vec(N, D, gaussian(&mut rng, N * D));
        let build = |z: Matrix| {
            let map = MarginMap::Binary { z: Arc::new(z.into()) };
            Box::new(QMargin::new(map, mu, depth).expect("posed"))
        };
        out.push(Posed {
            name: format!("q margin {mu} of depth {depth}"),
            permuted: Some((build(permute(&z, &order())), order())),
            program: build(z),
            feasible: (0..60).map(|_| gaussian(&mut rng, D)).collect(),
            duals: N,
        });
    }
    let z = Matrix::from_vec(N, D, gaussian(&mut rng, N * D));
    let map = MarginMap::Binary { z: Arc::new(z.into()) };
    out.push(Posed {
        name: "fourier margin".into(),
        program: Box::new(FourierMargin::new(map).expect("posed")),
        feasible: (0..60).map(|_| gaussian(&mut rng, D)).collect(),
        duals: N,
        permuted: None,
    });
    for norm in [Norm::L1, Norm::L2, Norm::LInf, Norm::Spectral, Norm::Nuclear] {
        out.push(multiclass_margin(&mut rng, norm));
    }
    for power in [0.3, 2.0, 40.0] {
        out.push(tail_direction(&mut rng, power));
    }
    let potentials = [
        Potential::HalfSquare,
        Potential::PNorm(3.0),
        Potential::PNorm(1.5),
        Potential::NegEntropy,
        Potential::Hypentropy(0.1),
        Potential::Hypentropy(10.0),
        Potential::DiagonalDepth { scale: 0.1, depth: 3 },
        Potential::DiagonalDepth { scale: 10.0, depth: 5 },
    ];
    for potential in potentials {
        out.push(interpolant(&mut rng, format!("bregman {potential:?}"), |x, y| {
            Box::new(BregmanInterpolant::new(x, y, potential, None).expect("posed"))
        }));
    }
    out.push(interpolant(&mut rng, "min norm from a start".into(), |x, y| {
        Box::new(MinNormInterpolant::new(x, y, Norm::L2, Some(vec![1.0; D])).expect("posed"))
    }));
    for lambda in [0.01, 1.0] {
        out.push(interpolant(&mut rng, format!("ridge {lambda}"), |x, y| {
            Box::new(Ridge::new(x, y, lambda).expect("posed"))
        }));
    }
    out.push(nuclear(&mut rng));
    out.push(fourier_interpolant(&mut rng));
    out.push(interpolant(&mut rng, "spectral filter".into(), |x, y| {
        Box::new(SpectralFilter::new(&x, &y, None, 0.3).expect("posed"))
    }));
    out.push(interpolant(&mut rng, "saddle path".into(), |x, y| {
        Box::new(SaddlePath::new(&x, &y, 1.0, [&[1e-9; D], &[1e-9; D]]).expect("posed"))
    }));
    out.extend(crate::program_functions::members());
    out
}

fn interpolant(
    rng: &mut Rng,
    name: String,
    build: impl Fn(Arc<Design>, Vec<f64>) -> Box<dyn Program>,
) -> Posed {
    let (x, y, feasible) = integers(rng);
    let turned = permute(&x, &order());
    let reversed = y.iter().rev().copied().collect();
    Posed {
        name,
        program: build(Arc::new(x.into()), y),
        feasible,
        duals: N,
        permuted: Some((build(Arc::new(turned.into()), reversed), order())),
    }
}

/// A 3 × 3 matrix; the other order of its entries is the transpose, which keeps singular values.
fn nuclear(rng: &mut Rng) -> Posed {
    let (x, y, feasible) = integers(rng);
    let order: Vec<usize> = (0..D).map(|j| 3 * (j % 3) + j / 3).collect();
    let turned = permute(&x, &order);
    let reversed = y.iter().rev().copied().collect();
    let build = |x: Matrix, y| Box::new(NuclearInterpolant::new(Arc::new(x.into()), y, 3).expect("posed"));
    Posed {
        name: "nuclear interpolant".into(),
        permuted: Some((build(turned, reversed), order)),
        program: build(x, y),
        feasible,
        duals: N,
    }
}

/// A circular shift of the features turns phases and leaves moduli.
fn fourier_interpolant(rng: &mut Rng) -> Posed {
    let (x, y, feasible) = integers(rng);
    let order: Vec<usize> = (0..D).map(|j| (j + 4) % D).collect();
    let turned = permute(&x, &order);
    let reversed = y.iter().rev().copied().collect();
    let build = |x: Matrix, y| Box::new(FourierInterpolant::new(Arc::new(x.into()), y).expect("posed"));
    Posed {
        name: "fourier interpolant".into(),
        permuted: Some((build(turned, reversed), order)),
        program: build(x, y),
        feasible,
        duals: N,
    }
}

fn binary_margin(rng: &mut Rng, norm: Norm) -> Posed {
    let z = Matrix::from_vec(N, D, gaussian(rng, N * D));
    let map = |z: Matrix| MarginMap::Binary { z: Arc::new(z.into()) };
    let turned = MaxMargin::new(map(permute(&z, &order())), norm);
    Posed {
        name: format!("binary margin {}", norm.name()),
        program: Box::new(MaxMargin::new(map(z), norm)),
        feasible: (0..60).map(|_| gaussian(rng, D)).collect(),
        duals: N,
        permuted: Some((Box::new(turned), order())),
    }
}

fn tail_direction(rng: &mut Rng, power: f64) -> Posed {
    let z = Matrix::from_vec(N, D, gaussian(rng, N * D));
    let posed = |z: Matrix| {
        let map = MarginMap::Binary { z: Arc::new(z.into()) };
        Box::new(TailDirection::new(map, power).expect("posed"))
    };
    Posed {
        name: format!("tail direction {power}"),
        program: posed(z.clone()),
        feasible: (0..60).map(|_| gaussian(rng, D)).collect(),
        duals: N,
        permuted: Some((posed(permute(&z, &order())), order())),
    }
}

fn multiclass_margin(rng: &mut Rng, norm: Norm) -> Posed {
    let (n, d, classes) = (6, 8, 3);
    let x = Matrix::from_vec(n, d, gaussian(rng, n * d));
    let labels = (0..n).map(|i| i % classes).collect();
    let map = MarginMap::Multiclass { x: Arc::new(x.into()), labels, classes };
    Posed {
        name: format!("multiclass margin {}", norm.name()),
        program: Box::new(MaxMargin::new(map, norm)),
        feasible: (0..60).map(|_| gaussian(rng, d * classes)).collect(),
        duals: n * (classes - 1),
        permuted: None,
    }
}

/// `value(feasible w) ≥ bound(any dual)`, without any tolerance: both are rounded outward. Duals may be nonsense.
fn weak_duality(posed: &Posed) -> Law {
    let program = &*posed.program;
    let mut rng = random(32);
    let solution = program.solve(&Budget::default());
    let mut duals: Vec<Vec<f64>> = (0..30).map(|_| gaussian(&mut rng, posed.duals)).collect();
    duals.extend((0..10).map(|_| gaussian(&mut rng, posed.duals).iter().map(|v| v.abs()).collect()));
    for size in [0.0, 1e-12, 1e-6, 1e-2, 1.0] {
        let noise = gaussian(&mut rng, solution.dual.len());
        let near = solution.dual.iter().zip(&noise).map(|(a, e)| a * (1.0 + size * e));
        duals.push(near.collect());
    }
    for c in [0.0, -1.0, 1e-300, 1e300, f64::INFINITY, f64::NAN] {
        duals.push(solution.dual.iter().map(|v| c * v).collect());
    }
    let noise = gaussian(&mut rng, solution.w.len());
    let near = |size: f64| -> Vec<f64> { solution.w.iter().zip(&noise).map(|(w, e)| w + size * e).collect() };
    let mut feasible = posed.feasible.clone();
    if program.facts().scale_invariant {
        feasible.extend([0.0, 1e-12, 1e-6, 1e-3].map(near));
        feasible.extend([1e-200, 1e200].map(|c| solution.w.iter().map(|v| c * v).collect()));
    }
    for w in &feasible {
        let value = program.value(w);
        holds(!value.is_nan(), || format!("value at {w:?}"))?;
        // What has a finite value is feasible: exactly so for the integer points, after rescaling for margins.
        holds(value.is_infinite() || program.violation(w) == 0.0, || format!("violation at {w:?}"))?;
        for dual in &duals {
            let bound = program.bound(dual);
            holds(value >= bound, || format!("value {value:e} < bound {bound:e} at dual {dual:?}"))?;
        }
    }
    let separating = feasible.iter().filter(|w| program.value(w).is_finite()).count();
    holds(separating >= 3, || "too few feasible points to test anything".into())
}

/// The solver reaches a certified relative gap of 1e-9, at a point that is feasible.
fn solver_reaches_its_gap(posed: &Posed) -> Law {
    let solution = posed.program.solve(&Budget::default());
    let c = certify(&*posed.program, &solution.w, &solution.dual);
    holds(c.relative_gap <= 1e-9 && c.violation <= 1e-12, || format!("{c:?} by {}", solution.method))
}

/// A nudge of one part in a thousand along the feasible set is certified worse.
fn nudged_optimum_is_worse(posed: &Posed) -> Law {
    let solution = posed.program.solve(&Budget::default());
    let best = certify(&*posed.program, &solution.w, &solution.dual).relative_gap;
    for other in &posed.feasible {
        if posed.program.value(other).is_infinite() {
            continue;
        }
        // Toward another feasible point: the set is convex. A step of 1e-3 of the way to a point of larger value raises a
        // convex value; to first order at a vertex, to second order, some 1e-6 of the gap, at a smooth minimum.
        let towards: Vec<f64> = solution.w.iter().zip(other).map(|(a, b)| a + 1e-3 * (b - a)).collect();
        let c = certify(&*posed.program, &towards, &solution.dual);
        holds(c.relative_gap > best + 1e-9, || format!("{} is not worse than {best:e}", c.relative_gap))?;
    }
    Ok(())
}

/// Where the minimiser is said to be unique, solving in another order of columns and rows finds the same one.
fn unique_means_unique(posed: &Posed) -> Law {
    let Some((turned, order)) = &posed.permuted else { return Ok(()) };
    let (here, there) = (posed.program.solve(&Budget::default()), turned.solve(&Budget::default()));
    let declared = |p: &dyn Program, s: &Solution| match (p.facts().uniqueness, s.uniqueness) {
        (Uniqueness::Unknown, found) => found,
        (stated, _) => stated,
    };
    let (a, b) = (declared(&*posed.program, &here), declared(&**turned, &there));
    let contradiction = matches!(
        (a, b),
        (Uniqueness::Unique, Uniqueness::NotUnique) | (Uniqueness::NotUnique, Uniqueness::Unique)
    );
    holds(!contradiction, || format!("uniqueness {a:?} here, {b:?} in another order"))?;
    if a != Uniqueness::Unique {
        return Ok(());
    }
    let scale = norm2(&here.w).max(f64::MIN_POSITIVE);
    for (j, &from) in order.iter().enumerate() {
        // At a gap of 1e-12 a minimiser with curvature is known to about 1e-6, times a conditioning of up to ten.
        close(there.w[j], here.w[from], 1e-5 * scale, || format!("weight {from} in another order"))?;
    }
    Ok(())
}

type ProgramLaw = fn(&Posed) -> Law;
const LAWS: [(&str, ProgramLaw); 4] = [
    ("weak duality", weak_duality),
    ("the solver reaches its gap", solver_reaches_its_gap),
    ("a nudged optimum is worse", nudged_optimum_is_worse),
    ("unique means unique", unique_means_unique),
];

#[test]
fn every_program_obeys_every_law() {
    let mut failures = vec![];
    for posed in members() {
        for (title, law) in LAWS {
            if let Err(e) = law(&posed) {
                failures.push(format!("{}: {title}: {e}", posed.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// `w₁ + w₂ = 1` in ℓ1 and the margin of `(1, 1)` in ℓ∞... of these, only the first has more than one minimiser.
#[test]
fn ties_are_not_called_unique() {
    let x: Arc<Design> = Arc::new(Matrix::from_rows(&[vec![1.0, 1.0]]).into());
    let tie = MinNormInterpolant::new(x.clone(), vec![1.0], Norm::L1, None).expect("posed");
    let found = tie.solve(&Budget::default());
    assert!(tie.facts().uniqueness != Uniqueness::Unique && found.uniqueness != Uniqueness::Unique);
    let margin = MaxMargin::new(MarginMap::Binary { z: x }, Norm::L1);
    let found = margin.solve(&Budget::default());
    assert!(margin.facts().uniqueness != Uniqueness::Unique && found.uniqueness != Uniqueness::Unique);
}

/// How a program can be wrong; in the order of the laws.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Bound,
    Solver,
    Value,
    Uniqueness,
}

/// A program with one fault.
struct Broken(Box<dyn Program>, Fault, f64);

impl Program for Broken {
    fn value(&self, w: &[f64]) -> f64 {
        // The fault of a value that does not see small changes.
        if self.1 == Fault::Value { self.2 } else { self.0.value(w) }
    }

    fn violation(&self, w: &[f64]) -> f64 {
        self.0.violation(w)
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        self.0.bound(dual) * if self.1 == Fault::Bound { 1.0 + 1e-9 } else { 1.0 }
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let mut s = self.0.solve(budget);
        match self.1 {
            Fault::Solver => s.dual.iter_mut().for_each(|a| *a += 1e-3),
            // The fault of a solver that depends on where it starts.
            Fault::Uniqueness => s.w[0] *= 1.0 + 1e-3,
            _ => {}
        }
        s
    }

    fn facts(&self) -> ProgramFacts {
        self.0.facts()
    }
}

#[test]
fn every_law_catches_its_broken_program() {
    let faults = [Fault::Bound, Fault::Solver, Fault::Value, Fault::Uniqueness];
    for ((title, law), fault) in LAWS.into_iter().zip(faults) {
        let mut posed = binary_margin(&mut random(33), Norm::L2);
        let best = posed.program.value(&posed.program.solve(&Budget::default()).w);
        posed.program = Box::new(Broken(posed.program, fault, best));
        assert!(law(&posed).is_err(), "not caught: {title}");
    }
}
