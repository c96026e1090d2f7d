//! EC2 Auto Scaling as far as Doze touches it: groups, their instances, protection, termination.
//!
//! [`model`] is plain values with time as an argument; [`wire`] carries calls of the Query protocol ([`crate::query`]) out
//! (names as in `autoscaling/2011-01-01/service-2.json` of botocore).

pub mod model;
pub mod requests;
pub mod wire;

pub use model::{AutoScaling, Effect};

#[cfg(test)]
mod tests;
