use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aws_sdk_servicediscovery::Client;
use aws_sdk_servicediscovery::error::SdkError;
use aws_sdk_servicediscovery::operation::create_private_dns_namespace::CreatePrivateDnsNamespaceError;
use aws_sdk_servicediscovery::operation::create_service::CreateServiceError;
use aws_sdk_servicediscovery::operation::register_instance::RegisterInstanceError;
use aws_sdk_servicediscovery::types::{
    CustomHealthStatus, DnsConfig, DnsRecord, HttpInstanceSummary, InstanceSummary, NamespaceFilter,
    NamespaceFilterName, OperationStatus, RecordType, RoutingPolicy,
};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::rdata::A;
use hickory_resolver::proto::rr::{RData, RecordType as DnsKind};
use local_aws::cloud_map::{ErrorCode, Lost};
use tokio::task::JoinSet;

use super::{Cloud, until};

async fn namespace(map: &Client) -> String {
    let filter = NamespaceFilter::builder().name(NamespaceFilterName::Name).values("local").build().expect("a filter");
    let listed = map.list_namespaces().filters(filter).send().await.expect("listed");
    let found = &listed.namespaces()[0];
    let soa = found.properties().and_then(|p| p.dns_properties()).and_then(|p| p.soa()).expect("a SOA");
    assert_eq!((found.name(), soa.ttl()), (Some("local"), 1));
    found.id().expect("an id").to_owned()
}

async fn service(map: &Client, namespace: &str, name: &str) -> Result<String, SdkError<CreateServiceError>> {
    let record = DnsRecord::builder().r#type(RecordType::A).ttl(5).build().expect("a record");
    let dns = DnsConfig::builder().routing_policy(RoutingPolicy::Multivalue).dns_records(record).build();
    let created =
        map.create_service().namespace_id(namespace).name(name).dns_config(dns.expect("records")).send().await?;
    Ok(created.service().and_then(|service| service.id()).expect("an id").to_owned())
}

async fn until_done(map: &Client, operation: &str) {
    until("the operation's success", || async {
        let got = map.get_operation().operation_id(operation).send().await.expect("got");
        (got.operation()?.status()? == &OperationStatus::Success).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_registration_is_asynchronous_and_discovered_soon_after_its_operation_has_succeeded() {
    let cloud = Cloud::start(211).await;
    let map = cloud.cloud_map();
    let namespace = namespace(&map).await;
    let id = service(&map, &namespace, "demo.service").await.expect("made");
    let discover = || map.discover_instances().namespace_name("local").service_name("demo.service");
    let before = discover().send().await.expect("discovered").instances_revision().expect("a revision");

    let register = map
        .register_instance()
        .service_id(&id)
        .instance_id("t1")
        .attributes("AWS_INSTANCE_IPV4", "127.0.0.9")
        .attributes("DOZE_TASK", "arn");
    let operation = register.clone().send().await.expect("accepted").operation_id().expect("an id").to_owned();
    assert!(discover().send().await.expect("discovered").instances().is_empty());
    let duplicate = register.send().await.expect_err("one at a time").into_service_error();
    let RegisterInstanceError::DuplicateRequest(duplicate) = duplicate else { panic!("{duplicate:?}") };
    assert_eq!(duplicate.duplicate_operation_id(), Some(operation.as_str()));

    until_done(&map, &operation).await;
    let found = until("the instance to be seen", || async {
        let found = discover().send().await.expect("discovered");
        (!found.instances().is_empty()).then_some(found)
    })
    .await;
    assert_eq!(found.instances()[0].instance_id(), Some("t1"));
    assert_eq!(found.instances()[0].attributes().and_then(|a| a.get("DOZE_TASK")).map(String::as_str), Some("arn"));
    assert!(found.instances_revision().expect("a revision") > before);
    let revision = map.discover_instances_revision().namespace_name("local").service_name("demo.service").send().await;
    assert_eq!(revision.expect("asked").instances_revision(), found.instances_revision());

    let deregister = || map.deregister_instance().service_id(&id).instance_id("t1");
    let operation = deregister().send().await.expect("accepted").operation_id().expect("an id").to_owned();
    until_done(&map, &operation).await;
    until("the instance to be seen no more", || async {
        discover().send().await.expect("discovered").instances().is_empty().then_some(())
    })
    .await;
    let nobody = deregister().send().await.expect_err("nobody there").into_service_error();
    assert!(nobody.is_instance_not_found(), "{nobody:?}");
    cloud.end().await;
}

#[tokio::test]
async fn a_service_that_exists_says_its_id_to_whoever_makes_it_again() {
    let cloud = Cloud::start(212).await;
    let map = cloud.cloud_map();
    let namespace = namespace(&map).await;
    let id = service(&map, &namespace, "demo.service").await.expect("made");
    let again = service(&map, &namespace, "demo.service").await.expect_err("exists").into_service_error();
    let CreateServiceError::ServiceAlreadyExists(exists) = again else { panic!("{again:?}") };
    assert_eq!(exists.service_id(), Some(id.as_str()));
    assert!(exists.message().is_some());
    let listed = map.list_services().send().await.expect("listed");
    assert_eq!(listed.services()[0].name(), Some("demo.service"));
    cloud.end().await;
}

/// The SDK puts `data-` before the host of DiscoverInstances, an IP address too. Should this test fail one day, then
/// `cloud_map::endpoint` can go.
#[tokio::test]
async fn without_the_plain_host_the_sdk_cannot_discover_at_an_address() {
    let cloud = Cloud::start(213).await;
    let discover = |map: Client| map.discover_instances().namespace_name("local").service_name("none").send();
    let unreached = discover(Client::new(&cloud.config)).await.expect_err("data-127.0.0.1 is no host");
    assert!(matches!(unreached, SdkError::DispatchFailure(_)), "{unreached:?}");
    let answered = discover(cloud.cloud_map()).await.expect_err("no such service").into_service_error();
    assert!(answered.is_service_not_found(), "{answered:?}");
    cloud.end().await;
}

/// Asks a DNS server at this address and no cache of its own.
fn dns(at: Option<SocketAddr>) -> TokioResolver {
    let at = at.expect("it listens");
    let mut server = NameServerConfig::udp_and_tcp(at.ip());
    server.connections.iter_mut().for_each(|connection| connection.port = at.port());
    let config = ResolverConfig::from_name_servers(vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().cache_size = 0;
    builder.options_mut().use_hosts_file = ResolveHosts::Never;
    builder.build().expect("a resolver")
}

async fn records(dns: &TokioResolver, name: &str, kind: DnsKind) -> Vec<RData> {
    match dns.lookup(name, kind).await {
        Ok(lookup) => lookup.answers().iter().map(|record| record.data.clone()).collect(),
        Err(_) => Vec::new(),
    }
}

async fn done(map: &Client, operation: Option<&str>) {
    until_done(map, operation.expect("an id")).await;
}

#[tokio::test]
async fn many_srv_records_come_by_tcp_and_name_hosts_that_have_addresses() {
    let cloud = Cloud::start(214).await;
    let map = cloud.cloud_map();
    let namespace = namespace(&map).await;
    let record = DnsRecord::builder().r#type(RecordType::Srv).ttl(5).build().expect("a record");
    let config = DnsConfig::builder().routing_policy(RoutingPolicy::Multivalue).dns_records(record).build();
    let made = map.create_service().namespace_id(&namespace).name("_http._tcp").dns_config(config.expect("records"));
    let made = made.send().await.expect("made");
    let id = made.service().and_then(|service| service.id()).expect("an id");
    for number in 0..20u8 {
        map.register_instance()
            .service_id(id)
            .instance_id(format!("{number:060}").replace('0', "a"))
            .attributes("AWS_INSTANCE_IPV4", format!("127.0.0.{number}"))
            .attributes("AWS_INSTANCE_PORT", "80")
            .send()
            .await
            .expect("accepted");
    }
    for server in [cloud.running.dns_address(), cloud.running.resolver_address()] {
        let dns = dns(server);
        // Eight such targets are more than 512 bytes and, with what else there is, than a datagram should have.
        let found = until("eight records", || async {
            let found = records(&dns, "_http._tcp.local.", DnsKind::SRV).await;
            (found.len() == 8).then_some(found)
        })
        .await;
        let RData::SRV(srv) = &found[0] else { panic!("{found:?}") };
        assert_eq!((srv.priority, srv.weight, srv.port), (1, 1, 80));
        let hosts = records(&dns, &srv.target.to_ascii(), DnsKind::A).await;
        assert!(matches!(hosts[..], [RData::A(_)]), "{hosts:?}");
    }
    cloud.end().await;
}

#[tokio::test]
async fn the_sdk_knows_every_refusal_by_its_name() {
    let cloud = Cloud::start(215).await;
    let map = cloud.cloud_map();
    let namespace = namespace(&map).await;
    let again = map.create_private_dns_namespace().name("LOCAL").vpc("v").send().await.expect_err("exists");
    let CreatePrivateDnsNamespaceError::NamespaceAlreadyExists(exists) = again.into_service_error() else {
        panic!("another refusal")
    };
    assert_eq!(exists.namespace_id(), Some(namespace.as_str()));
    assert!(exists.creator_request_id().is_some());
    let id = service(&map, &namespace, "demo.service").await.expect("made");
    let in_use = map.delete_namespace().id(&namespace).send().await.expect_err("it has a service");
    assert!(in_use.into_service_error().is_resource_in_use());
    let unknown = map.get_operation().operation_id("none").send().await.expect_err("none");
    assert_eq!(unknown.raw_response().map(|answer| answer.status().as_u16()), Some(404));
    assert!(unknown.into_service_error().is_operation_not_found());
    let health = CustomHealthStatus::Healthy;
    let health = map.update_instance_custom_health_status().service_id(&id).instance_id("t").status(health);
    assert!(health.send().await.expect_err("no check").into_service_error().is_custom_health_not_found());
    let none = map.list_tags_for_resource().resource_arn("arn:aws:none").send().await.expect_err("none");
    assert!(none.into_service_error().is_resource_not_found_exception());
    map.delete_service().id(&id).send().await.expect("nobody is in it");
    let deleted = map.delete_namespace().id(&namespace).send().await.expect("nothing is in it");
    done(&map, deleted.operation_id()).await;
    assert!(
        map.get_namespace()
            .id(&namespace)
            .send()
            .await
            .expect_err("gone")
            .into_service_error()
            .is_namespace_not_found()
    );
    cloud.end().await;
}

#[tokio::test]
async fn an_operation_can_be_lost_and_spreading_made_late() {
    let cloud = Cloud::start(216).await;
    let map = cloud.cloud_map();
    let namespace = namespace(&map).await;
    let id = service(&map, &namespace, "demo.service").await.expect("made");
    let register = |instance: &str| {
        map.register_instance().service_id(&id).instance_id(instance).attributes("AWS_INSTANCE_IPV4", "127.0.0.9")
    };
    cloud.running.world.cloud_map(|map| {
        map.lose_next(Lost::Fails { code: ErrorCode::InternalFailure, message: "lost".to_owned() });
    });
    let lost = register("t").send().await.expect("accepted");
    let lost = until("its end", || async {
        let got = map.get_operation().operation_id(lost.operation_id()?).send().await.expect("got");
        let operation = got.operation()?.clone();
        (operation.status() == Some(&OperationStatus::Fail)).then_some(operation)
    })
    .await;
    assert_eq!((lost.error_code(), lost.error_message()), (Some("INTERNAL_FAILURE"), Some("lost")));

    let far = Duration::from_secs(1_000_000);
    cloud.running.world.cloud_map(|map| map.set_spread(far, far));
    done(&map, register("t").send().await.expect("accepted").operation_id()).await;
    let listed = map.list_instances().service_id(&id).send().await.expect("listed");
    assert_eq!(listed.instances().len(), 1);
    let found = map.discover_instances().namespace_name("local").service_name("demo.service").send().await;
    assert!(found.expect("discovered").instances().is_empty());
    assert!(records(&dns(cloud.running.dns_address()), "demo.service.local.", DnsKind::A).await.is_empty());
    cloud.end().await;
}

/// What one instance is to do: registered with one of these addresses, or not, again and again.
async fn lane(map: Client, service: String, lane: u8) -> Option<(String, Ipv4Addr)> {
    let instance = format!("t{lane}");
    let mut is = None;
    for step in 0..10u8 {
        // Of ten calls every third deregisters, where there is something to deregister.
        is = match is {
            Some(_) if (lane + step).is_multiple_of(3) => {
                let call = map.deregister_instance().service_id(&service).instance_id(&instance);
                done(&map, call.send().await.expect("accepted").operation_id()).await;
                None
            }
            Some(_) | None => {
                let address = Ipv4Addr::new(127, 9, step, lane);
                let call = map.register_instance().service_id(&service).instance_id(&instance);
                let call = call.attributes("AWS_INSTANCE_IPV4", address.to_string());
                done(&map, call.send().await.expect("accepted").operation_id()).await;
                Some(address)
            }
        };
    }
    is.map(|address| (instance, address))
}

#[tokio::test]
async fn two_thousand_mixed_registrations_of_twenty_clients_end_with_all_three_telling_the_same() {
    let cloud = Cloud::start(217).await;
    let map = cloud.cloud_map();
    let namespace = namespace(&map).await;
    let id = service(&map, &namespace, "demo.service").await.expect("made");
    let mut lanes = JoinSet::new();
    for client in 0..20u8 {
        let map = cloud.cloud_map();
        for number in 0..10 {
            lanes.spawn(lane(map.clone(), id.clone(), client * 10 + number));
        }
    }
    let expected: BTreeMap<String, Ipv4Addr> = lanes.join_all().await.into_iter().flatten().collect();
    assert!(expected.len() > 50, "{}", expected.len());

    let address = |attributes: Option<&HashMap<String, String>>| -> Ipv4Addr {
        attributes.and_then(|it| it.get("AWS_INSTANCE_IPV4")).expect("an address").parse().expect("an address")
    };
    let mut listed = BTreeMap::new();
    let mut pages = map.list_instances().service_id(&id).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        let one = |it: &InstanceSummary| (it.id().expect("an id").to_owned(), address(it.attributes()));
        listed.extend(page.instances().iter().map(one));
    }
    assert_eq!(listed, expected);
    until("DiscoverInstances to tell the same", || async {
        let found = map.discover_instances().namespace_name("local").service_name("demo.service").max_results(1000);
        let found = found.send().await.expect("discovered");
        let one = |it: &HttpInstanceSummary| (it.instance_id().expect("an id").to_owned(), address(it.attributes()));
        (found.instances().iter().map(one).collect::<BTreeMap<_, _>>() == expected).then_some(())
    })
    .await;
    // Eight at random at a time. What was registered before may be in the first answers: the rounds are drawn anew
    // until one tells of nothing else.
    let dns = dns(cloud.running.dns_address());
    let addresses: BTreeSet<Ipv4Addr> = expected.into_values().collect();
    until("the DNS to tell the same", || async {
        let mut seen = BTreeSet::new();
        for _ in 0..1000 {
            let found = records(&dns, "demo.service.local.", DnsKind::A).await;
            seen.extend(
                found.iter().filter_map(|data| if let RData::A(A(address)) = data { Some(*address) } else { None }),
            );
            if !seen.is_subset(&addresses) {
                return None;
            }
            if seen.len() == addresses.len() {
                return Some(());
            }
        }
        None
    })
    .await;
    cloud.end().await;
}
