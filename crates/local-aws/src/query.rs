//! The Query protocol, which Auto Scaling and SQS speak: a form comes in, XML goes out.
//!
//! [`form`] reads a call as the JSON that says the same, [`xml`] writes an answer. What a service's own names are, its
//! `wire` knows.

pub mod form;
pub mod xml;
