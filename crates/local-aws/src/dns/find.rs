//! What the zones have of a name, as records. Deciding code: chance comes in as a seed.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{A, AAAA, CNAME, NS, SOA, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::ids::Ids;
use crate::views::{RecordData, RecordKind, Records, Routing, ZoneView, Zones};

/// A multivalue answer has up to eight records (Route 53's developer guide, "Multivalue answer routing").
pub(super) const MOST_RECORDS: usize = 8;

/// For how many CNAMEs an answer is followed.
pub(super) const MOST_ALIASES: usize = 8;

/// What there is of a name, one step far.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// Records of the kind that was asked for.
    Records(Vec<Record>),
    /// The name stands for another one.
    Alias(Record, Name),
    /// There is none: NXDOMAIN, or NOERROR where the name has other records; and for how long that may be remembered.
    Nothing(ResponseCode, Option<Record>),
    /// The name is in no zone of ours.
    NotOurs,
}

/// Looks a name up.
pub(super) fn find(zones: &dyn Zones, name: &Name, kind: RecordType, seed: u64) -> Found {
    let text = text_of(name);
    match zones.records(&text, kind_of(kind)) {
        Records::Found { ttl, data, routing, zone } => {
            let data = chosen(data, routing, seed);
            let records: Vec<Record> =
                data.iter().filter_map(|data| Some(Record::from_rdata(name.clone(), ttl, rdata(data)?))).collect();
            match records.first().map(|record| &record.data) {
                Some(RData::CNAME(CNAME(target))) if !matches!(kind, RecordType::CNAME | RecordType::ANY) => {
                    let target = target.clone();
                    records.into_iter().next().map_or(Found::NotOurs, |record| Found::Alias(record, target))
                }
                Some(_) => Found::Records(records),
                None => Found::Nothing(ResponseCode::NoError, soa(&zone)),
            }
        }
        Records::NoData(zone) => match (apex(&zone, &text, name, kind), soa(&zone)) {
            (Some(record), _) => Found::Records(vec![record]),
            (None, soa) => Found::Nothing(ResponseCode::NoError, soa),
        },
        Records::NoSuchName(zone) => Found::Nothing(ResponseCode::NXDomain, soa(&zone)),
        Records::NotOurs => Found::NotOurs,
    }
}

/// A name as the zones know it: lower case, no final dot. A label with a dot in it is nobody's.
pub(super) fn text_of(name: &Name) -> String {
    let mut text = String::new();
    for label in name.iter() {
        if !text.is_empty() {
            text.push('.');
        }
        let plain = |byte: &u8| if *byte == b'.' { '\0' } else { char::from(byte.to_ascii_lowercase()) };
        text.extend(label.iter().map(plain));
    }
    text
}

const fn kind_of(kind: RecordType) -> RecordKind {
    #[expect(clippy::wildcard_enum_match_arm, reason = "of the dozens of record types Cloud Map knows four")]
    match kind {
        RecordType::A => RecordKind::A,
        RecordType::AAAA => RecordKind::Aaaa,
        RecordType::SRV => RecordKind::Srv,
        RecordType::CNAME => RecordKind::Cname,
        RecordType::ANY => RecordKind::Any,
        _ => RecordKind::Other,
    }
}

/// None for a name that does not fit into the DNS: an instance's id may be what no label can be.
fn rdata(data: &RecordData) -> Option<RData> {
    Some(match data {
        RecordData::A(address) => RData::A(A(*address)),
        RecordData::Aaaa(address) => RData::AAAA(AAAA(*address)),
        RecordData::Srv { port, target } => RData::SRV(SRV::new(1, 1, *port, name_of(target)?)),
        RecordData::Cname(target) => RData::CNAME(CNAME(name_of(target)?)),
    })
}

fn name_of(text: &str) -> Option<Name> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let mut name = Name::from_labels(text.split('.').map(str::as_bytes)).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// As many as the routing gives, in an order that `seed` draws.
fn chosen(mut data: Vec<RecordData>, routing: Routing, seed: u64) -> Vec<RecordData> {
    shuffle(&mut data, seed);
    data.truncate(match routing {
        Routing::Multivalue => MOST_RECORDS,
        Routing::Weighted => 1,
    });
    data
}

/// Puts in an order that `seed` draws.
pub(super) fn shuffle<T>(all: &mut [T], seed: u64) {
    let mut chance = Ids::new(seed);
    for last in (1..all.len()).rev() {
        // The draw is below `last + 1`, so it fits.
        let draw = usize::try_from(chance.number() % (last as u64 + 1)).unwrap_or(0);
        all.swap(draw, last);
    }
}

/// What the name of a zone has of its own: where its authority starts and who serves it.
fn apex(zone: &ZoneView, text: &str, name: &Name, kind: RecordType) -> Option<Record> {
    if text != zone.name {
        return None;
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "an apex has two kinds of records of its own")]
    match kind {
        RecordType::SOA => {
            let mut soa = soa(zone)?;
            soa.name = name.clone();
            Some(soa)
        }
        RecordType::NS => Some(Record::from_rdata(name.clone(), NS_TTL, RData::NS(NS(server(zone)?)))),
        _ => None,
    }
}

/// Route 53 gives the NS record of a zone two days.
const NS_TTL: u32 = 172_800;

fn server(zone: &ZoneView) -> Option<Name> {
    name_of(&format!("ns-0.{}", zone.name))
}

/// The zone's start of authority, as Route 53 writes it. Its own TTL is the minimum too: a resolver remembers a
/// negative answer for the smaller of the two (RFC 2308).
fn soa(zone: &ZoneView) -> Option<Record> {
    let mailbox = name_of("awsdns-hostmaster.amazon.com")?;
    let soa = SOA::new(server(zone)?, mailbox, 1, 7200, 900, 1_209_600, zone.soa_ttl);
    Some(Record::from_rdata(name_of(&zone.name)?, zone.soa_ttl, RData::SOA(soa)))
}
