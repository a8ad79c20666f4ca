//! Models with one fault each: every law has to find its own.

use super::*;

/// How a model can be wrong; in the order of the laws.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Pullback,
    Degree,
    Curved,
    Effective,
    Basis,
    Start,
    Blocks,
    Pushforward,
    Jacobian,
    Curvature,
    WholeCurvature,
    Memory,
    Sparse,
    Chain,
}

/// A linear model with one fault.
struct Broken(Linear, Fault, Network);

/// The linear model as a chain of one layer, with outputs that are not quite its own.
fn almost_a_chain() -> Network {
    Network { layers: vec![Layer::dense(INPUTS, 1)], factor: 1.0 + 1e-6, frozen: vec![] }
}

impl Model for Broken {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn init(&self, rng: &mut Rng, theta: &mut [f64]) {
        self.0.init(rng, theta);
        if self.1 == Fault::Start {
            theta[0] = f64::NAN;
        }
    }

    fn predict(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut [f64]) {
        self.0.predict(theta, x, work, out);
        if self.1 == Fault::Curved {
            out[0] += 1e-6 * theta[0] * theta[0];
        }
        if self.1 == Fault::Memory {
            // Remembers the first output it ever made.
            if work.buffer.is_empty() {
                work.buffer.push(out[0]);
            }
            out[0] = work.buffer[0];
        }
        if self.1 == Fault::Sparse && matches!(x, Design::Sparse(_)) {
            out[0] += 1e-6;
        }
    }

    fn pullback(&self, theta: &[f64], x: &Design, r: &[f64], work: &mut Workspace, out: &mut [f64]) {
        self.0.pullback(theta, x, r, work, out);
        if self.1 == Fault::Pullback {
            out[0] *= 1.0 + 1e-6;
        }
    }

    fn facts(&self) -> ModelFacts {
        let degree = if self.1 == Fault::Degree { 2.0 } else { 1.0 };
        ModelFacts { homogeneity: Some(degree), ..self.0.facts() }
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = self.0.blocks();
        blocks[0].offset += usize::from(self.1 == Fault::Blocks);
        blocks
    }

    fn effective(&self, theta: &[f64]) -> Option<Vec<f64>> {
        let mut w = theta.to_vec();
        if self.1 == Fault::Effective {
            w.reverse();
        }
        Some(w)
    }

    fn pushforward(&self, theta: &[f64], x: &Design, v: &[f64], work: &mut Workspace, out: &mut [f64]) {
        self.0.pushforward(theta, x, v, work, out);
        if self.1 == Fault::Pushforward {
            out[0] *= 1.0 + 1e-6;
        }
    }

    fn jacobian(&self, theta: &[f64], x: &Design, work: &mut Workspace, out: &mut Matrix) {
        self.0.jacobian(theta, x, work, out);
        if self.1 == Fault::Jacobian {
            let first = out.get(0, 0);
            out.set(0, 0, first * (1.0 + 1e-6));
        }
    }

    fn curvature_product(
        &self,
        theta: &[f64],
        x: &Design,
        r: &[f64],
        v: &[f64],
        work: &mut Workspace,
        out: &mut [f64],
    ) {
        self.0.curvature_product(theta, x, r, v, work, out);
        if self.1 == Fault::Curvature {
            out[0] += 1e-6;
        }
    }

    fn curvature(
        &self,
        _theta: &[f64],
        _x: &Design,
        _r: &[f64],
        _work: &mut Workspace,
        out: &mut Matrix,
    ) -> bool {
        out.as_mut_slice().fill(0.0);
        if self.1 == Fault::WholeCurvature {
            out.set(0, 0, 1e-6);
        }
        true
    }

    fn network(&self) -> Option<&Network> {
        (self.1 == Fault::Chain).then_some(&self.2)
    }

    fn over_inputs(&self, d: usize) -> Option<Box<dyn Model>> {
        if self.1 == Fault::Basis {
            // Claims to commute with rotations, yet its first weight counts twice in any basis.
            return Some(Box::new(Broken(
                Linear { inputs: d, ..self.0.clone() },
                Fault::Pullback,
                almost_a_chain(),
            )));
        }
        self.0.over_inputs(d)
    }
}

#[test]
fn every_law_catches_its_broken_model() {
    let faults = [
        Fault::Pullback,
        Fault::Degree,
        Fault::Curved,
        Fault::Effective,
        Fault::Basis,
        Fault::Start,
        Fault::Blocks,
        Fault::Pushforward,
        Fault::Jacobian,
        Fault::Curvature,
        Fault::WholeCurvature,
        Fault::Memory,
        Fault::Sparse,
        Fault::Chain,
    ];
    for ((title, law), fault) in LAWS.into_iter().zip(faults) {
        let linear = Linear { inputs: INPUTS, outputs: 1, spec: LinearSpec::default() };
        assert!(law(&Broken(linear, fault, almost_a_chain())).is_err(), "not caught: {title}");
    }
}
