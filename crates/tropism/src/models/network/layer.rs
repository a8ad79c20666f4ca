//! One layer of weights: a matrix applied to every patch of the layer's input.

use crate::models::Block;

/// A layer. Its input is `[samples × inputs]`; a dense layer has one patch, the input itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Numbers per sample that come in.
    pub inputs: usize,
    /// Columns of the weight matrix: the length of a patch.
    pub fan_in: usize,
    /// Rows of the weight matrix: outputs per patch.
    pub units: usize,
    /// The patches of a convolution; none for a dense layer.
    pub window: Option<Window>,
}

/// Square windows sliding over an image without padding. Images are stored row by row, the channels of a pixel together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub rows: usize,
    pub cols: usize,
    pub channels: usize,
    pub kernel: usize,
    pub stride: usize,
}

impl Window {
    /// Rows and columns of positions.
    pub fn positions(&self) -> (usize, usize) {
        let along = |length: usize| (length - self.kernel) / self.stride + 1;
        (along(self.rows), along(self.cols))
    }

    /// Calls `f(place in the image, place in the patches)` for every run of adjacent numbers of one sample.
    fn runs(&self, mut f: impl FnMut(usize, usize)) {
        let ((down, across), run) = (self.positions(), self.kernel * self.channels);
        let mut patch = 0;
        for top in 0..down {
            for left in 0..across {
                for row in 0..self.kernel {
                    let pixel = (top * self.stride + row) * self.cols + left * self.stride;
                    f(pixel * self.channels, patch);
                    patch += run;
                }
            }
        }
    }
}

impl Layer {
    pub fn dense(inputs: usize, units: usize) -> Self {
        Self { inputs, fan_in: inputs, units, window: None }
    }

    pub fn convolution(window: Window, units: usize) -> Self {
        let inputs = window.rows * window.cols * window.channels;
        let fan_in = window.kernel * window.kernel * window.channels;
        Self { inputs, fan_in, units, window: Some(window) }
    }

    /// Patches per sample.
    pub fn patches(&self) -> usize {
        self.window.map_or(1, |w| w.positions().0 * w.positions().1)
    }

    /// Numbers per sample that go out.
    pub fn outputs(&self) -> usize {
        self.patches() * self.units
    }

    /// Entries of the weight matrix.
    pub fn weights(&self) -> usize {
        self.units * self.fan_in
    }

    /// The weight matrix at `offset`.
    pub fn block(&self, offset: usize) -> Block {
        Block { offset, rows: self.units, cols: self.fan_in }
    }

    /// Copies the patches of `image [samples × inputs]` into `out [samples × patches × fan_in]`.
    pub fn gather(&self, image: &[f64], out: &mut [f64]) {
        let Some(window) = self.window else { return };
        let run = window.kernel * window.channels;
        let length = self.patches() * self.fan_in;
        for (image, out) in image.chunks_exact(self.inputs).zip(out.chunks_exact_mut(length)) {
            window.runs(|from, to| out[to..to + run].copy_from_slice(&image[from..from + run]));
        }
    }

    /// The transpose of [`Layer::gather`]: adds the patches to the pixels of `image` that they came from.
    pub fn scatter_add(&self, patches: &[f64], image: &mut [f64]) {
        let Some(window) = self.window else { return };
        let run = window.kernel * window.channels;
        let length = self.patches() * self.fan_in;
        for (image, patches) in image.chunks_exact_mut(self.inputs).zip(patches.chunks_exact(length)) {
            window.runs(|to, from| {
                for (a, b) in image[to..to + run].iter_mut().zip(&patches[from..from + run]) {
                    *a += b;
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Layer, Window};

    #[test]
    fn patches_of_a_small_image() {
        // 3 × 4, kernel 2, stride 2: one row of two patches; the last row is not reached.
        let layer = Layer::convolution(Window { rows: 3, cols: 4, channels: 1, kernel: 2, stride: 2 }, 1);
        let image: Vec<f64> = (0..12).map(f64::from).collect();
        let mut out = vec![f64::NAN; layer.patches() * layer.fan_in];
        layer.gather(&image, &mut out);
        assert_eq!(out, [0.0, 1.0, 4.0, 5.0, 2.0, 3.0, 6.0, 7.0]);
        let mut back = vec![0.0; 12];
        layer.scatter_add(&out, &mut back);
        assert_eq!(back, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn channels_of_a_pixel_stay_together() {
        let layer = Layer::convolution(Window { rows: 2, cols: 2, channels: 2, kernel: 1, stride: 1 }, 3);
        assert_eq!((layer.patches(), layer.fan_in, layer.outputs(), layer.weights()), (4, 2, 12, 6));
        let image: Vec<f64> = (0..8).map(f64::from).collect();
        let mut out = vec![f64::NAN; 8];
        layer.gather(&image, &mut out);
        assert_eq!(out, image);
    }
}
