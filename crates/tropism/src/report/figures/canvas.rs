//! A pen over plotters' SVG backend: strokes are drawn with the colour of their *role*, and the roles become
//! real colours (or CSS variables) and dashes when the sketch is finished.
//!
//! The backend places everything on whole pixels, so sketches are drawn in tenths of a pixel and shown at a
//! tenth of their size.

use crate::report::format::{lowered, printable};
use maud::html;
use plotters::prelude::{Color, DrawingBackend, FontTransform, IntoFont, RGBColor, SVGBackend, ShapeStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{IntoTextStyle, TextStyle};

/// Sketch units per pixel.
const FINE: f64 = 10.0;

/// What a stroke means; decides colour and dash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Ink,
    Muted,
    Grid,
    Shade,
    /// Cells of a matrix that nobody has seen.
    Unseen,
    Paper,
    Data,
    Second,
    Predicted,
    Fitted,
    Optimum,
    Tolerance,
    /// Text on dark and on light cells, whose colours are the same on every page.
    OnDark,
    OnLight,
}

const ROLES: [Role; 14] = [
    Role::Ink,
    Role::Muted,
    Role::Grid,
    Role::Shade,
    Role::Unseen,
    Role::Paper,
    Role::Data,
    Role::Second,
    Role::Predicted,
    Role::Fitted,
    Role::Optimum,
    Role::Tolerance,
    Role::OnDark,
    Role::OnLight,
];

impl Role {
    /// CSS variable, light colour and dash pattern (in pixels). The line colours are Okabe and Ito's, which
    /// stay apart under every common colour blindness.
    fn look(self) -> (&'static str, &'static str, Option<[f64; 2]>) {
        match self {
            Role::Ink => ("ink", "#1b1f24", None),
            Role::Muted => ("muted", "#5b636e", None),
            Role::Grid => ("grid", "#e3e6ea", None),
            Role::Shade => ("shade", "#f3f6fa", None),
            Role::Unseen => ("unseen", "#f0d9a8", None),
            Role::Paper => ("paper", "#ffffff", None),
            Role::Data => ("data", "#0072b2", None),
            Role::Second => ("second", "#a8477d", Some([2.0, 2.5])),
            Role::Predicted => ("predicted", "#d55e00", Some([7.0, 4.5])),
            Role::Fitted => ("fitted", "#f5cf86", None),
            Role::Optimum => ("optimum", "#00805c", Some([9.0, 3.0])),
            Role::Tolerance => ("tolerance", "#5b636e", Some([2.5, 3.5])),
            Role::OnDark => ("on-dark", "#ffffff", None),
            Role::OnLight => ("on-light", "#1b1f24", None),
        }
    }

    fn sentinel(self) -> RGBColor {
        RGBColor(0xA1, 0x5E, self as u8)
    }
}

/// How a finished sketch gets its colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Palette {
    /// Light colours written out: the SVG stands on its own.
    Light,
    /// `var(--fig-…)`: the page around the SVG decides.
    Variables,
}

/// Where a text hangs from its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Draws into a sketch; coordinates in pixels from the upper left.
pub(super) struct Pen<'a> {
    backend: SVGBackend<'a>,
}

fn fine(p: (f64, f64)) -> (i32, i32) {
    (fine_units(p.0), fine_units(p.1))
}

/// A length in sketch units, for elements drawn past the pen.
pub(super) fn fine_units(pixels: f64) -> i32 {
    (pixels * FINE).round() as i32
}

fn stroke(role: Role, width: f64) -> ShapeStyle {
    role.sentinel().stroke_width((width * FINE).round() as u32)
}

// Writing into a String cannot fail, so the backend's results carry nothing: `ok()` drops them.
impl Pen<'_> {
    pub fn line(&mut self, role: Role, width: f64, points: &[(f64, f64)]) {
        if points.len() > 1 {
            self.backend.draw_path(points.iter().copied().map(fine), &stroke(role, width)).ok();
        }
    }

    pub fn rect(&mut self, role: Role, from: (f64, f64), to: (f64, f64)) {
        self.backend.draw_rect(fine(from), fine(to), &role.sentinel().filled(), true).ok();
    }

    /// A disc, or a ring where `filled` is false.
    pub fn dot(&mut self, role: Role, at: (f64, f64), radius: f64, filled: bool) {
        let radius = (radius * FINE) as u32;
        if !filled {
            self.backend.draw_circle(fine(at), radius, &Role::Paper.sentinel().filled(), true).ok();
        }
        self.backend.draw_circle(fine(at), radius, &stroke(role, 1.4), filled).ok();
    }

    pub fn text(&mut self, role: Role, size: f64, anchor: Anchor, at: (f64, f64), text: &str) {
        self.write(role, size, anchor, at, text, FontTransform::None);
    }

    /// Text that reads upwards, for the vertical axis.
    pub fn upright(&mut self, role: Role, size: f64, at: (f64, f64), text: &str) {
        self.write(role, size, Anchor::Middle, at, text, FontTransform::Rotate270);
    }

    fn write(
        &mut self,
        role: Role,
        size: f64,
        anchor: Anchor,
        at: (f64, f64),
        text: &str,
        turn: FontTransform,
    ) {
        let h = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        // The backend divides sizes by 1.24 to match its bitmap sibling; undo it.
        let font = ("sans-serif", size * FINE * 1.24).into_font().transform(turn);
        let style: TextStyle = font.into_text_style(&self.backend.get_size());
        let style =
            TextStyle { pos: Pos::new(h, VPos::Center), color: role.sentinel().to_backend_color(), ..style };
        self.backend.draw_text(&printable(text), &style, fine(at)).ok();
    }
}

/// Runs `draw` on an empty sheet and returns the elements drawn, colours still sentinels.
pub(super) fn sketch(size: (f64, f64), draw: impl FnOnce(&mut Pen)) -> String {
    let mut sheet = String::new();
    let mut pen = Pen {
        backend: SVGBackend::with_string(&mut sheet, ((size.0 * FINE) as u32, (size.1 * FINE) as u32)),
    };
    draw(&mut pen);
    pen.backend.present().ok();
    drop(pen);
    let body = sheet.split_once(">\n").map_or("", |(_, rest)| rest);
    body.trim_end().trim_end_matches("</svg>").to_string()
}

/// The finished SVG: roles coloured, superscripts raised, title for screen readers.
pub(super) fn finish(body: &str, size: (f64, f64), palette: Palette, title: &str, label: &str) -> String {
    let mut body = raised(body).replace(" font-family=\"sans-serif\"", "").replace(" opacity=\"1\"", "");
    for role in ROLES {
        let (name, light, dash) = role.look();
        let RGBColor(r, g, b) = role.sentinel();
        let sentinel = format!("\"#{r:02X}{g:02X}{b:02X}\"");
        let colour = match palette {
            Palette::Light => format!("\"{light}\""),
            Palette::Variables => format!("\"var(--fig-{name})\""),
        };
        let dashed = match dash {
            Some([on, off]) => format!("{colour} stroke-dasharray=\"{} {}\"", on * FINE, off * FINE),
            None => colour.clone(),
        };
        body = body.replace(
            &format!("<polyline fill=\"none\" stroke={sentinel}"),
            &format!("<polyline fill=\"none\" stroke={dashed}"),
        );
        body = body.replace(&sentinel, &colour);
    }
    let (title, label) = (printable(title), printable(label));
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(size.0) height=(size.1)
            viewBox={ "0 0 " (size.0 * FINE) " " (size.1 * FINE) } role="img" aria-label=(label)
            font-family="system-ui, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif" {
            title { (title) }
            (maud::PreEscaped(body))
        }
    }
    .into_string()
}

/// Unicode superscripts differ in height from font to font; raised spans of ordinary digits do not.
fn raised(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(start) = rest.find(|c| lowered(c).is_some()) {
        out.push_str(&rest[..start]);
        let tail = &rest[start..];
        let end = tail.find(|c| lowered(c).is_none()).unwrap_or(tail.len());
        let digits: String = tail[..end].chars().filter_map(lowered).collect();
        out.push_str(&format!("<tspan dy=\"-0.45em\" font-size=\"72%\">{digits}</tspan>"));
        rest = &tail[end..];
        // 0.45 of a font at 72 % is 0.324 of the font that follows.
        let next = rest.find("\n</text>").unwrap_or(0);
        if next > 0 {
            let word = rest[..next].find(|c| lowered(c).is_some()).unwrap_or(next);
            out.push_str(&format!("<tspan dy=\"0.324em\">{}</tspan>", &rest[..word]));
            rest = &rest[word..];
        }
    }
    out.push_str(rest);
    out
}

/// Rough width of a text in pixels: nothing here measures fonts, so labels keep generous distances.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| if lowered(c).is_some() { 0.42 } else { 0.56 }).sum::<f64>() * size
}
