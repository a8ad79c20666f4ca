//! Which samples a step sees: with replacement, in a fresh random order every epoch, or in the data's own order.

use super::{Batch, Order, Sampling, State};
use crate::Error;
use rand::RngExt;
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Spec keys of optimizers that may use batches.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BatchSpec {
    /// Samples a step; all of them if absent.
    #[schemars(range(min = 1))]
    pub batch: Option<usize>,
    /// The order in which samples come.
    pub order: Option<Order>,
}

impl BatchSpec {
    /// The batches, `None` for the full batch.
    pub fn build(&self, samples: usize) -> Result<Option<Batches>, Error> {
        match (self.batch, self.order) {
            (Some(batch), order) => Batches::new(batch, order.unwrap_or_default(), samples).map(Some),
            (None, None) => Ok(None),
            (None, Some(_)) => {
                let missing = "all samples in one batch have no order; set optimizer.batch, or remove order";
                Err(Error::incompatible("optimizer.order", "the full batch", missing))
            }
        }
    }
}

/// Batches of a fixed size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batches {
    pub batch: usize,
    pub order: Order,
    pub samples: usize,
}

impl Batches {
    /// Refuses a batch outside `1..=samples`.
    pub fn new(batch: usize, order: Order, samples: usize) -> Result<Self, Error> {
        if batch == 0 || batch > samples {
            let expected = format!("it must lie between 1 and {samples}, the number of samples");
            return Err(Error::bad_value("optimizer", "batch", batch, &expected));
        }
        Ok(Self { batch, order, samples })
    }

    /// Whether seeds matter: not for the data's own order, nor for all samples without replacement.
    pub fn is_random(&self) -> bool {
        match self.order {
            Order::Replacement => true,
            Order::Shuffled => self.batch < self.samples,
            Order::Cyclic => false,
        }
    }

    /// For the facts.
    pub fn sampling(&self) -> Sampling {
        Sampling { batch: self.batch, order: self.order }
    }

    /// For a flow that continues the steps.
    pub fn of_flow(&self) -> Batch {
        Batch { size: self.batch, replacement: self.order == Order::Replacement }
    }

    /// The samples of this step: the returned window of `state.order`.
    pub(super) fn draw(&self, state: &mut State) -> Range<usize> {
        let n = self.samples;
        match self.order {
            Order::Replacement => {
                let mut rng = state.rng();
                state.order.clear();
                state.order.extend((0..self.batch).map(|_| rng.random_range(0..n)));
                0..self.batch
            }
            Order::Cyclic => {
                let first = ((state.step % n as u64) * self.batch as u64 % n as u64) as usize;
                state.order.clear();
                state.order.extend((0..self.batch).map(|i| (first + i) % n));
                0..self.batch
            }
            Order::Shuffled => self.shuffled(state),
        }
    }

    /// An epoch is floor(n / batch) steps; the remainder of the order is left out, another one each epoch.
    fn shuffled(&self, state: &mut State) -> Range<usize> {
        let n = self.samples;
        let per_epoch = (n / self.batch) as u64;
        let within = (state.step % per_epoch) as usize;
        if within == 0 || state.order.len() != n {
            let mut epoch = State::new(vec![], 0, state.seed);
            epoch.step = state.step - within as u64;
            state.order.clear();
            state.order.extend(0..n);
            state.order.shuffle(&mut epoch.rng());
        }
        within * self.batch..(within + 1) * self.batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cyclic_batches_go_round_the_data() {
        let batches = Batches::new(2, Order::Cyclic, 5).unwrap();
        let mut state = State::new(vec![], 0, 1);
        let mut seen = vec![];
        for step in 0..5 {
            state.step = step;
            let window = batches.draw(&mut state);
            seen.extend_from_slice(&state.order[window]);
        }
        assert_eq!(seen, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    }

    #[test]
    fn batches_outside_the_data_are_refused() {
        for batch in [0, 6] {
            let e = Batches::new(batch, Order::Cyclic, 5).unwrap_err().to_string();
            assert!(e.contains("`batch`") && e.contains("between 1 and 5, the number of samples"), "{e}");
        }
    }
}
