"""What every test has: the server under test, clients that check each answer against botocore's model, names of its own."""

import contextlib
import os
import pathlib

import boto3
import botocore.config
import pytest

import model_check
import operations
import targets
from ecs_things import group, in_service

REGION = "eu-west-1"
CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}


def pytest_addoption(parser):
    parser.addoption("--target", choices=["local-aws", "moto"], default="local-aws", help="what to test")
    parser.addoption("--local-aws", type=pathlib.Path, help="the local-aws binary")


def pytest_collection_modifyitems(config, items):
    """Marks what is known to differ: such a test has to fail, and one that is not marked has to pass."""
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


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """moto says of an operation that it lacks that it is not implemented: the test is skipped then."""
    outcome = yield
    if item.config.getoption("--target") != "moto" or outcome.excinfo is None:
        return
    error = str(outcome.excinfo[1])
    if "action has not been implemented" in error or "(501)" in error:
        try:
            pytest.skip("moto has no " + error.rsplit("The ", 1)[-1].split(" action")[0])
        except pytest.skip.Exception as skipped:
            outcome.force_exception(skipped)


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
def called(request):
    """The operations that were answered well, as `service.Operation`."""
    return set()


def client_of(service, url, checks, called, **settings):
    """A client whose every answer is checked against the model."""
    settings = {"retries": {"total_max_attempts": 1}, "inject_host_prefix": False, "max_pool_connections": 50, **settings}
    client = boto3.client(
        service, endpoint_url=url, region_name=REGION, config=botocore.config.Config(**settings), **CREDENTIALS
    )

    def check(http_response, parsed, model, **_):
        if http_response.status_code < 300:
            called.add(f"{service}.{model.name}")
        if checks:
            model_check.answer(http_response, model)

    client.meta.events.register("after-call", check)
    return client


@pytest.fixture(scope="session")
def client(server, target, called):
    """Makes a client of a service."""
    return lambda service, **settings: client_of(service, server.url, target == "local-aws", called, **settings)


@pytest.fixture(scope="session")
def ecs(client):
    return client("ecs")


@pytest.fixture(scope="session")
def cloud_map(client):
    return client("servicediscovery")


@pytest.fixture(scope="session")
def auto_scaling(client):
    return client("autoscaling")


@pytest.fixture(scope="session")
def sqs(client):
    return client("sqs")


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


@pytest.fixture(scope="session", autouse=True)
def every_operation_is_called(request, target, called):
    """At the end of a whole run against local-aws each operation that it has must have been called, and answered."""
    yield
    whole = not request.config.option.keyword and not request.config.args_source.name == "ARGS"
    if target == "local-aws" and whole and not request.session.testsfailed:
        missing = sorted(operations.ALL - called)
        assert not missing, f"no test called {missing}"
