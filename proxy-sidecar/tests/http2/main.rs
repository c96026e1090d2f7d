//! HTTP/2 to callers (RFC 9113), with the `h2` crate and with frames made by hand, in front of origins of HTTP/1.1 that
//! are judged by their bytes, and of HTTP/2.

mod bodies;
mod client;
mod connect;
mod cut;
mod fields;
mod floods;
mod frames;
mod grpc;
mod origin;
mod refused;
mod requests;
mod times;

#[expect(dead_code, reason = "shared with the other test targets, none of which needs all of it")]
#[path = "../http/front.rs"]
mod front;
#[path = "../http/judge.rs"]
mod judge;
#[expect(dead_code, reason = "shared with the other test targets, none of which needs all of it")]
#[path = "../proxy/process.rs"]
mod process;
#[expect(dead_code, reason = "shared with the other test targets, none of which needs all of it")]
#[path = "../proxy/supervisor.rs"]
mod supervisor;
#[expect(dead_code, reason = "shared with the other test targets, none of which needs all of it")]
#[path = "../proxy/wire.rs"]
mod wire;
