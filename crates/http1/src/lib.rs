//! HTTP/1.1 as bytes (RFC 9112): heads, framing and chunks, read strictly and written anew. No sockets.
//!
//! What stands between a caller and a server must never read a message otherwise than either of them does. So nothing
//! here is lenient that could be read in two ways: that is a [`Flaw`]. The lines of a head are found by `httparse`; what it
//! lets pass and a proxy must not (a bare LF, several empty lines, lengths in two ways) is refused here.
//!
//! - [`request`], [`response`]: a head's parts, borrowed from the bytes that hold it.
//! - [`framing`]: how long a body is, decided once.
//! - [`target`]: where a request wants to go, and whether a `Host` is one.
//! - [`chunks`]: the chunked coding, one step at a time; nothing is copied.
//! - [`fields`]: field lines: the section of a trailer, and comma-separated lists.
//! - [`write`](mod@write): lines as we write them.

pub mod chunks;
pub mod fields;
pub mod framing;
pub mod head;
pub mod request;
pub mod response;
pub mod target;
pub mod write;

/// A field line: its name as it came, and its value without the white space around it.
pub use httparse::Header as Field;

/// The version a message says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Flaw {
    /// Its head is no HTTP, or HTTP with something in it that could be read in two ways.
    #[error("the head is malformed")]
    Head,
    /// Its head is longer than allowed.
    #[error("the head is too long")]
    HeadTooLong,
    /// Its first line alone is longer than allowed.
    #[error("the first line is too long")]
    LineTooLong,
    /// It has more fields than allowed.
    #[error("there are too many fields")]
    TooManyFields,
    /// It is of a version that is not spoken here.
    #[error("the version is not spoken here")]
    Version,
    /// Its first line ends in a word that names no protocol, least of all HTTP.
    #[error("this is no HTTP")]
    Protocol,
    /// Its length is not said in exactly one valid way.
    #[error("the length is not clear")]
    Framing,
    /// Its target is none that an origin serves.
    #[error("the target is not served here")]
    Target,
    /// It has no `Host`, several, or none that is valid.
    #[error("there is not one valid Host")]
    Host,
    /// Its body breaks the rules of its coding.
    #[error("the body is malformed")]
    Body,
}

/// What a head may have at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, with the empty line.
    pub bytes: usize,
    /// Field lines, at most [`MOST_FIELDS`].
    pub fields: usize,
}

/// The most field lines that can be told apart at all.
pub const MOST_FIELDS: usize = 1024;
