//! Kernel matrices of wide networks against the matrix product that they begin with.

use crate::clock::{Effort, seconds, si};
use rand_distr::{Distribution, StandardNormal};
use std::hint::black_box;
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Design, Kernel, Matrix, linalg};

/// The best that other tools were seen to take was 0.26 s, with a diagonal wrong by 1e-8.
const AIMED: (Kernel, f64) = (Kernel::Ntk { depth: 3 }, 0.26 / 1.5);

pub fn table(effort: Effort) {
    println!("\nKernel matrices");
    println!("{:34} {:>10} {:>16} {:>10} {:>8}", "problem", "time", "all of X Xᵀ", "times", "of aim");
    let n = 2000;
    let mut r = rng(1, Stream::Data);
    let x = Matrix::from_fn(n, 50, |_, _| StandardNormal.sample(&mut r));
    let product = seconds(effort, || {
        black_box(linalg::matmul_nt(&x, &x));
    });
    let design: Design = x.into();
    for kernel in [Kernel::Nngp { depth: 2 }, Kernel::Ntk { depth: 2 }, Kernel::Ntk { depth: 3 }] {
        let time = seconds(effort, || {
            black_box(kernel.gram(&design));
        });
        let name = format!("{}, n = {n}, d = 50", kernel.name());
        let aim = if kernel == AIMED.0 { format!("{:.2}", AIMED.1 / time) } else { String::new() };
        println!("{name:34} {:>9}s {:>15}s {:>10.2} {aim:>8}", si(time), si(product), time / product);
    }
}
