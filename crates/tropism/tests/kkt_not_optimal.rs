//! Where a diagonal network turns to a KKT point that is not optimal, from cases solved by hand.
//!
//! One sample `x = (1, 2)`, label +1, start `u = v = α`. Along `u_j' = D u_j^{D−1} a x_j`, `a > 0` the sample's weight,
//! `u_j^{2−D}` falls from `α_j^{2−D}` at the speed `D (D − 2) x_j a` for `D ≥ 3`, and the first to reach zero is the input with the largest
//! `x_j α_j^{D−2}`: the direction is that input's. At `D = 2` `log u_j` grows at the speed `2 a x_j` and the second input wins from
//! any start. The ℓ1 margins of the two inputs alone are 1 and 2, so the first one's value is one relative unit above the optimum.

use tropism::data::Dataset;
use tropism::numerics::Matrix;
use tropism::report::VerdictKind::{self, Agrees, Disagrees, OutOfScope, Undecided};
use tropism::{Report, Setup, Spec, examine, training::Silent};

fn judged(rows: &[Vec<f64>], model: &str, time: &str) -> Report {
    let text = format!(
        "theorem = \"homogeneous_max_margin_conjecture\"\n[data]\nkind = \"memory\"\n[model]\n{model}\n\
         [loss]\nkind = \"exponential\"\n[optimizer]\nkind = \"gradient_flow\"\n[horizon]\ntime = \"{time}\""
    );
    let data = Dataset::binary("rows with label +1", Matrix::from_rows(rows), vec![1.0; rows.len()]);
    let spec = Spec::parse(&text).expect("a valid experiment");
    examine(&Setup::with_data(&spec, data).expect("a valid set-up"), &mut Silent).expect("a verdict")
}

fn one_sample(depth: usize, start: [f64; 2], time: &str) -> Report {
    let model = format!("kind = \"diagonal\"\ndepth = {depth}\nstart = {start:?}");
    judged(&[vec![1.0, 2.0]], &model, time)
}

#[test]
fn the_first_input_to_grow_takes_all_from_depth_three_on() {
    let cases: [(usize, [f64; 2], VerdictKind); 5] = [
        (2, [1.0, 0.3], Agrees),
        // 1 against 2 · 0.3, and against 2 · 0.6.
        (3, [1.0, 0.3], Disagrees),
        (3, [1.0, 0.6], Agrees),
        // 1 against 2 · 0.36, and against 2 · 0.64.
        (4, [1.0, 0.6], Disagrees),
        (4, [1.0, 0.8], Agrees),
    ];
    for (depth, start, right) in cases {
        let report = one_sample(depth, start, "1e100000");
        assert_eq!(report.verdict, right, "depth {depth} from {start:?}: {}", report.reason);
        let gap = report.selected.relative_gap.expect("a certified gap");
        let predicted = if right == Agrees { 0.0 } else { 1.0 };
        // The judge's own tolerance: at the horizon log t = 2.3e5 the losing input is still of the order of its start.
        assert!((gap - predicted).abs() < 1e-2, "depth {depth} from {start:?}: {gap}");
    }
}

/// At depth 2 a weight that starts at 1e-60 still wins, but at no time that a run reaches: it must not look settled before.
#[test]
fn a_weight_that_still_outgrows_the_others_is_waited_for() {
    for time in ["1e100", "1e1000", "1e100000"] {
        let report = one_sample(2, [1.0, 1e-60], time);
        assert_eq!(report.verdict, Undecided, "{time}: {}", report.reason);
        let rows = [vec![1.0, 2.0, 0.0], vec![1.0, 2.1, 0.3], vec![1.2, 2.5, -0.2]];
        let several = judged(&rows, "kind = \"diagonal\"\nstart = [1.0, 1e-60, 0.5]", time);
        assert_eq!(several.verdict, Undecided, "{time}: {}", several.reason);
    }
}

/// The rows' ℓ1 margin is 3/2 at (1/2, 1/2) and 1 on either input: no certificate of the program at depth 3.
#[test]
fn an_optimum_on_several_inputs_is_judged_at_depth_two_only() {
    let rows = [vec![1.0, 2.0], vec![2.0, 1.0]];
    let at =
        |depth: usize| judged(&rows, &format!("kind = \"diagonal\"\ndepth = {depth}"), "1e100000").verdict;
    assert_eq!(at(2), Agrees);
    assert_eq!(at(3), OutOfScope);
}

#[test]
fn products_of_matrices_reach_the_optimum() {
    let rows = [vec![1.0, 2.0], vec![2.0, 0.5], vec![0.7, 1.5]];
    let report = judged(&rows, "kind = \"deep_linear\"\ndepth = 3\ninit_scale = 0.5", "1e100000");
    assert_eq!(report.verdict, Agrees, "{}", report.reason);
}

/// A weight at zero stays there: at depth 2 it leaves the better input out.
#[test]
fn a_weight_at_zero_is_no_part_of_the_optimum_it_finds() {
    let report = one_sample(2, [1.0, 0.0], "1e100000");
    assert_eq!(report.verdict, Disagrees, "{}", report.reason);
    let gap = report.selected.relative_gap.expect("a certified gap");
    assert!((gap - 1.0).abs() < 1e-9, "the margins of the two inputs are 1 and 2: {gap}");
    let optimal = one_sample(2, [0.0, 1.0], "1e100000");
    assert_eq!(optimal.verdict, Agrees, "{}", optimal.reason);
}

/// `x = (±1, 1/4)` of one class. One unit that counts both samples needs `‖w‖ = 4` in the direction (0, 1); two units along the
/// samples, neither of which counts the other, `1/‖x‖ = 4/√17` each. So the first is `√17/2 − 1` above the optimum.
fn two_units(start: &str) -> Report {
    let model = format!("kind = \"two_layer_relu\"\nwidth = 2\nstart = {start}");
    judged(&[vec![1.0, 0.25], vec![-1.0, 0.25]], &model, "1e100000")
}

#[test]
fn a_unit_that_counts_no_sample_does_not_help_the_other() {
    let report = two_units("[[3.0, 0.0, 3.0], [2.0, 0.0, -2.0]]");
    assert_eq!(report.verdict, Disagrees, "{}", report.reason);
    let gap = report.selected.relative_gap.expect("a certified gap");
    // The other unit's start is all that is left of the time before: 1e-5 of the norm at this horizon.
    assert!((gap - (17f64.sqrt() / 2.0 - 1.0)).abs() < 1e-4, "{gap}");
}

/// The unit that counts the first sample alone would outgrow the one that counts both, however small it starts.
#[test]
fn a_unit_that_counts_one_sample_is_waited_for() {
    let start = "[[3.0, 0.0, 3.0], [1e-60, 1e-60, 0.0]]";
    for time in ["1e10", "1e100"] {
        let model = format!("kind = \"two_layer_relu\"\nwidth = 2\nstart = {start}");
        let report = judged(&[vec![1.0, 0.25], vec![-1.0, 0.25]], &model, time);
        assert_eq!(report.verdict, Undecided, "{time}: {}", report.reason);
    }
    let report = two_units("[[0.5, 0.5, 0.1], [0.4, -0.4, 0.1]]");
    assert_eq!(report.verdict, Agrees, "{}", report.reason);
}
