//! The cellar: thin wrappers over the linear algebra and random-number crates, and the log-domain and
//! error-bounded arithmetic that everything above relies on. Nothing here knows what a model or a
//! theorem is.

pub mod arc_cosine;
pub mod blocks;
pub mod box_quadratic;
pub mod compensated;
pub mod decomposition;
mod deep_diagonal;
pub mod design;
pub mod directed;
pub(crate) mod entries;
pub mod factor;
pub mod fourier;
pub mod fused;
pub mod gemm;
pub mod kernel;
pub mod lanczos;
pub mod linalg;
pub mod logscale;
pub mod matrix;
pub mod narrow;
pub mod norm;
pub mod null;
pub mod polar;
pub mod potential;
pub mod products;
pub mod pseudo_inverse;
pub mod rng;
pub mod singular;
pub mod squares;
pub mod vexp;
pub(crate) mod wide;

pub use design::{Csr, Design};
pub use factor::Factor;
pub use kernel::Kernel;
pub use matrix::Matrix;
pub use norm::Norm;
pub use potential::Potential;
pub use pseudo_inverse::PseudoInverse;
