//! Descent on weights `w = u² − v²`, entry by entry, and the sums along it that the exact law of its limit is made of.
//!
//! With `a = 2 η g`, `g` the gradient in `w`, a step multiplies `u` by `1 − a` and `v` by `1 + a`. `w` sees squares only, so moduli of
//! the factors are what counts: where `|a| > 1`, `artanh a` stands for `½ ln|(1 + a)/(1 − a)|`.

use super::fused::{Chart, LANES, Lane};
use super::wide::wide;
use pulp::Simd;

/// Below it both terms are summed as power series.
const SMALL: f64 = 0.1;

/// Parameters `[u, v]`, in lanes, and the sums where they are wanted.
pub struct Squares<'a> {
    pub u: &'a mut [Lane],
    pub v: &'a mut [Lane],
    pub sums: Option<Sums<'a>>,
}

/// `Σ ln|1 − a²|` and `Σ (artanh a − a)`, in lanes, and whether some `|a|` was 1, which makes a weight zero, or no number.
pub struct Sums<'a> {
    pub shrink: &'a mut [Lane],
    pub excess: &'a mut [Lane],
    pub vanished: &'a mut bool,
}

impl Chart for Squares<'_> {
    #[inline(always)]
    fn step<V: Simd>(&mut self, simd: V, w: &mut [Lane], g: &[Lane], step: f64) {
        let twice = -2.0 * step;
        if let Some(Sums { shrink, excess, vanished }) = &mut self.sums {
            for ((g, s), e) in g.iter().zip(&mut **shrink).zip(&mut **excess) {
                // A loop: `map` of an array is not inlined into what is compiled for wide registers.
                let mut a = [0.0; LANES];
                for (a, g) in a.iter_mut().zip(&g.0) {
                    *a = twice * g;
                }
                **vanished |= add(&a, &mut s.0, &mut e.0);
            }
        }
        for (((u, v), w), g) in self.u.iter_mut().zip(&mut *self.v).zip(w).zip(g) {
            step_lane(simd, [&mut u.0, &mut v.0, &mut w.0], &g.0, twice);
        }
    }
}

/// `u ← u − a u`, `v ← v + a v`, `w = u² − v²` with `a = twice · g`. A register at a time by name: left to itself the compiler
/// takes the same place of eight lanes together, and scatters it.
#[inline(always)]
fn step_lane<V: Simd>(simd: V, [u, v, w]: [&mut [f64; LANES]; 3], g: &[f64; LANES], twice: f64) {
    let twice = simd.splat_f64s(twice);
    let (u, v) = (V::as_mut_simd_f64s(u).0, V::as_mut_simd_f64s(v).0);
    let (w, g) = (V::as_mut_simd_f64s(w).0, V::as_simd_f64s(g).0);
    for (((u, v), w), g) in u.iter_mut().zip(v).zip(w).zip(g) {
        let a = simd.mul_f64s(twice, *g);
        *u = simd.mul_add_f64s(*u, simd.neg_f64s(a), *u);
        *v = simd.mul_add_f64s(*v, a, *v);
        *w = simd.sub_f64s(simd.mul_f64s(*u, *u), simd.mul_f64s(*v, *v));
    }
}

/// `u² − v²`, each square rounded.
#[inline(always)]
pub fn weight(u: f64, v: f64) -> f64 {
    u * u - v * v
}

wide! {
    /// Adds the terms of one step from `before` to `after`, both `[u, v]`, to `shrink [d]` and `excess [d]`; tells whether some
    /// `|a|` was 1, which makes a weight zero, or no number.
    pub fn add_step<'a>(before: &'a [f64], after: &'a [f64], shrink: &'a mut [f64], excess: &'a mut [f64]) -> bool {
        let d = shrink.len();
        let ((u, v), (next_u, next_v)) = (before.split_at(d), after.split_at(d));
        let mut vanished = false;
        for first in (0..d).step_by(LANES) {
            let range = first..d.min(first + LANES);
            let (mut a, mut sums) = ([0.0; LANES], [[0.0; LANES]; 2]);
            for (a, i) in a.iter_mut().zip(range.clone()) {
                // Both factors tell the same a; their mean halves the rounding.
                *a = 0.5 * (next_v[i] / v[i] - next_u[i] / u[i]);
            }
            let [s, e] = &mut sums;
            vanished |= add(&a, s, e);
            shrink[range.clone()].iter_mut().zip(s).for_each(|(to, s)| *to += *s);
            excess[range].iter_mut().zip(e).for_each(|(to, e)| *to += *e);
        }
        vanished
    }
}

/// Adds the terms of eight numbers; for use inside a `pulp` dispatch.
#[inline(always)]
fn add(a: &[f64; LANES], shrink: &mut [f64; LANES], excess: &mut [f64; LANES]) -> bool {
    let mut large = 0.0;
    for a in a {
        large += if a.abs() <= SMALL { 0.0 } else { 1.0 };
    }
    if large == 0.0 {
        let (mut s, mut e) = (*shrink, *excess);
        for l in 0..LANES {
            let (more_s, more_e) = series(a[l]);
            s[l] += more_s;
            e[l] += more_e;
        }
        (*shrink, *excess) = (s, e);
        return false;
    }
    let mut vanished = false;
    for l in 0..LANES {
        let (s, e) = if a[l].abs() <= SMALL { series(a[l]) } else { closed(a[l]) };
        shrink[l] += s;
        excess[l] += e;
        vanished |= !a[l].is_finite() || a[l].abs() == 1.0;
    }
    vanished
}

/// `ln|1 − a²|` and `½ ln|(1 + a)/(1 − a)| − a`: past zero the logarithms of the moduli of the factors go on.
#[inline(always)]
fn closed(a: f64) -> (f64, f64) {
    let shrink = if a.abs() < 1.0 { (-a * a).ln_1p() } else { ((a - 1.0) * (a + 1.0)).ln() };
    (shrink, 0.5 * ((1.0 + a) / (1.0 - a)).abs().ln() - a)
}

/// `ln(1 − a²) = −Σ a^2k/k` and `artanh a − a = Σ a^(2k+1)/(2k+1)` from `k = 1` to 8: for `|a| ≤ 0.1` the ninth terms are
/// below 2e-17 of the first.
#[inline(always)]
fn series(a: f64) -> (f64, f64) {
    let q = a * a;
    let (mut s, mut e) = (1.0 / 8.0, 1.0 / 17.0);
    for (s_next, e_next) in [
        (1.0 / 7.0, 1.0 / 15.0),
        (1.0 / 6.0, 1.0 / 13.0),
        (1.0 / 5.0, 1.0 / 11.0),
        (1.0 / 4.0, 1.0 / 9.0),
        (1.0 / 3.0, 1.0 / 7.0),
        (1.0 / 2.0, 1.0 / 5.0),
        (1.0, 1.0 / 3.0),
    ] {
        s = q.mul_add(s, s_next);
        e = q.mul_add(e, e_next);
    }
    (-q * s, a * q * e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_are_smooth_across_their_two_formulas() {
        // At 0.1: artanh 0.1 = ½ ln(1.1/0.9) = 0.100335347731075580635726552060…, ln 0.99 = −0.010050335853501441183548857558…
        let (s, e) = series(0.1);
        assert!((e - 0.000_335_347_731_075_580_64).abs() < 1e-18);
        assert!((s + 0.010_050_335_853_501_442).abs() < 1e-17);
        let (mut shrink, mut excess) = ([0.0; LANES], [0.0; LANES]);
        assert!(!add(&[0.100_000_1; LANES], &mut shrink, &mut excess));
        // Slopes at 0.1: 1/(1 − a²) − 1 and −2a/(1 − a²); the second derivatives take 1e-14 at most.
        assert!((excess[0] - e - 1e-7 * (1.0 / 0.99 - 1.0)).abs() < 1e-14);
        assert!((shrink[0] - s + 1e-7 * 0.2 / 0.99).abs() < 2e-14);
        assert_eq!(series(-0.05), (series(0.05).0, -series(0.05).1));
    }

    /// A number's terms do not depend on its neighbours.
    #[test]
    fn large_neighbours_change_nothing() {
        let (mut alone, mut beside) = ([[0.0; LANES]; 2], [[0.0; LANES]; 2]);
        let mut a = [0.03; LANES];
        let [s, e] = &mut alone;
        assert!(!add(&a, s, e));
        a[7] = 0.9;
        let [s, e] = &mut beside;
        assert!(!add(&a, s, e));
        assert_eq!((alone[0][0], alone[1][0]), (beside[0][0], beside[1][0]));
        assert!(!add(&[-1.5; LANES], &mut [0.0; LANES], &mut [0.0; LANES]));
        for bad in [1.0, -1.0, f64::INFINITY, f64::NAN] {
            a[3] = bad;
            assert!(add(&a, &mut [0.0; LANES], &mut [0.0; LANES]), "{bad}");
        }
    }
}
