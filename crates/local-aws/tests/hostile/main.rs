//! What nobody should send. local-aws answers with AWS's own errors or ends the connection, keeps its memory bounded, never
//! panics, and goes on answering.

mod bodies;
mod connections;
mod datagrams;
mod fields;
mod heads;
mod target;
