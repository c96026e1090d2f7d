//! Registering in AWS Cloud Map, as agents (tasks as `<name>.service`) and proxies (themselves as `<name>.proxy`) do it.
//!
//! - [`names`]: the ARN of a task and the name of a Cloud Map service, checked where they come in.
//! - [`registration`]: a [`Registration`] and the attributes that carry it. Pure; nobody else names an attribute.
//! - [`registrar`]: the [`Registrar`], which acts: creates the service, registers, deregisters, discovers.
//! - [`error`]: what can go wrong, and whether trying again may help.
//! - [`endpoint`]: lets DiscoverInstances reach an endpoint that is an IP address.
//!
//! Guarantees: `register` and `deregister` return `Ok` only at the operation's SUCCESS (an HTTP 200 is none). Every
//! wait has an end. Nothing is ever listed in order to find a service: it is created, and the answer that it exists
//! already carries its id.
//!
//! Caveat: for one instance id, one caller at a time. A second call waits for the first one's operation.

pub mod endpoint;
pub mod error;
pub mod names;
pub mod registrar;
pub mod registration;

mod operation;
mod outstanding;

pub use error::{Error, Retry};
pub use names::{RecordName, TaskArn};
pub use registrar::{Discovered, Registrar, Removed};
pub use registration::{BadRegistration, HostIdentity, Registration};

use std::time::Duration;

/// The TTL of every A record: for this long after a deregistration somebody may still hold the address (rule A2).
pub const RECORD_TTL: Duration = Duration::from_secs(5);
