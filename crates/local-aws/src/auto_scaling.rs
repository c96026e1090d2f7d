//! EC2 Auto Scaling as far as Doze touches it: groups, their instances, protection, termination.
//!
//! [`model`] is plain values with time as an argument; [`wire`] carries calls out, [`query`] reads the Query protocol and
//! [`xml`] writes its answers (names as in `autoscaling/2011-01-01/service-2.json` of botocore).

pub mod model;
pub mod query;
pub mod requests;
pub mod wire;
pub mod xml;

pub use model::{AutoScaling, Effect};

#[cfg(test)]
mod tests;
