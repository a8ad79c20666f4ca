//! The arc-cosine functions of ReLU layers and their recursion, elementwise over cosines, accurate at both ends.
//!
//! With `θ = arccos ρ`: `κ₀(ρ) = (π − θ)/π` and `κ₁(ρ) = (ρ (π − θ) + sin θ)/π` (Cho, Saul 2009, Kernel methods for deep
//! learning, eq. 3, 6, divided by their values at 1). Rounding `ρ` near ±1 costs the angle half its digits, so
//! everything is computed from `q = 1 − |ρ|`, half the squared chord of the unit vectors, and layers hand on
//! `1 − κ₁ = q − (sin θ − θ cos θ)/π` instead of `κ₁`. Then angles, and with them `κ₀`, are good to a few `10⁻¹⁶`.

use super::wide::wide;
use std::f64::consts::FRAC_1_PI;

/// Numbers that are worked on together: enough independent chains of multiply-adds to hide their latency.
const LANES: usize = 32;

/// `asin(√y)/√y` on `[0, 1/2]`: minimax polynomial (Remez) of degree 19, truncation error 4·10⁻¹⁸, highest power first.
const ARCSINE: [f64; 20] = [
    1.126_419_287_880_750_9,
    -4.438_816_692_066_939,
    8.324_983_529_446_91,
    -9.669_659_398_550_623,
    7.768_165_374_555_008,
    -4.535_791_802_822_955,
    2.001_604_110_929_154_7,
    -0.664_123_630_254_941_1,
    0.180_957_462_091_106_5,
    -0.026_316_324_552_338_826,
    0.015_091_795_028_583_365,
    0.010_929_349_064_912_37,
    0.014_019_172_040_069_66,
    0.017_349_310_327_158_196,
    0.022_372_313_172_485_805,
    0.030_381_939_881_673_394,
    0.044_642_857_225_197_834,
    0.074_999_999_999_216_03,
    0.166_666_666_666_669_63,
    1.0,
];

/// Kernels between two unit vectors after `layers` ReLU layers, each layer normalised to 1 on equal vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Of the last hidden layer's outputs.
    pub features: f64,
    /// Of the tangent features of all layers.
    pub tangent: f64,
}

/// For one pair of unit vectors with `q = 1 − |ρ|`, `0 ≤ q ≤ 1`; `negative` if `ρ < 0`.
pub fn pair(q: f64, negative: bool, layers: usize) -> Pair {
    let (mut q, mut sign) = ([q; 1], [if negative { -1.0 } else { 1.0 }; 1]);
    let (mut features, mut tangent) = ([0.0; 1], [0.0; 1]);
    recursion(&mut q, &mut sign, layers, &mut features, &mut tangent);
    Pair { features: features[0], tangent: tangent[0] }
}

wide! {
    /// Replaces cosines by kernels after `layers` layers: of the features, or of the tangent features.
    pub fn transform<'a>(cosines: &'a mut [f64], layers: usize, tangent: bool) -> () {
        let (blocks, rest) = cosines.as_chunks_mut::<LANES>();
        for block in blocks {
            transform_block(block, layers, tangent);
        }
        if !rest.is_empty() {
            let mut block = [0.0; LANES];
            block[..rest.len()].copy_from_slice(rest);
            transform_block(&mut block, layers, tangent);
            rest.copy_from_slice(&block[..rest.len()]);
        }
    }
}

#[inline(always)]
fn transform_block(block: &mut [f64; LANES], layers: usize, tangent: bool) {
    let (mut q, mut sign) = ([0.0; LANES], [0.0; LANES]);
    for l in 0..LANES {
        let q_l = 1.0 - block[l].abs();
        q[l] = if q_l > 0.0 { q_l } else { 0.0 };
        sign[l] = if block[l] < 0.0 { -1.0 } else { 1.0 };
    }
    let (mut features, mut tangents) = ([0.0; LANES], [0.0; LANES]);
    recursion(&mut q, &mut sign, layers, &mut features, &mut tangents);
    *block = if tangent { tangents } else { features };
}

/// `Σ⁰ = Θ⁰ = ρ`; `Σ' = κ₁(Σ)`, `Θ' = Σ' + Θ κ₀(Σ)`.
#[inline(always)]
fn recursion<const W: usize>(
    q: &mut [f64; W],
    sign: &mut [f64; W],
    layers: usize,
    features: &mut [f64; W],
    tangent: &mut [f64; W],
) {
    for l in 0..W {
        features[l] = sign[l] * (1.0 - q[l]);
        tangent[l] = features[l];
    }
    for _ in 0..layers {
        let mut series = [ARCSINE[0]; W];
        for c in &ARCSINE[1..] {
            for l in 0..W {
                series[l] = series[l].mul_add(0.5 * q[l], *c);
            }
        }
        for l in 0..W {
            // ψ is the angle to the nearer of the two ends, ρ = 1 and ρ = −1.
            let psi = (2.0 * q[l]).sqrt() * series[l];
            let sine = (q[l] * (2.0 - q[l])).sqrt();
            let excess = FRAC_1_PI * (sine - psi * (1.0 - q[l]));
            let near = sign[l] > 0.0;
            let kappa0 = if near { 1.0 - FRAC_1_PI * psi } else { FRAC_1_PI * psi };
            let rest = (if near { q[l] } else { 1.0 }) - excess;
            q[l] = if rest > 0.0 { rest } else { 0.0 };
            sign[l] = 1.0;
            features[l] = 1.0 - q[l];
            tangent[l] = tangent[l].mul_add(kappa0, features[l]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    /// Angles whose cosines, and so whose kernels, have closed forms.
    #[test]
    fn one_layer_at_angles_known_in_closed_form() {
        let at = |cosine: f64| pair(1.0 - cosine.abs(), cosine < 0.0, 1);
        let root = 3f64.sqrt();
        // θ = 0, π/3, π/2, 2π/3, π.
        for (cosine, kappa0, kappa1) in [
            (1.0, 1.0, 1.0),
            (0.5, 2.0 / 3.0, 1.0 / 3.0 + root / (2.0 * PI)),
            (0.0, 0.5, 1.0 / PI),
            (-0.5, 1.0 / 3.0, -1.0 / 6.0 + root / (2.0 * PI)),
            (-1.0, 0.0, 0.0),
        ] {
            let p = at(cosine);
            // A handful of roundings of numbers below 2.
            assert!((p.features - kappa1).abs() < 1e-15, "{cosine}: {p:?}");
            assert!((p.tangent - (kappa1 + cosine * kappa0)).abs() < 1e-15, "{cosine}: {p:?}");
        }
    }

    /// Near parallel vectors: κ₀ = 1 − θ/π exactly, with θ down to where 1 − cos θ is below the smallest double near 1.
    #[test]
    fn small_angles_keep_all_their_digits() {
        for k in 1..60 {
            let theta = 0.9f64.powi(4 * k);
            let q = 2.0 * (0.5 * theta).sin().powi(2);
            for negative in [false, true] {
                let p = pair(q, negative, 1);
                let (angle, cosine) = if negative { (PI - theta, -(1.0 - q)) } else { (theta, 1.0 - q) };
                let kappa1 = (cosine * (PI - angle) + theta.sin()) / PI;
                assert!((p.features - kappa1).abs() < 5e-16, "{theta} {p:?} {kappa1}");
                let tangent = kappa1 + cosine * (PI - angle) / PI;
                assert!((p.tangent - tangent).abs() < 1e-15, "{theta} {p:?} {tangent}");
            }
        }
    }

    #[test]
    fn blocks_and_single_pairs_agree() {
        let cosines: Vec<f64> = (0..101).map(|i| f64::from(i) / 50.0 - 1.0).collect();
        for layers in 0..4 {
            for tangent in [false, true] {
                let mut all = cosines.clone();
                transform(&mut all, layers, tangent);
                for (k, c) in all.iter().zip(&cosines) {
                    let p = pair(1.0 - c.abs(), *c < 0.0, layers);
                    let one = if tangent { p.tangent } else { p.features };
                    // The single pair may be compiled without fused operations of the same kind: a few roundings.
                    assert!((k - one).abs() < 4e-15, "{layers} {tangent} {c}");
                }
            }
        }
    }
}
