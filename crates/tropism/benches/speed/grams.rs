//! Kernel matrices of wide networks against the matrix product that they begin with.

use crate::clock::{Effort, seconds, si};
use rand_distr::{Distribution, StandardNormal};
use std::hint::black_box;
use tropism::numerics::rng::{Stream, rng};
use tropism::numerics::{Design, Kernel, Matrix, linalg};

pub fn table(effort: Effort) {
    println!("\nKernel matrices");
    println!("{:34} {:>10} {:>16} {:>10}", "problem", "time", "all of X Xᵀ", "times");
    let n = if effort.quick { 500 } else { 2000 };
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
        println!("{name:34} {:>9}s {:>15}s {:>10.2}", si(time), si(product), time / product);
    }
}
