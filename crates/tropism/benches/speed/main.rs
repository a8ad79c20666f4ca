//! Speed as ratios: each kernel against the arithmetic it cannot do without, the flow against plain iteration, each
//! program's solver against the general conic solver. Every ratio's two sides are measured in the same run.
//!
//! `cargo bench -p tropism` takes minutes; `cargo bench -p tropism -- --quick` half a minute. Names of tables, as in
//! `cargo bench -p tropism -- --quick kernels`, choose among them.

mod clock;
mod factors;
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
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let wanted = |table: &str| words.is_empty() || words.iter().any(|w| w == table);
    let tables: [(&str, &dyn Fn()); 7] = [
        ("kernels", &|| kernels::table(effort)),
        ("grams", &|| grams::table(effort)),
        ("optimizers", &|| optimizers::table(effort)),
        ("networks", &|| networks::table(effort)),
        ("factors", &|| factors::table(effort)),
        ("flow", &|| flow::table(effort)),
        ("solvers", &|| solvers::table(effort, has("--all"))),
    ];
    tables.iter().filter(|(name, _)| wanted(name)).for_each(|(_, table)| table());
}
