//! Log-domain arithmetic: numbers far outside the range of `f64`, kept as natural logarithms.

/// `log Σ exp(v_i)`, without overflow; `−∞` for an empty slice.
pub fn log_sum_exp(v: &[f64]) -> f64 {
    let top = v.iter().fold(f64::NEG_INFINITY, |m, &x| m.max(x));
    if !top.is_finite() {
        return top;
    }
    top + v.iter().map(|x| (x - top).exp()).sum::<f64>().ln()
}

/// `log(exp(a) + exp(b))`.
pub fn log_add_exp(a: f64, b: f64) -> f64 {
    let (hi, lo) = if a >= b { (a, b) } else { (b, a) };
    if !hi.is_finite() {
        return hi;
    }
    hi + (lo - hi).exp().ln_1p()
}

/// `log(1 + exp(x))`, accurate for every `x`.
pub fn log1p_exp(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// `log log(1 + exp(−m))`: the log of the logistic loss at margin `m`, accurate at margins of ±100,000.
///
/// For large `m`, `log(1 + u) = u − u²/2 + …` with `u = exp(−m)`, so the result is `−m + log1p(−u/2 + u²/3 …)`.
pub fn log_logistic(m: f64) -> f64 {
    if m > 37.0 {
        // u < 1e-16: the relative correction u/2 is below half a unit in the last place.
        -m
    } else if m < -37.0 {
        (-m).ln()
    } else {
        log1p_exp(-m).ln()
    }
}

/// A vector `exp(log_scale) * direction`: a gradient that neither under- nor overflows.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scaled {
    pub log_scale: f64,
    pub direction: Vec<f64>,
}

impl Scaled {
    pub fn zeros(len: usize) -> Self {
        Self { log_scale: 0.0, direction: vec![0.0; len] }
    }

    /// Whether no entry differs by more than `share` of the largest.
    pub fn is_near(&self, other: &Scaled, share: f64) -> bool {
        let stretch = (other.log_scale - self.log_scale).exp();
        let pairs = || self.direction.iter().zip(&other.direction);
        let top = pairs().fold(0.0, |m: f64, (a, b)| m.max(a.abs()).max((b * stretch).abs()));
        pairs().all(|(a, b)| (a - b * stretch).abs() <= share * top)
    }

    /// `self = decay * self + weight * other`, exact in scale.
    pub fn blend(&mut self, decay: f64, weight: f64, other_scale: f64, other: &[f64]) {
        let mine = self.log_scale + decay.ln();
        if decay > 0.0 && other.iter().all(|&v| v == 0.0) {
            // Nothing is added, whatever scale nothing has.
            self.log_scale = mine;
            return;
        }
        let theirs = other_scale + weight.ln();
        let own_empty = self.direction.iter().all(|&v| v == 0.0) || decay == 0.0;
        let scale = if own_empty { theirs } else { mine.max(theirs) };
        if !scale.is_finite() {
            return;
        }
        let a = if own_empty { 0.0 } else { (mine - scale).exp() };
        let b = (theirs - scale).exp();
        for (d, o) in self.direction.iter_mut().zip(other) {
            *d = a * *d + b * o;
        }
        self.log_scale = scale;
    }
}

/// Formats a natural logarithm as a power of ten, `1e100000` style, with three digits.
pub fn format_log(log: f64) -> String {
    if log == f64::NEG_INFINITY {
        return "0".into();
    }
    let l10 = log / std::f64::consts::LN_10;
    if l10.abs() < 5.0 {
        return format!("{:.4}", log.exp());
    }
    let mut exponent = l10.floor();
    let mut mantissa = 10f64.powf(l10 - exponent);
    if mantissa >= 9.995 {
        mantissa = 1.0;
        exponent += 1.0;
    }
    format!("{mantissa:.2}e{exponent}")
}
