//! Amazon ECS as far as Doze touches it: clusters, task definitions, capacity providers, container instances, tasks.
//!
//! [`model`] holds the state and what changes it, as plain values: time comes in as a moment, and what should be done
//! in the world comes out as [`Effect`]s. [`wire`] speaks awsJson1_1 for it (the names are those of
//! `ecs/2014-11-13/service-2.json` of botocore).

pub mod attributes;
pub mod capacity;
pub mod cluster;
pub mod constraints;
pub mod definition;
pub mod instance;
pub mod instances;
pub mod interface;
pub mod launch;
pub mod life;
pub mod list;
pub mod model;
pub mod pages;
pub mod placement;
pub mod ports;
pub mod protection;
pub mod query;
pub mod requests;
pub mod resources;
pub mod run_task;
pub mod service;
pub mod strategy;
pub mod tags;
pub mod task;
pub mod tasks;
pub mod wire;

pub use model::{Ecs, Effect};

#[cfg(test)]
mod tests;
