"""The AWS CLI and Cloud Map: namespaces, services and instances, each call of them."""

import pytest

import waiting


@pytest.fixture
def map_cli(aws):
    """Runs `aws servicediscovery WORDS`."""
    return lambda *words, **more: aws("servicediscovery", *words, **more)


def done(map_cli, operation):
    """Waits for an operation's success; what it was about."""

    def look():
        told = map_cli("get-operation", "--operation-id", operation)["Operation"]
        assert told["Status"] != "FAIL", told
        return told["Targets"] if told["Status"] == "SUCCESS" else None

    return waiting.until(f"operation {operation}", look)


def follow(map_cli, *words):
    return done(map_cli, map_cli(*words, query="OperationId"))


@pytest.fixture
def namespace(map_cli, name):
    """The id of a private namespace of the test's name."""
    create = ["create-private-dns-namespace", "--name", f"{name}.test", "--vpc", f"vpc-{name}"]
    return follow(map_cli, *create)["NAMESPACE"]


@pytest.fixture
def service(map_cli, namespace):
    """What a service in it is."""
    records = "RoutingPolicy=MULTIVALUE,DnsRecords=[{Type=A,TTL=1}]"
    words = ["--name", "app", "--namespace-id", namespace, "--dns-config", records]
    health = ["--health-check-custom-config", "FailureThreshold=1"]
    return map_cli("create-service", *words, *health, query="Service")


def test_the_cli_keeps_a_private_namespace(map_cli, namespace, name):
    found = map_cli("get-namespace", "--id", namespace, query="Namespace.[Name,Type]")
    assert found == [f"{name}.test", "DNS_PRIVATE"]
    assert map_cli("list-namespaces", query=f"Namespaces[?Name=='{name}.test'].Id") == [namespace]
    change = "Description=inside,Properties={DnsProperties={SOA={TTL=5}}}"
    update = ["update-private-dns-namespace", "--id", namespace, "--namespace", change]
    assert follow(map_cli, *update) == {"NAMESPACE": namespace}
    query = "Namespace.[Description,Properties.DnsProperties.SOA.TTL]"
    assert map_cli("get-namespace", "--id", namespace, query=query) == ["inside", 5]
    assert follow(map_cli, "delete-namespace", "--id", namespace) == {"NAMESPACE": namespace}
    map_cli("get-namespace", "--id", namespace, fails="NamespaceNotFound")


def test_the_cli_keeps_a_public_namespace(map_cli, name):
    namespace = follow(map_cli, "create-public-dns-namespace", "--name", f"{name}.test")["NAMESPACE"]
    change = "Description=outside,Properties={DnsProperties={SOA={TTL=5}}}"
    follow(map_cli, "update-public-dns-namespace", "--id", namespace, "--namespace", change)
    query = "Namespace.[Type,Description,Properties.DnsProperties.SOA.TTL]"
    assert map_cli("get-namespace", "--id", namespace, query=query) == ["DNS_PUBLIC", "outside", 5]


def test_the_cli_keeps_an_http_namespace(map_cli, name):
    namespace = follow(map_cli, "create-http-namespace", "--name", f"{name}.test")["NAMESPACE"]
    query = "Namespace.[Type,Properties.HttpProperties.HttpName]"
    assert map_cli("get-namespace", "--id", namespace, query=query) == ["HTTP", f"{name}.test"]
    follow(map_cli, "update-http-namespace", "--id", namespace, "--namespace", "Description=calls")
    assert map_cli("get-namespace", "--id", namespace, query="Namespace.Description") == "calls"


def test_the_cli_keeps_a_service(map_cli, namespace, service):
    assert service["NamespaceId"] == namespace
    of = ["--id", service["Id"]]
    assert service["Id"] in map_cli("list-services", query="Services[].Id")
    change = "Description=ours,DnsConfig={DnsRecords=[{Type=A,TTL=7}]}"
    follow(map_cli, "update-service", *of, "--service", change)
    query = "Service.[Description,DnsConfig.DnsRecords]"
    assert map_cli("get-service", *of, query=query) == ["ours", [{"Type": "A", "TTL": 7}]]
    map_cli("delete-service", *of)
    map_cli("get-service", *of, fails="ServiceNotFound")


def test_the_cli_puts_tags_and_attributes_on_a_service(map_cli, service):
    arn = ["--resource-arn", service["Arn"]]
    map_cli("tag-resource", *arn, "--tags", "Key=team,Value=red", "Key=floor,Value=two")
    map_cli("untag-resource", *arn, "--tag-keys", "team")
    assert map_cli("list-tags-for-resource", *arn, query="Tags") == [{"Key": "floor", "Value": "two"}]
    of = ["--service-id", service["Id"]]
    map_cli("update-service-attributes", *of, "--attributes", "port=80,team=red")
    map_cli("delete-service-attributes", *of, "--attributes", "team")
    told = map_cli("get-service-attributes", *of)["ServiceAttributes"]
    assert (told["ServiceArn"], told["Attributes"]) == (service["Arn"], {"port": "80"})


def test_the_cli_registers_and_discovers_an_instance(map_cli, service, name):
    of = ["--service-id", service["Id"]]
    attributes = {"AWS_INSTANCE_IPV4": "10.0.0.1", "team": "red"}
    follow(map_cli, "register-instance", *of, "--instance-id", "one", "--attributes", attributes)
    assert map_cli("list-instances", *of, query="Instances[].[Id,Attributes]") == [["one", attributes]]
    assert map_cli("get-instance", *of, "--instance-id", "one", query="Instance.Attributes") == attributes
    named = ["--namespace-name", f"{name}.test", "--service-name", "app"]
    found = lambda: map_cli("discover-instances", *named, query="Instances[].Attributes.team") == ["red"]  # noqa: E731
    waiting.until("it to be discovered", found)
    assert isinstance(map_cli("discover-instances-revision", *named, query="InstancesRevision"), int)
    follow(map_cli, "deregister-instance", *of, "--instance-id", "one")
    assert map_cli("list-instances", *of, query="Instances") == []
    by = [{"Name": "SERVICE_ID", "Values": [service["Id"]], "Condition": "EQ"}]
    operations = map_cli("list-operations", "--filters", by, query="Operations[].Status")
    assert len(operations) >= 2 and set(operations) == {"SUCCESS"}
    map_cli("deregister-instance", *of, "--instance-id", "one", fails="InstanceNotFound")


def test_the_cli_says_that_an_instance_is_ill(map_cli, service):
    of = ["--service-id", service["Id"]]
    register = ["register-instance", *of, "--instance-id", "one"]
    follow(map_cli, *register, "--attributes", "AWS_INSTANCE_IPV4=10.0.0.1")
    health = lambda: map_cli("get-instances-health-status", *of, query="Status.one")  # noqa: E731
    assert health() == "HEALTHY"
    map_cli("update-instance-custom-health-status", *of, "--instance-id", "one", "--status", "UNHEALTHY")
    waiting.until("it to be ill", lambda: health() == "UNHEALTHY")
