//! The balanced start of the convolutional network, and what its flow keeps.

use super::*;
use crate::numerics::rng::{Stream, rng};

fn started(spec: &ConvolutionalSpec, outputs: usize) -> (Box<dyn Model>, Vec<f64>) {
    let model = spec.build(&Interface { inputs: 7, outputs, shape: None, image: None }).unwrap();
    let mut theta = vec![0.0; model.dim()];
    model.init(&mut rng(4, Stream::Init), &mut theta);
    (model, theta)
}

/// Squared Fourier moduli of every layer, `[layers][d]`, rows of the output layer summed.
fn powers(model: &dyn Model, theta: &[f64]) -> Vec<Vec<f64>> {
    let fourier = Fourier::new(7);
    let layer = |b: &Block| {
        let rows: Vec<_> = theta[b.range()].chunks_exact(7).map(|w| fourier.transform(w)).collect();
        (0..7).map(|k| rows.iter().map(|r| r[k].0.powi(2) + r[k].1.powi(2)).sum()).collect()
    };
    model.blocks().iter().map(layer).collect()
}

#[test]
fn a_balanced_start_has_equal_moduli_and_the_same_predictor() {
    for (depth, outputs) in [(1, 1), (2, 1), (3, 2), (5, 3)] {
        let plain = ConvolutionalSpec { depth, ..Default::default() };
        let spec = ConvolutionalSpec { init: ConvolutionalStart::Balanced, ..plain.clone() };
        let ((model, a), (_, b)) = (started(&spec, outputs), started(&plain, outputs));
        let powers = powers(&*model, &a);
        for layer in &powers {
            assert!(layer.iter().zip(&powers[0]).all(|(p, q)| (p / q - 1.0).abs() < 1e-12), "{powers:?}");
        }
        let (u, v) = (model.effective(&a).unwrap(), model.effective(&b).unwrap());
        let size = v.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        assert!(u.iter().zip(&v).all(|(u, v)| (u - v).abs() < 1e-13 * size), "{u:?} {v:?}");
        assert!(depth == 1 || a != b);
    }
}

/// The gradient of any loss changes the differences of the squared moduli in second order of a step only.
#[test]
fn the_flow_conserves_the_differences_of_the_moduli() {
    let (model, theta) = started(&ConvolutionalSpec { depth: 3, init_scale: 1.0, ..Default::default() }, 2);
    let x = crate::numerics::Matrix::from_fn(4, 7, |i, j| ((i * 7 + j) * 5 % 9) as f64 - 4.0).into();
    let mut g = vec![0.0; theta.len()];
    let r: Vec<f64> = (0..8).map(|i| 0.1 * f64::cos(i as f64)).collect();
    model.pullback(&theta, &x, &r, &mut crate::models::Workspace::default(), &mut g);
    let differences = |theta: &[f64]| -> Vec<f64> {
        let p = powers(&*model, theta);
        p.windows(2).flat_map(|w| w[0].iter().zip(&w[1]).map(|(a, b)| a - b).collect::<Vec<_>>()).collect()
    };
    let before = differences(&theta);
    let moved = |h: f64| -> f64 {
        let there: Vec<f64> = theta.iter().zip(&g).map(|(t, g)| t - h * g).collect();
        differences(&there).iter().zip(&before).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()))
    };
    let (long, short) = (moved(1e-3), moved(1e-4));
    assert!(long > 1e-9 && (long / short - 100.0).abs() < 1e-2, "{long} {short}");
}

#[test]
fn balance_is_refused_where_the_flow_keeps_no_moduli() {
    let balanced = ConvolutionalSpec { init: ConvolutionalStart::Balanced, ..Default::default() };
    let interface = Interface { inputs: 7, outputs: 1, shape: None, image: None };
    for spec in [
        ConvolutionalSpec { kernel: Some(3), ..balanced.clone() },
        ConvolutionalSpec { channels: 2, ..balanced },
    ] {
        let refused = spec.build(&interface).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(refused.contains("`init`") && refused.contains("one channel"), "{refused}");
    }
}
