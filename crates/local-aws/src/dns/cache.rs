//! What a resolver remembers: positive answers for their records' TTL, negative ones for the time that the zone's SOA
//! gives (RFC 2308). Deciding code: the moment comes in.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use daemon::moment::Moment;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{RData, Record, RecordType};

use super::find::Found;

/// A name (lower case) and a kind; NXDOMAIN is about every kind.
type Key = (String, Option<RecordType>);

/// Answers that are remembered, at most so many. Where there is no room, what would be forgotten first goes.
#[derive(Debug)]
pub(super) struct Cache {
    most: usize,
    kept: HashMap<Key, Kept>,
    /// The keys by when they are forgotten; the number keeps two of one moment apart.
    ends: BTreeMap<(Moment, u64), Key>,
    count: u64,
}

#[derive(Debug)]
struct Kept {
    found: Found,
    since: Moment,
    end: (Moment, u64),
}

impl Cache {
    pub(super) fn new(most: usize) -> Self {
        Cache { most, kept: HashMap::new(), ends: BTreeMap::new(), count: 0 }
    }

    /// What is remembered of a name, with what is left of its time.
    pub(super) fn get(&mut self, now: Moment, name: &str, kind: RecordType) -> Option<Found> {
        self.forget_until(now);
        let kept = |kind| self.kept.get(&(name.to_owned(), kind));
        // What a name stands for answers a question for any kind; that it stands for nothing answers only its own.
        let alias = || kept(Some(RecordType::CNAME)).filter(|kept| matches!(kept.found, Found::Alias(..)));
        let kept = kept(None).or_else(|| kept(Some(kind))).or_else(alias)?;
        Some(match (aged(&kept.found, now.since(kept.since)), kind) {
            (Found::Alias(record, _), RecordType::CNAME) => Found::Records(vec![record]),
            (found, _) => found,
        })
    }

    /// Remembers an answer, unless it says that it must not be.
    pub(super) fn put(&mut self, now: Moment, name: &str, kind: RecordType, found: &Found) {
        self.forget_until(now);
        let ttl = match found {
            Found::Records(records) => records.iter().map(|record| record.ttl).min(),
            Found::Alias(record, _) => Some(record.ttl),
            Found::Nothing(_, soa) => soa.as_ref().map(negative_ttl),
            Found::NotOurs => None,
        };
        let Some(ttl) = ttl.filter(|ttl| *ttl > 0) else { return };
        let kind = match found {
            Found::Nothing(ResponseCode::NXDomain, _) => None,
            Found::Alias(..) => Some(RecordType::CNAME),
            Found::Records(_) | Found::Nothing(..) | Found::NotOurs => Some(kind),
        };
        let key = (name.to_owned(), kind);
        if let Some(before) = self.kept.remove(&key) {
            self.ends.remove(&before.end);
        }
        while self.kept.len() >= self.most {
            let Some((_, first)) = self.ends.pop_first() else { break };
            self.kept.remove(&first);
        }
        self.count += 1;
        let end = (now + Duration::from_secs(u64::from(ttl)), self.count);
        self.ends.insert(end, key.clone());
        self.kept.insert(key, Kept { found: found.clone(), since: now, end });
    }

    fn forget_until(&mut self, now: Moment) {
        while let Some(first) = self.ends.first_entry().filter(|first| first.key().0 <= now) {
            self.kept.remove(&first.remove());
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.kept.len(), self.ends.len());
        self.kept.len()
    }
}

/// The smaller of the SOA's own TTL and its minimum (RFC 2308, section 5).
fn negative_ttl(soa: &Record) -> u32 {
    if let RData::SOA(data) = &soa.data { soa.ttl.min(data.minimum) } else { soa.ttl }
}

/// The same with TTLs that have counted down, by whole seconds.
fn aged(found: &Found, by: Duration) -> Found {
    let by = u32::try_from(by.as_secs()).unwrap_or(u32::MAX);
    let aged = |record: &Record| {
        let mut record = record.clone();
        record.ttl = record.ttl.saturating_sub(by);
        record
    };
    match found {
        Found::Records(records) => Found::Records(records.iter().map(aged).collect()),
        Found::Alias(record, target) => Found::Alias(aged(record), target.clone()),
        Found::Nothing(code, soa) => Found::Nothing(*code, soa.as_ref().map(aged)),
        Found::NotOurs => Found::NotOurs,
    }
}
