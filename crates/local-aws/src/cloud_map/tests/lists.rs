//! Lists: pages, tokens, filters.

use super::*;

impl Map {
    /// Every page, and all ids together.
    fn pages(&mut self, operation: &str, name: &str, mut body: Value) -> (Vec<usize>, Vec<String>) {
        let (mut sizes, mut all) = (Vec::new(), Vec::new());
        loop {
            let page = self.call(operation, body.clone());
            let page_ids = ids(&page[name], "Id");
            sizes.push(page_ids.len());
            all.extend(page_ids);
            match page.get("NextToken") {
                Some(token) => body["NextToken"] = token.clone(),
                None => return (sizes, all),
            }
        }
    }
}

#[test]
fn instances_are_listed_in_pages_each_once() {
    let (mut map, service) = Map::new();
    for number in 0..250 {
        let body = json!({ "ServiceId": service, "InstanceId": format!("t{number}"), "Attributes": at(9) });
        map.call("RegisterInstance", body);
    }
    map.pass(LONG);
    let (sizes, mut all) = map.pages("ListInstances", "Instances", json!({ "ServiceId": service }));
    assert_eq!(sizes, [100, 100, 50]);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 250);
    let (sizes, _) = map.pages("ListInstances", "Instances", json!({ "ServiceId": service, "MaxResults": 50 }));
    assert_eq!(sizes, [50; 5], "a full last page has no token");
    for wrong in [0, 101, -1] {
        let body = json!({ "ServiceId": service, "MaxResults": wrong });
        assert_eq!(map.refused("ListInstances", body), "InvalidInput");
    }
}

#[test]
fn pages_are_counted_before_they_are_filtered_so_one_may_be_empty_and_not_the_last() {
    let mut map = Map::empty();
    let one = map.namespace("one");
    let other = map.namespace("other");
    for number in 0..30 {
        map.service(&one, &format!("s{number}"), json!([{ "Type": "A", "TTL": 5 }]));
    }
    let wanted = map.service(&other, "wanted", json!([{ "Type": "A", "TTL": 5 }]));
    let filter = json!([{ "Name": "NAMESPACE_ID", "Values": [other] }]);
    let (sizes, all) = map.pages("ListServices", "Services", json!({ "Filters": filter, "MaxResults": 2 }));
    assert_eq!((sizes.len(), all), (16, vec![wanted]));
}

#[test]
fn a_token_is_good_for_its_own_list_alone() {
    let mut map = Map::empty();
    map.namespace("one");
    map.namespace("other");
    let first = map.call("ListNamespaces", json!({ "MaxResults": 1 }));
    let token = first["NextToken"].as_str().expect("a token");
    assert!(!token.contains("ns-"), "{token}");
    map.call("ListNamespaces", json!({ "MaxResults": 100, "NextToken": token }));
    let filter = json!([{ "Name": "TYPE", "Values": ["HTTP"] }]);
    for (operation, body) in [
        ("ListServices", json!({ "NextToken": token })),
        ("ListNamespaces", json!({ "NextToken": token, "Filters": filter })),
        ("ListNamespaces", json!({ "NextToken": "x" })),
        ("ListNamespaces", json!({ "NextToken": "é".repeat(20) })),
        ("ListNamespaces", json!({ "NextToken": format!("{token}00") })),
        ("ListNamespaces", json!({ "NextToken": "" })),
    ] {
        assert_eq!(map.refused(operation, body.clone()), "InvalidInput", "{operation} {body}");
    }
}

#[test]
fn namespaces_are_found_by_type_name_and_http_name() {
    let mut map = Map::empty();
    let local = map.namespace("local");
    let locals = map.namespace("locals.example");
    let http = map.done("CreateHttpNamespace", json!({ "Name": "local" }))["Targets"]["NAMESPACE"].clone();
    let mut found = |filters: Value| {
        let mut ids = ids(&map.call("ListNamespaces", json!({ "Filters": filters }))["Namespaces"], "Id");
        ids.sort();
        ids
    };
    let sorted = |mut ids: Vec<&str>| {
        ids.sort_unstable();
        ids.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let http = http.as_str().expect("an id");
    let by =
        |name: &str, value: &str, condition: &str| json!({ "Name": name, "Values": [value], "Condition": condition });
    assert_eq!(found(json!([{ "Name": "NAME", "Values": ["local"] }])), sorted(vec![&local, http]));
    assert_eq!(found(json!([by("NAME", "local", "BEGINS_WITH")])), sorted(vec![&local, &locals, http]));
    assert_eq!(found(json!([by("NAME", "local", "EQ"), by("TYPE", "HTTP", "EQ")])), [http]);
    assert_eq!(found(json!([by("HTTP_NAME", "local", "EQ")])), [local.as_str()]);
    assert_eq!(found(json!([by("RESOURCE_OWNER", "SELF", "EQ")])).len(), 3);
    assert_eq!(found(json!([by("RESOURCE_OWNER", "OTHER_ACCOUNTS", "EQ")])), Vec::<String>::new());
    for bad in [
        by("NAME", "local", "IN"),
        by("SIZE", "1", "EQ"),
        by("RESOURCE_OWNER", "ME", "EQ"),
        json!({ "Name": "NAME", "Values": ["a", "b"] }),
        json!({ "Name": "NAME", "Values": [] }),
        json!({ "Name": "NAME", "Values": ["a"], "Condition": "LIKE" }),
    ] {
        assert_eq!(map.refused("ListNamespaces", json!({ "Filters": [bad] })), "InvalidInput");
    }
}

#[test]
fn operations_are_found_by_what_they_are_about_how_they_are_and_when_they_changed() {
    let (mut map, service) = Map::new();
    map.register(&service, "t", at(9));
    let namespace = map.call("GetService", json!({ "Id": service }))["Service"]["NamespaceId"].clone();
    let since = map.now.since_start().as_secs_f64() - 0.5;
    map.call("DeregisterInstance", json!({ "ServiceId": service, "InstanceId": "t" }));
    let mut count = |filters: Value| {
        let listed = map.call("ListOperations", json!({ "Filters": filters }));
        ids(&listed["Operations"], "Status").len()
    };
    let is = |name: &str, values: &[&str], condition: &str| json!({ "Name": name, "Values": values, "Condition": condition });
    assert_eq!(count(json!([])), 3);
    assert_eq!(count(json!([{ "Name": "NAMESPACE_ID", "Values": [namespace] }])), 3);
    assert_eq!(count(json!([is("SERVICE_ID", &[&service], "EQ")])), 2);
    assert_eq!(count(json!([is("STATUS", &["SUCCESS"], "EQ")])), 2);
    assert_eq!(count(json!([is("STATUS", &["SUBMITTED", "FAIL"], "IN")])), 1);
    assert_eq!(count(json!([is("TYPE", &["REGISTER_INSTANCE"], "EQ"), is("STATUS", &["FAIL"], "EQ")])), 0);
    let (from, to) = (since.to_string(), (since + 10.0).to_string());
    assert_eq!(count(json!([is("UPDATE_DATE", &[&from, &to], "BETWEEN")])), 1);
    for bad in [
        is("UPDATE_DATE", &[&to, &from], "BETWEEN"),
        is("UPDATE_DATE", &[&from], "BETWEEN"),
        is("UPDATE_DATE", &[&from], "EQ"),
        is("SERVICE_ID", &["a", "b"], "EQ"),
        is("STATUS", &["a", "b"], "EQ"),
    ] {
        assert_eq!(map.refused("ListOperations", json!({ "Filters": [bad] })), "InvalidInput");
    }
}
