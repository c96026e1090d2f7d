//! What every Doze binary starts with.
//!
//! - [`settings`]: flags and environment variables from one table; every bad one is listed at once.
//! - [`parse`]: the values people write in settings: durations, addresses, choices.
//! - [`logging`]: `tracing` to standard error, JSON when that is not a terminal.
//! - [`exit`]: the exit codes, one public table.
//! - [`moment`]: time as deciding code sees it: since start, never the wall clock.
//! - [`backoff`]: delays that grow.
//!
//! Arguments by clap and logs by `tracing` are the feature `full`; the supervisor brings its own of both.
//!
//! A `main.rs` is: read the settings, `logging::start`, run, [`exit::Code`].

pub mod backoff;
pub mod exit;
pub mod logging;
pub mod moment;
pub mod parse;
pub mod settings;
