"""Cloud Map: namespaces that only the API answers for, public ones, and the attributes of services."""

import pytest

import waiting
from cloud_map_things import discover, done, listed, make_namespace, make_service
from errors import refused


@pytest.fixture
def http(cloud_map, name):
    """The id of a namespace without DNS."""
    operation = cloud_map.create_http_namespace(Name=f"{name}.test", Description="calls only")["OperationId"]
    return done(cloud_map, operation)["Targets"]["NAMESPACE"]


@pytest.fixture
def public(cloud_map, name):
    """The id of a namespace with DNS for everyone."""
    operation = cloud_map.create_public_dns_namespace(
        Name=f"{name}.test", Properties={"DnsProperties": {"SOA": {"TTL": 60}}}
    )["OperationId"]
    return done(cloud_map, operation)["Targets"]["NAMESPACE"]


def test_an_http_namespace_has_a_name_for_calls(cloud_map, http, name):
    found = cloud_map.get_namespace(Id=http)["Namespace"]
    assert (found["Name"], found["Type"], found["Description"]) == (f"{name}.test", "HTTP", "calls only")
    assert found["Properties"]["HttpProperties"]["HttpName"] == f"{name}.test"


def test_the_description_of_an_http_namespace_is_updated(cloud_map, http):
    operation = cloud_map.update_http_namespace(Id=http, Namespace={"Description": "other"})["OperationId"]
    updated = done(cloud_map, operation)
    assert (updated["Type"], updated["Targets"]) == ("UPDATE_NAMESPACE", {"NAMESPACE": http})
    assert cloud_map.get_namespace(Id=http)["Namespace"]["Description"] == "other"


def test_an_instance_in_an_http_namespace_needs_no_address_and_is_discovered(cloud_map, http, name):
    service = cloud_map.create_service(Name="app.service", NamespaceId=http)["Service"]
    request = {"ServiceId": service["Id"], "InstanceId": "one", "Attributes": {"url": "https://one.example/"}}
    done(cloud_map, cloud_map.register_instance(**request)["OperationId"])
    assert listed(cloud_map, service) == {"one": {"url": "https://one.example/"}}
    (found,) = waiting.until("it to be discovered", lambda: discover(cloud_map, name))
    assert found["Attributes"] == {"url": "https://one.example/"}


def test_a_service_says_whether_the_dns_knows_it(cloud_map, http, name):
    assert cloud_map.create_service(Name="app", NamespaceId=http)["Service"]["Type"] == "HTTP"
    private = make_namespace(cloud_map, f"{name}-dns")
    assert make_service(cloud_map, private)["Type"] == "DNS_HTTP"
    assert cloud_map.create_service(Name="calls", NamespaceId=private, Type="HTTP")["Service"]["Type"] == "HTTP"


def test_a_service_in_an_http_namespace_has_no_records(cloud_map, http):
    with refused(cloud_map, "InvalidInput"):
        make_service(cloud_map, http)


def test_a_public_namespace_keeps_and_changes_the_time_of_its_soa(cloud_map, public, name):
    found = cloud_map.get_namespace(Id=public)["Namespace"]
    assert (found["Name"], found["Type"]) == (f"{name}.test", "DNS_PUBLIC")
    assert found["Properties"]["DnsProperties"]["SOA"]["TTL"] == 60
    change = {"Description": "open", "Properties": {"DnsProperties": {"SOA": {"TTL": 5}}}}
    operation = cloud_map.update_public_dns_namespace(Id=public, Namespace=change)["OperationId"]
    assert done(cloud_map, operation)["Type"] == "UPDATE_NAMESPACE"
    found = cloud_map.get_namespace(Id=public)["Namespace"]
    assert (found["Description"], found["Properties"]["DnsProperties"]["SOA"]["TTL"]) == ("open", 5)


def test_namespaces_of_a_kind_are_found_by_it(cloud_map, http, name):
    private = make_namespace(cloud_map, f"{name}-other")

    def of(kind):
        by = [{"Name": "TYPE", "Values": [kind], "Condition": "EQ"}]
        pages = cloud_map.get_paginator("list_namespaces").paginate(Filters=by)
        return {each["Id"] for page in pages for each in page["Namespaces"]}

    assert http in of("HTTP") and private not in of("HTTP")
    assert private in of("DNS_PRIVATE") and http not in of("DNS_PRIVATE")


def test_attributes_of_a_service_are_set_told_and_deleted(cloud_map, name):
    service = make_service(cloud_map, make_namespace(cloud_map, name))
    cloud_map.update_service_attributes(ServiceId=service["Id"], Attributes={"port": "80", "team": "red"})
    cloud_map.update_service_attributes(ServiceId=service["Id"], Attributes={"port": "81"})
    told = cloud_map.get_service_attributes(ServiceId=service["Id"])["ServiceAttributes"]
    assert (told["ServiceArn"], told["Attributes"]) == (service["Arn"], {"port": "81", "team": "red"})
    cloud_map.delete_service_attributes(ServiceId=service["Id"], Attributes=["team"])
    told = cloud_map.get_service_attributes(ServiceId=service["Id"])["ServiceAttributes"]
    assert told["Attributes"] == {"port": "81"}


def test_a_service_has_at_most_thirty_attributes(cloud_map, name):
    service = make_service(cloud_map, make_namespace(cloud_map, name))
    cloud_map.update_service_attributes(
        ServiceId=service["Id"], Attributes={f"key{number}": "x" for number in range(30)}
    )
    with refused(cloud_map, "ServiceAttributesLimitExceededException"):
        cloud_map.update_service_attributes(ServiceId=service["Id"], Attributes={"one-more": "x"})


def test_the_attributes_of_no_service_are_not_found(cloud_map):
    for call in (
        lambda: cloud_map.get_service_attributes(ServiceId="srv-0000000000000000"),
        lambda: cloud_map.update_service_attributes(ServiceId="srv-0000000000000000", Attributes={"a": "b"}),
        lambda: cloud_map.delete_service_attributes(ServiceId="srv-0000000000000000", Attributes=["a"]),
    ):
        with refused(cloud_map, "ServiceNotFound"):
            call()
