//! Interrupted work resumes: a run stopped anywhere, saved, reloaded and continued has the bits of one never stopped.

use tropism::training::{self, Checkpoint, Observer, Silent};
use tropism::{Error, Setup, Spec};

/// Stops at the `n`-th look.
struct StopAt(u64);

impl Observer for StopAt {
    fn progress(&mut self, _fraction: f64, _step: u64, _log_time: f64) -> bool {
        self.0 = self.0.saturating_sub(1);
        self.0 > 0
    }
}

const EXPERIMENTS: [&str; 5] = [
    // Interrupted in the discrete part and on the flow.
    "[data]\nkind = \"soudry_fig1\"\n[loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"heavy_ball\"\n[horizon]\ntime = \"1e100\"\nexact_steps = 3000",
    // Many steps inside one call: few columns, and in the row space of more columns than samples.
    "[data]\nkind = \"soudry_fig1\"\n[loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"gradient_descent\"\n[horizon]\nsteps = 5000",
    "[data]\nkind = \"gaussian_separable\"\nn = 21\nd = 40\n[loss]\nkind = \"exponential\"\n[optimizer]\nkind = \"gradient_descent\"\n[horizon]\nsteps = 5000",
    // Random batches, without replacement.
    "[data]\nkind = \"gaussian_separable\"\n[loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"sgd\"\nbatch = 3\nreplacement = false\n[horizon]\nsteps = 3000",
    // Momentum on normalized steps.
    "[data]\nkind = \"gaussian_separable\"\n[loss]\nkind = \"exponential\"\n[optimizer]\nkind = \"steepest_descent\"\nmomentum = 0.5\n[horizon]\nsteps = 3000",
];

#[test]
fn an_interrupted_run_resumes_bit_for_bit() {
    for text in EXPERIMENTS {
        let spec = Spec::parse(text).unwrap();
        let setup = Setup::build(&spec, &|f| Err(Error::data(f.path.clone(), "no files here"))).unwrap();
        let whole = training::run(&setup.job(), &mut Silent);
        for stop in [1, 5, 17, 40] {
            let part = training::run(&setup.job(), &mut StopAt(stop));
            let bytes = postcard::to_stdvec(&part.checkpoint).unwrap();
            let reloaded: Checkpoint = postcard::from_bytes(&bytes).unwrap();
            let resumed = training::resume(&setup.job(), reloaded, &mut Silent);
            assert!(resumed == whole, "stopped at look {stop} of {text}");
        }
    }
}
