//! The model through its wire: what is asked and answered is as the API has it.
#![expect(clippy::needless_pass_by_value, reason = "a body is written where it is passed")]

use std::time::{Duration, UNIX_EPOCH};

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::model::CloudMap;
use super::{Effect, wire};
use crate::account::Account;
use crate::ids::Ids;
use crate::pace::{Pace, Wall};
use crate::refusal::Refusal;

mod dns;
mod limits;
mod lists;
mod operations;
mod resources;
mod spreading;

/// Longer than any operation takes.
const LONG: Duration = Duration::from_secs(1);

/// Cloud Map and the time.
struct Map {
    map: CloudMap,
    now: Moment,
}

impl Map {
    /// With nothing in it.
    fn empty() -> Map {
        Map::seeded(1)
    }

    fn seeded(seed: u64) -> Map {
        let map = CloudMap::new(Account::default(), Pace::REAL, Ids::new(seed));
        Map { map, now: Moment::START }
    }

    /// With the namespace `local` and in it the service `demo.service` with A records; and the service's id.
    fn new() -> (Map, String) {
        let mut map = Map::empty();
        let service = map.with_service();
        (map, service)
    }

    fn with_service(&mut self) -> String {
        let namespace = self.namespace("local");
        self.service(&namespace, "demo.service", json!([{ "Type": "A", "TTL": 5 }]))
    }

    fn ask(&mut self, operation: &str, body: Value) -> Result<Value, Refusal> {
        self.map.advance(self.now);
        let wall = Wall::starting(UNIX_EPOCH);
        wire::call(&mut self.map, self.now, &wall, operation, body)
    }

    fn call(&mut self, operation: &str, body: Value) -> Value {
        self.ask(operation, body).unwrap_or_else(|refusal| panic!("{operation}: {refusal:?}"))
    }

    /// The code of the refusal.
    fn refused(&mut self, operation: &str, body: Value) -> &'static str {
        match self.ask(operation, body.clone()) {
            Err(refusal) => refusal.code,
            Ok(answer) => panic!("{operation} {body} was answered {answer}"),
        }
    }

    /// An asynchronous call, and its operation's status in the end.
    fn done(&mut self, operation: &str, body: Value) -> Value {
        let answer = self.call(operation, body);
        self.pass(LONG);
        self.call("GetOperation", json!({ "OperationId": answer["OperationId"] }))["Operation"].clone()
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.map.advance(self.now);
    }

    /// Everything is seen by all.
    fn settle(&mut self) {
        let (discover, dns) = self.map.spread();
        self.pass(LONG + discover.max(dns));
    }

    /// A private namespace whose SOA's TTL is 1; its id.
    fn namespace(&mut self, name: &str) -> String {
        let properties = json!({ "DnsProperties": { "SOA": { "TTL": 1 } } });
        let made =
            self.done("CreatePrivateDnsNamespace", json!({ "Name": name, "Vpc": "v", "Properties": properties }));
        made["Targets"]["NAMESPACE"].as_str().expect("an id").to_owned()
    }

    /// A service; its id.
    fn service(&mut self, namespace: &str, name: &str, records: Value) -> String {
        let dns = json!({ "DnsRecords": records });
        let made = self.call("CreateService", json!({ "Name": name, "NamespaceId": namespace, "DnsConfig": dns }));
        made["Service"]["Id"].as_str().expect("an id").to_owned()
    }

    /// Registers and waits until it is done, not until it is seen.
    fn register(&mut self, service: &str, id: &str, attributes: Value) {
        let body = json!({ "ServiceId": service, "InstanceId": id, "Attributes": attributes });
        assert_eq!(self.done("RegisterInstance", body)["Status"], "SUCCESS");
    }

    fn deregister(&mut self, service: &str, id: &str) {
        let body = json!({ "ServiceId": service, "InstanceId": id });
        assert_eq!(self.done("DeregisterInstance", body)["Status"], "SUCCESS");
    }

    /// The ids that DiscoverInstances gives, in order of the ids.
    fn discovered(&mut self, more: Value) -> Vec<String> {
        let mut body = json!({ "NamespaceName": "local", "ServiceName": "demo.service" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let mut ids = ids(&self.call("DiscoverInstances", body)["Instances"], "InstanceId");
        ids.sort();
        ids
    }

    fn revision(&mut self) -> i64 {
        let body = json!({ "NamespaceName": "local", "ServiceName": "demo.service" });
        self.call("DiscoverInstancesRevision", body)["InstancesRevision"].as_i64().expect("a number")
    }
}

/// A member of every object of a list.
fn ids(list: &Value, member: &str) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|it| it[member].as_str().expect("a text").to_owned()).collect()
}

/// The attributes of an instance with A records.
fn at(address: u8) -> Value {
    json!({ "AWS_INSTANCE_IPV4": format!("127.0.0.{address}") })
}
