//! Convolutional ReLU network for images: layers of `k × k` kernels, each followed by a ReLU, then a dense output; no biases.
//!
//! Shapes: images of `rows × cols` numbers, stored row by row; parameters `[K_1 (c_1 × k k), K_2 (c_2 × k k c_1), …,
//! A (outputs × what is left)]`, a kernel's entries by row, column, channel. No padding: `length → ⌊(length − k)/stride⌋ + 1`.
//! Assumes: data that know the shape of their images, or the key `shape`; no bias column.
//! Source: the homogeneous convolutional networks of Lyu, Li 2020 (arXiv 1906.05890); start `W ~ s² N(0, 2/fan-in)`,
//! `s = init_scale` (He et al. 2015, arXiv 1502.01852). `scheme = "balanced"` then scales the weights out of every channel to the
//! length of those into it, layer by layer upwards, which gradient flow keeps (Du, Hu, Lee 2018, arXiv 1806.00900, of whose layers
//! every channel is a part); all layers have the Frobenius norm of the first. The derivative of the ReLU at 0 is taken as 0.
//! Units and invariance: homogeneous of the number of layers of weights; commutes with translations up to the border.
//! Errors: no image shape, or one that does not match the number of inputs (with `data.bias` the columns are
//! one too many); a kernel longer than what it slides over; a
//! stride, kernel or number of channels of 0; `init_scale = 0`, a saddle point.
//! Example: `model.kind = "conv_relu"`, `channels = [8, 16]`, `kernel = 3` with `data.kind = "digits"`, whose images are 8 × 8.

use super::deep_relu::ReluChain;
use super::network::{Layer, Network, Window};
use super::{Interface, Model, check_not_saddle, check_size};
use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the start of a convolutional ReLU network is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConvScheme {
    /// Independent Gaussians of variance 2 / fan-in, times `init_scale`.
    #[default]
    Gaussian,
    /// The same, with the weights out of every channel as long as those into it.
    Balanced,
}

/// Spec keys of the convolutional ReLU network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConvReluSpec {
    /// Channels of each convolutional layer, first to last.
    #[schemars(inner(range(min = 1)))]
    pub channels: Vec<usize>,
    /// Rows and columns of every kernel.
    #[schemars(range(min = 1))]
    pub kernel: usize,
    /// Pixels from one position of a kernel to the next.
    #[schemars(range(min = 1))]
    pub stride: usize,
    /// Rows and columns of an image; those of the data if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(range(min = 1)))]
    pub shape: Option<[usize; 2]>,
    /// How the start is drawn.
    pub scheme: ConvScheme,
    /// What the drawn start is multiplied by.
    pub init_scale: f64,
}

impl Default for ConvReluSpec {
    fn default() -> Self {
        let scheme = ConvScheme::Gaussian;
        Self { channels: vec![8], kernel: 3, stride: 1, shape: None, scheme, init_scale: 1.0 }
    }
}

impl ConvReluSpec {
    /// The model itself, after checking its keys against the shape of the images.
    ///
    /// # Errors
    /// See the module header.
    pub fn build(&self, interface: &Interface) -> Result<Box<dyn Model>, Error> {
        check_not_saddle(self.init_scale, 2)?;
        let (mut rows, mut cols) = self.image(interface)?;
        let at_least_one = "it must be at least 1";
        if self.stride == 0 {
            return Err(Error::bad_value("model", "stride", 0, at_least_one));
        }
        if self.channels.is_empty() || self.channels.contains(&0) {
            let why = "it must list at least one layer, each of at least one channel";
            return Err(Error::bad_value("model", "channels", format!("{:?}", self.channels), why));
        }
        let (mut layers, mut channels) = (vec![], 1);
        for (l, &units) in self.channels.iter().enumerate() {
            if self.kernel == 0 || self.kernel > rows.min(cols) {
                let why = format!(
                    "it must lie between 1 and {}: layer {} slides its kernels over {rows} × {cols} pixels",
                    rows.min(cols),
                    l + 1
                );
                return Err(Error::bad_value("model", "kernel", self.kernel, &why));
            }
            let window = Window { rows, cols, channels, kernel: self.kernel, stride: self.stride };
            (rows, cols) = window.positions();
            channels = units;
            layers.push(Layer::convolution(window, units));
        }
        layers.push(Layer::dense(rows * cols * channels, interface.outputs));
        let deviation = |l: &Layer| self.init_scale * (2.0 / l.fan_in as f64).sqrt();
        let deviations = layers.iter().map(deviation).collect();
        let balanced = self.scheme == ConvScheme::Balanced;
        check_size("channels", format!("{:?}", self.channels), layers.iter().map(|l| (l.units, l.fan_in)))?;
        Ok(Box::new(ReluChain {
            network: Network { layers, factor: 1.0, frozen: vec![] },
            deviations,
            balanced,
        }))
    }

    /// Rows and columns of an image.
    fn image(&self, interface: &Interface) -> Result<(usize, usize), Error> {
        let own = self.shape.map(|[rows, cols]| (rows, cols));
        if let (None, Some((rows, cols))) = (own, interface.image)
            && rows * cols != interface.inputs
        {
            let missing = format!(
                "the images have {rows} × {cols} pixels and the data have {} columns; leave out data.bias",
                interface.inputs
            );
            return Err(Error::incompatible(
                "model.kind = \"conv_relu\"",
                "columns that are no pixels",
                missing,
            ));
        }
        let Some((rows, cols)) = own.or(interface.image).or(interface.shape) else {
            return Err(Error::MissingKey {
                section: "model".into(),
                key: "shape".into(),
                expected: "the data do not say the shape of their images; write it as in shape = [8, 8]"
                    .into(),
            });
        };
        if rows == 0 || cols == 0 || rows.checked_mul(cols) != Some(interface.inputs) {
            let why = format!(
                "rows times columns must be the number of inputs, {}; a bias column is one too many",
                interface.inputs
            );
            return Err(Error::bad_value("model", "shape", format!("[{rows}, {cols}]"), &why));
        }
        Ok((rows, cols))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Workspace;
    use crate::numerics::{Design, Matrix};

    fn refused(spec: ConvReluSpec, inputs: usize) -> String {
        let interface = Interface { inputs, outputs: 1, shape: None, image: None };
        spec.build(&interface).err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn bad_keys_are_refused_by_name_and_range() {
        let base = ConvReluSpec { shape: Some([4, 6]), ..Default::default() };
        assert!(refused(ConvReluSpec { shape: None, ..base.clone() }, 24).contains("`shape`"));
        assert!(refused(base.clone(), 25).contains("the number of inputs, 25"));
        let images = Interface { inputs: 25, outputs: 1, shape: None, image: Some((4, 6)) };
        let unsized_spec = ConvReluSpec { shape: None, ..base.clone() };
        let with_bias = unsized_spec.build(&images).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(with_bias.contains("4 × 6 pixels") && with_bias.contains("data.bias"), "{with_bias}");
        assert!(unsized_spec.build(&Interface { inputs: 24, ..images }).is_ok());
        assert!(refused(ConvReluSpec { kernel: 5, ..base.clone() }, 24).contains("between 1 and 4"));
        let twice = ConvReluSpec { channels: vec![2, 2], kernel: 3, ..base.clone() };
        assert!(refused(twice, 24).contains("between 1 and 2: layer 2"));
        assert!(refused(ConvReluSpec { stride: 0, ..base.clone() }, 24).contains("`stride`"));
        assert!(refused(ConvReluSpec { channels: vec![], ..base.clone() }, 24).contains("`channels`"));
        assert!(refused(ConvReluSpec { init_scale: 0.0, ..base }, 24).contains("saddle"));
    }

    /// By hand: a 2 × 3 image, one 2 × 2 kernel at two positions, two outputs.
    #[test]
    fn a_network_small_enough_to_do_by_hand() {
        let spec = ConvReluSpec { channels: vec![1], kernel: 2, shape: Some([2, 3]), ..Default::default() };
        let model = spec.build(&Interface { inputs: 6, outputs: 2, shape: None, image: None }).unwrap();
        let x = Design::Dense(Matrix::from_vec(1, 6, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        // Kernel [1 0; 0 −1] gives 1 − 5 = −4 and 2 − 6 = −4; its negative gives 4 and 4.
        let theta = [-1.0, 0.0, 0.0, 1.0, 1.0, 10.0, -2.0, 0.5];
        let mut out = [0.0; 2];
        model.predict(&theta, &x, &mut Workspace::default(), &mut out);
        assert_eq!(out, [44.0, -6.0]);
    }
}
