//! From a packet to its answer. Deciding code: chance comes in as a seed.

use std::net::Ipv4Addr;

use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, SOA};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use crate::views::{Records, Views};

/// How a query came: over UDP an answer may be too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
}

/// What a client without EDNS can take over UDP (RFC 1035), and what we send at most to one with it: more may be
/// fragmented.
const SMALLEST_UDP: u16 = 512;
const LARGEST_UDP: u16 = 1232;

/// A multivalue answer has up to eight addresses.
const MOST_ADDRESSES: usize = 8;

const HEADER: usize = 12;

/// The answer to a packet; none where answering would be wrong: it is no query.
pub(super) fn answer(packet: &[u8], transport: Transport, views: &dyn Views, seed: u64) -> Option<Vec<u8>> {
    let header = packet.first_chunk::<HEADER>()?;
    let [id_high, id_low, flags, _, questions_high, questions_low, ..] = *header;
    if flags & 0x80 != 0 {
        return None;
    }
    let id = u16::from_be_bytes([id_high, id_low]);
    let op_code = OpCode::from_u8((flags >> 3) & 0x0f);
    let error = |code| Message::error_msg(id, op_code, code).to_vec().ok();
    if op_code != OpCode::Query {
        return error(ResponseCode::NotImp);
    }
    if u16::from_be_bytes([questions_high, questions_low]) != 1 {
        return error(ResponseCode::FormErr);
    }
    let Ok(query) = Message::from_vec(packet) else { return error(ResponseCode::FormErr) };
    let reply = reply(&query, views, seed);
    let bytes = reply.to_vec().ok()?;
    if bytes.len() <= usize::from(room(&query, transport)) { Some(bytes) } else { reply.truncate().to_vec().ok() }
}

/// How many bytes the client can take.
fn room(query: &Message, transport: Transport) -> u16 {
    match (transport, &query.edns) {
        (Transport::Tcp, _) => u16::MAX,
        (Transport::Udp, None) => SMALLEST_UDP,
        (Transport::Udp, Some(edns)) => edns.max_payload().clamp(SMALLEST_UDP, LARGEST_UDP),
    }
}

fn reply(query: &Message, views: &dyn Views, seed: u64) -> Message {
    let mut reply = Message::new(query.metadata.id, MessageType::Response, query.metadata.op_code);
    reply.metadata = Metadata::response_from_request(&query.metadata);
    reply.add_queries(query.queries.iter().cloned());
    if let Some(asked) = &query.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(LARGEST_UDP).set_dnssec_ok(asked.flags().dnssec_ok);
        reply.set_edns(edns);
        if asked.version() != 0 {
            reply.metadata.response_code = ResponseCode::BADVERS;
            return reply;
        }
    }
    match query.queries.first() {
        Some(question) => fill(&mut reply, question, views, seed),
        None => reply.metadata.response_code = ResponseCode::FormErr,
    }
    reply
}

fn fill(reply: &mut Message, question: &Query, views: &dyn Views, seed: u64) {
    // Of a question for anything, one set of records is answer enough (RFC 8482).
    let wants_a = matches!(question.query_type, RecordType::A | RecordType::ANY);
    let name = question.name.to_lowercase().to_ascii();
    let name = name.strip_suffix('.').unwrap_or(&name);
    let (records, zone) = if question.query_class == DNSClass::IN {
        views.records(name, wants_a)
    } else {
        (Records::NotOurs, String::new())
    };
    reply.metadata.authoritative = records != Records::NotOurs;
    match records {
        Records::Addresses { ttl, addresses } => {
            let records = chosen(addresses, seed).into_iter().map(|address| RData::A(A(address)));
            reply.add_answers(records.map(|data| Record::from_rdata(question.name.clone(), ttl, data)));
        }
        Records::NoData { soa_minimum } => match (soa(&zone, soa_minimum), question.query_type) {
            (Some(soa), RecordType::SOA) if name == zone => drop(reply.add_answer(soa)),
            (soa, _) => drop(reply.add_authorities(soa)),
        },
        Records::NoSuchName { soa_minimum } => {
            reply.metadata.response_code = ResponseCode::NXDomain;
            reply.add_authorities(soa(&zone, soa_minimum));
        }
        Records::NotOurs => reply.metadata.response_code = ResponseCode::Refused,
    }
}

/// Up to eight of the addresses in an order that `seed` draws.
fn chosen(mut addresses: Vec<Ipv4Addr>, seed: u64) -> Vec<Ipv4Addr> {
    let mut state = seed;
    for last in (1..addresses.len()).rev() {
        // The draw is below `last + 1`, so it fits.
        let draw = usize::try_from(next(&mut state) % (last as u64 + 1)).unwrap_or(0);
        addresses.swap(draw, last);
    }
    addresses.truncate(MOST_ADDRESSES);
    addresses
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The zone's start of authority, as Route 53 writes it. Its own TTL is the minimum too: a resolver remembers a
/// negative answer for the smaller of the two (RFC 2308).
fn soa(zone: &str, minimum: u32) -> Option<Record> {
    let name = Name::from_ascii(format!("{zone}.")).ok()?;
    let server = Name::from_ascii(format!("ns-0.{zone}.")).ok()?;
    let mailbox = Name::from_ascii("awsdns-hostmaster.amazon.com.").ok()?;
    let soa = SOA::new(server, mailbox, 1, 7200, 900, 1_209_600, minimum);
    Some(Record::from_rdata(name, minimum, RData::SOA(soa)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::dns::tests::Zone;

    fn query(name: &str, kind: RecordType) -> Message {
        let mut query = Message::query();
        query.metadata.recursion_desired = true;
        query.add_query(Query::query(Name::from_ascii(name).expect("a name"), kind));
        query
    }

    fn asked(query: &Message) -> Message {
        let packet = query.to_vec().expect("a packet");
        let reply = answer(&packet, Transport::Udp, &Zone, 1).expect("an answer");
        let reply = Message::from_vec(&reply).expect("a message");
        assert_eq!(reply.metadata.id, query.metadata.id);
        assert_eq!(reply.metadata.message_type, MessageType::Response);
        reply
    }

    fn addresses(reply: &Message) -> Vec<Ipv4Addr> {
        let of = |record: &Record| if let RData::A(A(address)) = &record.data { Some(*address) } else { None };
        reply.answers.iter().filter_map(of).collect()
    }

    #[test]
    fn a_name_is_answered_with_its_addresses_and_ttl_in_the_spelling_that_was_asked() {
        let reply = asked(&query("One.Service.LOCAL.", RecordType::A));
        assert_eq!(addresses(&reply), [Ipv4Addr::new(127, 42, 1, 10)]);
        assert_eq!(reply.answers[0].ttl, 5);
        assert_eq!(reply.answers[0].name.to_ascii(), "One.Service.LOCAL.");
        assert!(reply.metadata.authoritative && reply.metadata.recursion_desired);
        assert!(!reply.metadata.recursion_available && reply.edns.is_none());
    }

    #[test]
    fn what_is_not_there_is_said_with_how_long_that_may_be_remembered() {
        for (name, kind, code) in [
            ("none.service.local.", RecordType::A, ResponseCode::NXDomain),
            ("one.service.local.", RecordType::AAAA, ResponseCode::NoError),
        ] {
            let reply = asked(&query(name, kind));
            assert_eq!(reply.metadata.response_code, code, "{name}");
            assert!(reply.answers.is_empty() && reply.metadata.authoritative);
            let [soa] = &reply.authorities[..] else { panic!("{:?}", reply.authorities) };
            assert_eq!((soa.name.to_ascii().as_str(), soa.ttl), ("local.", 1));
            assert!(matches!(&soa.data, RData::SOA(data) if data.minimum == 1));
        }
        let apex = asked(&query("local.", RecordType::SOA));
        assert_eq!((apex.answers.len(), apex.authorities.len()), (1, 0));
    }

    #[test]
    fn other_zones_and_classes_and_operations_are_refused() {
        let reply = asked(&query("example.com.", RecordType::A));
        assert_eq!(reply.metadata.response_code, ResponseCode::Refused);
        assert!(!reply.metadata.authoritative && reply.authorities.is_empty());
        let mut chaos = query("one.service.local.", RecordType::A);
        chaos.queries[0].query_class = DNSClass::CH;
        assert_eq!(asked(&chaos).metadata.response_code, ResponseCode::Refused);
        let mut notify = query("one.service.local.", RecordType::A);
        notify.metadata.op_code = OpCode::Notify;
        assert_eq!(asked(&notify).metadata.response_code, ResponseCode::NotImp);
    }

    #[test]
    fn a_name_with_many_addresses_is_answered_with_eight_of_them_in_changing_order() {
        let packet = query("many.service.local.", RecordType::A).to_vec().expect("a packet");
        let mut seen = BTreeSet::new();
        let mut orders = BTreeSet::new();
        for seed in 0..200 {
            let reply = answer(&packet, Transport::Udp, &Zone, seed).expect("an answer");
            let found = addresses(&Message::from_vec(&reply).expect("a message"));
            assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), MOST_ADDRESSES);
            seen.extend(found.clone());
            orders.insert(found);
        }
        assert_eq!(seen.len(), 20, "every address is given sometime");
        assert!(orders.len() > 150, "{} orders", orders.len());
    }

    #[test]
    fn edns_is_answered_with_edns_and_only_in_the_version_we_speak() {
        let mut with = query("one.service.local.", RecordType::A);
        with.set_edns(Edns::new());
        let reply = asked(&with);
        assert_eq!(reply.edns.as_ref().map(Edns::max_payload), Some(LARGEST_UDP));
        assert_eq!(reply.answers.len(), 1);
        let mut edns = Edns::new();
        edns.set_version(1);
        with.set_edns(edns);
        let reply = asked(&with);
        // BADVERS and BADSIG are both 16.
        assert_eq!(u16::from(reply.metadata.response_code), u16::from(ResponseCode::BADVERS));
        assert!(reply.answers.is_empty());
    }

    #[test]
    fn an_answer_too_large_for_udp_says_so_and_comes_whole_over_tcp() {
        // 8 addresses under a name of 250 bytes fit into 512 bytes thanks to compression: the limit is what is tested.
        let long = format!("{}.many.service.local.", vec!["a".repeat(60); 3].join("."));
        let packet = query(&long, RecordType::A).to_vec().expect("a packet");
        let whole = answer(&packet, Transport::Tcp, &Zone, 1).expect("an answer");
        assert_eq!(addresses(&Message::from_vec(&whole).expect("a message")).len(), MOST_ADDRESSES);
        let over_udp = answer(&packet, Transport::Udp, &Zone, 1).expect("an answer");
        assert!(over_udp.len() <= usize::from(SMALLEST_UDP));
        let reply = reply(&Message::from_vec(&packet).expect("a message"), &Zone, 1).truncate();
        assert!(reply.metadata.truncation && reply.answers.is_empty());
        assert_eq!(reply.queries.len(), 1);
    }

    #[test]
    fn what_is_no_query_is_not_answered_and_a_broken_one_is_said_to_be() {
        let packet = query("one.service.local.", RecordType::A).to_vec().expect("a packet");
        assert_eq!(answer(&packet[..11], Transport::Udp, &Zone, 1), None);
        let reply = answer(&packet, Transport::Udp, &Zone, 1).expect("an answer");
        assert_eq!(answer(&reply, Transport::Udp, &Zone, 1), None, "answering answers would never end");
        let broken = answer(&packet[..20], Transport::Udp, &Zone, 1).expect("an answer");
        let broken = Message::from_vec(&broken).expect("a message");
        assert_eq!(broken.metadata.response_code, ResponseCode::FormErr);
    }

    proptest! {
        #[test]
        fn no_packet_is_too_strange(packet in proptest::collection::vec(any::<u8>(), 0..600), seed: u64) {
            let reply = answer(&packet, Transport::Udp, &Zone, seed);
            prop_assert!(reply.is_none_or(|reply| reply.len() <= usize::from(LARGEST_UDP)));
        }

        #[test]
        fn no_damage_to_a_query_is_too_strange(at in 0usize..60, byte: u8, cut in 0usize..60, seed: u64) {
            let mut damaged = query("one.service.local.", RecordType::A);
            damaged.set_edns(Edns::new());
            let mut packet = damaged.to_vec().expect("a packet");
            let length = packet.len();
            packet[at % length] = byte;
            packet.truncate(length - cut % length);
            if let Some(reply) = answer(&packet, Transport::Tcp, &Zone, seed) {
                prop_assert!(Message::from_vec(&reply).is_ok());
            }
        }
    }
}
