//! The authoritative answer to a packet. Deciding code: chance comes in as a seed.

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::DNSClass;

use super::find::{Found, MOST_ALIASES, find};
use super::packet::{Received, Transport, begin, finish, receive};
use crate::views::Zones;

/// The answer of the zones' own server to a packet; none where answering would be wrong: it is no query.
///
/// Takes any bytes. Over UDP the answer is not longer than the client can take; whoever needs the rest asks over TCP.
/// The same packet, zones and seed give the same answer. Faults are not its business.
#[must_use]
pub fn answer(packet: &[u8], transport: Transport, zones: &dyn Zones, seed: u64) -> Option<Vec<u8>> {
    match receive(packet) {
        Received::Ignored => None,
        Received::Refused(reply) => Some(reply),
        Received::Query(query) => finish(&query, &reply(&query, zones, seed), transport),
    }
}

/// The answer to a query.
pub(super) fn reply(query: &Message, zones: &dyn Zones, seed: u64) -> Message {
    let mut reply = begin(query);
    let Some(question) = query.queries.first() else { return reply };
    if reply.metadata.response_code != ResponseCode::NoError {
        return reply;
    }
    if question.query_class != DNSClass::IN {
        reply.metadata.response_code = ResponseCode::Refused;
        return reply;
    }
    let mut name = question.name.clone();
    for step in 0..=MOST_ALIASES {
        match find(zones, &name, question.query_type, seed) {
            Found::Records(records) => drop(reply.add_answers(records)),
            Found::Alias(record, target) => {
                reply.metadata.authoritative = true;
                reply.add_answer(record);
                name = target;
                continue;
            }
            Found::Nothing(code, soa) => {
                reply.metadata.response_code = code;
                reply.add_authorities(soa);
            }
            // A name that stands for one elsewhere is all that can be said here; the resolver goes on.
            Found::NotOurs if step > 0 => {}
            Found::NotOurs => {
                reply.metadata.response_code = ResponseCode::Refused;
                return reply;
            }
        }
        break;
    }
    reply.metadata.authoritative = true;
    reply
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::Ipv4Addr;

    use hickory_proto::op::{Edns, MessageType, OpCode, Query};
    use hickory_proto::rr::rdata::A;
    use hickory_proto::rr::{Name, RData, Record, RecordType};
    use proptest::prelude::*;

    use super::*;
    use crate::dns::find::MOST_RECORDS;
    use crate::dns::packet::{LARGEST_UDP, SMALLEST_UDP};
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
            assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), MOST_RECORDS);
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
        assert_eq!(addresses(&Message::from_vec(&whole).expect("a message")).len(), MOST_RECORDS);
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
