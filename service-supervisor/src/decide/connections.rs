//! What is remembered of each connection from look to look: what one look alone cannot tell.
//!
//! - *A tie.* The kernel dates data by its tick, 1 to 10 ms. Of a request and an answer within one tick it does not tell
//!   which came first. Two things do: everything received is acknowledged within a second, so if no segment
//!   without data was sent since a look before the request, the acknowledgement went with data that the app sent later:
//!   the answer. And a peer that acknowledges the app's data soon, but not with data of its own, got it after it asked. (One
//!   that asks again while an answer is on its way, as HTTP/2 may, is no exception that matters: the kernel's times
//!   never told its requests apart, and its proxy's reports do.)
//! - *A forgotten stream.* One on which for long nothing but pings moved.
//! - *An end.* A connection that was there before and moved nothing since was judged then; its end is no use.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use daemon::moment::Moment;

use super::look::{Answer, Connection, Data, Segments, Traffic};

/// The kernel acknowledges within 200 ms what it has received; with margin.
const ACKNOWLEDGED: Duration = Duration::from_secs(1);

/// A peer acknowledges within 200 ms, too, and the way takes its time. It has to be less than what keepalive can be set
/// to (1 s): an answered probe is no acknowledgement of data.
const SOON: Duration = Duration::from_millis(500);

/// What moves more in a minute is no ping and its answer.
const PINGS: u64 = 1024;
const MINUTE: Duration = Duration::from_secs(60);

/// Peer and the app's port.
type Ends = (SocketAddr, u16);

#[derive(Clone, Debug)]
struct Past {
    /// The number of the look that last showed it.
    seen: u64,
    segments: Option<Segments>,
    /// At a look before anything of what it last received.
    before: Segments,
    /// The count of received segments that are answered for certain.
    answered: Option<u32>,
    /// When it last moved more than pings.
    lively: Moment,
    /// Since when, and from how many bytes on, is counted whether it does.
    counted: (Moment, u64),
}

/// All connections of the last looks.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    known: BTreeMap<Ends, Past>,
    looks: u64,
    last_look: Moment,
}

impl Connections {
    /// Takes in a look's connections and, by their ends alone, those that are over.
    pub fn saw(&mut self, connections: &[Connection], over: impl Iterator<Item = (SocketAddr, u16)>, now: Moment) {
        self.looks += 1;
        for connection in connections {
            let data = match connection.traffic {
                Traffic::Known(data) => Some(data),
                Traffic::Unknown | Traffic::Over { .. } => None,
            };
            self.keep((connection.peer, connection.port), data, now);
        }
        for ends in over {
            self.keep(ends, None, now);
        }
        // One more look: the kernel may tell late that a connection has ended.
        self.known.retain(|_, past| past.seen + 1 >= self.looks);
        self.last_look = now;
    }

    /// Whether a look before the last one, or the last, showed it.
    #[must_use]
    pub fn knows(&self, peer: SocketAddr, port: u16) -> bool {
        self.known.contains_key(&(peer, port))
    }

    /// What a connection owes its peer, by all that is known of it.
    #[must_use]
    pub fn answer(&self, connection: &Connection, data: &Data) -> Answer {
        let past = self.known.get(&(connection.peer, connection.port));
        let received = data.segments.map(|segments| segments.received);
        match data.answer() {
            Answer::Tie if received.is_some() && past.is_some_and(|past| past.answered == received) => Answer::Given,
            known @ (Answer::Owed | Answer::Tie | Answer::Given) => known,
        }
    }

    /// Whether nothing but pings has moved on it for `limit`.
    #[must_use]
    pub fn is_forgotten(&self, connection: &Connection, limit: Duration, now: Moment) -> bool {
        let past = self.known.get(&(connection.peer, connection.port));
        past.is_some_and(|past| now.since(past.lively) >= limit)
    }

    /// Whether a connection that has ended moved data since it was last looked at. To be asked before the look that
    /// the kernel told this with is taken in.
    #[must_use]
    pub fn moved_before_its_end(&self, connection: &Connection, data: &Data, now: Moment) -> bool {
        let Some(past) = self.known.get(&(connection.peer, connection.port)) else { return true };
        match (past.segments, data.segments) {
            (Some(then), Some(last)) => (then.received, then.sent) != (last.received, last.sent),
            (None, _) | (_, None) => data.quiet_for() < now.since(self.last_look),
        }
    }

    fn keep(&mut self, ends: Ends, data: Option<Data>, now: Moment) {
        let looks = self.looks;
        let past = self.known.entry(ends).or_insert_with(|| Past::new(data, now));
        past.seen = looks;
        if let Some(data) = data {
            past.saw(&data, now);
        }
    }
}

impl Past {
    fn new(data: Option<Data>, now: Moment) -> Self {
        Past {
            seen: 0,
            segments: None,
            // Every connection begins with nothing received and nothing sent.
            before: Segments { received: 0, sent: 0, bare: 0, repeated: 0 },
            answered: None,
            lively: now,
            counted: (now, data.map_or(0, |data| data.bytes)),
        }
    }

    fn saw(&mut self, data: &Data, now: Moment) {
        let (since, bytes) = self.counted;
        if data.bytes.saturating_sub(bytes) > PINGS {
            self.lively = now;
            self.counted = (now, data.bytes);
        } else if now.since(since) >= MINUTE {
            self.counted = (now, data.bytes);
        }
        let Some(segments) = data.segments else { return };
        if let Some(last) = self.segments
            && last.received != segments.received
        {
            self.before = last;
        }
        self.segments = Some(segments);
        let tie = data.answer() == Answer::Tie;
        if tie && (self.acknowledged_by_an_answer(data, segments) || acknowledged_after_asking(data)) {
            self.answered = Some(segments.received);
        }
    }

    /// The acknowledgement of what was last received went with data, and not with data that was sent once before.
    fn acknowledged_by_an_answer(&self, data: &Data, now: Segments) -> bool {
        let same = now.bare == self.before.bare && now.repeated == self.before.repeated;
        same && now.sent != self.before.sent && data.received_ago >= ACKNOWLEDGED
    }
}

/// The peer acknowledged all that the app sent, soon after it last sent something itself and not with that. A peer that
/// is done with sending may have acknowledged with just that message.
fn acknowledged_after_asking(data: &Data) -> bool {
    let later = data.received_ago.saturating_sub(data.acknowledged_ago);
    data.unsent == 0 && !data.half_closed && !later.is_zero() && later <= SOON
}

#[cfg(test)]
mod tests;
