//! `max |Σ c_i relu(⟨u, x_i⟩)|` over the unit sphere of `R³`, by branch and bound over triangular cones.
//!
//! The eight octants are halved along their longest edge. Corners stay on the octahedron, where midpoints are exact
//! binary fractions, so the cones cover the sphere without gaps. On a cone, samples on one side add up to a linear
//! function; for the others `relu` is replaced by a linear upper bound: the chord where `c_i > 0`, a tangent `α t`, `0 ≤ α ≤ 1`,
//! where `c_i < 0`, the slopes chosen to make the vector short. The linear function's maximum over the spherical triangle is closed
//! form. At a peak inside a cell, and at a peak on a crease (only creases with `c_i < 0` can carry one) the bound is exact as soon
//! as the creases with `c_i > 0` are out of the cone, so the number of cones does not grow with the accuracy.
//!
//! Error: signs of `⟨v, x_i⟩` and sums are off by a few roundings of `Σ|c_i| ‖x_i‖`, which are added to every bound.

use super::variation_oracle::{Peak, Peaks};
use crate::numerics::Matrix;
use crate::numerics::compensated::two_product;
use crate::numerics::directed::two_sum;
use crate::numerics::linalg::norm2;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

type Vector = [f64; 3];

/// Most cones that are looked at: then the widest bound left is returned.
const CONES: usize = 200_000;
/// Halvings after which corners would no longer be exact.
const DEPTH: u32 = 90;
/// Roundings of the whole sum in one bound: unit vectors, products, projections, lengths.
const ROUNDINGS: f64 = 48.0 * f64::EPSILON;
/// `‖u‖₁ ≤ √3 ‖u‖₂`: the total weight of unit vectors in terms of corners on the octahedron.
const ROOT3: f64 = 1.732_050_807_568_877_4;

struct Cone {
    above: f64,
    sign: f64,
    depth: u32,
    corners: [Vector; 3],
    /// Sum of the samples that count on all of the cone, in two parts.
    fixed: [Vector; 2],
    /// Samples that change sides within.
    open: Vec<u32>,
}

impl PartialEq for Cone {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Cone {}
impl PartialOrd for Cone {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Cone {
    fn cmp(&self, other: &Self) -> Ordering {
        self.above.total_cmp(&other.above)
    }
}

/// The sum as `⟨linear, u⟩ + Σ c_i relu(⟨u, x_i⟩)`, `‖x_i‖ = 1`, one term a great circle.
struct Problem {
    x: Vec<Vector>,
    c: Vec<f64>,
    linear: Vector,
    lipschitz: f64,
}

/// `x [n × 3]`, `c [n]`; `lipschitz` is `Σ|c_i| ‖x_i‖`; stops within `tolerance`, relative.
pub(super) fn peaks(x: &Matrix, c: &[f64], lipschitz: f64, tolerance: f64) -> Peaks {
    let problem = Problem::new(x, c, lipschitz);
    let mut peaks = Peaks::default();
    let mut heap: BinaryHeap<Cone> = problem.octants(&mut peaks).into();
    let mut left = CONES;
    while let Some(cone) = heap.peek() {
        let enough = peaks.best() * (1.0 + tolerance) + 2.0 * ROUNDINGS * lipschitz;
        if cone.above <= enough || left == 0 || cone.depth >= DEPTH {
            break;
        }
        left -= 1;
        let Some(cone) = heap.pop() else { break };
        for half in cone.halves() {
            let half = problem.bounded(half, &mut peaks);
            if half.above > peaks.best() {
                heap.push(half);
            }
        }
    }
    let widest = heap.peek().map_or(0.0, |c| c.above);
    peaks.above = widest.max(peaks.best() + ROUNDINGS * lipschitz).next_up();
    peaks
}

impl Problem {
    /// Points on one line share their crease, which bends by the sum of their weights: `relu(−t) = relu(t) − t`. Apart, a
    /// rising and a falling crease at one place could never be told from a flat one.
    fn new(x: &Matrix, c: &[f64], lipschitz: f64) -> Self {
        let mut problem = Problem { x: vec![], c: vec![], linear: [0.0; 3], lipschitz };
        for (i, &c) in c.iter().enumerate() {
            let row = [x.get(i, 0), x.get(i, 1), x.get(i, 2)];
            let size = norm2(&row);
            if c == 0.0 || size == 0.0 {
                continue;
            }
            let unit = row.map(|v| v / size);
            let near = |g: &Vector, side: f64| (0..3).all(|k| (g[k] - side * unit[k]).abs() < 1e-15);
            if let Some(at) = problem.x.iter().position(|g| near(g, 1.0)) {
                problem.c[at] += c * size;
            } else if let Some(at) = problem.x.iter().position(|g| near(g, -1.0)) {
                problem.c[at] += c * size;
                problem.linear = plus(problem.linear, c, row);
            } else {
                problem.x.push(unit);
                problem.c.push(c * size);
            }
        }
        problem
    }

    fn octants(&self, peaks: &mut Peaks) -> Vec<Cone> {
        let mut out = vec![];
        for sign in [1.0, -1.0] {
            for octant in 0..8u32 {
                let side = |axis: u32| if octant >> axis & 1 == 0 { 1.0 } else { -1.0 };
                let corners = [[side(0), 0.0, 0.0], [0.0, side(1), 0.0], [0.0, 0.0, side(2)]];
                let open = (0..self.x.len() as u32).collect();
                let fixed = [self.linear.map(|v| sign * v), [0.0; 3]];
                let cone = Cone { above: f64::INFINITY, sign, depth: 0, corners, fixed, open };
                out.push(self.bounded(cone, peaks));
            }
        }
        out
    }

    /// Settles the samples that no longer change sides, offers what the cone has to show, and bounds it.
    fn bounded(&self, mut cone: Cone, peaks: &mut Peaks) -> Cone {
        let mut at_corners = [0.0; 3];
        let mut open = vec![];
        // Slopes where relu is bounded from above, and its constant part.
        let (mut slope, mut constant, mut weight) = ([0.0; 3], 0.0, 0.0);
        let mut tangents: Vec<(Vector, f64)> = vec![];
        for &i in &cone.open {
            let (x, c) = (self.x[i as usize], cone.sign * self.c[i as usize]);
            let t = cone.corners.map(|v| dot(v, x));
            let (low, high) = (t[0].min(t[1]).min(t[2]), t[0].max(t[1]).max(t[2]));
            if low >= 0.0 {
                add(&mut cone.fixed, c, x);
                continue;
            }
            if high <= 0.0 {
                continue;
            }
            open.push(i);
            weight += c.abs();
            at_corners.iter_mut().zip(t).for_each(|(h, t)| *h += c * t.max(0.0));
            if c > 0.0 {
                let beta = high / (high - low);
                slope = plus(slope, beta * c, x);
                constant += ROOT3 * c * beta * -low;
            } else {
                tangents.push((x.map(|v| c * v), if t[0] + t[1] + t[2] > 0.0 { 1.0 } else { 0.0 }));
            }
        }
        cone.open = open;
        let fixed = plus(cone.fixed[0], 1.0, cone.fixed[1]);
        for (h, v) in at_corners.iter().zip(cone.corners) {
            self.show(h + dot(fixed, v), v, peaks);
        }
        let start = plus(fixed, 1.0, slope);
        let plain = tangents.iter().fold(start, |g, (cx, alpha)| plus(g, *alpha, *cx));
        let short = shortened(plain, &mut tangents);
        let mut best = cone_max(&cone.corners, plain);
        if tangents.iter().any(|(_, alpha)| *alpha != 0.0 && *alpha != 1.0) || short != plain {
            best = best.min(cone_max(&cone.corners, short));
        }
        for g in [plain, short] {
            self.show_inside(&cone, fixed, g, peaks);
        }
        let roundings = ROUNDINGS * self.lipschitz + 2.0 * f64::EPSILON * cone.open.len() as f64 * weight;
        cone.above = cone.above.min((best + constant * (1.0 + 1e-14) + roundings).next_up());
        cone
    }

    /// The sum at `g/‖g‖` if that lies in the cone.
    fn show_inside(&self, cone: &Cone, fixed: Vector, g: Vector, peaks: &mut Peaks) {
        if !inside(&cone.corners, g, 0.0) {
            return;
        }
        let terms = cone.open.iter().map(|&i| {
            let t = dot(g, self.x[i as usize]);
            cone.sign * self.c[i as usize] * t.max(0.0)
        });
        self.show(dot(fixed, g) + terms.sum::<f64>(), g, peaks);
    }

    fn show(&self, value: f64, v: Vector, peaks: &mut Peaks) {
        let length = dot(v, v).sqrt();
        if length > 0.0 && value > 0.0 {
            peaks.offer(Peak { value: value / length, u: v.map(|e| e / length).to_vec() });
        }
    }
}

impl Cone {
    /// Two halves, cut at the middle of the longest edge; the bound of the whole holds for both.
    fn halves(self) -> [Cone; 2] {
        let length = |k: usize| {
            let d = plus(self.corners[(k + 1) % 3], -1.0, self.corners[(k + 2) % 3]);
            dot(d, d)
        };
        let k = (0..3).fold(0, |m, k| if length(k) > length(m) { k } else { m });
        let (a, b) = ((k + 1) % 3, (k + 2) % 3);
        let middle = plus(self.corners[a], 1.0, self.corners[b]).map(|v| 0.5 * v);
        let (mut left, mut right) = (self.corners, self.corners);
        left[a] = middle;
        right[b] = middle;
        let depth = self.depth + 1;
        [
            Cone { corners: left, open: self.open.clone(), depth, ..self },
            Cone { corners: right, depth, ..self },
        ]
    }
}

/// Shortens `g` over the slopes `0 ≤ α ≤ 1` of the tangents by coordinate descent.
fn shortened(mut g: Vector, tangents: &mut [(Vector, f64)]) -> Vector {
    let rounds = if tangents.len() > 24 { 2 } else { 12 };
    for _ in 0..rounds {
        let mut moved = 0.0;
        for (cx, alpha) in tangents.iter_mut() {
            let square = dot(*cx, *cx);
            let next = (*alpha - dot(g, *cx) / square.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
            g = plus(g, next - *alpha, *cx);
            moved += (next - *alpha).abs();
            *alpha = next;
        }
        if moved < 1e-15 {
            break;
        }
    }
    g
}

/// An upper bound on `max ⟨g, u⟩` over the unit vectors of the cone, exact up to rounding.
fn cone_max(corners: &[Vector; 3], g: Vector) -> f64 {
    let size = dot(g, g).sqrt();
    // A direction that may be outside by rounding counts as inside: the bound only grows.
    if inside(corners, g, 1e-13) {
        return size;
    }
    let mut best = f64::NEG_INFINITY;
    for k in 0..3 {
        let (a, b) = (corners[(k + 1) % 3], corners[(k + 2) % 3]);
        let n = cross(a, b);
        let p = plus(g, -dot(n, g) / dot(n, n), n);
        let slack = -1e-13 * dot(n, n).sqrt() * size;
        if dot(cross(a, p), n) >= slack && dot(cross(p, b), n) >= slack {
            best = best.max(dot(p, p).sqrt());
        }
        best = best.max(dot(g, a) / dot(a, a).sqrt());
    }
    best
}

/// Whether `g` lies in the cone, with relative slack.
fn inside(corners: &[Vector; 3], g: Vector, slack: f64) -> bool {
    let size = dot(g, g).sqrt();
    (0..3).all(|k| {
        let n = cross(corners[(k + 1) % 3], corners[(k + 2) % 3]);
        let side = if dot(n, corners[k]) > 0.0 { 1.0 } else { -1.0 };
        side * dot(n, g) >= -slack * dot(n, n).sqrt() * size
    })
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// `a + c b`.
fn plus(a: Vector, c: f64, b: Vector) -> Vector {
    [a[0] + c * b[0], a[1] + c * b[1], a[2] + c * b[2]]
}

fn add(sum: &mut [Vector; 2], c: f64, x: Vector) {
    let [high, low] = sum;
    for ((h, l), v) in high.iter_mut().zip(low).zip(x) {
        let (s, e) = two_sum(*h, c * v);
        *h = s;
        *l += e;
    }
}

/// `a × b`, each entry to a few roundings of itself although the corners may be close together.
fn cross(a: Vector, b: Vector) -> Vector {
    [minor(a[1], b[2], a[2], b[1]), minor(a[2], b[0], a[0], b[2]), minor(a[0], b[1], a[1], b[0])]
}

/// `p q − r s`.
fn minor(p: f64, q: f64, r: f64, s: f64) -> f64 {
    let ((u, e), (v, f)) = (two_product(p, q), two_product(r, s));
    let (d, g) = two_sum(u, -v);
    d + (g + (e - f))
}
