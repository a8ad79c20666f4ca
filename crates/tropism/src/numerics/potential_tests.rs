use super::*;

const ALL: [Potential; 11] = [
    HalfSquare,
    PNorm(1.2),
    PNorm(2.0),
    PNorm(7.0),
    NegEntropy,
    Hypentropy(1e-6),
    Hypentropy(0.3),
    Hypentropy(50.0),
    DiagonalDepth { scale: 1e-3, depth: 3 },
    DiagonalDepth { scale: 1.0, depth: 4 },
    DiagonalDepth { scale: 30.0, depth: 7 },
];

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{a} != {b}");
}

#[test]
fn derivatives_are_differences() {
    for p in ALL {
        for w in [0.3, 1.1, 2.5] {
            // Central differences: truncation h²/6 φ''' (at most about 1e3 here) plus rounding u/h, both below 1e-7.
            let h = 1e-6;
            close((p.value(w + h) - p.value(w - h)) / (2.0 * h), p.mirror(w), 1e-7);
            close((p.mirror(w + h) - p.mirror(w - h)) / (2.0 * h), p.curvature(w), 1e-7);
            let z = p.mirror(w);
            close(p.inverse(z), w, 1e-12);
            let scale = 1.0 + p.conjugate_curvature(z);
            close((p.conjugate(z + h) - p.conjugate(z - h)) / (2.0 * h), w, 1e-6 * scale);
            close((p.inverse(z + h) - p.inverse(z - h)) / (2.0 * h), p.conjugate_curvature(z), 1e-6 * scale);
            // Fenchel equality; z w is at most about 1e2 here.
            close(p.value(w) + p.conjugate(z), z * w, 1e-12);
        }
    }
}

#[test]
fn divergences_agree_with_definition_and_duality() {
    for p in ALL {
        for (w, w0) in [(0.3, 1.1), (1.1, 0.3), (2.5, 2.4), (1.0, 1.0), (1e-3, 2.0)] {
            let direct = p.value(w) - p.value(w0) - p.mirror(w0) * (w - w0);
            close(p.divergence(w, w0), direct, 1e-12);
            // D(w, w0) = D*(z0, z): base point w, step δ = z0 − z.
            let delta = p.mirror(w0) - p.mirror(w);
            let dual = p.conjugate_divergence_above(w, delta, 0.0);
            let scale = 1.0 + p.conjugate_curvature(p.mirror(w)) + w + w0;
            assert!((dual - p.divergence(w, w0)).abs() < 1e-12 * scale * scale, "{p:?} {w} {w0}: {dual}");
        }
    }
}

#[test]
fn near_the_diagonal_the_divergence_is_half_the_curvature() {
    for p in ALL {
        let (w0, h) = (0.7, 1e-7);
        let w = w0 + h;
        let expected = 0.5 * p.curvature(w0) * (w - w0) * (w - w0);
        // The next term is φ''' h³/6: relatively h p/w0, below 1e-5; plain subtraction would keep no digit.
        assert!((p.divergence(w, w0) / expected - 1.0).abs() < 1e-5, "{p:?}");
    }
}

#[test]
fn hypentropy_at_the_ends_of_its_range() {
    for beta in [1e-16, 1e-8, 1.0, 1e8] {
        let p = Hypentropy(beta);
        for z in [-700.0, -30.0, -1e-9, 0.0, 1e-9, 5.0, 690.0] {
            let w = p.inverse(z);
            if w.is_infinite() {
                // 1e8 sinh 700 is not a double.
                continue;
            }
            // A relative error u in w moves z by u tanh z, and z itself is rounded.
            assert!((p.mirror(w) - z).abs() <= 1e-14 * (1.0_f64).max(z.abs()), "{beta} {z}");
        }
    }
    let p = Hypentropy(1e-16);
    assert!(p.inverse(740.0).is_finite());
    // φ(w) ≈ |w| (log(2|w|/β) − 1): the ℓ1 limit.
    close(p.value(1.0), (2e16f64).ln() - 1.0, 1e-14);
    // Large β: w²/(2β) − β, seen through the divergence from 0.
    close(Hypentropy(1e8).divergence(3.0, 0.0) * 1e8, 4.5, 1e-14);
    assert!(NegEntropy.divergence(-1.0, 1.0).is_infinite());
}

#[test]
fn deep_potentials_at_the_ends_of_their_range() {
    for depth in [3, 4, 10] {
        let k = f64::from(depth) / (f64::from(depth) - 2.0);
        for scale in [1e-30, 1e-9, 1.0, 1e12] {
            let p = DiagonalDepth { scale, depth };
            // Seen from the centre, where w ≈ 2 k c z.
            let w = 1e-9 * scale;
            close(p.mirror(w) * 2e9 * k, 1.0, 1e-9);
            close(p.divergence(w, 0.0) * 4e18 * k / scale, 1.0, 1e-9);
            // The conjugate pair, with z0 = 0 exact: D(w, 0) + φ*(z) = z w.
            for z in [-0.999, -0.3, 1e-5, 0.9] {
                let w = p.inverse(z);
                close(p.mirror(w), z, 1e-14);
                close((p.value(w) + p.conjugate(z)) / (z * w), 1.0, 1e-13);
            }
        }
        // A tiny start: φ(w) = |w| up to the depth of the potential near one.
        let p = DiagonalDepth { scale: 1e-80, depth };
        close(p.value(1.0), 1.0, 1e-7);
        assert!(p.conjugate(1.0).is_infinite() && p.inverse(-1.5) == f64::NEG_INFINITY);
    }
}
