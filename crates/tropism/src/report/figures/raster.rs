//! Coloured cells inside a figure: a PNG of one pixel a cell, which weighs a tenth of as many rectangles.

use super::canvas::fine_units;
use base64::Engine;
use maud::html;

/// Which colours the numbers from 0 to 1 stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ramp {
    /// Black to white; what lies further than [`BEYOND`] off either end has a colour of its own.
    Grey,
    /// Viridis (van der Walt and Smith 2015): lightness rises evenly from dark blue to yellow, so the order is seen on white and on
    /// black paper, without colour vision and in print.
    Viridis,
}

/// How far off the scale a number is still drawn as the end of it, as a share of the scale.
pub(super) const BEYOND: f64 = 0.25;
/// Below the scale: Okabe and Ito's blue.
pub(super) const BELOW: [u8; 3] = [0x00, 0x72, 0xb2];
/// Above the scale: their vermilion.
pub(super) const ABOVE: [u8; 3] = [0xd5, 0x5e, 0x00];

/// Viridis at 0, 0.1, …, 1.
const VIRIDIS: [[u8; 3]; 11] = [
    [0x44, 0x01, 0x54],
    [0x48, 0x24, 0x75],
    [0x41, 0x44, 0x87],
    [0x35, 0x5f, 0x8d],
    [0x2a, 0x78, 0x8e],
    [0x21, 0x91, 0x8c],
    [0x22, 0xa8, 0x84],
    [0x44, 0xbf, 0x70],
    [0x7a, 0xd1, 0x51],
    [0xbd, 0xdf, 0x26],
    [0xfd, 0xe7, 0x25],
];

impl Ramp {
    fn colour(self, v: f64) -> [u8; 3] {
        match self {
            Ramp::Grey if v < -BEYOND => BELOW,
            Ramp::Grey if v > 1.0 + BEYOND => ABOVE,
            Ramp::Grey => [(255.0 * v.clamp(0.0, 1.0)).round() as u8; 3],
            Ramp::Viridis => {
                let at = v.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
                let k = (at as usize).min(VIRIDIS.len() - 2);
                let between = |c: usize| {
                    let [from, to] = [k, k + 1].map(|k| f64::from(VIRIDIS[k][c]));
                    (from + (at - k as f64) * (to - from)).round() as u8
                };
                [between(0), between(1), between(2)]
            }
        }
    }
}

/// An SVG image of numbers (0 to 1 along the ramp; nothing: see-through), `across` in a row, in the rectangle of `size` at `at`. `None` if
/// there is nothing to draw.
pub(super) fn image(
    ramp: Ramp,
    shades: &[Option<f64>],
    across: usize,
    at: (f64, f64),
    size: (f64, f64),
) -> Option<String> {
    let png = png(ramp, shades, across)?;
    let data = format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(png));
    let [x, y, width, height] = [at.0, at.1, size.0, size.1].map(fine_units);
    Some(
        html! {
            image x=(x) y=(y) width=(width) height=(height) preserveAspectRatio="none"
                style="image-rendering:pixelated" href=(data) {}
        }
        .into_string(),
    )
}

/// Eight bits of each colour and of opacity for each cell.
fn png(ramp: Ramp, shades: &[Option<f64>], across: usize) -> Option<Vec<u8>> {
    let (width, height) = (u32::try_from(across).ok()?, u32::try_from(shades.len() / across.max(1)).ok()?);
    let pixel = |s: &Option<f64>| match s {
        Some(v) if v.is_finite() => {
            let [r, g, b] = ramp.colour(*v);
            [r, g, b, 255]
        }
        _ => [0; 4],
    };
    let pixels: Vec<u8> = shades.iter().flat_map(pixel).collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let cells = [Some(0.0), Some(1.2), None, Some(0.5), Some(7.0), Some(f64::NAN)];
        let file = png(Ramp::Grey, &cells, 3).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (3, 2));
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let grey = |v: u8| [v, v, v, 255];
        let above = [ABOVE[0], ABOVE[1], ABOVE[2], 255];
        assert_eq!(pixels, [grey(0), grey(255), [0; 4], grey(128), above, [0; 4]].concat());
        assert!(png(Ramp::Grey, &[], 0).is_none());
    }

    /// Relative luminance (Rec. 709) rises from each of many shades to the next: whoever sees no colours sees the order.
    #[test]
    fn the_colours_are_ordered_by_their_lightness() {
        let light = |c: [u8; 3]| {
            let linear = |v: u8| (f64::from(v) / 255.0).powf(2.2);
            0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2])
        };
        let shades: Vec<f64> = (0..=50).map(|k| light(Ramp::Viridis.colour(f64::from(k) / 50.0))).collect();
        assert!(shades.windows(2).all(|w| w[1] > w[0]), "{shades:?}");
        assert_eq!(Ramp::Viridis.colour(-1.0), [0x44, 0x01, 0x54]);
        assert_eq!(Ramp::Viridis.colour(2.0), [0xfd, 0xe7, 0x25]);
    }
}
