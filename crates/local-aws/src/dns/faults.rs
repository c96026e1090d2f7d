//! What goes wrong with the DNS on request: a plain value in the world. The servers ask it before they answer.

use std::num::NonZeroU8;
use std::time::Duration;

use crate::ids::Ids;

/// Which of the two DNS addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The authoritative server of the zones (`--dns-listen`).
    Zones,
    /// The caching resolver (`--resolver-listen`).
    Resolver,
}

/// What happens to a query instead of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is never answered.
    Drop,
    /// It is answered with SERVFAIL.
    ServFail,
    /// It is answered, this much later.
    Delay(Duration),
}

/// Which queries a fault is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Only on this address; none means both.
    pub side: Option<Side>,
    /// Only for this name and the names below it (`demo.service.local`, in any case); none means every name.
    pub name: Option<String>,
    /// So many of a hundred queries, drawn from the seed; none means all.
    pub percent: Option<NonZeroU8>,
    /// What happens to them.
    pub fault: Fault,
}

/// The faults of the DNS. Without a rule everything is answered.
#[derive(Clone, Debug)]
pub struct Faults {
    chance: Ids,
    rules: Vec<Rule>,
    /// The rules of the faults in force.
    followed: Vec<Rule>,
}

impl Faults {
    /// No faults; `seed` decides which queries a `percent` means.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Faults { chance: Ids::new(seed), rules: Vec::new(), followed: Vec::new() }
    }

    /// Adds a rule. Of several that fit a query, the one added last holds; a rule for the same queries is replaced.
    pub fn set(&mut self, rule: Rule) {
        self.clear(rule.side, rule.name.as_deref());
        self.rules.push(rule);
    }

    /// Takes back what was set for exactly this address and name.
    pub fn clear(&mut self, side: Option<Side>, name: Option<&str>) {
        let name = name.map(plain);
        self.rules.retain(|rule| rule.side != side || rule.name.as_deref().map(plain) != name);
    }

    /// Replaces the rules of the faults in force, the oldest first. They hold before those that were set.
    pub fn follow(&mut self, rules: Vec<Rule>) {
        self.followed = rules;
    }

    /// Takes everything back that was set.
    pub fn clear_all(&mut self) {
        self.rules.clear();
    }

    /// The rules that were set, the oldest first.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What happens to a query for `name` at `side`; none means that it is answered.
    pub fn of(&mut self, side: Side, name: &str) -> Option<Fault> {
        if self.rules.is_empty() && self.followed.is_empty() {
            return None;
        }
        let name = plain(name);
        let fits = |rule: &&Rule| {
            rule.side.is_none_or(|only| only == side)
                && rule.name.as_ref().is_none_or(|zone| is_in(&name, &plain(zone)))
        };
        let rule = self.rules.iter().chain(&self.followed).rev().find(fits)?;
        let hit = rule.percent.is_none_or(|percent| self.chance.number() % 100 < u64::from(percent.get()));
        hit.then_some(rule.fault)
    }
}

/// Lower case, without the final dot.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn is_in(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.') || zone.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Rule = Rule { side: None, name: None, percent: None, fault: Fault::Drop };

    #[test]
    fn a_fault_is_for_an_address_and_for_a_name_with_what_is_below_it() {
        let mut faults = Faults::new(1);
        assert_eq!(faults.of(Side::Zones, "demo.service.local"), None);
        let name = Some("Service.local.".to_owned());
        faults.set(Rule { side: Some(Side::Resolver), name, ..ALL });
        assert_eq!(faults.of(Side::Resolver, "demo.SERVICE.local."), Some(Fault::Drop));
        assert_eq!(faults.of(Side::Resolver, "service.local"), Some(Fault::Drop));
        for (side, name) in [
            (Side::Zones, "demo.service.local"),
            (Side::Resolver, "demo.proxy.local"),
            (Side::Resolver, "noservice.local"),
        ] {
            assert_eq!(faults.of(side, name), None, "{name}");
        }
    }

    #[test]
    fn the_latest_rule_holds_and_what_was_set_is_taken_back() {
        let mut faults = Faults::new(1);
        faults.set(ALL);
        faults.set(Rule { name: Some("local".into()), fault: Fault::ServFail, ..ALL });
        assert_eq!(faults.of(Side::Zones, "a.local"), Some(Fault::ServFail));
        assert_eq!(faults.of(Side::Zones, "a.other"), Some(Fault::Drop));
        faults.set(Rule { name: Some("LOCAL.".into()), fault: Fault::Delay(Duration::from_secs(1)), ..ALL });
        assert_eq!(faults.rules().len(), 2);
        faults.clear(None, Some("local"));
        assert_eq!(faults.of(Side::Zones, "a.local"), Some(Fault::Drop));
        faults.clear_all();
        assert_eq!(faults.of(Side::Zones, "a.local"), None);
    }

    #[test]
    fn a_share_of_the_queries_is_the_same_for_the_same_seed() {
        let hits = |seed| {
            let mut faults = Faults::new(seed);
            faults.set(Rule { percent: NonZeroU8::new(30), ..ALL });
            (0..200).map(|_| faults.of(Side::Zones, "a").is_some()).collect::<Vec<_>>()
        };
        assert_eq!(hits(7), hits(7));
        assert_ne!(hits(7), hits(8));
        assert!((30..90).contains(&hits(7).iter().filter(|hit| **hit).count()));
    }
}
