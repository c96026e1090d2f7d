use aws_sdk_servicediscovery::Client;
use aws_sdk_servicediscovery::error::SdkError;
use aws_sdk_servicediscovery::operation::create_service::CreateServiceError;
use aws_sdk_servicediscovery::operation::register_instance::RegisterInstanceError;
use aws_sdk_servicediscovery::types::{
    DnsConfig, DnsRecord, NamespaceFilter, NamespaceFilterName, OperationStatus, RecordType, RoutingPolicy,
};

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
