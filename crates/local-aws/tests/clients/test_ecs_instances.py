"""ECS: container instances, their attributes, and the tasks that are started on them by name."""

import datetime

import pytest

from ecs_things import define, register_host, wait_for
from errors import refused

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


def test_a_host_is_registered_by_its_agent_and_deregistered_by_force(ecs, new_machine, name):
    ecs.create_cluster(clusterName=name)
    arn = register_host(ecs, name, new_machine())
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


def test_attributes_are_put_and_deleted_by_the_id_of_a_host(ecs, hosts, name):
    of = {"name": "rack", "targetType": "container-instance", "targetId": hosts[0].rsplit("/", 1)[-1]}
    ecs.put_attributes(cluster=name, attributes=[{**of, "value": "one"}])
    by = {"targetType": "container-instance", "attributeName": "rack", "attributeValue": "one"}
    listed = lambda: [each["value"] for each in ecs.list_attributes(cluster=name, **by)["attributes"]]  # noqa: E731
    assert listed() == ["one"]
    ecs.delete_attributes(cluster=name, attributes=[of])
    assert listed() == []


def test_attributes_need_a_target_that_is_there(ecs, hosts, name):
    unknown = hosts[0].rsplit("/", 1)[0] + "/" + "0" * 32
    with refused(ecs, "TargetNotFoundException"):
        ecs.put_attributes(
            cluster=name, attributes=[{"name": "rack", "targetType": "container-instance", "targetId": unknown}]
        )


def start(ecs, cluster, *hosts, **more):
    return ecs.start_task(cluster=cluster, taskDefinition=cluster, containerInstances=list(hosts), **more)


@pytest.fixture
def family(ecs, name):
    """The family of a task for hosts, that takes most of one. It has the test's name."""
    container = {"name": "app", "image": "sleeps", "memory": 600, "essential": True, "stopTimeout": 2}
    return define(ecs, name, networkMode="bridge", requiresCompatibilities=["EC2"], memory="600", containerDefinitions=[container])


def test_a_task_is_started_on_each_host_that_is_named(ecs, hosts, family, name):
    answer = start(ecs, name, *hosts, startedBy="someone", group="work")
    assert answer["failures"] == []
    assert {each["containerInstanceArn"] for each in answer["tasks"]} == set(hosts)
    for each in answer["tasks"]:
        assert each["taskDefinitionArn"] == family["taskDefinitionArn"]
        assert (each["startedBy"], each["group"]) == ("someone", "work")
        assert each["desiredStatus"] == "RUNNING"
    arns = [each["taskArn"] for each in answer["tasks"]]
    wait_for(ecs, "tasks_running", cluster=name, tasks=arns)
    on_the_first = ecs.list_tasks(cluster=name, containerInstance=hosts[0])["taskArns"]
    assert len(on_the_first) == 1 and set(on_the_first) < set(arns)
    for arn in arns:
        ecs.stop_task(cluster=name, task=arn)


def test_a_started_task_has_the_launch_type_of_hosts(ecs, hosts, family, name):
    (started,) = start(ecs, name, hosts[0])["tasks"]
    assert started["launchType"] == "EC2"
    ecs.stop_task(cluster=name, task=started["taskArn"])


def test_a_host_without_room_is_a_failure_beside_the_tasks_of_the_others(ecs, hosts, family, name):
    first = start(ecs, name, hosts[0])
    assert len(first["tasks"]) == 1
    answer = start(ecs, name, *hosts)
    assert [each["containerInstanceArn"] for each in answer["tasks"]] == hosts[1:]
    assert [(each["arn"], each["reason"]) for each in answer["failures"]] == [(hosts[0], "RESOURCE:MEMORY")]
    for each in first["tasks"] + answer["tasks"]:
        ecs.stop_task(cluster=name, task=each["taskArn"])


def test_a_task_is_started_on_one_to_ten_hosts(ecs, hosts, family, name):
    with refused(ecs, "ClientException"):
        start(ecs, name)
    with refused(ecs, "InvalidParameterException"):
        start(ecs, name, *hosts[:1] * 11)


def test_a_host_that_is_not_there_is_missing_for_a_task_to_start(ecs, hosts, family, name):
    unknown = hosts[0].rsplit("/", 1)[0] + "/" + "0" * 32
    answer = start(ecs, name, unknown)
    assert answer["tasks"] == []
    assert [(each["arn"], each["reason"]) for each in answer["failures"]] == [(unknown, "MISSING")]
