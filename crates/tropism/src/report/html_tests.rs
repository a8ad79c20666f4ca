use super::{Report, fixtures, html};

/// The page without what is only read, never fetched: the namespace of inline SVG.
fn page(report: &Report) -> String {
    html(report).replace("http://www.w3.org/2000/svg", "")
}

/// The text between two markers.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map(|(inner, _)| inner).unwrap()
}

#[test]
fn nothing_is_fetched() {
    for report in fixtures::all() {
        let page = page(&report);
        for word in ["http:", "https:", " src=", "<link", "@import", "url(", "fetch(", "<iframe", "XMLHttp"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}

#[test]
fn hostile_names_stay_text() {
    let page = page(&fixtures::hostile());
    assert!(!page.contains("<script>alert"));
    assert!(!page.contains("<!--"));
    // One element for the data and one for the behaviour.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
}

#[test]
fn the_embedded_report_is_the_report() {
    for report in [fixtures::classification(), fixtures::hostile()] {
        let page = html(&report);
        let data = between(&page, "id=\"report\">", "</script>");
        assert_eq!(serde_json::from_str::<Report>(data).unwrap(), report);
    }
}

#[test]
fn equal_reports_give_equal_pages() {
    assert_eq!(html(&fixtures::regression()), html(&fixtures::regression()));
}

#[test]
fn the_page_says_what_counts() {
    let report = fixtures::classification();
    let page = html(&report);
    // Exponents in the reason are raised, so its beginning stands for it.
    let reason = report.reason.split(':').next().unwrap();
    let said = [
        reason,
        report.prediction.statement.as_str(),
        &report.prediction.hash,
        "arXiv:1710.10345",
        "unchecked",
        "dense interior point",
        "figure-gap",
        "1,834 of the log-time flow",
    ];
    for words in said {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn further_measures_stand_with_their_first_and_last_value() {
    let page = html(&fixtures::completion());
    let table = between(&page, "<h2>Measures along the run</h2>", "</section>");
    let row = between(table, "unobserved error</th>", "</tr>");
    let first = super::html_words::num(10.0).into_string();
    let last = super::html_words::num(1e-7).into_string();
    assert!(row.starts_with(&format!("<td>{first}</td><td>{last}</td>")), "{row}");
    assert!(between(table, "support dimension</th>", "</tr>").ends_with("<td>samples</td>"));
    assert!(!html(&fixtures::regression()).contains("Measures along the run"));
}

#[test]
fn powers_are_raised_and_nothing_else() {
    let words = |s: &str| super::html_words::prose(s).into_string();
    assert_eq!(words("t = 10^100000."), "t = 10<sup>100000</sup>.");
    assert_eq!(words("O(t^-2.5) and <b>^x"), "O(t<sup>−2.5</sup>) and &lt;b&gt;^x");
    assert_eq!(words("3×10⁻⁶ of"), "3×10<sup>−6</sup> of");
    assert_eq!(words("^"), "^");
    assert_eq!(words("the loss is `a<b`, t^2"), "the loss is <code>a&lt;b</code>, t<sup>2</sup>");
    assert_eq!(words("a lone ` stays"), "a lone ` stays");
}

#[test]
fn indices_are_set_low_and_names_stay() {
    let words = |s: &str| super::html_words::prose(s).into_string();
    assert_eq!(words("‖W‖_* s.t. ⟨A_i, W⟩"), "‖W‖<sub>*</sub> s.t. ⟨A<sub>i</sub>, W⟩");
    assert_eq!(
        words("D_Φ(w, w0), kkt_residual, data_x, w_12"),
        "D<sub>Φ</sub>(w, w0), kkt_residual, data_x, w_12"
    );
    assert_eq!(words("gap 3.31e-6 < 1.0e-2"), "gap 3.31×10<sup>−6</sup> &lt; 0.01");
    let sentence = super::html_words::sentence;
    assert_eq!((sentence("the flow"), sentence("w(t) tends")), ("The flow".into(), "w(t) tends".into()));
}

/// A table that goes on beyond its frame has a shade at that edge.
#[test]
fn tables_that_scroll_show_it() {
    let style = include_str!("assets/report.css");
    let scroll = between(style, ".scroll {", "}");
    assert_eq!(
        (scroll.matches("no-repeat local").count(), scroll.matches("no-repeat scroll").count()),
        (2, 2)
    );
    // Every theme has its shade.
    assert_eq!(style.matches("--cue: #").count(), style.matches("--paper: #").count());
}

#[test]
fn the_script_stays_small() {
    assert!(include_str!("assets/report.js").len() <= 10_000);
}
