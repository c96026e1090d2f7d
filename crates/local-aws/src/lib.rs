//! A small AWS on one machine: what Doze touches of ECS, Cloud Map, Auto Scaling, EC2's metadata and DNS, speaking the
//! real protocols.
//!
//! Four layers:
//! - **Services** ([`ecs`], [`cloud_map`], [`auto_scaling`], [`scaling`], [`sqs`]): plain values. Time comes in as a moment, what
//!   is to be done in the world comes out as effects. A `wire` beside each reads requests and writes answers.
//! - **The gate** ([`call`], [`throttle`], [`faults`], [`audit`]): what every call goes through, plain values too.
//! - **The world** ([`world`], [`events`], [`wakes`], [`network`]): one owner of all services, which connects them.
//! - **What touches the machine** ([`server`], [`reconcile`], [`runtime`], [`host`], [`agent`], [`dns`], [`page`],
//!   [`proxies`], [`task_metadata`]): sockets, processes, containers. They ask the world by [`views`] and hold no opinion.

mod accept;
pub mod account;
pub mod agent;
pub mod audit;
pub mod auto_scaling;
pub mod call;
pub mod cloud_map;
pub mod config;
pub mod dns;
pub mod ecs;
pub mod events;
pub mod faults;
pub mod host;
pub mod ids;
pub mod network;
pub mod pace;
pub mod page;
pub mod proxies;
pub mod query;
pub mod reconcile;
pub mod refusal;
mod render;
pub mod run;
pub mod runtime;
pub mod scaling;
pub mod server;
pub mod sqs;
pub mod task_metadata;
pub mod task_protection;
pub mod throttle;
pub mod views;
pub mod wakes;
pub mod world;
