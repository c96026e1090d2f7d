//! Three who see the same, each in its own time.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::views::{RecordData, RecordKind, Records};

const NAME: &str = "demo.service.local";

/// What each sees of the instances: the last byte of their addresses by id.
type Sight = BTreeMap<String, u8>;

impl Map {
    fn in_list(&mut self, service: &str) -> Sight {
        let listed = self.call("ListInstances", json!({ "ServiceId": service }));
        sight(&listed["Instances"], "Id")
    }

    fn in_discovery(&mut self) -> Sight {
        let body = json!({ "NamespaceName": "local", "ServiceName": "demo.service" });
        sight(&self.call("DiscoverInstances", body)["Instances"], "InstanceId")
    }

    fn in_dns(&self) -> BTreeSet<u8> {
        match self.map.records(NAME, RecordKind::A) {
            Records::Found { data, .. } => data
                .into_iter()
                .map(|data| match data {
                    RecordData::A(address) => address.octets()[3],
                    other @ (RecordData::Aaaa(_) | RecordData::Srv { .. } | RecordData::Cname(_)) => {
                        panic!("{other:?}")
                    }
                })
                .collect(),
            Records::NoData(_) | Records::NoSuchName(_) | Records::NotOurs => BTreeSet::new(),
        }
    }
}

fn sight(list: &Value, id: &str) -> Sight {
    let one = |it: &Value| {
        let address = it["Attributes"]["AWS_INSTANCE_IPV4"].as_str().expect("an address");
        let last = address.rsplit('.').next().expect("a last byte").parse().expect("a number");
        (it[id].as_str().expect("an id").to_owned(), last)
    };
    list.as_array().expect("a list").iter().map(one).collect()
}

#[test]
fn a_registration_is_listed_at_once_discovered_within_a_bound_and_in_the_dns_within_another() {
    let mut later = (false, false);
    for seed in 0..50 {
        let mut map = Map::seeded(seed);
        let service = map.with_service();
        map.map.set_spread(Duration::from_secs(5), Duration::from_secs(60));
        let body = json!({ "ServiceId": service, "InstanceId": "t", "Attributes": at(9) });
        map.call("RegisterInstance", body);
        map.pass(Duration::from_millis(200));
        assert_eq!(map.in_list(&service).len(), 1);
        let revision = map.revision();
        let discovered = map.in_discovery().len();
        let one = json!({ "ServiceId": service, "InstanceId": "t" });
        assert_eq!(map.ask("GetInstance", one.clone()).is_ok(), discovered == 1);
        assert_eq!(map.ask("DeregisterInstance", one).is_ok(), discovered == 1, "not propagated yet");
        map.pass(Duration::from_secs(5));
        assert!(map.revision() > revision || discovered == 1);
        let in_dns = map.in_dns().len();
        later = (later.0 || discovered == 0, later.1 || in_dns == 0);
        map.pass(Duration::from_secs(60));
        if discovered == 0 {
            assert_eq!((map.in_discovery().len(), map.in_dns().len()), (1, 1));
        }
    }
    assert_eq!(later, (true, true), "sometimes it does take time");
}

#[test]
fn without_a_delay_everything_is_seen_at_success() {
    let (mut map, service) = Map::new();
    map.map.set_spread(Duration::ZERO, Duration::ZERO);
    map.call("RegisterInstance", json!({ "ServiceId": service, "InstanceId": "t", "Attributes": at(9) }));
    map.pass(Duration::from_millis(200));
    assert_eq!((map.in_discovery().len(), map.in_dns().len()), (1, 1));
}

#[test]
fn a_world_that_is_being_made_does_not_wait_for_anything() {
    let mut map = Map::empty();
    let create = json!({ "Name": "local", "Vpc": "v" });
    map.call("CreatePrivateDnsNamespace", create);
    map.map.finish(map.now);
    let namespace = map.map.namespaces().next().expect("made").id.clone();
    let service = map.service(&namespace, "demo.service", json!([{ "Type": "A", "TTL": 5 }]));
    map.call("RegisterInstance", json!({ "ServiceId": service, "InstanceId": "t", "Attributes": at(9) }));
    map.map.finish(map.now);
    assert_eq!((map.in_discovery().len(), map.in_dns().len()), (1, 1));
    assert_eq!(map.map.deadline(), None);
}

/// A call: which of four instances, registered (at this address) or deregistered, and how long until the next.
type Step = (u8, Option<u8>, u64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec((0u8..4, proptest::option::of(1u8..200), 0u64..700), 1..60)
}

impl Map {
    fn step(&mut self, service: &str, (who, address, _): Step) -> Result<Value, Refusal> {
        let id = format!("t{who}");
        match address {
            Some(address) => {
                let body = json!({ "ServiceId": service, "InstanceId": id, "Attributes": at(address) });
                self.ask("RegisterInstance", body)
            }
            None => self.ask("DeregisterInstance", json!({ "ServiceId": service, "InstanceId": id })),
        }
    }
}

proptest! {
    #[test]
    fn changes_reach_every_view_in_their_order_and_in_the_end_all_see_what_was_accepted_last(
        steps in steps(), seed: u64, late in proptest::option::of((0u64..3000, 0u64..3000))
    ) {
        let mut map = Map::seeded(seed);
        let service = map.with_service();
        if let Some((discover, dns)) = late {
            map.map.set_spread(Duration::from_millis(discover), Duration::from_millis(dns));
        }
        let mut expected = Sight::new();
        // For each instance what it has been, and up to where DiscoverInstances has seen it.
        let mut history: BTreeMap<String, (Vec<Option<u8>>, usize)> = BTreeMap::new();
        let mut revision = map.revision();
        for step in steps {
            let id = format!("t{}", step.0);
            match map.step(&service, step) {
                Ok(_) => {
                    history.entry(id.clone()).or_insert_with(|| (vec![None], 0)).0.push(step.1);
                    match step.1 {
                        Some(address) => drop(expected.insert(id, address)),
                        None => drop(expected.remove(&id)),
                    }
                }
                Err(refusal) => prop_assert!(["DuplicateRequest", "InstanceNotFound"].contains(&refusal.code)),
            }
            map.pass(Duration::from_millis(step.2));
            let seen = map.in_discovery();
            for (id, (states, place)) in &mut history {
                let now = seen.get(id).copied();
                let next = states.iter().enumerate().skip(*place).find(|(_, state)| **state == now);
                let Some((next, _)) = next else {
                    return Err(TestCaseError::fail(format!("{id} is seen as {now:?} after {states:?} [{place}..]")));
                };
                *place = next;
            }
            let later = map.revision();
            prop_assert!(later >= revision);
            revision = later;
        }
        map.settle();
        map.settle();
        prop_assert_eq!(&map.in_list(&service), &expected);
        prop_assert_eq!(&map.in_discovery(), &expected);
        prop_assert_eq!(map.in_dns(), expected.values().copied().collect::<BTreeSet<_>>());
        prop_assert_eq!(map.map.zones.is_empty(), expected.is_empty());
        prop_assert!(map.map.deadline().is_none());
    }

    #[test]
    fn time_that_passes_in_one_step_does_what_it_does_in_many(steps in steps(), seed: u64, pieces in 1u32..20) {
        let run = |pieces: u32| {
            let mut map = Map::seeded(seed);
            let service = map.with_service();
            let mut seen = Vec::new();
            for step in &steps {
                seen.push((map.step(&service, *step).map_err(|refusal| refusal.code), map.in_discovery(), map.in_dns()));
                let end = map.now + Duration::from_millis(step.2);
                (0..pieces).for_each(|_| map.pass(Duration::from_millis(step.2) / pieces));
                map.now = end;
                map.map.advance(end);
            }
            (seen, map.map.take_effects())
        };
        prop_assert_eq!(run(1), run(pieces));
    }
}
