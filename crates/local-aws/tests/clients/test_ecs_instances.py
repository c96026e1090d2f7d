"""ECS: container instances and their attributes."""

import datetime
import json

import pytest

from ecs_things import cluster_with_hosts
from errors import refused

DOCUMENT = {
    "region": "eu-west-1",
    "accountId": "123456789012",
    "instanceId": "i-0123456789abcdef0",
    "instanceType": "t3.micro",
    "availabilityZone": "eu-west-1a",
}


@pytest.fixture
def hosts(ecs, auto_scaling, make_group, target, client, launch, name):
    """The ARNs of a cluster's two container instances; the cluster has the test's name."""
    if target == "local-aws":
        return cluster_with_hosts(ecs, auto_scaling, make_group, name, 2)
    ecs.create_cluster(clusterName=name)
    return [register(ecs, client, launch, name) for _ in range(2)]


def register(ecs, client, launch, cluster):
    """Registers a host as its agent does."""
    document = DOCUMENT
    if client is not None:
        run = client("ec2").run_instances(LaunchTemplate=launch, MinCount=1, MaxCount=1)["Instances"]
        document = {**DOCUMENT, "instanceId": run[0]["InstanceId"]}
    registered = ecs.register_container_instance(
        cluster=cluster,
        instanceIdentityDocument=json.dumps(document),
        instanceIdentityDocumentSignature="c2lnbmF0dXJl",
        totalResources=[
            {"name": "CPU", "type": "INTEGER", "integerValue": 2048},
            {"name": "MEMORY", "type": "INTEGER", "integerValue": 952},
        ],
        versionInfo={"agentVersion": "1.105.1", "dockerVersion": "DockerVersion: 25.0.8"},
    )["containerInstance"]
    return registered["containerInstanceArn"]


def described(ecs, cluster, *arns):
    answer = ecs.describe_container_instances(cluster=cluster, containerInstances=list(arns))
    assert answer["failures"] == []
    return answer["containerInstances"]


def test_a_container_instance_tells_what_it_has_and_what_is_left(ecs, hosts, name):
    (host, _) = described(ecs, name, *hosts)
    assert host["containerInstanceArn"].startswith("arn:aws:ecs:eu-west-1:")
    assert f":container-instance/{name}/" in host["containerInstanceArn"]
    assert host["ec2InstanceId"].startswith("i-")
    assert (host["status"], host["agentConnected"]) == ("ACTIVE", True)
    assert isinstance(host["registeredAt"], datetime.datetime)
    amounts = {resource["name"]: resource["integerValue"] for resource in host["registeredResources"] if "integerValue" in resource}
    assert {"CPU", "MEMORY"} <= set(amounts)
    left = {resource["name"]: resource.get("integerValue") for resource in host["remainingResources"]}
    assert left["CPU"] == amounts["CPU"]
    assert (host["runningTasksCount"], host["pendingTasksCount"]) == (0, 0)


def test_a_host_is_registered_by_its_agent_and_deregistered_by_force(ecs, target, client, launch, name):
    ecs.create_cluster(clusterName=name)
    arn = register(ecs, None if target == "local-aws" else client, launch, name)
    assert ecs.list_container_instances(cluster=name)["containerInstanceArns"] == [arn]
    gone = ecs.deregister_container_instance(cluster=name, containerInstance=arn, force=True)["containerInstance"]
    assert gone["status"] == "INACTIVE"
    assert ecs.list_container_instances(cluster=name)["containerInstanceArns"] == []


def test_container_instances_are_listed_by_status_and_page(ecs, hosts, name):
    ecs.update_container_instances_state(cluster=name, containerInstances=hosts[:1], status="DRAINING")
    listed = lambda **by: ecs.list_container_instances(cluster=name, **by)["containerInstanceArns"]  # noqa: E731
    assert listed(status="DRAINING") == hosts[:1]
    assert listed(status="ACTIVE") == hosts[1:]
    assert set(listed()) == set(hosts)
    pages = ecs.get_paginator("list_container_instances").paginate(cluster=name, PaginationConfig={"PageSize": 1})
    assert [len(page["containerInstanceArns"]) for page in pages] == [1, 1]


def test_a_container_instance_drains_and_becomes_active_again(ecs, hosts, name):
    (draining,) = ecs.update_container_instances_state(cluster=name, containerInstances=hosts[:1], status="DRAINING")[
        "containerInstances"
    ]
    assert draining["status"] == "DRAINING"
    (active,) = ecs.update_container_instances_state(cluster=name, containerInstances=hosts[:1], status="ACTIVE")[
        "containerInstances"
    ]
    assert active["status"] == "ACTIVE"


def test_a_container_instance_that_is_not_there_is_missing(ecs, hosts, name):
    unknown = hosts[0].rsplit("/", 1)[0] + "/" + "0" * 32
    answer = ecs.describe_container_instances(cluster=name, containerInstances=[unknown])
    assert [(failure["arn"].rsplit("/")[-1], failure["reason"]) for failure in answer["failures"]] == [("0" * 32, "MISSING")]


def test_no_more_than_ten_container_instances_change_at_once(ecs, hosts, name):
    with refused(ecs, "InvalidParameterException"):
        ecs.update_container_instances_state(cluster=name, containerInstances=hosts[:1] * 11, status="DRAINING")


def test_attributes_are_put_listed_and_deleted(ecs, hosts, name):
    attribute = {"name": "rack", "value": "one", "targetType": "container-instance", "targetId": hosts[0]}
    assert ecs.put_attributes(cluster=name, attributes=[attribute])["attributes"][0]["name"] == "rack"
    listed = ecs.list_attributes(
        cluster=name, targetType="container-instance", attributeName="rack", attributeValue="one"
    )["attributes"]
    assert listed == [{"name": "rack", "value": "one", "targetId": hosts[0]}] or listed == [attribute]
    assert ("rack", "one") in [(a["name"], a.get("value")) for a in described(ecs, name, hosts[0])[0]["attributes"]]
    del attribute["value"]
    ecs.delete_attributes(cluster=name, attributes=[attribute])
    assert ecs.list_attributes(cluster=name, targetType="container-instance", attributeName="rack")["attributes"] == []


def test_attributes_need_a_target_that_is_there(ecs, hosts, name):
    unknown = hosts[0].rsplit("/", 1)[0] + "/" + "0" * 32
    with refused(ecs, "TargetNotFoundException"):
        ecs.put_attributes(
            cluster=name, attributes=[{"name": "rack", "targetType": "container-instance", "targetId": unknown}]
        )
