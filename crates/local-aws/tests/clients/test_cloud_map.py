"""Cloud Map: namespaces, services, instances, the operations between, and what DiscoverInstances and the DNS make of them."""

import datetime

import pytest

import waiting
from cloud_map_things import deregister, discover, done, listed, make_namespace, make_service, register
from errors import refused


@pytest.fixture
def namespace(cloud_map, name):
    return make_namespace(cloud_map, name)


@pytest.fixture
def service(cloud_map, namespace):
    """A service of A records, kept for a second."""
    return make_service(cloud_map, namespace)


def test_a_namespace_is_created_by_an_operation_that_can_be_followed(cloud_map, name):
    operation_id = cloud_map.create_private_dns_namespace(Name=f"{name}.test", Vpc=f"vpc-{name}")["OperationId"]
    operation = done(cloud_map, operation_id)
    assert (operation["Id"], operation["Type"]) == (operation_id, "CREATE_NAMESPACE")
    assert isinstance(operation["CreateDate"], datetime.datetime)
    assert operation["UpdateDate"] >= operation["CreateDate"]
    namespace = cloud_map.get_namespace(Id=operation["Targets"]["NAMESPACE"])["Namespace"]
    assert (namespace["Name"], namespace["Type"]) == (f"{name}.test", "DNS_PRIVATE")
    assert namespace["Arn"].endswith(":namespace/" + namespace["Id"])
    assert namespace["Properties"]["DnsProperties"]["HostedZoneId"]


def test_a_namespace_keeps_the_time_of_its_soa(cloud_map, name):
    namespace = cloud_map.get_namespace(Id=make_namespace(cloud_map, name, ttl=60))["Namespace"]
    assert namespace["Properties"]["DnsProperties"]["SOA"]["TTL"] == 60


def test_the_time_of_a_namespaces_soa_is_updated(cloud_map, namespace):
    update = {"Properties": {"DnsProperties": {"SOA": {"TTL": 5}}}, "Description": "described"}
    operation = cloud_map.update_private_dns_namespace(Id=namespace, Namespace=update)["OperationId"]
    assert done(cloud_map, operation)["Type"] == "UPDATE_NAMESPACE"
    found = cloud_map.get_namespace(Id=namespace)["Namespace"]
    assert (found["Description"], found["Properties"]["DnsProperties"]["SOA"]["TTL"]) == ("described", 5)


def test_a_second_namespace_of_a_name_is_refused(cloud_map, namespace, name):
    with refused(cloud_map, "NamespaceAlreadyExists"):
        cloud_map.create_private_dns_namespace(Name=f"{name}.test", Vpc=f"vpc-{name}")


def test_a_namespace_that_is_not_there_is_not_found(cloud_map):
    with refused(cloud_map, "NamespaceNotFound"):
        cloud_map.get_namespace(Id="ns-0000000000000000")
    with refused(cloud_map, "NamespaceNotFound"):
        cloud_map.create_service(Name="app", NamespaceId="ns-0000000000000000")


def test_namespaces_are_listed_by_name_and_type_and_page(cloud_map, namespace, name):
    def listed(*filters, size=100):
        pages = cloud_map.get_paginator("list_namespaces").paginate(
            Filters=list(filters), PaginationConfig={"PageSize": size}
        )
        return [each["Id"] for page in pages for each in page["Namespaces"]]

    assert listed({"Name": "NAME", "Values": [f"{name}.test"], "Condition": "EQ"}) == [namespace]
    assert namespace not in listed({"Name": "TYPE", "Values": ["DNS_PUBLIC"], "Condition": "EQ"})
    make_namespace(cloud_map, name + "-other")
    all_of_them = listed(size=1)
    assert namespace in all_of_them and len(all_of_them) == len(set(all_of_them))


def test_a_namespace_with_services_is_in_use_and_an_empty_one_is_deleted(cloud_map, namespace, service):
    with refused(cloud_map, "ResourceInUse"):
        cloud_map.delete_namespace(Id=namespace)
    cloud_map.delete_service(Id=service["Id"])
    assert done(cloud_map, cloud_map.delete_namespace(Id=namespace)["OperationId"])["Type"] == "DELETE_NAMESPACE"
    with refused(cloud_map, "NamespaceNotFound"):
        cloud_map.get_namespace(Id=namespace)


def test_a_service_may_have_dots_in_its_name(cloud_map, namespace, service):
    assert (service["Name"], service["NamespaceId"]) == ("app.service", namespace)
    assert service["Id"].startswith("srv-") and service["Arn"].endswith(":service/" + service["Id"])
    assert isinstance(service["CreateDate"], datetime.datetime)
    assert service["DnsConfig"]["RoutingPolicy"] == "MULTIVALUE"
    assert service["DnsConfig"]["DnsRecords"] == [{"Type": "A", "TTL": 1}]
    found = cloud_map.get_service(Id=service["Id"])["Service"]
    assert found["Arn"] == service["Arn"]


def test_a_service_that_is_there_is_named_by_the_refusal(cloud_map, namespace, service):
    with refused(cloud_map, "ServiceAlreadyExists") as caught:
        make_service(cloud_map, namespace, name="APP.Service")
    assert caught.value.response["ServiceId"] == service["Id"]


def test_a_service_that_is_not_there_is_not_found(cloud_map):
    for call in (
        lambda: cloud_map.get_service(Id="srv-0000000000000000"),
        lambda: cloud_map.list_instances(ServiceId="srv-0000000000000000"),
        lambda: cloud_map.register_instance(
            ServiceId="srv-0000000000000000", InstanceId="i", Attributes={"AWS_INSTANCE_IPV4": "10.0.0.1"}
        ),
    ):
        with refused(cloud_map, "ServiceNotFound"):
            call()


def test_the_ttl_of_a_service_is_updated(cloud_map, service):
    change = {"Description": "described", "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 7}]}}
    operation = cloud_map.update_service(Id=service["Id"], Service=change)["OperationId"]
    assert done(cloud_map, operation)["Type"] == "UPDATE_SERVICE"
    found = cloud_map.get_service(Id=service["Id"])["Service"]
    assert (found["Description"], found["DnsConfig"]["DnsRecords"]) == ("described", [{"Type": "A", "TTL": 7}])


def test_services_are_listed_by_namespace_and_page(cloud_map, namespace, service):
    other = make_service(cloud_map, namespace, name="other")
    by = [{"Name": "NAMESPACE_ID", "Values": [namespace], "Condition": "EQ"}]
    pages = cloud_map.get_paginator("list_services").paginate(Filters=by, PaginationConfig={"PageSize": 1})
    assert {each["Id"] for page in pages for each in page["Services"]} == {service["Id"], other["Id"]}


def test_a_service_with_instances_is_in_use(cloud_map, service):
    register(cloud_map, service, "one")
    with refused(cloud_map, "ResourceInUse"):
        cloud_map.delete_service(Id=service["Id"])
    deregister(cloud_map, service, "one")
    cloud_map.delete_service(Id=service["Id"])
    with refused(cloud_map, "ServiceNotFound"):
        cloud_map.get_service(Id=service["Id"])


def test_a_registered_instance_is_listed_got_and_discovered(cloud_map, service, name):
    attributes = register(cloud_map, service, "one", AWS_INSTANCE_PORT="8080", team="red")
    assert listed(cloud_map, service) == {"one": attributes}
    got = cloud_map.get_instance(ServiceId=service["Id"], InstanceId="one")["Instance"]
    assert (got["Id"], got["Attributes"]) == ("one", attributes)
    (found,) = waiting.until("it to be discovered", lambda: discover(cloud_map, name))
    assert (found["InstanceId"], found["Attributes"]) == ("one", attributes)
    assert (found["NamespaceName"], found["ServiceName"]) == (f"{name}.test", "app.service")


def test_an_instance_that_is_registered_again_has_only_its_new_attributes(cloud_map, service):
    register(cloud_map, service, "one", team="red")
    attributes = register(cloud_map, service, "one", AWS_INSTANCE_IPV4="10.0.0.2")
    assert listed(cloud_map, service) == {"one": attributes}


@pytest.mark.only_local_aws("moto's operations have ended when they begin")
def test_an_instance_whose_operation_is_under_way_is_not_registered_again(cloud_map, service):
    request = {"ServiceId": service["Id"], "InstanceId": "one", "Attributes": {"AWS_INSTANCE_IPV4": "10.0.0.1"}}
    first = cloud_map.register_instance(**request)["OperationId"]
    with refused(cloud_map, "DuplicateRequest") as caught:
        cloud_map.register_instance(**{**request, "Attributes": {"AWS_INSTANCE_IPV4": "10.0.0.2"}})
    assert caught.value.response["DuplicateOperationId"] == first
    done(cloud_map, first)


def test_a_deregistered_instance_is_gone_and_cannot_be_deregistered_again(cloud_map, service, name):
    register(cloud_map, service, "one")
    deregister(cloud_map, service, "one")
    waiting.until("it to be gone", lambda: not discover(cloud_map, name))
    assert cloud_map.list_instances(ServiceId=service["Id"])["Instances"] == []
    with refused(cloud_map, "InstanceNotFound"):
        cloud_map.deregister_instance(ServiceId=service["Id"], InstanceId="one")
    with refused(cloud_map, "InstanceNotFound"):
        cloud_map.get_instance(ServiceId=service["Id"], InstanceId="one")


def test_an_instance_of_a_service_with_a_records_needs_an_address(cloud_map, service):
    with refused(cloud_map, "InvalidInput"):
        cloud_map.register_instance(ServiceId=service["Id"], InstanceId="one", Attributes={"team": "red"})


def test_no_more_than_thirty_custom_attributes_are_taken(cloud_map, service):
    attributes = {f"key{number}": "x" for number in range(31)}
    with pytest.raises(cloud_map.exceptions.ClientError):
        cloud_map.register_instance(
            ServiceId=service["Id"], InstanceId="one", Attributes={"AWS_INSTANCE_IPV4": "10.0.0.1", **attributes}
        )


def test_an_address_has_to_be_one(cloud_map, service):
    with refused(cloud_map, "InvalidInput"):
        cloud_map.register_instance(
            ServiceId=service["Id"], InstanceId="one", Attributes={"AWS_INSTANCE_IPV4": "10.0.0.256"}
        )


def test_instances_are_listed_page_by_page(cloud_map, service):
    for number in range(5):
        register(cloud_map, service, f"i{number}")
    pages = list(
        cloud_map.get_paginator("list_instances").paginate(ServiceId=service["Id"], PaginationConfig={"PageSize": 2})
    )
    assert [len(page["Instances"]) for page in pages] == [2, 2, 1]
    assert {each["Id"] for page in pages for each in page["Instances"]} == {f"i{number}" for number in range(5)}


def test_discovery_filters_by_attributes_prefers_by_optional_ones_and_is_bounded(cloud_map, service, name):
    for instance, team in (("one", "red"), ("two", "blue"), ("three", "blue")):
        register(cloud_map, service, instance, team=team)
    waiting.until("all three", lambda: len(discover(cloud_map, name)) == 3)
    found = lambda **by: {each["InstanceId"] for each in discover(cloud_map, name, **by)}  # noqa: E731
    assert found(QueryParameters={"team": "blue"}) == {"two", "three"}
    assert found(QueryParameters={"team": "green"}) == set()
    assert found(OptionalParameters={"team": "red"}) == {"one"}
    assert found(OptionalParameters={"team": "green"}) == {"one", "two", "three"}
    assert len(found(MaxResults=2)) == 2


def test_what_is_discovered_has_to_be_there(cloud_map, namespace, name):
    with refused(cloud_map, "NamespaceNotFound"):
        cloud_map.discover_instances(NamespaceName="never.test", ServiceName="app.service")
    with refused(cloud_map, "ServiceNotFound"):
        cloud_map.discover_instances(NamespaceName=f"{name}.test", ServiceName="never")


def test_the_revision_grows_with_each_registration_and_deregistration(cloud_map, service, name):
    asked = {"NamespaceName": f"{name}.test", "ServiceName": "app.service"}
    revision = lambda: cloud_map.discover_instances_revision(**asked)["InstancesRevision"]  # noqa: E731
    register(cloud_map, service, "one")
    first = waiting.until("a revision", revision)
    register(cloud_map, service, "two")
    second = waiting.until("a higher revision", lambda: (now := revision()) > first and now, limit=10)
    deregister(cloud_map, service, "one")
    third = waiting.until("a higher revision", lambda: (now := revision()) > second and now, limit=10)
    with_instances = lambda: cloud_map.discover_instances(**asked)["InstancesRevision"]  # noqa: E731
    waiting.until("the revision beside the instances", lambda: with_instances() == third == revision())


def test_custom_health_is_updated_and_hides_the_unhealthy(cloud_map, namespace, name):
    service = make_service(cloud_map, namespace, HealthCheckCustomConfig={"FailureThreshold": 1})
    register(cloud_map, service, "one")
    register(cloud_map, service, "two", AWS_INSTANCE_IPV4="10.0.0.2")
    status = lambda: cloud_map.get_instances_health_status(ServiceId=service["Id"])["Status"]  # noqa: E731
    waiting.until("a status of both", lambda: status() == {"one": "HEALTHY", "two": "HEALTHY"})
    cloud_map.update_instance_custom_health_status(ServiceId=service["Id"], InstanceId="one", Status="UNHEALTHY")
    waiting.until("it to be unhealthy", lambda: status()["one"] == "UNHEALTHY", limit=60)
    found = lambda **by: {each["InstanceId"] for each in discover(cloud_map, name, **by)}  # noqa: E731
    waiting.until("it to be hidden", lambda: found(HealthStatus="HEALTHY") == {"two"})
    assert found(HealthStatus="UNHEALTHY") == {"one"}
    assert found(HealthStatus="ALL") == {"one", "two"}
    cloud_map.update_instance_custom_health_status(ServiceId=service["Id"], InstanceId="two", Status="UNHEALTHY")
    waiting.until("none to be healthy", lambda: found(HealthStatus="HEALTHY") == set(), limit=60)
    assert found(HealthStatus="HEALTHY_OR_ELSE_ALL") == {"one", "two"}


def test_a_service_without_custom_health_has_none_to_update(cloud_map, service):
    register(cloud_map, service, "one")
    with refused(cloud_map, "CustomHealthNotFound"):
        cloud_map.update_instance_custom_health_status(ServiceId=service["Id"], InstanceId="one", Status="UNHEALTHY")


def test_operations_are_listed_by_service_and_status_and_page(cloud_map, namespace, service):
    register(cloud_map, service, "one")
    register(cloud_map, service, "two")
    by = [{"Name": "SERVICE_ID", "Values": [service["Id"]], "Condition": "EQ"}]
    pages = cloud_map.get_paginator("list_operations").paginate(Filters=by, PaginationConfig={"PageSize": 1})
    listed = [each for page in pages for each in page["Operations"]]
    assert len(listed) >= 2 and {each["Status"] for each in listed} == {"SUCCESS"}
    failed = [{"Name": "STATUS", "Values": ["FAIL"], "Condition": "EQ"}, *by]
    pages = cloud_map.get_paginator("list_operations").paginate(Filters=failed)
    assert [each for page in pages for each in page["Operations"]] == []


def test_an_operation_that_is_not_there_is_not_found(cloud_map):
    with refused(cloud_map, "OperationNotFound"):
        cloud_map.get_operation(OperationId="0" * 32)


def test_tags_are_put_on_a_service_and_taken_off_it(cloud_map, namespace):
    service = make_service(cloud_map, namespace, Tags=[{"Key": "a", "Value": "1"}])
    cloud_map.tag_resource(ResourceARN=service["Arn"], Tags=[{"Key": "b", "Value": "2"}])
    cloud_map.untag_resource(ResourceARN=service["Arn"], TagKeys=["a"])
    assert cloud_map.list_tags_for_resource(ResourceARN=service["Arn"])["Tags"] == [{"Key": "b", "Value": "2"}]


def test_the_tags_of_nothing_are_not_found(cloud_map, service):
    with refused(cloud_map, "ResourceNotFoundException"):
        cloud_map.list_tags_for_resource(ResourceARN=service["Arn"][:-4] + "zzzz")


@pytest.mark.only_local_aws("moto's server has one name")
def test_discovery_is_also_answered_under_its_own_host_name(server, client, service, cloud_map, name, monkeypatch):
    """botocore puts `data-` before the host's name unless it is told not to; the name has to lead here then."""
    import socket

    register(cloud_map, service, "one")
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest: resolve(host.removeprefix("data-"), *rest))
    prefixing = client("servicediscovery", inject_host_prefix=True)
    urls = []
    prefixing.meta.events.register("before-send", lambda request, **_: urls.append(request.url))
    waiting.until("it to be discovered", lambda: discover(prefixing, name))
    assert urls and all(url.startswith("http://data-") for url in urls)
