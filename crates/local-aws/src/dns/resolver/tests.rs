use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};

use hickory_proto::op::{Edns, Query};
use hickory_proto::rr::RData;
use hickory_proto::rr::rdata::A;
use proptest::prelude::*;

use super::*;
use crate::dns::packet::LARGEST_UDP;
use crate::views::{RecordData, RecordKind, Records, Routing, ZoneView};

/// Zones of which the answers change: `it` has as many addresses as is said, `alias` stands for `it`, `away` for a name
/// elsewhere, `loop` for itself.
#[derive(Default)]
struct Changing(AtomicU8);

impl Changing {
    fn set(&self, addresses: u8) {
        self.0.store(addresses, Ordering::Relaxed);
    }
}

impl Zones for Changing {
    fn records(&self, name: &str, kind: RecordKind) -> Records {
        let zone = || ZoneView { name: "local".into(), soa_ttl: 3 };
        let found = |data| Records::Found { zone: zone(), ttl: 5, data, routing: Routing::Multivalue };
        let alias = |target: &str| found(vec![RecordData::Cname(target.into())]);
        let count = self.0.load(Ordering::Relaxed);
        match name {
            "it.local" if count == 0 => Records::NoSuchName(zone()),
            "it.local" if kind == RecordKind::A => {
                found((0..count).map(|last| RecordData::A(Ipv4Addr::new(127, 0, 0, last))).collect())
            }
            "it.local" => Records::NoData(zone()),
            "alias.local" => alias("it.local"),
            "away.local" => alias("www.example.com"),
            "loop.local" => alias("loop.local"),
            name if name.ends_with(".local") => Records::NoSuchName(zone()),
            _ => Records::NotOurs,
        }
    }
}

fn query(name: &str, kind: RecordType) -> Message {
    let mut query = Message::query();
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(Name::from_ascii(name).expect("a name"), kind));
    query
}

struct Client {
    resolver: Resolver,
    zones: Changing,
    seed: u64,
}

impl Client {
    fn new(addresses: u8) -> Client {
        let zones = Changing::default();
        zones.set(addresses);
        Client { resolver: Resolver::default(), zones, seed: 0 }
    }

    fn ask(&mut self, millis: u64, name: &str, kind: RecordType) -> Message {
        self.seed += 1;
        let packet = query(name, kind).to_vec().expect("a packet");
        let now = Moment::millis(millis);
        let reply = self.resolver.answer(&packet, Transport::Udp, &self.zones, now, self.seed).expect("an answer");
        Message::from_vec(&reply).expect("a message")
    }

    fn addresses(&mut self, millis: u64) -> Vec<Ipv4Addr> {
        addresses(&self.ask(millis, "it.local.", RecordType::A))
    }
}

fn addresses(reply: &Message) -> Vec<Ipv4Addr> {
    let of = |record: &Record| if let RData::A(A(address)) = &record.data { Some(*address) } else { None };
    reply.answers.iter().filter_map(of).collect()
}

#[test]
fn an_answer_is_kept_for_its_ttl_which_counts_down_whatever_the_zone_says_meanwhile() {
    let mut client = Client::new(1);
    let first = client.ask(0, "It.Local.", RecordType::A);
    assert!(first.metadata.recursion_available && !first.metadata.authoritative);
    assert_eq!((first.answers[0].ttl, first.answers[0].name.to_ascii().as_str()), (5, "It.Local."));
    client.zones.set(0);
    for (millis, ttl) in [(999, 5), (1000, 4), (4999, 1)] {
        let reply = client.ask(millis, "it.local.", RecordType::A);
        assert_eq!((addresses(&reply).len(), reply.answers[0].ttl), (1, ttl), "at {millis}");
        assert_eq!(reply.answers[0].name.to_ascii(), "it.local.");
    }
    assert_eq!(client.ask(5000, "it.local.", RecordType::A).metadata.response_code, ResponseCode::NXDomain);
}

#[test]
fn no_such_name_is_kept_for_the_soas_time_for_every_kind() {
    let mut client = Client::new(0);
    let first = client.ask(0, "it.local.", RecordType::A);
    assert_eq!((first.metadata.response_code, first.authorities[0].ttl), (ResponseCode::NXDomain, 3));
    client.zones.set(1);
    let later = client.ask(2999, "it.local.", RecordType::AAAA);
    assert_eq!((later.metadata.response_code, later.authorities[0].ttl), (ResponseCode::NXDomain, 1));
    assert!(client.addresses(2999).is_empty(), "the name has come, but the resolver does not know");
    assert_eq!(client.addresses(3000).len(), 1);
}

#[test]
fn no_such_record_is_kept_for_the_soas_time_for_its_kind_alone() {
    let mut client = Client::new(1);
    let none = client.ask(0, "it.local.", RecordType::AAAA);
    assert_eq!((none.metadata.response_code, none.answers.len()), (ResponseCode::NoError, 0));
    assert_eq!(client.addresses(0).len(), 1);
}

#[test]
fn of_many_addresses_the_same_eight_are_given_in_changing_order_while_they_are_kept() {
    let mut client = Client::new(20);
    let first: BTreeSet<_> = client.addresses(0).into_iter().collect();
    let mut orders = BTreeSet::new();
    for millis in 1..100 {
        let again = client.addresses(millis);
        assert_eq!(again.iter().copied().collect::<BTreeSet<_>>(), first);
        orders.insert(again);
    }
    assert!(orders.len() > 80, "{} orders", orders.len());
    let later: BTreeSet<_> = client.addresses(5000).into_iter().collect();
    assert_ne!(later, first, "other eight, drawn anew");
}

#[test]
fn an_alias_is_followed_and_both_steps_are_kept() {
    let mut client = Client::new(1);
    let reply = client.ask(0, "alias.local.", RecordType::A);
    assert_eq!((reply.answers.len(), addresses(&reply).len()), (2, 1));
    client.zones.set(0);
    let kept = client.ask(1000, "alias.local.", RecordType::A);
    assert_eq!((kept.answers.len(), kept.answers[1].ttl), (2, 4));
    let itself = client.ask(1000, "alias.local.", RecordType::CNAME);
    assert_eq!(itself.answers.len(), 1, "who asks for the alias gets no more");
}

#[test]
fn what_has_no_end_or_lies_outside_is_servfail_and_so_is_localhost() {
    let mut client = Client::new(1);
    for name in ["www.example.com.", "localhost.", "away.local.", "loop.local."] {
        let reply = client.ask(0, name, RecordType::A);
        assert_eq!(reply.metadata.response_code, ResponseCode::ServFail, "{name}");
        assert!(reply.answers.is_empty(), "{name}");
    }
}

#[test]
fn who_does_not_desire_recursion_is_refused() {
    let mut client = Client::new(1);
    let mut query = query("it.local.", RecordType::A);
    query.metadata.recursion_desired = false;
    let reply = client.resolver.reply(&query, &client.zones, Moment::START, 1);
    assert_eq!(reply.metadata.response_code, ResponseCode::Refused);
}

#[test]
fn what_is_remembered_is_bounded_and_the_oldest_goes_first() {
    let mut client = Client::new(1);
    client.resolver.cache = Cache::new(10);
    client.ask(0, "it.local.", RecordType::A);
    for number in 0..1000 {
        client.ask(number, &format!("n{number}.local."), RecordType::A);
        assert!(client.resolver.cache.len() <= 10);
    }
    client.zones.set(0);
    assert_eq!(client.addresses(1000).len(), 1, "negative answers are forgotten before what is kept longer");
    client.ask(100_000, "n.local.", RecordType::A);
    assert_eq!(client.resolver.cache.len(), 1, "what is over is not kept");
}

proptest! {
    #[test]
    fn no_packet_is_too_strange(
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..600), 1..8), seed: u64
    ) {
        let mut client = Client::new(1);
        for packet in packets {
            let reply = client.resolver.answer(&packet, Transport::Udp, &client.zones, Moment::START, seed);
            prop_assert!(reply.is_none_or(|reply| reply.len() <= usize::from(LARGEST_UDP)));
        }
    }

    #[test]
    fn no_damage_to_a_query_is_too_strange(at in 0usize..60, byte: u8, cut in 0usize..60, seed: u64) {
        let mut client = Client::new(9);
        let mut damaged = query("alias.local.", RecordType::A);
        damaged.set_edns(Edns::new());
        let mut packet = damaged.to_vec().expect("a packet");
        let length = packet.len();
        packet[at % length] = byte;
        packet.truncate(length - cut % length);
        let reply = client.resolver.answer(&packet, Transport::Tcp, &client.zones, Moment::START, seed);
        if let Some(reply) = reply {
            prop_assert!(Message::from_vec(&reply).is_ok());
        }
    }

    #[test]
    fn an_answer_is_never_older_than_its_time(
        asks in proptest::collection::vec((0u64..4000, 0u8..3), 1..40)
    ) {
        let mut client = Client::new(1);
        let (mut now, mut history) = (0, vec![(0, 1)]);
        for (pause, count) in asks {
            now += pause;
            let seen = u8::try_from(client.addresses(now).len()).expect("few");
            // What is seen was so at some time of the last five seconds.
            let within = |at: u64| at + 5000 > now;
            let ends = history.iter().skip(1).map(|(at, _)| *at).chain([u64::MAX]);
            let was = history.iter().zip(ends).any(|((_, count), end)| *count == seen && within(end.min(now)));
            prop_assert!(was, "{seen} at {now} after {history:?}");
            client.zones.set(count);
            history.push((now, count));
        }
    }
}
