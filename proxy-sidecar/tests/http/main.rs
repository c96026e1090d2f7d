//! HTTP/1.1 to the letter (RFC 9110, RFC 9112): raw sockets on both sides of the running proxy, judged by the bytes that
//! reach the origin and by those that come back. Each file is a part of `docs/proxy.md`; most are tables.

mod answers;
mod bodies;
mod chunks;
mod continues;
mod crowd;
mod cut;
mod early;
mod entry;
mod fields;
mod forwarded;
mod framing;
mod front;
mod heads;
mod hosts;
mod judge;
mod leaving;
mod limits;
mod order;
mod pressure;
mod reuse;
mod streaming;
mod timeouts;
mod trailers;
mod upgrades;

#[expect(dead_code, reason = "shared with the other test targets, none of which needs all of it")]
#[path = "../tls/certificates.rs"]
mod certificates;
#[expect(dead_code, reason = "shared with the other test targets, none of which needs all of it")]
#[path = "../http2/frames.rs"]
mod frames;
#[expect(dead_code, reason = "shared with the other test targets, none of which needs all of it")]
#[path = "../proxy/process.rs"]
mod process;
#[expect(dead_code, reason = "shared with the other test targets, none of which needs all of it")]
#[path = "../proxy/supervisor.rs"]
mod supervisor;
#[path = "../proxy/wire.rs"]
mod wire;
