//! `tropism sweep`: folders, interruption, refusals.

mod common;

use common::Desk;
use std::fs;

const FILE: &str = r#"
title = "Order test"
[data]
kind = "dense_regression"
n = 8
d = 4
[model]
kind = "diagonal"
init_scale = 0.7
[loss]
kind = "squared"
[optimizer]
kind = "gradient_descent"
[horizon]
time = 1.0
exact_steps = 4000
[sweep.over]
optimizer.step_size = [0.004, 0.002, 0.001]
"#;

#[test]
fn a_sweep_leaves_a_whole_folder() {
    let desk = Desk::new();
    desk.file("order.toml", FILE);
    let outcome = desk.call(&["sweep", "order.toml", "--json"]);
    outcome.expect(0);
    let value = outcome.json();
    assert_eq!(value["verdict"], "agrees");
    assert_eq!(value["trends"][1]["id"], "modified_flow_order");
    let exponent = value["trends"][1]["seen"][0]["estimate"].as_f64().unwrap();
    assert!((exponent - 2.0).abs() < 0.05, "{exponent}");
    assert_eq!(desk.names("runs/order"), ["figures", "runs.jsonl", "sweep.html", "sweep.json", "sweep.toml"]);
    assert_eq!(desk.read("runs/order/runs.jsonl").lines().count(), 4);
    let text = desk.call(&["sweep", "order.toml"]);
    assert!(text.out.contains("modified_flow_order") && text.out.contains("AGREES"), "{}", text.out);
}

/// After an abort in the middle of a line the finished runs are taken over, and the report is what it would have been.
#[test]
fn an_aborted_sweep_goes_on() {
    let desk = Desk::new();
    desk.file("order.toml", FILE);
    desk.call(&["sweep", "order.toml", "-q"]).expect(0);
    let (runs, report) = (desk.read("runs/order/runs.jsonl"), desk.read("runs/order/sweep.json"));
    let mut lines = runs.lines();
    let kept: Vec<&str> = lines.by_ref().take(2).collect();
    let cut = lines.next().unwrap();
    // A run that is taken over is believed: this mark shows that it was not made again.
    let marked = kept[1].replacen("\"reason\":\"", "\"reason\":\"kept: ", 1);
    desk.file("runs/order/runs.jsonl", &format!("{}\n{marked}\n{}", kept[0], &cut[..cut.len() / 2]));
    desk.call(&["sweep", "order.toml", "-q", "--jobs", "2"]).expect(0);
    let again = desk.read("runs/order/sweep.json");
    assert!(again.contains("kept: "));
    assert_eq!(again.replacen("kept: ", "", 1), report);
    assert_eq!(desk.read("runs/order/runs.jsonl").lines().count(), 4);
}

#[test]
fn another_sweep_gets_another_folder() {
    let desk = Desk::new();
    desk.file("order.toml", FILE).file("mine/notes.txt", "mine");
    desk.call(&["sweep", "order.toml", "-q", "--out", "one"]).expect(0);
    desk.file("order.toml", &FILE.replace("0.001]", "0.0005]"));
    desk.call(&["sweep", "order.toml", "-q", "--out", "one"]).refuses(&["Order test", "--force"]);
    desk.call(&["sweep", "order.toml", "-q", "--out", "mine", "--force"]).refuses(&["mine"]);
    desk.call(&["sweep", "order.toml", "-q", "--out", "one", "--force"]).expect(0);
    desk.call(&["sweep", "order.toml", "-q"]).expect(0);
    desk.file("order.toml", FILE);
    let second = desk.call(&["sweep", "order.toml", "-q"]);
    assert!(second.err.contains("runs/order-2") || second.err.contains("order-2"), "{}", second.err);
    assert!(fs::exists(desk.path("runs/order-2/sweep.json")).unwrap());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let desk = Desk::new();
    desk.file("order.toml", FILE);
    let refused = [
        (
            "optimizer.step_size = [0.004, 0.002, 0.001]",
            "optimizer.step_siz = [0.1]",
            "Did you mean `step_size`",
        ),
        ("optimizer.step_size = [0.004, 0.002, 0.001]", "optimizer.step_size = [-0.1]", "step_size"),
        ("[sweep.over]", "[sweep]\nmeasures = [\"nrm\"]\n[sweep.over]", "Did you mean `norm`"),
        ("[sweep.over]", "[sweep]\nseeds = 0\n[sweep.over]", "at least 1"),
        ("[sweep.over]", "[sweep]\nrepeats = 3\n[sweep.over]", "valid keys"),
        ("[sweep.over]", "[sweep]\ntrend = \"lazy\"\n[sweep.over]", "lazy_kernel_drift"),
    ];
    for (from, to, words) in refused {
        desk.file("bad.toml", &FILE.replace(from, to));
        desk.call(&["sweep", "bad.toml"]).refuses(&[words]);
    }
    assert!(!fs::exists(desk.path("runs")).unwrap());
    desk.call(&["run", "order.toml"]).refuses(&["tropism sweep"]);
    let schema = desk.call(&["schema", "sweep"]);
    assert!(schema.expect(0).json()["properties"]["trends"].is_object());
}
