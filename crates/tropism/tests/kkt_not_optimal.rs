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
