use super::{figures, hero_figure, inline};
use crate::report::Report;
use crate::report::fixtures::{self, classification, hollow, regression};
use roxmltree::{Document, Node};

const PREDICTED: &str = "#d55e00";
const FITTED: &str = "#f5cf86";

fn gap_svg(report: &Report) -> String {
    figures(report).into_iter().find(|f| f.id == "gap").unwrap().svg
}

/// The longest polyline that `keep` accepts, in sketch units.
fn polyline(svg: &Document, keep: impl Fn(&Node) -> bool) -> Vec<(f64, f64)> {
    let points = |node: Node| -> Vec<(f64, f64)> {
        let pairs = node.attribute("points").unwrap().split_whitespace();
        pairs
            .map(|p| p.split_once(',').unwrap())
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect()
    };
    let lines = svg.descendants().filter(|n| n.has_tag_name("polyline") && keep(n)).map(points);
    lines.max_by_key(Vec::len).unwrap()
}

/// Where the tick labelled ten to the `exponent` stands: on the horizontal axis (`middle`) or the vertical (`end`).
fn tick(svg: &Document, anchor: &str, exponent: &str) -> (f64, f64) {
    let words = |n: &Node| {
        n.descendants().filter(Node::is_text).filter_map(|d| d.text()).collect::<String>().replace('\n', "")
    };
    let is_tick = |n: &Node| {
        n.has_tag_name("text")
            && n.attribute("text-anchor") == Some(anchor)
            && words(n) == format!("10{exponent}")
    };
    let node = svg.descendants().find(is_tick).unwrap_or_else(|| panic!("no tick {exponent}"));
    (node.attribute("x").unwrap().parse().unwrap(), node.attribute("y").unwrap().parse().unwrap())
}

/// Linear interpolation of a line's height at `x`.
fn height(line: &[(f64, f64)], x: f64) -> f64 {
    let pair = line.windows(2).find(|w| w[0].0 <= x && x <= w[1].0).unwrap();
    pair[0].1 + (pair[1].1 - pair[0].1) * (x - pair[0].0) / (pair[1].0 - pair[0].0)
}

#[test]
fn every_figure_is_well_formed_and_says_what_it_is() {
    for report in fixtures::all() {
        let standalone = figures(&report).into_iter().map(|f| f.svg);
        let page = inline(&report).into_iter().flat_map(|f| f.views).map(|v| v.svg);
        for svg in standalone.chain(page).chain([hero_figure(&report)].into_iter().filter(|s| !s.is_empty()))
        {
            let doc = Document::parse(&svg).unwrap();
            let root = doc.root_element();
            assert_eq!(root.attribute("role"), Some("img"));
            assert!(root.attribute("aria-label").is_some_and(|l| !l.is_empty()));
            assert!(root.first_element_child().unwrap().has_tag_name("title"));
            assert!(!svg.contains("#A15E"), "a role was left uncoloured");
            assert!(!svg.contains("NaN") && !svg.contains("inf,"), "a value that is no number was drawn");
        }
    }
}

#[test]
fn the_inline_figures_leave_colours_to_the_page() {
    for figure in inline(&classification()) {
        for view in figure.views {
            assert!(!view.svg.contains("=\"#") && view.svg.contains("var(--fig-data)"));
        }
    }
}

#[test]
fn every_quantity_has_its_figure() {
    let ids = |r: &Report| figures(r).into_iter().map(|f| f.id).collect::<Vec<_>>();
    assert_eq!(ids(&classification()), ["gap", "loss", "norm", "margin", "errors", "coordinates"]);
    assert_eq!(ids(&regression()), ["gap", "loss", "norm", "residual", "coordinates"]);
    assert_eq!(ids(&fixtures::no_prediction())[0], "loss");
    assert!(hero_figure(&Report { series: vec![], coordinates: vec![], ..hollow() }).is_empty());
}

#[test]
fn further_measures_share_charts_where_they_tell_of_one_thing() {
    let report = fixtures::completion();
    let ids: Vec<String> = figures(&report).into_iter().map(|f| f.id).collect();
    let further =
        ["singular_values", "unobserved", "rank", "layers", "support", "direction_distance", "completion"];
    assert_eq!(ids, [&["gap", "loss", "norm", "residual"][..], &further, &["coordinates"]].concat());
    let rank = figures(&report).into_iter().find(|f| f.id == "rank").unwrap().svg;
    assert!(rank.contains("effective rank") && rank.contains("stable rank"));
    assert!(!rank.contains("‖W‖_*"), "a measure without values is named");
}

/// `σ_k = t^(1/k)`: straight lines whose slopes, calibrated by the tick labels, are `1/k`, each named at its end.
#[test]
fn singular_values_are_lines_over_log_time() {
    let all = figures(&fixtures::completion());
    let svg = &all.iter().find(|f| f.id == "singular_values").unwrap().svg;
    let doc = Document::parse(svg).unwrap();
    let across = (tick(&doc, "middle", "6").0 - tick(&doc, "middle", "2").0) / 4.0;
    let up = (tick(&doc, "end", "4").1 - tick(&doc, "end", "2").1) / 2.0;
    let lines = doc.descendants().filter(|n| n.attribute("stroke") == Some("#0072b2"));
    let mut slopes: Vec<f64> = lines
        .map(|n| {
            let points = polyline(&doc, |m| *m == n);
            let (a, b) = (points[0], points[points.len() - 1]);
            (b.1 - a.1) / up / ((b.0 - a.0) / across)
        })
        .collect();
    slopes.sort_by(|a, b| b.total_cmp(a));
    assert_eq!(slopes.len(), 4);
    for (k, slope) in slopes.iter().enumerate() {
        // Ends of lines and ticks are rounded to a tenth of a pixel.
        assert!((slope - 1.0 / (k as f64 + 1.0)).abs() < 0.01, "{slopes:?}");
    }
    assert!(svg.contains("σ₁") && svg.contains("σ₄"));
}

#[test]
fn a_completed_matrix_stands_beside_truth_and_mask() {
    let report = fixtures::completion();
    let svg_of = |r: &Report| figures(r).into_iter().find(|f| f.id == "completion").unwrap().svg;
    let doc_images = |svg: &str| {
        let doc = Document::parse(svg).unwrap();
        let images = doc.descendants().filter(|n| n.has_tag_name("image"));
        let number = |n: Node, of: &str| n.attribute(of).unwrap().parse::<f64>().unwrap();
        images.map(|n| [number(n, "x"), number(n, "width"), number(n, "height")]).collect::<Vec<_>>()
    };
    let svg = svg_of(&report);
    let images = doc_images(&svg);
    // Three panels and the scale; cells are square, so 6 × 4 of them stand upright.
    assert_eq!(images.len(), 4);
    for panel in &images[..3] {
        assert!((panel[2] / panel[1] - 1.5).abs() < 0.01);
    }
    assert!(images[0][0] + images[0][1] < images[1][0] && images[1][0] + images[1][1] < images[2][0]);
    for word in ["truth", "observed", "completed", "not observed", "12 × 8", "6 × 4 cells"] {
        assert!(svg.contains(word), "{word}");
    }
    let mut unknown = report.clone();
    unknown.completion.as_mut().unwrap().truth.clear();
    assert_eq!(doc_images(&svg_of(&unknown)).len(), 3);
    // Cells that do not fill their panel are not drawn.
    unknown.completion.as_mut().unwrap().completed.pop();
    assert!(figures(&unknown).iter().all(|f| f.id != "completion"));
}

/// The hidden entry of a diverging completion: its cell is not the white of a one, and the caption and the cell say what it holds.
#[test]
fn cells_far_off_the_scale_are_told_apart() {
    let mut report = fixtures::completion();
    let picture = report.completion.as_mut().unwrap();
    (picture.of, picture.rows, picture.cols) = ([2, 2], 2, 2);
    picture.truth.clear();
    picture.mask = vec![None, Some(1.0), Some(1.0), Some(0.0)];
    picture.completed = vec![Some(256.8), Some(1.0), Some(1.1), Some(0.0)];
    let figure = |r: &Report| figures(r).into_iter().find(|f| f.id == "completion").unwrap();
    let shown = figure(&report);
    for word in ["row 1, column 1 holds 256.8", "far above", "\n257\n", "\n1.1\n", "\n?\n"] {
        assert!(shown.svg.contains(word), "{word}");
    }
    assert!(!shown.svg.contains("far below"));
    report.prediction.program = Some("nuclear_interpolant".into());
    let picture = report.completion.as_mut().unwrap();
    picture.predicted = vec![Some(0.5), Some(1.0), Some(1.0), Some(0.0)];
    picture.completed = vec![Some(-30.0), Some(1.0), Some(20.0), Some(0.0)];
    let shown = figure(&report);
    for word in
        ["least nuclear norm", "2 cells are far off", "row 1, column 1, holds −30", "far below", "far above"]
    {
        assert!(shown.svg.contains(word), "{word}");
    }
    let panels = shown.svg.matches("<image").count();
    // Three panels, the scale and the two colours off it.
    assert_eq!(panels, 6);
}

/// Seen at one moment only, a value is a dot: no stroke can show it.
#[test]
fn values_that_stand_alone_are_dots() {
    let mut report = fixtures::completion();
    let last = report.series.len() - 1;
    for (k, p) in report.series.iter_mut().enumerate() {
        p.spectrum = if k == last { vec![1.0] } else { vec![0.0] };
    }
    let all = figures(&report);
    let svg = &all.iter().find(|f| f.id == "singular_values").unwrap().svg;
    assert_eq!(svg.matches("<circle").count(), 1);
}

#[test]
fn captions_say_what_a_measure_is_and_what_was_seen() {
    let all = figures(&fixtures::completion());
    let caption = |id: &str| &all.iter().find(|f| f.id == id).unwrap().caption;
    let distance = caption("direction_distance");
    assert!(distance.starts_with("Euclidean distance between the unit vectors"), "{distance}");
    assert!(distance.contains("Here it goes from ") && distance.ends_with('.'), "{distance}");
    let norm = caption("norm");
    assert!(norm.starts_with("The Euclidean norm of the predictor goes from "), "{norm}");
}

#[test]
fn fourier_spectra_stand_side_by_side() {
    let all = figures(&fixtures::convolution());
    let doc = Document::parse(&all.iter().find(|f| f.id == "fourier").unwrap().svg).unwrap();
    let bars = |colour: &str| -> Vec<f64> {
        let lines = doc.descendants().filter(|n| n.has_tag_name("polyline"));
        let upright =
            |n: &Node| n.attribute("stroke") == Some(colour) && n.attribute("stroke-width") == Some("40");
        let ends = lines.filter(upright).map(|n| polyline(&doc, |m| *m == n));
        ends.filter(|p| p[0].0 == p[1].0).map(|p| p[0].1 - p[1].1).collect()
    };
    let (selected, predicted) = (bars("#0072b2"), bars(PREDICTED));
    assert_eq!((selected.len(), predicted.len()), (5, 4));
    assert!((predicted[1] / predicted[2] - 2.0).abs() < 0.01);
    assert!((selected[2] / predicted[2] - 0.8).abs() < 0.01);
}

#[test]
fn equal_reports_give_equal_bytes() {
    assert_eq!(figures(&classification()), figures(&classification()));
}

/// `gap = 0.8 / ln t`: calibrated by the tick labels alone, both lines must pass through the true gap.
#[test]
fn laws_of_log_time_are_drawn_where_they_belong() {
    let svg = gap_svg(&classification());
    let doc = Document::parse(&svg).unwrap();
    let decade = tick(&doc, "end", "−4").1 - tick(&doc, "end", "−2").1;
    let at_hundredth = tick(&doc, "end", "−2").1;
    let predicted = polyline(&doc, |n| n.attribute("stroke") == Some(PREDICTED));
    let fitted = polyline(&doc, |n| n.attribute("stroke") == Some(FITTED));
    for (label, log10_time) in [("1000", 1e3_f64), ("10000", 1e4)] {
        let gap = fixtures::GAP_AT_ONE / (log10_time * std::f64::consts::LN_10);
        let expected = at_hundredth + (-2.0 - gap.log10()) * decade / 2.0;
        let x = tick(&doc, "middle", label).0;
        // Ends of segments and ticks are rounded to a tenth of a pixel each: one sketch unit.
        assert!((height(&predicted, x) - expected).abs() < 3.0, "predicted at {label}");
        assert!((height(&fitted, x) - expected).abs() < 3.0, "fitted at {label}");
    }
}

/// `gap ∝ t^-2` on the plain logarithmic axis: two decades down for every decade of time.
#[test]
fn laws_of_time_are_straight_with_the_predicted_slope() {
    let svg = gap_svg(&regression());
    let doc = Document::parse(&svg).unwrap();
    let across = (tick(&doc, "middle", "6").0 - tick(&doc, "middle", "2").0) / 4.0;
    let up = (tick(&doc, "end", "−8").1 - tick(&doc, "end", "−4").1) / 4.0;
    let line = polyline(&doc, |n| n.attribute("stroke") == Some(PREDICTED));
    let (first, last) = (line[0], line[line.len() - 1]);
    let slope = ((last.1 - first.1) / up) / ((last.0 - first.0) / across);
    assert!((slope - 2.0).abs() < 0.01, "{slope}");
}

/// `gap ∝ steps^-1/2` with doubling step sizes: the law is straight in steps, so it bends in time, and must pass
/// through the recorded gaps.
#[test]
fn laws_of_steps_pass_through_the_recorded_points() {
    let report = fixtures::steps();
    let svg = gap_svg(&report);
    let doc = Document::parse(&svg).unwrap();
    let line = |colour| polyline(&doc, |n| n.attribute("stroke") == Some(colour));
    let (data, predicted) = (line("#0072b2"), line(PREDICTED));
    for (x, y) in &predicted[1..predicted.len() - 1] {
        assert!((height(&data, *x) - y).abs() < 3.0);
    }
}

/// For looking at: `TROPISM_SAMPLES=dir cargo test -p tropism --lib samples -- --ignored`.
#[test]
#[ignore = "writes files for the eye, checks nothing"]
fn write_samples() {
    let Some(folder) = std::env::var_os("TROPISM_SAMPLES").map(std::path::PathBuf::from) else { return };
    for (k, report) in fixtures::all().iter().enumerate() {
        for figure in figures(report) {
            std::fs::write(folder.join(format!("{k}-{}.svg", figure.id)), figure.svg).unwrap();
        }
        for width in [60, 80, 120] {
            let text = crate::report::text(report, width, false);
            std::fs::write(folder.join(format!("{k}-{width}.txt")), text).unwrap();
        }
        std::fs::write(folder.join(format!("{k}.html")), crate::report::html(report)).unwrap();
        std::fs::write(folder.join(format!("{k}-hero.svg")), hero_figure(report)).unwrap();
    }
}
