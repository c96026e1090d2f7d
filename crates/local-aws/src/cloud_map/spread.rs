//! How late what has changed is seen: DiscoverInstances and the DNS each follow a change with a delay of their own.
//!
//! Guarantees: a view sees the changes of one instance in the order they were made; once time has passed, all see the
//! same. ListInstances asks neither.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use daemon::moment::Moment;

use super::model::Instance;
use super::requests::DnsConfig;
use crate::ids::Ids;

/// What DiscoverInstances is behind at most, unless it is made later. AWS gives no number; undivided, so that it is
/// seen, and short, so that tests stay quick.
pub const DISCOVER: Duration = Duration::from_millis(300);
/// What the DNS is behind at most, unless it is made later. Route 53: "generally within 60 seconds". Undivided, as above.
pub const DNS: Duration = Duration::from_secs(1);

/// Who sees changes late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum View {
    /// DiscoverInstances and DiscoverInstancesRevision.
    Discover,
    /// The zones.
    Dns,
}

/// A change of a service, as a view comes to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// An instance is as it is now; or it is gone. `counts` makes the revision grow.
    Instance { service: String, id: String, now: Option<Arc<Instance>>, counts: bool },
    /// The service's records are as they are now, under this name; or it is gone.
    Records { service: String, now: Option<Published> },
}

/// A service as the DNS has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Published {
    /// The id of its namespace.
    pub(super) namespace: String,
    /// `demo.service.local`.
    pub(super) name: String,
    /// Its records.
    pub(super) dns: DnsConfig,
}

/// A service as DiscoverInstances has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) instances: BTreeMap<String, Arc<Instance>>,
    pub(super) revision: u64,
}

type Subject = (View, String, String);

/// What is on its way, and what DiscoverInstances sees.
#[derive(Debug)]
pub(super) struct Spread {
    chance: Ids,
    discover: Duration,
    dns: Duration,
    /// By when they are seen; the number keeps the order of two of one moment.
    coming: BTreeMap<(Moment, u64), (View, Change)>,
    count: u64,
    /// When the last change of each subject that is on its way is seen.
    last: BTreeMap<Subject, Moment>,
    seen: BTreeMap<String, Seen>,
    /// The last revision of any service: a service that is made again does not repeat one.
    revision: u64,
}

impl Spread {
    pub(super) const fn new(chance: Ids) -> Self {
        Spread {
            chance,
            discover: DISCOVER,
            dns: DNS,
            coming: BTreeMap::new(),
            count: 0,
            last: BTreeMap::new(),
            seen: BTreeMap::new(),
            revision: 0,
        }
    }

    /// Changes from now on take up to so long to be seen.
    pub(super) fn set(&mut self, discover: Duration, dns: Duration) {
        self.discover = discover;
        self.dns = dns;
    }

    /// How long changes take to be seen at most.
    pub(super) const fn bounds(&self) -> (Duration, Duration) {
        (self.discover, self.dns)
    }

    /// Whether DiscoverInstances is made later than usual.
    pub(super) fn is_late(&self) -> bool {
        self.discover > DISCOVER
    }

    /// Whether DiscoverInstances knows of an instance.
    pub(super) fn sees(&self, service: &str, id: &str) -> bool {
        self.seen.get(service).is_some_and(|seen| seen.instances.contains_key(id))
    }

    /// A service as DiscoverInstances has it.
    pub(super) fn seen(&self, service: &str) -> Option<&Seen> {
        self.seen.get(service)
    }

    /// A service that is made: nobody is there, and that is seen at once.
    pub(super) fn begin(&mut self, service: &str) {
        self.revision += 1;
        self.seen.insert(service.to_owned(), Seen { instances: BTreeMap::new(), revision: self.revision });
    }

    /// A service that is gone.
    pub(super) fn end(&mut self, service: &str) {
        self.seen.remove(service);
    }

    /// An instance has changed: each view is told in its time, the DNS where the service has records.
    pub(super) fn tell(&mut self, now: Moment, in_dns: bool, change: &Change) {
        let discover = self.draw(self.discover);
        self.tell_view(now + discover, View::Discover, change.clone());
        if in_dns {
            let dns = self.draw(self.dns);
            self.tell_view(now + dns, View::Dns, change.clone());
        }
    }

    /// The records of a service are new or gone: the DNS is told, at once or in its time.
    pub(super) fn tell_records(&mut self, now: Moment, at_once: bool, change: Change) {
        let delay = if at_once { Duration::ZERO } else { self.draw(self.dns) };
        self.tell_view(now + delay, View::Dns, change);
    }

    fn tell_view(&mut self, at: Moment, view: View, change: Change) {
        let subject = subject(view, &change);
        // Not before the change before.
        let at = self.last.get(&subject).map_or(at, |before| at.max(*before));
        self.last.insert(subject, at);
        self.count += 1;
        self.coming.insert((at, self.count), (view, change));
    }

    fn draw(&mut self, bound: Duration) -> Duration {
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX - 1);
        Duration::from_nanos(self.chance.number() % (nanos + 1))
    }

    /// When the next change is seen.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.coming.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next change that is to be seen now. What DiscoverInstances sees is kept here, the zones are the caller's.
    pub(super) fn next(&mut self, now: Moment) -> Option<(View, Change)> {
        let first = self.coming.first_entry().filter(|first| first.key().0 <= now)?;
        let ((at, _), (view, change)) = first.remove_entry();
        let subject = subject(view, &change);
        if self.last.get(&subject) == Some(&at) {
            self.last.remove(&subject);
        }
        if view == View::Discover {
            self.see(&change);
        }
        Some((view, change))
    }

    fn see(&mut self, change: &Change) {
        let Change::Instance { service, id, now, counts } = change else { return };
        let Some(seen) = self.seen.get_mut(service) else { return };
        match now {
            Some(instance) => seen.instances.insert(id.clone(), Arc::clone(instance)),
            None => seen.instances.remove(id),
        };
        if *counts {
            self.revision += 1;
            seen.revision = self.revision;
        }
    }
}

fn subject(view: View, change: &Change) -> Subject {
    match change {
        Change::Instance { service, id, .. } => (view, service.clone(), id.clone()),
        Change::Records { service, .. } => (view, service.clone(), String::new()),
    }
}
