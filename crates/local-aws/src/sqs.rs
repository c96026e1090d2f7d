//! Amazon SQS: standard and FIFO queues, their dead-letter queues, batches, long polls.
//!
//! [`model`] owns the queues, [`queue`] is one of them with the messages in it ([`message`], [`fifo`], [`receipt`]), with
//! time as an argument. [`wire`] carries calls of the JSON protocol out (shapes as in `sqs/2012-11-05/service-2.json` of
//! botocore); [`query`] says a Query call in JSON, and its answer in XML.
//!
//! What a caller chose (a visibility timeout, a delay, a retention, a wait) is *not* divided by the time factor: it is a
//! promise to programs that run here at their own speed. A message that is hidden for 30 s while its receiver works must
//! not come back after half a second. The same goes for FIFO's five minutes of deduplication. Only SQS's own waits (60 s
//! after a deletion or a purge) pass faster.

pub mod attributes;
pub mod fifo;
pub mod message;
pub mod model;
pub mod query;
pub mod queue;
pub mod receipt;
pub mod redrive;
pub mod refusals;
pub mod requests;
mod store;
pub mod wire;

pub use model::{Effect, Sqs};

#[cfg(test)]
mod tests;
