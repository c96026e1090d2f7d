//! The system as a whole, on one machine.
//!
//! - [`binaries`]: builds the programs and tells where they are.
//! - [`network`]: a /16 of 127.0.0.0/8 for each world, so that worlds do not meet.
//! - [`process`]: a child whose lines are read and that never outlives its owner.
//! - [`world`]: local-aws with its definitions, the proxies beside it, and waiting for states.
//! - [`definitions`]: the AWS calls that make a world's cluster, group and task definitions.
//! - [`proxy_status`]: what `GET /status` of a proxy says.
//! - [`snapshot`]: what `GET /_world` says.
//! - [`timeline`]: everything that happened, in order, from all sources.
//!
//! `src/demo/` is `cargo demo`; `tests/promises/` has one file for each promise.

pub mod binaries;
pub mod definitions;
pub mod network;
pub mod process;
pub mod proxy_status;
pub mod snapshot;
pub mod timeline;
pub mod world;
