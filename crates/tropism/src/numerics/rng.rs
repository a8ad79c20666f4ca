//! Seeded random numbers: ChaCha8, whose stream is fixed by its specification and therefore the same on
//! every platform and in every version. One seed gives independent streams for independent uses.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generator used everywhere.
pub type Rng = ChaCha8Rng;

/// What a stream is for. Two uses never share numbers, so adding one does not move another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Data = 1,
    Split = 2,
    Init = 3,
    Optimizer = 4,
    Control = 5,
}

/// The generator for `seed` and `stream`.
pub fn rng(seed: u64, stream: Stream) -> Rng {
    let mut r = ChaCha8Rng::seed_from_u64(seed);
    r.set_stream(stream as u64);
    r
}
