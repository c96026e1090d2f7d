//! What the proxy decides. Values in, values out: no clock, no network, no async, no environment.
//!
//! - [`backends`]: what is known of each backend, and whether a request may be started there now.
//! - [`balance`]: which of several backends gets a request (packing, rule X7).
//! - [`gate`]: what happens to a request that arrives: go to a backend, be held, be refused; and what a service needs.
//! - [`hold`]: who is held, in which order, and for how long.
//! - [`ramp`]: a backend that has just become ready gets one request, then more (rule X8).
//! - [`retry`]: whether a failed attempt may be made again (decision 4).
//! - [`health`]: when a silent backend is looked at again, and when a pair proxy gives up (rule X9).
//! - [`lookup`]: when DNS may be asked (decision 5).
//! - [`trust`]: whose word about other people's addresses is taken.
//! - [`vigil`]: what the callers of a wake went through.
//! - [`wake`]: how a sleeping service is woken (rules X3 to X6).

pub mod backends;
pub mod balance;
pub mod gate;
pub mod health;
pub mod hold;
pub mod lookup;
pub mod ramp;
pub mod retry;
pub mod trust;
pub mod vigil;
pub mod wake;
