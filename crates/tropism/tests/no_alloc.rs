//! After warm-up a training step allocates nothing, for every optimizer on a dense linear model.
//!
//! The exceptions are declared: steps that decompose a matrix allocate the decomposition's work space. These are steepest descent
//! in a matrix norm and Muon's exact polar factor on several outputs, Shampoo and the natural gradient.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use tropism::data::Targets;
use tropism::losses::{Loss, LossSpec};
use tropism::models::{Block, Interface, ModelSpec, Regime, Workspace};
use tropism::numerics::{Design, Matrix};
use tropism::optimizers::{Curvature, Optimizer, OptimizerSpec, Radius};
use tropism::training::DataOracle;

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // Not available while a thread is torn down; nothing is measured then.
    let _ = COUNT.try_with(|c| c.set(c.get() + 1));
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(block, layout, size) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Methods whose every step decomposes a matrix.
const DECOMPOSING: [&str; 2] = ["natural_gradient", "shampoo"];

const SAMPLES: usize = 12;
const INPUTS: usize = 5;

fn design() -> Design {
    Design::Dense(Matrix::from_fn(SAMPLES, INPUTS, |i, j| {
        f64::from((i * 31 + j * 17) as u32 % 13) / 6.0 - 1.0
    }))
}

fn targets(loss: &dyn Loss) -> Targets {
    use tropism::losses::Task::{Binary, Multiclass, Regression};
    match loss.facts().task {
        Regression => Targets::Real((0..SAMPLES).map(|i| i as f64).collect()),
        Binary => Targets::Sign((0..SAMPLES).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect()),
        Multiclass => Targets::Class { labels: (0..SAMPLES).map(|i| i % 3).collect(), classes: 3 },
    }
}

/// Allocations during a hundred steps after ten: one by one, and many at once.
fn allocations(optimizer: &dyn Optimizer, loss: &dyn Loss) -> u64 {
    let (x, targets) = (design(), targets(loss));
    let model = ModelSpec::linear(Default::default())
        .build(&Interface { inputs: INPUTS, outputs: targets.outputs(), shape: None })
        .expect("no keys");
    let mut oracle = DataOracle::new(&*model, loss, &x, &targets, -(SAMPLES as f64).ln());
    let mut state = optimizer.start(vec![0.5; model.dim()], 1);
    (0..10).for_each(|_| optimizer.step(&mut state, &mut oracle));
    let before = COUNT.get();
    (0..50).for_each(|_| optimizer.step(&mut state, &mut oracle));
    optimizer.steps(&mut state, &mut oracle, 50);
    COUNT.get() - before
}

fn optimizers() -> Vec<(&'static str, &'static str)> {
    let mut out = vec![];
    for member in OptimizerSpec::MEMBERS {
        let settings: &[&str] = match member.id {
            "gradient_descent" => &["", "schedule = 'loss_normalized'"],
            "adam" => &["", "batch = 1\norder = 'cyclic'", "batch = 4"],
            "guess_and_check" => &["target_loss = 1e-9"],
            "muon" => &["", "polar = 'exact'", "vectors = 'adam'", "batch = 4"],
            "mirror_descent" => &["p = 3.0", "potential = 'entropy'", "potential = 'hypentropy'"],
            "sgd" => &["", "batch = 4\nreplacement = false"],
            "steepest_descent" => &[
                "norm = 'l1'",
                "norm = 'l2'\nmomentum = 0.9",
                "norm = 'linf'",
                "norm = 'l3'",
                "norm = 'spectral'",
            ],
            _ => &[""],
        };
        out.extend(settings.iter().map(|s| (member.id, *s)));
    }
    out
}

#[test]
fn a_step_allocates_nothing() {
    let mut failures = vec![];
    for member in LossSpec::MEMBERS {
        let loss = LossSpec::parse("loss", member.id, toml::Table::new(), &[])
            .and_then(|s| s.build())
            .expect("defaults");
        let outputs = targets(&*loss).outputs();
        let curvature = Curvature {
            smoothness: 100.0,
            single: 100.0,
            samples: SAMPLES,
            blocks: vec![Block { offset: 0, rows: outputs, cols: INPUTS }],
            radius: Radius { l1: 30.0, l2: 10.0, linf: 5.0 },
            log_loss: 0.0,
            at_infinity: true,
        };
        for (id, keys) in optimizers() {
            let polar = keys.contains("spectral") || keys.contains("exact");
            if (polar && outputs > 1) || DECOMPOSING.contains(&id) {
                continue;
            }
            let table = keys.parse().expect("valid TOML");
            let spec = OptimizerSpec::parse("optimizer", id, table, &[]).expect("valid keys");
            let built = spec.build(&curvature).expect("in range");
            let found = allocations(&*built.optimizer, &*loss);
            if found > 0 {
                failures
                    .push(format!("{id} ({keys:?}) with {}: {found} allocations in 100 steps", member.id));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The keys that each model needs or that lead it another way.
fn models() -> Vec<(&'static str, &'static [&'static str])> {
    let keys = |id: &str| -> &'static [&'static str] {
        match id {
            "conv_relu" => &["kernel = 2\nchannels = [3, 2]\nstride = 1\nshape = [3, 3]"],
            "deep_relu" => &["widths = [40, 30]"],
            "two_layer_relu" => &["width = 50", "width = 50\ntrained = 'output_layer'"],
            _ => &[],
        }
    };
    ModelSpec::MEMBERS.iter().map(|m| (m.id, keys(m.id))).collect()
}

/// Networks and their regimes: gradients at points that differ.
#[test]
fn a_gradient_of_a_network_allocates_nothing() {
    let x = Design::Dense(Matrix::from_fn(SAMPLES, 9, |i, j| {
        f64::from((i * 31 + j * 17) as u32 % 13) / 6.0 - 1.0
    }));
    let mut failures = vec![];
    for (id, keys) in models() {
        for (keys, linearized) in keys.iter().flat_map(|k| [(k, false), (k, true)]) {
            for outputs in [1, 3] {
                let spec =
                    ModelSpec::parse("model", id, keys.parse().expect("valid TOML"), &[]).expect("keys");
                let plain = spec.build(&Interface { inputs: 9, outputs, shape: None }).expect("in range");
                let mut theta: Vec<f64> =
                    (0..plain.dim()).map(|j| ((j * 7) % 5) as f64 / 4.0 - 0.5).collect();
                let lazy = !plain.facts().linear_in_parameters;
                let regime =
                    Regime { output_scale: if lazy { 2.0 } else { 1.0 }, centered: lazy, linearized };
                let model = regime.apply(plain, id, &theta).expect("in range");
                let (mut out, r) = (vec![0.0; SAMPLES * outputs], vec![0.1; SAMPLES * outputs]);
                let (mut gradient, mut work) = (vec![0.0; model.dim()], Workspace::default());
                let mut step = || {
                    model.predict(&theta, &x, &mut work, &mut out);
                    model.pullback(&theta, &x, &r, &mut work, &mut gradient);
                    theta.iter_mut().zip(&gradient).for_each(|(t, g)| *t -= 1e-3 * g);
                };
                (0..5).for_each(|_| step());
                let before = COUNT.get();
                (0..20).for_each(|_| step());
                let found = COUNT.get() - before;
                if found > 0 {
                    failures.push(format!("{id} {keys:?}, {regime:?}, {outputs} outputs: {found}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The counter does count: a step that allocates is caught.
#[test]
fn the_counter_counts() {
    let before = COUNT.get();
    std::hint::black_box(vec![1.0; 8]);
    assert!(COUNT.get() > before);
}
