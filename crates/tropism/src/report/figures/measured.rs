//! Charts of the further measures: those that tell of one thing together, every other one by itself.

use super::axis::{Axis, Warp};
use super::canvas::Role;
use super::chart::Chart;
use super::content::{Track, chart, log10_positive, unnamed, values};
use super::story::story;
use super::{capital, meaning, words};
use crate::measures;
use crate::report::format::number;
use crate::report::{Point, Report};

/// How the vertical axis is laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Plain,
    Powers,
}

/// Measures that share a chart: same kind of number, same scale.
struct Group {
    id: &'static str,
    title: &'static str,
    /// Beside the vertical axis.
    axis: &'static str,
    caption: &'static str,
    scale: Scale,
    /// Ids of the measures with their names in the legend, at most three.
    members: &'static [(&'static str, &'static str)],
}

const GROUPS: [Group; 8] = [
    Group {
        id: "unobserved",
        title: "Error on unobserved entries",
        axis: "error on unobserved entries",
        caption: "Distance to the held-out entries, relative to their norm: 0 is exact recovery, 1 what predicting zero gives.",
        scale: Scale::Powers,
        members: &[("unobserved_error", "unobserved")],
    },
    Group {
        id: "rank",
        title: "Rank of the predictor",
        axis: "continuous readings of the rank",
        caption: "Readings of the rank that change continuously, each invariant under scaling: the exponential of the entropy of \
                  the singular values, their squared norms, and the ratio of nuclear to Frobenius norm, at most the root of the \
                  rank.",
        scale: Scale::Plain,
        members: &[
            ("effective_rank", "effective rank"),
            ("stable_rank", "stable rank ‖W‖_F² / ‖W‖₂²"),
            ("nuclear_to_frobenius", "‖W‖_* / ‖W‖_F"),
        ],
    },
    Group {
        id: "normalized_margin",
        title: "Normalised margin of the parameters",
        axis: "ln(1/L) / ‖θ‖^D",
        caption: "Smoothed margin over the norm of the parameters to the power of the degree of homogeneity, once the data are \
                  separated.",
        scale: Scale::Plain,
        members: &[("normalized_margin", "smoothed margin")],
    },
    Group {
        id: "layers",
        title: "Layers: imbalance and misalignment",
        axis: "distance, relative",
        caption: "How far consecutive layers are from balance (kept by the flow), and from rank one and alignment with each \
                  other. Exact zeros lie below any logarithmic axis.",
        scale: Scale::Powers,
        members: &[("balancedness", "imbalance"), ("layer_alignment", "misalignment")],
    },
    Group {
        id: "kernel_drift",
        title: "Drift of the tangent kernel",
        axis: "‖K − K₀‖ / ‖K₀‖",
        caption: "How far the tangent kernel has moved from its start; near zero training is lazy.",
        scale: Scale::Powers,
        members: &[("kernel_drift", "drift")],
    },
    Group {
        id: "norms",
        title: "Further norms",
        axis: "norm",
        caption: "Norms of the predictor, or of the paths through the network, that bias may be measured by.",
        scale: Scale::Powers,
        members: &[
            ("nuclear_norm", "nuclear norm"),
            ("path_norm", "path norm"),
            ("spectral_norm", "spectral norm"),
        ],
    },
    Group {
        id: "stationarity",
        title: "Distance from stationarity",
        axis: "relative residual",
        caption: "How far the run is from the first-order conditions of the margin programs of its model.",
        scale: Scale::Powers,
        members: &[
            ("kkt_residual", "KKT conditions of the parameters"),
            ("bridge_stationarity", "conditions of the predictor"),
        ],
    },
    Group {
        id: "support",
        title: "Effective number of support vectors",
        axis: "samples",
        caption: "Exponential of the entropy of the samples' shares in the gradient: how many samples it rests on.",
        scale: Scale::Plain,
        members: &[("support_dimension", "samples")],
    },
];

const ROLES: [Role; 3] = [Role::Data, Role::Second, Role::Optimum];
/// A measure of no group is drawn on a logarithmic axis if it changes by more than this factor.
const WIDE: f64 = 30.0;

/// A chart for every group, and for every other measure, that the run has values of.
pub(super) fn charts(report: &Report) -> Vec<Chart> {
    let grouped = GROUPS.iter().filter_map(|g| group(report, g));
    let known = |id: &str| GROUPS.iter().any(|g| g.members.iter().any(|m| m.0 == id));
    let others = measures::all().into_iter().map(|(id, _)| id).filter(|id| !known(id));
    grouped.chain(others.filter_map(|id| alone(report, id))).collect()
}

fn value(p: &Point, id: &str) -> Option<f64> {
    p.measured.get(id).copied().filter(|v| v.is_finite())
}

fn group(report: &Report, g: &Group) -> Option<Chart> {
    let seen = |id: &str| report.series.iter().any(|p| value(p, id).is_some());
    let present: Vec<_> = g.members.iter().filter(|m| seen(m.0)).collect();
    let reads: Vec<Reader> = present.iter().map(|m| reader(m.0, Scale::Plain)).collect();
    let heights: Vec<Reader> = present.iter().map(|m| reader(m.0, g.scale)).collect();
    let tracks: Vec<Track> = (0..present.len())
        .map(|k| Track {
            name: present[k].1,
            role: ROLES[k % ROLES.len()],
            at: &*heights[k],
            read: &*reads[k],
        })
        .collect();
    let y = match g.scale {
        Scale::Plain => Axis::plain(g.axis, values(report, &tracks)),
        Scale::Powers => Axis::powers(g.axis, Warp::Straight, values(report, &tracks)),
    };
    let mut caption = g.caption.to_string();
    if let [(id, _)] = present.as_slice() {
        let seen = story(report, |p| value(p, id), number);
        caption += &if seen.is_empty() { seen } else { format!(" The {} {seen}.", words(id)) };
    }
    let out = chart(report, g.id, y, &tracks, (g.title, caption))?;
    // Where the chart holds one line only, its title is the name.
    Some(if g.members.len() == 1 { unnamed(out) } else { out })
}

/// Reads a number off a moment.
type Reader<'a> = Box<dyn Fn(&Point) -> Option<f64> + 'a>;

fn reader(id: &str, scale: Scale) -> Reader<'_> {
    match scale {
        Scale::Plain => Box::new(move |p| value(p, id)),
        Scale::Powers => Box::new(move |p| log10_positive(value(p, id))),
    }
}

/// A measure that belongs to no group.
fn alone(report: &Report, id: &'static str) -> Option<Chart> {
    let seen = || report.series.iter().filter_map(|p| value(p, id));
    let (lo, hi) = seen().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let scale = if lo > 0.0 && hi / lo > WIDE { Scale::Powers } else { Scale::Plain };
    let (read, height) = (reader(id, Scale::Plain), reader(id, scale));
    let words = words(id);
    let tracks = [Track { name: &words, role: Role::Data, at: &*height, read: &*read }];
    let y = match scale {
        Scale::Plain => Axis::plain(&words, values(report, &tracks)),
        Scale::Powers => Axis::powers(&words, Warp::Straight, values(report, &tracks)),
    };
    let title = capital(&words);
    let seen = story(report, |p| value(p, id), number);
    let told = if seen.is_empty() { String::new() } else { format!(" Here it {seen}.") };
    let caption = format!("{}{told}", meaning(id).unwrap_or_default());
    chart(report, id, y, &tracks, (&title, caption)).map(unnamed)
}
