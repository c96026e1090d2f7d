"""What every test has: the server under test, clients that check each answer against botocore's model, names of its own."""

import contextlib
import os
import pathlib

import boto3
import botocore.config
import pytest

import cli
import model_check
import operations
import targets
from ecs_things import DOCUMENT, cluster_with_hosts, group, in_service, register_host

REGION = "eu-west-1"
CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}


def pytest_addoption(parser):
    parser.addoption("--target", choices=["local-aws", "moto"], default="local-aws", help="what to test")
    parser.addoption("--local-aws", type=pathlib.Path, help="the local-aws binary")


def pytest_collection_modifyitems(config, items):
    """Marks what is known to differ: such a test has to fail, and one that is not marked has to pass. What counts the
    operations that the other tests called comes last."""
    items.sort(key=lambda item: item.path.name == "test_operations.py")
    try:
        import differences
    except ImportError:  # The environment of 2023 has no moto, and is not compared with it.
        return
    target = config.getoption("--target")
    known = {difference.test: difference for difference in differences.DIFFERENCES}
    for item in items:
        name = item.nodeid.rsplit("/", 1)[-1]
        difference = known.get(name)
        if difference and difference.differs == target:
            item.add_marker(pytest.mark.xfail(strict=True, reason=difference.what))
        only = item.get_closest_marker("only_local_aws")
        if only and target == "moto":
            item.add_marker(pytest.mark.skip(reason=only.args[0]))


@pytest.fixture(scope="session")
def target(request):
    return request.config.getoption("--target")


@pytest.fixture(scope="session")
def binary(request):
    binary = request.config.getoption("--local-aws")
    assert binary, "give --local-aws PATH"
    return binary


@pytest.fixture(scope="session")
def networks():
    """The second bytes of the addresses of the servers that are started: each has its own, also between runs at once."""
    first = 64 + (os.getpid() * 8) % 128
    return iter(range(first, first + 8))


@pytest.fixture(scope="session")
def server(target, request):
    if target == "moto":
        server = targets.moto()
    else:
        server = targets.local_aws(request.getfixturevalue("binary"), next(request.getfixturevalue("networks")))
    yield server
    server.end()


@pytest.fixture(scope="session")
def called():
    """The operations that were answered well, as `service.Operation`: of boto3, and of the AWS CLI."""
    return {"boto3": set(), "cli": set()}


def watch(events, target, called):
    """Checks each answer that botocore reads against the model, and notes which operations were answered well."""

    def skip(model, **_):
        service = model.service_model.service_name
        if target == "moto" and service in operations.SERVICES and not operations.moto_has(service, model.name):
            pytest.skip(f"moto has no {model.name}")

    def check(http_response, parsed, model, **_):
        if http_response.status_code < 300:
            called.add(f"{model.service_model.service_name}.{model.name}")
        if target == "local-aws":
            model_check.answer(http_response, model)

    events.register("before-call", skip)
    events.register("after-call", check)


def client_of(service, url, target, called, **settings):
    """A client that is watched."""
    settings = {"retries": {"total_max_attempts": 1}, "inject_host_prefix": False, "max_pool_connections": 50, **settings}
    client = boto3.client(
        service, endpoint_url=url, region_name=REGION, config=botocore.config.Config(**settings), **CREDENTIALS
    )
    watch(client.meta.events, target, called["boto3"])
    return client


@pytest.fixture(scope="session")
def client(server, target, called):
    """Makes a client of a service."""
    return lambda service, **settings: client_of(service, server.url, target, called, **settings)


def client_for_all(service):
    """A fixture: one client of the service for every test."""

    @pytest.fixture(scope="session")
    def fixture(client):
        return client(service)

    return fixture


ecs = client_for_all("ecs")
cloud_map = client_for_all("servicediscovery")
auto_scaling = client_for_all("autoscaling")
sqs = client_for_all("sqs")


@pytest.fixture(scope="session")
def aws(server, target, called):
    """Runs `aws WORDS` in this process; what it printed, as JSON where there is any."""
    return cli.Aws(server.url, lambda events: watch(events, target, called["cli"]))


@pytest.fixture
def name(request):
    """A name that no other test has."""
    name.last += 1
    return f"t{name.last}"


name.last = 0


@pytest.fixture(scope="session")
def subnets(target, client):
    """Subnets that tasks with a network interface can be given."""
    if target == "local-aws":
        return ["subnet-00000000000000001"]
    return [subnet["SubnetId"] for subnet in client("ec2").describe_subnets()["Subnets"]][:1]


@pytest.fixture(scope="session")
def launch(target, client):
    """What a group launches its hosts from."""
    if target == "local-aws":
        return {"LaunchTemplateId": "lt-00000000000000001", "Version": "$Latest"}
    ec2 = client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    data = {"ImageId": image, "InstanceType": "t3.micro"}
    made = ec2.create_launch_template(LaunchTemplateName="hosts", LaunchTemplateData=data)["LaunchTemplate"]
    return {"LaunchTemplateId": made["LaunchTemplateId"], "Version": "$Latest"}


@pytest.fixture
def make_group(auto_scaling, launch):
    """Makes an Auto Scaling group, and waits until its hosts are in service."""
    made = []

    def make(name, hosts=0, **more):
        request = {"MinSize": 0, "MaxSize": 4, "AvailabilityZones": ["eu-west-1a"], "LaunchTemplate": launch, **more}
        auto_scaling.create_auto_scaling_group(AutoScalingGroupName=name, DesiredCapacity=hosts, **request)
        made.append(name)
        in_service(auto_scaling, name, hosts)
        return group(auto_scaling, name)

    yield make
    for name in made:
        with contextlib.suppress(auto_scaling.exceptions.ClientError):
            auto_scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)


@pytest.fixture
def new_machine(target, client, launch):
    """Makes a machine that is no host yet; what it knows of itself."""

    def make():
        if target == "local-aws":
            return DOCUMENT
        run = client("ec2").run_instances(LaunchTemplate=launch, MinCount=1, MaxCount=1)["Instances"]
        return {**DOCUMENT, "instanceId": run[0]["InstanceId"]}

    return make


@pytest.fixture
def hosts(ecs, auto_scaling, make_group, target, new_machine, name):
    """The ARNs of a cluster's two container instances; the cluster has the test's name."""
    if target == "local-aws":
        return cluster_with_hosts(ecs, auto_scaling, make_group, name, 2)
    ecs.create_cluster(clusterName=name)
    return [register_host(ecs, name, new_machine()) for _ in range(2)]
