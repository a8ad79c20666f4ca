//! Laws of the losses.

use crate::{Law, binary, close, gaussian, holds, multiclass, random, regression};
use tropism::data::Targets;
use tropism::losses::{Loss, LossFacts, LossSpec, Tail, Target, Task, polynomial::Polynomial};
use tropism::numerics::linalg::{dot, max_abs, symmetric_eigen};
use tropism::numerics::{Matrix, logscale::log_add_exp};

/// Every registered loss, with a few settings of its parameters.
pub fn members() -> Vec<(String, Box<dyn Loss>)> {
    let mut specs = vec![];
    for member in LossSpec::MEMBERS {
        let table = |text: &str| text.parse::<toml::Table>().expect("valid TOML");
        let settings: &[&str] = match member.id {
            "polynomial" => &["power = 0.5", "power = 1.0", "power = 3.0"],
            _ => &[""],
        };
        for keys in settings {
            let spec = LossSpec::parse("loss", member.id, table(keys), &[]).expect("valid keys");
            specs.push((format!("{} {keys}", member.id), spec.build().expect("in range")));
        }
    }
    specs
}

/// Points `(f, y)` along which the margin, or for regression the residual, is exactly `m`.
fn points(task: Task, m: f64) -> Vec<(Vec<f64>, Target)> {
    match task {
        Task::Regression => vec![(vec![m + 0.25], Target::Real(0.25))],
        Task::Binary => vec![(vec![m], Target::Sign(1.0)), (vec![-m], Target::Sign(-1.0))],
        // Margin over the best wrong class; the third is one below it.
        Task::Multiclass => vec![
            (vec![m + 0.5, 0.5, -0.5], Target::Class(0)),
            (vec![-1.25, m - 0.25, -0.25], Target::Class(1)),
        ],
    }
}

fn margins() -> impl Iterator<Item = f64> {
    (-60..=60).map(|i| 0.5 * f64::from(i)).filter(|m| m.abs() > 0.1)
}

fn slope_of(loss: &dyn Loss, f: &[f64], y: Target) -> (Vec<f64>, f64) {
    let mut out = vec![0.0; f.len()];
    let s = loss.slope(f, y, &mut out);
    (out, s)
}

fn curvature_of(loss: &dyn Loss, f: &[f64], y: Target) -> (Matrix, f64) {
    let mut out = vec![0.0; f.len() * f.len()];
    let s = loss.curvature(f, y, &mut out);
    (Matrix::from_vec(f.len(), f.len(), out), s)
}

fn moved(f: &[f64], c: usize, by: f64) -> Vec<f64> {
    let mut g = f.to_vec();
    g[c] += by;
    g
}

/// Central difference of order four with step 2^-7. Truncation: h⁴/30 · |v⁗'| = 1.2e-10 |v⁗'|; every derivative of
/// log-losses and slopes used here is at most 1e4 times the value, the worst being the slope of (1 + m)^-3 at m = 1/2:
/// (4·5·6·7·8 / 1.5^5) = 885 of it. Rounding: 1.5 · 2^-53 |v| / h = 2.1e-14 |v|.
fn difference(v: impl Fn(f64) -> f64) -> f64 {
    const H: f64 = 1.0 / 128.0;
    let (a, b) = (v(H) - v(-H), v(2.0 * H) - v(-2.0 * H));
    (8.0 * a - b) / (12.0 * H)
}

/// The slope is the derivative of the value. In log domain: `d log ℓ/df = exp(s − log ℓ) slope`.
fn slope_is_derivative(loss: &dyn Loss) -> Law {
    for m in margins() {
        for (f, y) in points(loss.facts().task, m) {
            let (slope, s) = slope_of(loss, &f, y);
            let log = loss.log_value(&f, y);
            for (c, slope) in slope.iter().enumerate() {
                let want = difference(|h| loss.log_value(&moved(&f, c, h), y));
                let got = slope * (s - log).exp();
                // |v| = |log ℓ| ≤ 40 gives rounding below 1e-12; truncation as above with |v⁗'| ≤ 1e3.
                let tolerance = 2e-7 * (1.0 + want.abs()).min(1e3);
                close(got, want, tolerance, || format!("slope [{c}] at margin {m}"))?;
            }
        }
    }
    Ok(())
}

/// The curvature is the derivative of the slope, symmetric.
fn curvature_is_derivative(loss: &dyn Loss) -> Law {
    for m in margins() {
        for (f, y) in points(loss.facts().task, m) {
            let (curvature, s) = curvature_of(loss, &f, y);
            for a in 0..f.len() {
                for b in 0..f.len() {
                    let want = difference(|h| {
                        let (slope, t) = slope_of(loss, &moved(&f, b, h), y);
                        slope[a] * (t - s).exp()
                    });
                    // Entries are at most about one; the slope's rounding is that of its largest entry, and for the
                    // rows of a nearly certain class relative to a slope far larger than the curvature.
                    let (slope, t) = slope_of(loss, &f, y);
                    let size = slope[a].abs() * (t - s).exp();
                    let tolerance = 1.2e-10 * 1e3 * size.min(10.0) + 1e-13 * size;
                    let got = curvature.get(a, b);
                    close(got, want, tolerance, || format!("curvature [{a},{b}] at margin {m}"))?;
                    close(got, curvature.get(b, a), 1e-15 * got.abs(), || format!("symmetry at margin {m}"))?;
                }
            }
        }
    }
    Ok(())
}

/// The measured tail is the declared one.
fn tail_as_declared(loss: &dyn Loss) -> Law {
    let facts = loss.facts();
    let log = |m: f64| {
        let (f, y) = points(facts.task, m).swap_remove(0);
        loss.log_value(&f, y)
    };
    let ends = [1e3, 1e4, 1e5];
    for pair in ends.windows(2) {
        let (lo, hi) = (pair[0], pair[1]);
        let (got, want, tolerance) = match facts.tail {
            // The next term of the tail is exp(−1000); rounding of two logs of size 1e5 over a span of 9e3.
            Tail::Exponential => ((log(hi) - log(lo)) / (hi - lo), -1.0, 1e-12),
            // log(1 + m) against log m: off by (1/lo − 1/hi)/ln(hi/lo) ≤ power · 4e-4.
            Tail::Polynomial { power } => ((log(hi) - log(lo)) / (hi / lo).ln(), -power, 5e-4 * power),
            // A finite root: away from it the loss grows at least linearly.
            Tail::FiniteRoot => (f64::from(log(hi) - log(lo) >= (hi / lo).ln() * (1.0 - 1e-12)), 1.0, 0.0),
        };
        close(got, want, tolerance, || format!("tail between margins {lo} and {hi}"))?;
    }
    if facts.tail == Tail::Exponential {
        // ℓ(m) exp(m) tends to the number of nearest wrong classes, here one with another e times lighter.
        let limit = if facts.task == Task::Multiclass { (-1f64).exp().ln_1p() } else { 0.0 };
        close(log(1e3) + 1e3, limit, 1e-12, || "constant of the tail".into())?;
    }
    Ok(())
}

/// Log-loss, slope and curvature are numbers at margins of ±100,000, and agree with the tails.
fn finite_far_out(loss: &dyn Loss) -> Law {
    for m in [-1e5, -1e3, -40.0, 0.0, 40.0, 1e3, 1e5] {
        for (f, y) in points(loss.facts().task, m) {
            let log = loss.log_value(&f, y);
            let root = loss.facts().tail == Tail::FiniteRoot && m == 0.0;
            holds(log.is_finite() || root, || format!("log-loss {log} at margin {m}"))?;
            let ((slope, s), (curvature, t)) = (slope_of(loss, &f, y), curvature_of(loss, &f, y));
            let all = slope.iter().chain(curvature.as_slice()).chain([&s, &t]);
            holds(all.into_iter().all(|v| v.is_finite()), || format!("slope or curvature at margin {m}"))?;
            holds(root || max_abs(&slope) > 0.0, || format!("slope lost at margin {m}"))?;
        }
    }
    Ok(())
}

/// All samples at once: the same slopes as one by one, whatever their spread.
fn batch_is_per_sample(loss: &dyn Loss) -> Law {
    for (seed, spread) in [(1, 1.0), (2, 30.0), (3, 1e3), (4, 1e5)] {
        for n in [1, 7, 33] {
            let data = match loss.facts().task {
                Task::Regression => regression(seed, n, 1),
                Task::Binary => binary(seed, n, 1),
                Task::Multiclass => multiclass(seed, n, 1, 3),
            };
            let k = data.targets.outputs();
            let mut f = gaussian(&mut random(seed + 10), n * k);
            f.iter_mut().for_each(|v| *v *= spread);
            let (mut got, mut total) = (vec![0.0; n * k], f64::NEG_INFINITY);
            let scale = loss.slopes(&f, &data.targets, &mut got);
            for i in 0..n {
                let sample = &f[i * k..(i + 1) * k];
                let (slope, s) = slope_of(loss, sample, data.targets.get(i));
                for (c, v) in slope.iter().enumerate() {
                    // Differences of scales of size `spread` round to spread · 2^-52; the exponentials to a few units.
                    let want = v * (s - scale).exp();
                    let tolerance = (16.0 + 4.0 * spread) * f64::EPSILON * want.abs() + 1e-300;
                    close(got[i * k + c], want, tolerance, || {
                        format!("batch slope of sample {i}, spread {spread}")
                    })?;
                }
                total = log_add_exp(total, loss.log_value(sample, data.targets.get(i)));
            }
            let got = loss.log_sum(&f, &data.targets);
            let tolerance = 8.0 * n as f64 * f64::EPSILON * (1.0 + total.abs());
            close(got, total, tolerance, || format!("log-sum, spread {spread}"))?;
        }
    }
    Ok(())
}

/// The curvature stays within `[0 if convex, smoothness]`.
fn curvature_within_declaration(loss: &dyn Loss) -> Law {
    let LossFacts { smoothness, convex, .. } = loss.facts();
    for m in margins().chain([0.0]) {
        for (f, y) in points(loss.facts().task, m) {
            let (curvature, s) = curvature_of(loss, &f, y);
            let (values, _) = symmetric_eigen(&curvature).ok_or("no eigenvalues")?;
            let size = max_abs(&values);
            let (lo, hi) = (values[0], values[values.len() - 1] * s.exp());
            // Eigenvalues of a small symmetric matrix are good to a few units in the last place of the largest.
            holds(hi <= smoothness * (1.0 + 1e-14), || {
                format!("curvature {hi} > {smoothness} at margin {m}")
            })?;
            holds(!convex || lo >= -1e-14 * size, || format!("negative curvature {lo:e} at margin {m}"))?;
        }
    }
    Ok(())
}

/// The slope never increases against its own gradient direction: ⟨f − g, ∇(f) − ∇(g)⟩ ≥ 0 on random pairs.
fn monotone_slopes(loss: &dyn Loss) -> Law {
    if !loss.facts().convex {
        return Ok(());
    }
    let mut r = random(5);
    for _ in 0..200 {
        let (f, y) = points(loss.facts().task, 0.0).swap_remove(0);
        let (a, b) = (gaussian(&mut r, f.len()), gaussian(&mut r, f.len()));
        let (a, b): (Vec<f64>, Vec<f64>) =
            (a.iter().map(|v| 5.0 * v).collect(), b.iter().map(|v| 5.0 * v).collect());
        let ((p, s), (q, t)) = (slope_of(loss, &a, y), slope_of(loss, &b, y));
        let step: Vec<f64> = a.iter().zip(&b).map(|(x, y)| x - y).collect();
        let (left, right) = (dot(&step, &p) * s.exp(), dot(&step, &q) * t.exp());
        holds(left - right >= -1e-14 * (left.abs() + right.abs()), || format!("slopes at {a:?} and {b:?}"))?;
    }
    Ok(())
}

type LossLaw = fn(&dyn Loss) -> Law;
const LAWS: [(&str, LossLaw); 7] = [
    ("slope is the derivative", slope_is_derivative),
    ("curvature is the derivative of the slope", curvature_is_derivative),
    ("measured tail is the declared one", tail_as_declared),
    ("finite at margins of 1e5", finite_far_out),
    ("batch is per sample", batch_is_per_sample),
    ("curvature within its declaration", curvature_within_declaration),
    ("monotone slopes", monotone_slopes),
];

#[test]
fn every_loss_obeys_every_law() {
    let mut failures = vec![];
    for (name, loss) in members() {
        for (title, law) in LAWS {
            if let Err(e) = law(&*loss) {
                failures.push(format!("{name}: {title}: {e}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// How a loss can be wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Slope,
    Curvature,
    Tail,
    Overflow,
    Batch,
    Smoothness,
    Concave,
}

/// A polynomial loss with one fault.
struct Broken(Polynomial, Fault);

impl Loss for Broken {
    fn log_value(&self, f: &[f64], y: Target) -> f64 {
        let v = self.0.log_value(f, y);
        // The fault of computing in plain numbers: exp underflows.
        if self.1 == Fault::Overflow { (200.0 * v).exp().ln() / 200.0 } else { v }
    }

    fn slope(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64 {
        let s = self.0.slope(f, y, out);
        match self.1 {
            Fault::Slope => out[0] *= 1.0 + 1e-5,
            Fault::Concave => out[0] = -out[0],
            _ => {}
        }
        s
    }

    fn curvature(&self, f: &[f64], y: Target, out: &mut [f64]) -> f64 {
        let s = self.0.curvature(f, y, out);
        if self.1 == Fault::Curvature {
            out[0] *= 1.0 + 1e-5;
        }
        s
    }

    fn facts(&self) -> LossFacts {
        let mut facts = self.0.facts();
        match self.1 {
            Fault::Tail => facts.tail = Tail::Exponential,
            Fault::Smoothness => facts.smoothness *= 0.99,
            _ => {}
        }
        facts
    }

    fn slopes(&self, outputs: &[f64], targets: &Targets, out: &mut [f64]) -> f64 {
        // The fault of keeping each sample's own scale.
        let mut scale = 0.0;
        for i in 0..targets.len() {
            let s = self.slope(&outputs[i..=i], targets.get(i), &mut out[i..=i]);
            scale = if self.1 == Fault::Batch || i == 0 { s } else { f64::max(scale, s) };
        }
        scale
    }
}

#[test]
fn every_law_catches_its_broken_loss() {
    let faults = [
        Fault::Slope,
        Fault::Curvature,
        Fault::Tail,
        Fault::Overflow,
        Fault::Batch,
        Fault::Smoothness,
        Fault::Concave,
    ];
    for ((title, law), fault) in LAWS.into_iter().zip(faults) {
        assert!(law(&Broken(Polynomial::default(), fault)).is_err(), "not caught: {title}");
    }
}
