//! From bytes to a query, and from a reply to bytes that the client can take. Deciding code.

use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, ResponseCode};

/// How a query came: over UDP an answer may be too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A datagram.
    Udp,
    /// A stream, each packet with its length before it.
    Tcp,
}

/// What a client without EDNS can take over UDP (RFC 1035), and what we send at most to one with it: more may be
/// fragmented.
pub(super) const SMALLEST_UDP: u16 = 512;
pub(super) const LARGEST_UDP: u16 = 1232;

const HEADER: usize = 12;

/// What a packet is.
#[derive(Debug)]
pub(super) enum Received {
    /// No query: answering would be wrong.
    Ignored,
    /// A query that cannot be carried out, and what to say to it.
    Refused(Vec<u8>),
    /// A query with exactly one question.
    Query(Message),
}

/// Reads a packet.
pub(super) fn receive(packet: &[u8]) -> Received {
    let Some(header) = packet.first_chunk::<HEADER>() else { return Received::Ignored };
    let [id_high, id_low, flags, _, questions_high, questions_low, ..] = *header;
    if flags & 0x80 != 0 {
        // Answering answers would never end.
        return Received::Ignored;
    }
    let id = u16::from_be_bytes([id_high, id_low]);
    let op_code = OpCode::from_u8((flags >> 3) & 0x0f);
    let refused = |code| match Message::error_msg(id, op_code, code).to_vec() {
        Ok(bytes) => Received::Refused(bytes),
        Err(_) => Received::Ignored,
    };
    if op_code != OpCode::Query {
        return refused(ResponseCode::NotImp);
    }
    if u16::from_be_bytes([questions_high, questions_low]) != 1 {
        return refused(ResponseCode::FormErr);
    }
    match Message::from_vec(packet) {
        Ok(query) if query.queries.len() == 1 => Received::Query(query),
        Ok(_) | Err(_) => refused(ResponseCode::FormErr),
    }
}

/// A reply to `query` with nothing in it yet. Its code is not NOERROR where nothing is to be added.
pub(super) fn begin(query: &Message) -> Message {
    let mut reply = Message::new(query.metadata.id, MessageType::Response, query.metadata.op_code);
    reply.metadata = Metadata::response_from_request(&query.metadata);
    reply.add_queries(query.queries.iter().cloned());
    if let Some(asked) = &query.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(LARGEST_UDP).set_dnssec_ok(asked.flags().dnssec_ok);
        reply.set_edns(edns);
        if asked.version() != 0 {
            reply.metadata.response_code = ResponseCode::BADVERS;
        }
    }
    reply
}

/// The reply as bytes: truncated where the client cannot take it.
pub(super) fn finish(query: &Message, reply: &Message, transport: Transport) -> Option<Vec<u8>> {
    let bytes = reply.to_vec().ok()?;
    if bytes.len() <= usize::from(room(query, transport)) { Some(bytes) } else { reply.truncate().to_vec().ok() }
}

/// How many bytes the client can take.
fn room(query: &Message, transport: Transport) -> u16 {
    match (transport, &query.edns) {
        (Transport::Tcp, _) => u16::MAX,
        (Transport::Udp, None) => SMALLEST_UDP,
        (Transport::Udp, Some(edns)) => edns.max_payload().clamp(SMALLEST_UDP, LARGEST_UDP),
    }
}
