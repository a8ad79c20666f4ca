//! Log time: how long the flow takes to t = 10^100000, how that grows with the horizon, and what plain iteration would need.

use crate::clock::{Effort, seconds, si};
use std::f64::consts::LN_10;
use std::hint::black_box;
use tropism::spec::Setup;
use tropism::training::{self, Horizon, Silent};
use tropism::{Error, Spec};

const SETS: [(&str, &str); 4] = [
    ("breast cancer, bias", "kind = 'breast_cancer'\nstandardise = true\nbias = true"),
    ("breast cancer, no bias", "kind = 'breast_cancer'\nstandardise = true\nbias = false"),
    ("digits 3 against 8", "kind = 'digits'\nclasses = [3, 8]\nstandardise = true\nbias = true"),
    (
        "iris versicolor, virginica",
        "kind = 'iris'\nclasses = ['versicolor', 'virginica']\nstandardise = true\nbias = true",
    ),
];

fn setup(data: &str) -> Setup {
    let text = format!("[data]\n{data}\n[loss]\nkind = 'logistic'\n[optimizer]\nkind = 'gradient_descent'");
    let spec = Spec::parse(&text).expect("a valid experiment");
    Setup::build(&spec, &|f| Err(Error::data(f.path.clone(), "no files"))).expect("bundled data")
}

fn to(setup: &Setup, log10_time: f64) -> training::Trajectory {
    let mut job = setup.job();
    job.horizon =
        Horizon { log_time: Some(log10_time * LN_10), steps: None, exact_steps: 100, log_loss: None };
    training::run(&job, &mut Silent)
}

pub fn table(effort: Effort) {
    println!("\nGradient descent to t = 10^100000: 100 exact steps, then the flow");
    println!(
        "{:28} {:>10} {:>10} {:>10} {:>8} {:>14} {:>26}",
        "data", "10^1000", "10^10000", "10^100000", "steps", "growth 100x", "plain iteration / flow"
    );
    for (name, data) in SETS {
        let setup = setup(data);
        let time = |log10: f64| {
            seconds(Effort { repeats: 3, ..effort }, || {
                black_box(to(&setup, log10));
            })
        };
        let times = [1e3, 1e4, 1e5].map(time);
        let t = to(&setup, 1e5);
        let plain = {
            let mut job = setup.job();
            job.horizon = Horizon { log_time: None, steps: Some(2_000), exact_steps: 2_000, log_loss: None };
            seconds(effort, || {
                black_box(training::run(&job, &mut Silent));
            }) / 2_000.0
        };
        // Steps plain iteration needs: t/η. A run at rest needs as many to know it.
        let log10_steps = 1e5 - setup.built.step_size.unwrap_or(1.0).log10();
        let ratio = log10_steps + plain.log10() - times[2].log10();
        println!(
            "{name:28} {:>9}s {:>9}s {:>9}s {:>8} {:>14.2} {:>26}",
            si(times[0]),
            si(times[1]),
            si(times[2]),
            t.flow_steps,
            times[2] / times[0],
            format!("10^{ratio:.1} ({})", t.ended.word()),
        );
    }
    println!("growth: time to 10^100000 over time to 10^1000; log t grows a hundredfold.");
}
