//! What the fuzz targets of this hop's HTTP/1.1 do with their bytes. A test of proxy-sidecar includes this file and does the same with
//! the corpora.
//!
//! What the proxy makes of bytes, by the code that runs in production and without a socket, is read again by a parser
//! that shares nothing with it: [`strict`].

#[path = "hop/chunks.rs"]
pub(crate) mod chunks;
#[path = "hop/ends.rs"]
mod ends;
#[path = "hop/fields.rs"]
mod fields;
#[path = "hop/front.rs"]
mod front;
#[path = "hop/requests.rs"]
pub(crate) mod requests;
#[path = "hop/responses.rs"]
pub(crate) mod responses;
#[path = "hop/strict.rs"]
mod strict;
