//! A caching resolver, as a VPC has one at its second address. Deciding code: the moment and chance come in.
//!
//! Guarantees: what it has answered it answers again, whatever the zones say meanwhile, until the record's TTL (for "no
//! such name" and "no such record": the SOA's time) is over; TTLs count down; what it remembers is bounded.
//!
//! Caveats: a VPC's resolver asks the internet about names outside the private zones. This one has no upstream and says
//! SERVFAIL, which is what a resolver says that cannot get an answer; it says so for `localhost` too. It answers only
//! who desires recursion.

use daemon::moment::Moment;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, Record, RecordType};

use super::cache::Cache;
use super::find::{Found, MOST_ALIASES, find, shuffle, text_of};
use super::packet::{Received, Transport, begin, finish, receive};
use crate::views::Zones;

/// How many answers are remembered.
const MOST_KEPT: usize = 10_000;

/// The resolver.
#[derive(Debug)]
pub struct Resolver {
    cache: Cache,
}

impl Default for Resolver {
    fn default() -> Self {
        Resolver { cache: Cache::new(MOST_KEPT) }
    }
}

impl Resolver {
    /// The answer to a packet; none where answering would be wrong: it is no query.
    ///
    /// Takes any bytes. The same packets, moments and seeds after each other give the same answers.
    #[must_use]
    pub fn answer(
        &mut self,
        packet: &[u8],
        transport: Transport,
        zones: &dyn Zones,
        now: Moment,
        seed: u64,
    ) -> Option<Vec<u8>> {
        match receive(packet) {
            Received::Ignored => None,
            Received::Refused(reply) => Some(reply),
            Received::Query(query) => finish(&query, &self.reply(&query, zones, now, seed), transport),
        }
    }

    /// The answer to a query.
    pub(super) fn reply(&mut self, query: &Message, zones: &dyn Zones, now: Moment, seed: u64) -> Message {
        let mut reply = begin(query);
        reply.metadata.recursion_available = true;
        let Some(question) = query.queries.first() else { return reply };
        if reply.metadata.response_code != ResponseCode::NoError {
            return reply;
        }
        if question.query_class != DNSClass::IN || !query.metadata.recursion_desired {
            reply.metadata.response_code = ResponseCode::Refused;
            return reply;
        }
        let mut name = question.name.clone();
        for _ in 0..=MOST_ALIASES {
            match self.look_up(zones, &name, question.query_type, now, seed) {
                Found::Records(mut records) => {
                    // What is remembered of a multivalue answer stays the same eight; their order changes.
                    shuffle(&mut records, seed);
                    reply.add_answers(records);
                    return reply;
                }
                Found::Alias(record, target) => {
                    reply.add_answer(record);
                    name = target;
                }
                Found::Nothing(code, soa) => {
                    reply.metadata.response_code = code;
                    reply.add_authorities(soa);
                    return reply;
                }
                Found::NotOurs => break,
            }
        }
        // Outside, or names that stand for each other without end.
        reply.take_all_sections().for_each(drop);
        reply.metadata.response_code = ResponseCode::ServFail;
        reply
    }

    fn look_up(&mut self, zones: &dyn Zones, name: &Name, kind: RecordType, now: Moment, seed: u64) -> Found {
        let text = text_of(name);
        let mut found = match self.cache.get(now, &text, kind) {
            Some(found) => found,
            None => {
                let found = find(zones, name, kind, seed);
                self.cache.put(now, &text, kind, &found);
                found
            }
        };
        // The spelling is that of who asks now.
        let respell = |record: &mut Record| record.name = name.clone();
        match &mut found {
            Found::Records(records) => records.iter_mut().for_each(respell),
            Found::Alias(record, _) => respell(record),
            Found::Nothing(..) | Found::NotOurs => {}
        }
        found
    }
}

#[cfg(test)]
mod tests;
