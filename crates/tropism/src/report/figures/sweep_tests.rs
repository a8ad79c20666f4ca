//! Figures that must keep inside narrow sheets: those of sweeps, and the legend of completed matrices.

use super::canvas::text_width;
use super::{inline, sweep_figures, sweep_inline};
use crate::report::{SweepReport, fixtures};
use roxmltree::{Document, Node};
use serde_json::json;

/// Two seeds at three values of a key; the phase picture's levels are no whole numbers.
fn sweep(names: [&str; 3], numbers: bool) -> SweepReport {
    let interval = |v: f64| json!({ "estimate": v, "low": 0.9 * v, "high": 1.1 * v, "runs": 2 });
    let group = |i: usize| {
        json!({ "at": [i], "name": names[i], "runs": 2, "verdicts": { "agrees": 2 },
                "means": { "gap": interval(0.1 * (i + 1) as f64) } })
    };
    let run = |i: usize, seed: u64| {
        json!({ "at": [i], "seed": seed, "verdict": "agrees", "theorem": null, "reason": "", "ended": "completed",
                "steps": 1, "log10_time": 1.0, "log10_loss": -1.0, "values": { "gap": 0.1 * (i + 1) as f64 } })
    };
    let runs: Vec<_> = (0..6).map(|k| run(k / 2, k as u64 % 2)).collect();
    let report = json!({
        "schema": "tropism-sweep/1", "version": "0", "title": "A sweep", "verdict": "agrees", "reason": "",
        "hash": "", "confidence": 0.95, "quantities": ["gap"], "trends": [], "missing": 0, "seeds": [1, 2],
        "data": { "name": "d", "samples": 1, "inputs": 1, "outputs": 1, "test_samples": 0, "notes": [] },
        "axes": [{ "key": "model.width", "names": names, "numbers": numbers.then_some([16.0, 64.0, 256.0]) }],
        "groups": [group(0), group(1), group(2)],
        "picture": { "quantity": "margin_l1", "levels": [0.25, 0.71, 1.17],
                     "values": [0.1, 0.2, 0.3, 0.2, null, 0.4, 0.3, 0.4, 0.123456] },
        "runs": runs,
    });
    serde_json::from_value(report).unwrap()
}

fn words(n: &Node) -> String {
    n.descendants().filter(Node::is_text).filter_map(|d| d.text()).collect::<String>().replace('\n', "")
}

/// Every text that reads across, with its ends as shares of the sheet's width.
fn extents(svg: &str) -> Vec<(String, f64, f64)> {
    let doc = Document::parse(svg).unwrap();
    let view = doc.root_element().attribute("viewBox").unwrap();
    let width: f64 = view.split(' ').nth(2).unwrap().parse().unwrap();
    let number = |n: &Node, key: &str| -> f64 { n.attribute(key).unwrap().parse().unwrap() };
    let across = |n: &Node| n.has_tag_name("text") && n.attribute("transform").is_none();
    let texts = doc.descendants().filter(across);
    texts
        .map(|n| {
            let (text, x) = (words(&n), number(&n, "x"));
            let long = text_width(&text, number(&n, "font-size"));
            let before = match n.attribute("text-anchor") {
                Some("middle") => 0.5 * long,
                Some("end") => long,
                _ => 0.0,
            };
            (text, (x - before) / width, (x - before + long) / width)
        })
        .collect()
}

#[test]
fn sweeps_are_drawn_for_wide_and_for_narrow_screens() {
    let long = ["gradient_descent, width 16", "steepest_descent in ℓ∞, width 64", "adam, width 256"];
    for report in [sweep(["16", "64", "256"], true), sweep(long, false)] {
        let figures = sweep_inline(&report);
        assert_eq!(figures.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["picture", "gap"]);
        for figure in figures {
            let widths: Vec<f64> = figure.views.iter().map(|v| width(&v.svg)).collect();
            assert_eq!(widths, [1040.0, 340.0]);
            for view in figure.views {
                for (text, from, to) in extents(&view.svg) {
                    assert!(from >= 0.0 && to <= 1.0, "{}: `{text}` lies at {from} to {to}", figure.id);
                }
            }
        }
        assert!(sweep_figures(&report).iter().all(|f| width(&f.svg) == 720.0));
    }
}

fn width(svg: &str) -> f64 {
    Document::parse(svg).unwrap().root_element().attribute("width").unwrap().parse().unwrap()
}

#[test]
fn raised_points_stay_points() {
    let report = sweep(["16", "64", "256"], true);
    let svg = &sweep_figures(&report)[0].svg;
    let doc = Document::parse(svg).unwrap();
    let ticks: Vec<String> =
        doc.descendants().filter(|n| n.has_tag_name("text")).map(|n| words(&n)).collect();
    assert!(ticks.iter().any(|t| t == "10−0.5"), "{ticks:?}");
    let raised =
        doc.descendants().filter(|n| n.has_tag_name("tspan") && n.attribute("dy") == Some("-0.45em"));
    assert!(raised.map(|n| words(&n)).any(|t| t == "−0.5"));
}

#[test]
fn the_legend_of_a_completed_matrix_keeps_inside() {
    let mut report = fixtures::completion();
    if let Some(c) = report.completion.as_mut() {
        c.truth[0] = Some(-0.001_234_567);
        c.truth[23] = Some(0.001_234_567e9);
    }
    let figure = inline(&report).into_iter().find(|f| f.id == "completion").unwrap();
    for view in figure.views {
        let texts = extents(&view.svg);
        assert!(texts.iter().any(|t| t.0 == "not observed"));
        assert!(texts.iter().all(|(_, from, to)| *from >= 0.0 && *to <= 1.0), "{texts:?}");
    }
}

#[test]
fn errors_that_vanish_have_an_axis_of_shares() {
    let mut report = fixtures::classification();
    for p in &mut report.series {
        (p.train_error, p.test_error) = (Some(0.0), None);
    }
    let figure = inline(&report).into_iter().find(|f| f.id == "errors").unwrap();
    let texts = extents(&figure.views[0].svg);
    assert!(
        texts.iter().any(|t| t.0 == "1")
            && texts.iter().all(|t| !t.0.starts_with(['−', '-']) && !t.0.contains("10−")),
        "{texts:?}"
    );
}

#[test]
fn the_norm_is_called_by_what_it_is_of() {
    let mut report = fixtures::classification();
    let title = |r: &crate::report::Report| inline(r).into_iter().find(|f| f.id == "norm").map(|f| f.title);
    assert_eq!(title(&report).as_deref(), Some("Norm of the predictor"));
    report.run.norm_of = crate::report::NormOf::Parameters;
    assert_eq!(title(&report).as_deref(), Some("Norm of the parameters"));
    let text = crate::report::text(&report, 120, false);
    assert!(text.contains("‖θ‖₂") && !text.contains("  ‖w‖₂"), "{text}");
}

/// Lines of equal μ = α²/log(1/ε) rise by two decades of log(1/ε) for every decade of α, a decade of μ apart; each is named where it ends.
#[test]
fn the_picture_of_a_diagonal_network_has_lines_of_equal_mu() {
    let mut report = sweep(["0.1", "1", "10"], true);
    report.axes[0].key = "model.init_scale".into();
    report.axes[0].numbers = Some(vec![0.1, 1.0, 10.0]);
    let picture = report.picture.as_mut().unwrap();
    picture.levels = vec![0.1, 10.0, 1000.0];
    assert!(
        !sweep_figures(&report)[0].svg.contains("equal μ"),
        "the model is not known to be a diagonal network"
    );
    report.picture.as_mut().unwrap().depth = Some(2);
    let figure = &sweep_figures(&report)[0];
    let doc = Document::parse(&figure.svg).unwrap();
    let points = |n: Node| -> Vec<f64> {
        n.attribute("points").unwrap().split([' ', ',']).filter_map(|v| v.parse().ok()).collect()
    };
    let ink = |n: &Node| n.has_tag_name("polyline") && n.attribute("stroke") == Some("#1b1f24");
    let lines: Vec<Vec<f64>> = doc.descendants().filter(ink).map(points).filter(|p| p[1] != p[3]).collect();
    assert!(lines.len() >= 3, "{lines:?}");
    // Columns are a decade wide and rows two decades high; both fill the cells, three by three.
    let cells: Vec<Vec<f64>> = doc
        .descendants()
        .filter(|n| n.has_tag_name("image"))
        .map(|n| ["width", "height"].map(|k| n.attribute(k).unwrap().parse().unwrap()).to_vec())
        .collect();
    let (column, row) = (cells[2][0], cells[2][1] / 3.0);
    for line in &lines {
        let (decades, double) = ((line[2] - line[0]) / column, 2.0 * (line[1] - line[3]) / row);
        assert!((double / decades - 2.0).abs() < 0.02, "{decades} {double}");
    }
    let texts: Vec<String> =
        doc.descendants().filter(|n| n.has_tag_name("text")).map(|n| words(&n)).collect();
    assert!(texts.iter().any(|t| t.contains("equal μ = α2 / log(1/ε)")), "{texts:?}");
    assert!(
        texts.iter().any(|t| t == "start α (model.init_scale)")
            && texts.iter().any(|t| t == "training loss ε")
    );
    assert!(figure.caption.contains("Moroshko") && figure.caption.contains("ℓ1 margin"));
    for figure in sweep_inline(&report) {
        for view in figure.views {
            assert!(extents(&view.svg).iter().all(|(_, from, to)| *from >= 0.0 && *to <= 1.0));
        }
    }
}
