//! AWS Cloud Map as far as Doze touches it: private DNS namespaces, services, instances, operations that take a while.
//!
//! [`model`] and [`operations`] are plain values with time as an argument; [`wire`] speaks awsJson1_1 (names as in
//! `servicediscovery/2017-03-14/service-2.json` of botocore); [`names`] answers what the DNS asks.

pub mod attributes;
pub mod model;
pub mod names;
pub mod operations;
pub mod requests;
pub mod wire;

pub use model::{CloudMap, Effect};

#[cfg(test)]
mod tests;
