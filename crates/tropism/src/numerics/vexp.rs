//! A vectorisable exponential: the one transcendental function of the hot loops.
//!
//! `exp(x) = 2^k exp(r)`, `k = round(x / ln 2)`, `|r| ≤ ln 2 / 2`, with the Taylor polynomial of degree 12
//! for `exp(r)`; its remainder at `|r| = 0.3466` is `r^13/13! < 2e-16` relative. Written without branches so
//! that the compiler turns a loop over it into SIMD.

const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// ln 2 split so that `k * LN2_HI` is exact for |k| < 2^11.
const LN2_HI: f64 = 6.931_471_803_691_238e-1;
const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;
/// 1.5 * 2^52: adding and subtracting it rounds to the nearest integer.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// For use inside a `pulp` dispatch, where a fused multiply-add is one instruction.
///
/// `exp(x)` to about one unit in the last place for `−708 ≤ x ≤ 709`; 0 below, a huge number or `∞` above.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let clamped = x.clamp(-708.0, 709.7);
    let shifted = clamped * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (clamped - k * LN2_HI) - k * LN2_LO;
    let mut p: f64 = 1.0 / 479_001_600.0;
    for c in [
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        p = p.mul_add(r, c);
    }
    // 2^k in two factors, so that k = 1024 stays finite. The low bits of a number plus `ROUND` hold its nearest integer;
    // moved into the exponent's place, everything above falls off. Only shifts to the left: every register has those.
    let half = k * 0.5 + ROUND;
    let rest = (k - (half - ROUND)) + ROUND;
    let two = |shifted: f64| f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    let value = p * two(half) * two(rest);
    if x < -708.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn agrees_with_the_standard_library() {
        // Polynomial remainder 2e-16 plus about two roundings of the Horner tail: four units in the last place.
        let worst = (-70_000..70_000)
            .map(|i| f64::from(i) * 0.01)
            .map(|x| ((exp(x) - x.exp()) / x.exp()).abs())
            .fold(0.0, f64::max);
        assert!(worst < 4.0 * f64::EPSILON, "worst relative error {worst:e}");
        assert_eq!(exp(-1e5), 0.0);
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f64::NAN).is_nan());
    }
}
