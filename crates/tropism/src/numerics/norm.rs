//! Norms of vectors and of matrices, with their duals.
//!
//! A parameter is always a matrix `k × d` stored row by row; for binary and regression problems `k = 1`
//! and Frobenius, spectral and nuclear norm all are the ℓ2 norm.

use super::linalg;
use super::matrix::Matrix;
use serde::{Deserialize, Serialize};

/// A norm on `k × d` matrices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Norm {
    /// Sum of the moduli of the entries.
    L1,
    /// Euclidean norm of the entries (Frobenius).
    L2,
    /// Largest modulus of the entries.
    LInf,
    /// `(Σ|w|^p)^{1/p}`, `1 < p < ∞`.
    Lp(f64),
    /// Largest singular value.
    Spectral,
    /// Sum of the singular values.
    Nuclear,
}

impl Norm {
    /// `‖w‖` of a `k × d` matrix.
    pub fn value(self, w: &[f64], k: usize) -> f64 {
        match self {
            Norm::L1 => w.iter().map(|v| v.abs()).sum(),
            Norm::L2 => linalg::norm2(w),
            Norm::LInf => linalg::max_abs(w),
            Norm::Lp(p) => {
                let m = linalg::max_abs(w);
                if m == 0.0 || !m.is_finite() {
                    return m;
                }
                m * w.iter().map(|v| (v.abs() / m).powf(p)).sum::<f64>().powf(1.0 / p)
            }
            Norm::Spectral | Norm::Nuclear if k <= 1 => linalg::norm2(w),
            Norm::Spectral => singular(w, k).first().copied().unwrap_or(0.0),
            Norm::Nuclear => singular(w, k).iter().sum(),
        }
    }

    /// The dual norm: `sup ⟨w, v⟩` over `‖v‖ ≤ 1`.
    pub fn dual(self) -> Norm {
        match self {
            Norm::L1 => Norm::LInf,
            Norm::L2 => Norm::L2,
            Norm::LInf => Norm::L1,
            Norm::Lp(p) => Norm::Lp(p / (p - 1.0)),
            Norm::Spectral => Norm::Nuclear,
            Norm::Nuclear => Norm::Spectral,
        }
    }

    /// A relative bound on the rounding error of [`Norm::value`] for `len` entries.
    pub fn rounding(self, len: usize) -> f64 {
        match self {
            Norm::LInf => 0.0,
            Norm::L1 | Norm::L2 => super::directed::gamma(len + 4),
            // powf is good to a few ulp; an SVD is backward stable with a modest polynomial in the size.
            Norm::Lp(p) => (len as f64 + 16.0 * p.max(p / (p - 1.0))) * f64::EPSILON,
            Norm::Spectral | Norm::Nuclear => 16.0 * len as f64 * f64::EPSILON,
        }
    }

    /// Whether the unit ball is strictly convex, so that a minimiser over a convex set is unique.
    pub fn strictly_convex(self) -> bool {
        matches!(self, Norm::L2 | Norm::Lp(_))
    }

    /// The short name used in spec files and tables: `l1`, `l2`, `linf`, `l3`, `spectral`, `nuclear`.
    pub fn name(self) -> String {
        match self {
            Norm::L1 => "l1".into(),
            Norm::L2 => "l2".into(),
            Norm::LInf => "linf".into(),
            Norm::Lp(p) => format!("l{p}"),
            Norm::Spectral => "spectral".into(),
            Norm::Nuclear => "nuclear".into(),
        }
    }

    /// The norm of `what` as it is written in formulas: `‖w‖₂`, `‖w‖_∞`, `‖w‖_1.5`.
    pub fn symbol(self, what: &str) -> String {
        let index = match self {
            Norm::L1 => "₁".to_string(),
            Norm::L2 => "₂".to_string(),
            Norm::LInf => "_∞".to_string(),
            Norm::Lp(p) => format!("_{p}"),
            Norm::Spectral => "_op".to_string(),
            Norm::Nuclear => "_*".to_string(),
        };
        format!("‖{what}‖{index}")
    }

    /// Reads [`Norm::name`] back; also `frobenius`, `max_entry`, `sum_entry`.
    pub fn parse(s: &str) -> Option<Norm> {
        match s {
            "l1" | "sum_entry" => Some(Norm::L1),
            "l2" | "frobenius" => Some(Norm::L2),
            "linf" | "max_entry" => Some(Norm::LInf),
            "spectral" => Some(Norm::Spectral),
            "nuclear" => Some(Norm::Nuclear),
            _ => match s.strip_prefix('l').and_then(|p| p.parse::<f64>().ok()) {
                Some(1.0) => Some(Norm::L1),
                Some(2.0) => Some(Norm::L2),
                Some(p) if p > 1.0 && p.is_finite() => Some(Norm::Lp(p)),
                _ => None,
            },
        }
    }
}

impl Serialize for Norm {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for Norm {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let s = String::deserialize(d)?;
        Norm::parse(&s).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{s}` is not a norm; expected l1, l2, linf, lP with a number P > 1 (as in l3 or l1.5), spectral or nuclear"
            ))
        })
    }
}

impl schemars::JsonSchema for Norm {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Norm".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "l1, l2, linf, lP with a number P > 1, spectral or nuclear"
        })
    }
}

/// Singular values of a `k × d` matrix of any magnitude: the iteration squares entries, so they are brought to size one by a
/// power of two, which is exact.
pub fn singular(w: &[f64], k: usize) -> Vec<f64> {
    let top = linalg::max_abs(w);
    if top == 0.0 || !top.is_finite() {
        return vec![top; k.min(w.len() / k)];
    }
    // Two factors: at 1e-320 the reciprocal itself would overflow.
    let half = -(0.5 * top.log2()).round();
    let (up, down) = (half.exp2(), (-half).exp2());
    let scaled = w.iter().map(|v| v * up * up).collect();
    let values = linalg::singular_values(&Matrix::from_vec(k, w.len() / k, scaled));
    values.into_iter().map(|s| s * down * down).collect()
}
