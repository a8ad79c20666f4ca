//! Cells of grey inside a figure: a PNG of one pixel a cell, which weighs a tenth of as many rectangles.

use super::canvas::fine_units;
use base64::Engine;
use maud::html;

/// An SVG image of `shades` (0 black, 1 white, clamped; nothing: see-through), `across` in a row, in the rectangle of `size`
/// at `at`. `None` if there is nothing to draw.
pub(super) fn image(
    shades: &[Option<f64>],
    across: usize,
    at: (f64, f64),
    size: (f64, f64),
) -> Option<String> {
    let png = png(shades, across)?;
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

/// Eight bits of grey and eight of opacity for each cell.
fn png(shades: &[Option<f64>], across: usize) -> Option<Vec<u8>> {
    let (width, height) = (u32::try_from(across).ok()?, u32::try_from(shades.len() / across.max(1)).ok()?);
    let pixel = |s: &Option<f64>| match s {
        Some(v) if v.is_finite() => [(255.0 * v.clamp(0.0, 1.0)).round() as u8, 255],
        _ => [0, 0],
    };
    let pixels: Vec<u8> = shades.iter().flat_map(pixel).collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::GrayscaleAlpha);
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
        let file = png(&[Some(0.0), Some(1.0), None, Some(0.5), Some(7.0), Some(f64::NAN)], 3).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (3, 2));
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [0, 255, 255, 255, 0, 0, 128, 255, 255, 255, 0, 0]);
        assert!(png(&[], 0).is_none());
    }
}
