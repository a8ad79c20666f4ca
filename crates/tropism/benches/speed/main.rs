//! Speed as ratios: each kernel against the arithmetic it cannot do without, the flow against plain iteration, each
//! program's solver against the general conic solver. Every ratio's two sides are measured in the same run.
//!
//! `cargo bench -p tropism` takes about a minute; `cargo bench -p tropism -- --quick` a few seconds.

mod clock;
mod flow;
mod grams;
mod kernels;
mod networks;
mod optimizers;
mod solvers;

fn main() {
    let has = |flag: &str| std::env::args().any(|a| a == flag);
    // `cargo test --benches` runs this without `--bench`: enough then that it runs at all.
    let quick = has("--quick") || !has("--bench");
    let effort = if quick { clock::Effort::QUICK } else { clock::Effort::FULL };
    kernels::table(effort);
    grams::table(effort);
    optimizers::table(effort);
    networks::table(effort);
    flow::table(effort);
    solvers::table(effort, has("--all"));
}
