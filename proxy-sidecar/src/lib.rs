//! The proxy: holds requests for a sleeping ECS service, wakes it, and sends them where they may be sent.
//!
//! # A tour
//! A connection is accepted in [`listen`]; it may say for whom it comes ([`proxy_protocol`], believed by
//! [`decide::trust`]) and may be encrypted ([`tls`]). Each of its requests goes through [`forward`], top to bottom: its head is
//! checked and rewritten ([`forward::asked`], [`fields`]), its [`service`] is found by the `Host` field, the
//! service lets it pass or holds it, [`upstream`] gives a connection to one backend, and [`forward::exchange`] sends it there
//! and its answer back. HTTP/1.1 is [`wire`] and the crate `http1`, HTTP/2 is [`stream`]; bodies are moved by [`pump`].
//! Every failure becomes a reply by one table, [`reply`], and is counted in [`metrics`].
//!
//! Beside that, for each service: [`discover`] asks DNS who is there, [`watch`] follows each backend's supervisor (state,
//! lease, reports, release), [`probe`] checks those without one, [`wake`] carries out wakes and call-backs, and [`pair`]
//! counts the rounds of a pair proxy. They only act: what is to be done is decided in [`decide`], and what is known is
//! kept in one place, [`service::Service`].
//!
//! [`register`] makes the proxy itself known, [`admin`] tells people what it sees, [`run()`] joins the parts.
//!
//! Long-lived tasks are spawned in `run.rs`; besides, [`listen`] spawns a task for each connection and for each stream of
//! HTTP/2, [`upstream::http2`] one for each of its connections, and [`watch`] one for each backend.

pub mod admin;
pub mod config;
pub mod decide;
pub mod discover;
pub mod fields;
pub mod forward;
mod keep_alive;
pub mod listen;
pub mod memory;
pub mod metrics;
pub mod pair;
pub mod probe;
pub mod proxy_protocol;
pub mod pump;
#[cfg(feature = "aws")]
pub mod register;
pub mod reply;
#[cfg(feature = "aws")]
mod run;
pub mod service;
pub mod stage;
pub mod stream;
pub mod tls;
pub mod upstream;
#[cfg(feature = "aws")]
pub mod wake;
pub mod watch;
pub mod wire;

#[cfg(feature = "aws")]
pub use run::run;
