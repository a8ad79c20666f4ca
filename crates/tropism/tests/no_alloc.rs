//! After warm-up a training step allocates nothing, for every optimizer on a dense linear model and for gradient steps of every
//! model; a whole run allocates for its records alone, and few of those where parameters are many.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use tropism::data::Dataset;
use tropism::data::Targets;
use tropism::losses::{Loss, LossSpec};
use tropism::models::{Block, Interface, ModelSpec, Regime, Workspace};
use tropism::numerics::{Csr, Design, Matrix};
use tropism::optimizers::{Curvature, Optimizer, OptimizerSpec, Radius};
use tropism::spec::Setup;
use tropism::training::{self, DataOracle, Horizon, Silent};
use tropism::{Error, Spec, theory};

/// Counts the allocations of each thread, and the bytes that it holds.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<i64> = const { Cell::new(0) };
    static MOST: Cell<i64> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    // Not available while a thread is torn down; nothing is measured then.
    let _ = COUNT.try_with(|c| c.set(c.get() + 1));
    hold(bytes as i64);
}

fn hold(bytes: i64) {
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        MOST.with(|most| most.set(most.get().max(held.get())));
    });
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        hold(-(layout.size() as i64));
        unsafe { System.realloc(block, layout, size) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        hold(-(layout.size() as i64));
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

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
        .build(&Interface { inputs: INPUTS, outputs: targets.outputs(), shape: None, image: None })
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
            "sgd" => &["", "batch = 4\nreplacement = false", "batch = 10"],
            "shampoo" => &["", "beta2 = 0.9\nepsilon = 1e-3"],
            "natural_gradient" => &["", "damping = 0.1"],
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
                let plain = spec
                    .build(&Interface { inputs: 9, outputs, shape: None, image: None })
                    .expect("in range");
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

/// Steps of networks and reparameterised predictors, on full gradients and on batches, as a run takes them.
#[test]
fn a_training_step_of_a_network_allocates_nothing() {
    let x = Design::Dense(Matrix::from_fn(SAMPLES, 9, |i, j| {
        f64::from((i * 31 + j * 17) as u32 % 13) / 6.0 - 1.0
    }));
    let loss =
        LossSpec::parse("loss", "squared", toml::Table::new(), &[]).and_then(|s| s.build()).expect("no keys");
    let targets = targets(&*loss);
    let mut failures = vec![];
    for (id, keys) in models() {
        for keys in keys {
            let spec = ModelSpec::parse("model", id, keys.parse().expect("valid TOML"), &[]).expect("keys");
            let model = spec
                .build(&Interface { inputs: 9, outputs: 1, shape: Some((3, 3)), image: None })
                .expect("in range");
            for (optimizer, settings) in [
                ("gradient_descent", ""),
                ("sgd", "batch = 4"),
                ("sgd", "batch = 10"),
                ("adam", ""),
                ("muon", "polar = 'exact'"),
            ] {
                let curvature = Curvature {
                    smoothness: 1e4,
                    single: 1e4,
                    samples: SAMPLES,
                    blocks: model.blocks(),
                    radius: Radius { l1: 30.0, l2: 10.0, linf: 5.0 },
                    log_loss: 0.0,
                    at_infinity: false,
                };
                let table = settings.parse().expect("valid TOML");
                let spec = OptimizerSpec::parse("optimizer", optimizer, table, &[]).expect("valid keys");
                let optimizer = spec.build(&curvature).expect("in range").optimizer;
                let mut oracle = DataOracle::new(&*model, &*loss, &x, &targets, -(SAMPLES as f64).ln());
                let theta = (0..model.dim()).map(|j| ((j * 7) % 5) as f64 / 8.0 - 0.25).collect();
                let mut state = optimizer.start(theta, 1);
                (0..10).for_each(|_| optimizer.step(&mut state, &mut oracle));
                let before = COUNT.get();
                optimizer.steps(&mut state, &mut oracle, 50);
                let found = COUNT.get() - before;
                if found > 0 {
                    failures.push(format!("{id} {keys:?}, {settings:?}: {found} allocations in 50 steps"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn setup(data: Dataset, keys: &str) -> Setup {
    let text = format!("[data]\nkind = 'soudry_fig1'\n[loss]\nkind = 'squared'\n{keys}");
    Setup::with_data(&Spec::parse(&text).expect("a valid experiment"), data).expect("fitting data")
}

fn run(setup: &Setup, steps: u64) -> training::Trajectory {
    let mut job = setup.job();
    job.horizon = Horizon { log_time: None, steps: Some(steps), exact_steps: steps, log_loss: None };
    training::run(&job, &mut Silent)
}

/// A run of a diagonal network, with the sums that its theorem asks for: what is allocated over 4,000 further steps are
/// records and what holds them.
#[test]
fn a_run_allocates_for_its_records_alone() {
    let Design::Dense(x) = design() else { panic!("dense") };
    for optimizer in ["gradient_descent", "sgd"] {
        let keys = format!("[model]\nkind = 'diagonal'\n[optimizer]\nkind = '{optimizer}'\nstep_size = 1e-3");
        let y = (0..SAMPLES).map(|i| i as f64 / 10.0).collect();
        let setup = setup(Dataset::regression("small", x.clone(), y), &keys);
        let allocations = |steps| {
            let before = COUNT.get();
            let trajectory = run(&setup, steps);
            (COUNT.get() - before, trajectory.snapshots.len() as u64)
        };
        let ((short, records), (long, more)) = (allocations(4_000), allocations(8_000));
        // A record is a vector, copied once more into the checkpoint.
        let extra = (more - records) * 3 + 4;
        assert!(
            more > records && long - short <= extra,
            "{optimizer}: {short} and {long}, {records} and {more} records"
        );
    }
}

/// The flow of a ReLU network with units on their kinks: what is allocated between two horizons are records and what holds them,
/// and memory that grows with the number of such units, not with that of steps.
#[test]
fn a_flow_along_kinks_allocates_for_its_records_alone() {
    let text = |time: &str| {
        format!(
            "[data]\nkind = 'gaussian_separable'\nn = 20\nd = 4\nmargin = 0.3\n[model]\nkind = 'two_layer_relu'\nwidth = 12\n\
             init_scale = 0.1\n[loss]\nkind = 'exponential'\n[optimizer]\nkind = 'gradient_flow'\n[horizon]\ntime = '{time}'"
        )
    };
    let follow = |time: &str| {
        let spec = Spec::parse(&text(time)).expect("a valid experiment");
        let setup = Setup::build(&spec, &|f| Err(Error::data(f.path.clone(), "no files"))).expect("valid");
        let before = COUNT.get();
        let run = training::run(&setup.job(), &mut Silent);
        assert!(run.phases.iter().any(|p| p.contains("on the kink")), "{time}: {:?}", run.phases);
        (COUNT.get() - before, run.snapshots.len() as u64, run.flow_steps + run.flow_rejected)
    };
    let ((short, records, few), (long, more, many)) = (follow("1e100"), follow("1e100000"));
    let extra = (more - records) * 3 + 40;
    assert!(
        many - few > 3 * extra && long - short <= extra,
        "{short} and {long} allocations, {records} and {more} records, {few} and {many} steps"
    );
}

/// Theorems resolved and three steps taken on the completion of a 1000 × 1000 matrix: never a gigabyte at once. Records of
/// so many parameters are limited to 128 MB, and to as much again for the checkpoint.
#[test]
fn a_large_completion_fits_in_a_gigabyte() {
    let (order, count) = (1000, 20_000);
    let places = (0..count).map(|e| (e * 50 + e / 20 % 50) as u32).collect();
    let mask = Csr {
        rows: count,
        cols: order * order,
        offsets: (0..=count).collect(),
        indices: places,
        values: vec![1.0; count],
    };
    let before = HELD.get();
    MOST.set(before);
    let data = Dataset {
        x: Arc::new(Design::Sparse(mask)),
        shape: Some((order, order)),
        ..Dataset::regression(
            "entries",
            Matrix::zeros(count, 1),
            (0..count).map(|e| (e % 7) as f64).collect(),
        )
    };
    let keys = "[model]\nkind = 'matrix_factorization'\ndepth = 3\ninit = 'gaussian'\ninit_scale = 0.01\n[optimizer]\nkind = 'gradient_descent'\nstep_size = 0.01";
    let setup = setup(data, keys);
    theory::resolve(&theory::Case::new(&setup), None).expect("a resolution");
    let trajectory = run(&setup, 3);
    let held = MOST.get() - before;
    let records = 2 * 8 * ((1_i64 << 24) - 3 * 1_000_000 * trajectory.snapshots.len() as i64).max(0);
    assert!(held > 3 * 8_000_000, "the parameters are counted: {held}");
    assert!(held + records < 1_000_000_000, "{held} bytes at once, {records} more in a longer run");
}

/// The counter does count: a step that allocates is caught.
#[test]
fn the_counter_counts() {
    let before = COUNT.get();
    std::hint::black_box(vec![1.0; 8]);
    assert!(COUNT.get() > before);
}
