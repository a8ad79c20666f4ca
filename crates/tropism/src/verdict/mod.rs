//! From a prediction, a certified reference and a trajectory to a verdict, by a rule fixed in advance.

mod along;
mod attraction;
mod ball;
mod cells;
mod compare;
mod conserved;
mod crossover;
mod functions;
mod judge;
mod measured;
mod memory;
mod pictures;
mod rate;
mod reference;
mod settled;
mod start;
mod targets;
mod trend;
mod unfinished;
mod visits;

pub use compare::{Comparison, compare, evidence};
pub use judge::{Broken, Evidence, Finding, Settled, judge};
pub use measured::{Coordinate, Point, RateSeen, Selected};
pub use pictures::{CompletionReport, FourierReport};
pub use rate::fit;
pub use reference::Reference;
pub use trend::{Interval, Observations, Seen, TrendEvidence, exponent, judge_trend, mean};
pub use visits::VisitsReport;
