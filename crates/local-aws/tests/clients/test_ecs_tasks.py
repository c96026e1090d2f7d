"""ECS: tasks that are run, listed, described and stopped."""

import datetime
import re

import pytest

from ecs_things import cluster_with_hosts, define, run, task, wait_for
from errors import refused


@pytest.fixture
def cluster(ecs, name):
    """A cluster and, under the same name, the family of a task that runs until it is stopped."""
    ecs.create_cluster(clusterName=name)
    define(ecs, name)
    yield name
    stop_all(ecs, name)


def stop_all(ecs, cluster):
    for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster):
        for arn in page["taskArns"]:
            ecs.stop_task(cluster=cluster, task=arn)


def test_a_task_that_is_run_comes_to_run(ecs, cluster, subnets):
    answer = run(ecs, cluster, cluster, subnets, startedBy="someone", group="work")
    assert answer["failures"] == []
    (started,) = answer["tasks"]
    assert re.match(rf"arn:aws:ecs:eu-west-1:\d{{12}}:task/{cluster}/", started["taskArn"])
    assert (started["startedBy"], started["group"], started["launchType"]) == ("someone", "work", "FARGATE")
    assert started["desiredStatus"] == "RUNNING"
    wait_for(ecs, "tasks_running", cluster=cluster, tasks=[started["taskArn"]])
    running = task(ecs, cluster, started["taskArn"])
    assert running["lastStatus"] == "RUNNING"
    assert [container["name"] for container in running["containers"]] == ["app"]


def test_the_containers_of_a_running_task_run(ecs, cluster, subnets):
    (started,) = run(ecs, cluster, cluster, subnets)["tasks"]
    wait_for(ecs, "tasks_running", cluster=cluster, tasks=[started["taskArn"]])
    assert [container["lastStatus"] for container in task(ecs, cluster, started["taskArn"])["containers"]] == ["RUNNING"]


def test_the_id_of_a_task_is_thirty_two_hexadecimal_digits(ecs, cluster, subnets):
    (started,) = run(ecs, cluster, cluster, subnets)["tasks"]
    assert re.fullmatch(r"[0-9a-f]{32}", started["taskArn"].rsplit("/", 1)[-1])


@pytest.mark.only_local_aws("moto's tasks run at once, and do nothing")
def test_a_task_passes_through_its_states_with_a_time_for_each(ecs, cluster, subnets):
    (started,) = run(ecs, cluster, cluster, subnets)["tasks"]
    assert started["lastStatus"] in ("PROVISIONING", "PENDING")
    assert "startedAt" not in started
    assert started["attachments"][0]["status"] in ("PRECREATED", "CREATED", "ATTACHING")
    wait_for(ecs, "tasks_running", cluster=cluster, tasks=[started["taskArn"]])
    running = task(ecs, cluster, started["taskArn"])
    assert running["createdAt"] <= running["startedAt"]
    assert running["version"] > started["version"]
    ecs.stop_task(cluster=cluster, task=started["taskArn"], reason="enough")
    wait_for(ecs, "tasks_stopped", cluster=cluster, tasks=[started["taskArn"]])
    stopped = task(ecs, cluster, started["taskArn"])
    times = [stopped[at] for at in ("createdAt", "startedAt", "stoppingAt", "executionStoppedAt", "stoppedAt")]
    assert all(isinstance(time, datetime.datetime) for time in times)
    assert times == sorted(times)
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")
    assert stopped["containers"][0]["exitCode"] in (143, 137)


@pytest.mark.only_local_aws("moto's tasks have no process that could end")
@pytest.mark.parametrize("image, code", [("ends-with-0", 0), ("ends-with-1", 1)])
def test_a_task_whose_essential_container_ends_is_stopped(ecs, cluster, name, subnets, image, code):
    define(ecs, f"{name}-{image}", image=image)
    (started,) = run(ecs, cluster, f"{name}-{image}", subnets)["tasks"]
    wait_for(ecs, "tasks_stopped", cluster=cluster, tasks=[started["taskArn"]])
    stopped = task(ecs, cluster, started["taskArn"])
    assert (stopped["stopCode"], stopped["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert [container["exitCode"] for container in stopped["containers"]] == [code]


@pytest.mark.only_local_aws("moto's tasks have no process that could ignore a signal")
def test_a_task_that_ignores_sigterm_is_killed_after_its_stop_timeout(ecs, cluster, name, subnets):
    define(ecs, f"{name}-stubborn", image="stubborn")
    (started,) = run(ecs, cluster, f"{name}-stubborn", subnets)["tasks"]
    wait_for(ecs, "tasks_running", cluster=cluster, tasks=[started["taskArn"]])
    ecs.stop_task(cluster=cluster, task=started["taskArn"])
    wait_for(ecs, "tasks_stopped", cluster=cluster, tasks=[started["taskArn"]])
    assert task(ecs, cluster, started["taskArn"])["containers"][0]["exitCode"] == 137


@pytest.mark.only_local_aws("moto pulls no images")
def test_a_task_whose_image_is_missing_fails_to_start(ecs, cluster, name, subnets):
    define(ecs, f"{name}-missing", image="no-such-image")
    (started,) = run(ecs, cluster, f"{name}-missing", subnets)["tasks"]
    wait_for(ecs, "tasks_stopped", cluster=cluster, tasks=[started["taskArn"]])
    stopped = task(ecs, cluster, started["taskArn"])
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert "startedAt" not in stopped


def test_overrides_change_the_container_they_name_and_are_told(ecs, cluster, subnets):
    overrides = {
        "containerOverrides": [
            {"name": "app", "environment": [{"name": "GREETING", "value": "hello"}], "cpu": 64, "memory": 128}
        ],
    }
    (started,) = run(ecs, cluster, cluster, subnets, overrides=overrides)["tasks"]
    assert started["overrides"]["containerOverrides"] == overrides["containerOverrides"]


def test_overrides_of_a_container_that_is_not_there_are_refused(ecs, cluster, subnets):
    with refused(ecs, "InvalidParameterException"):
        run(ecs, cluster, cluster, subnets, overrides={"containerOverrides": [{"name": "other"}]})


def test_run_task_is_refused_what_is_not_there(ecs, cluster, name, subnets):
    with refused(ecs, "ClusterNotFoundException", "Cluster not found."):
        run(ecs, name + "-never", cluster, subnets)
    with refused(ecs, "ClientException", "TaskDefinition not found."):
        run(ecs, cluster, name + "-never", subnets)


def test_up_to_ten_tasks_are_run_by_one_call(ecs, cluster, subnets):
    tasks = run(ecs, cluster, cluster, subnets, count=10)["tasks"]
    assert len({task["taskArn"] for task in tasks}) == 10
    with refused(ecs, "InvalidParameterException"):
        run(ecs, cluster, cluster, subnets, count=11)


def test_a_launch_type_and_a_strategy_exclude_each_other(ecs, cluster, subnets):
    with refused(ecs, "InvalidParameterException"):
        run(
            ecs,
            cluster,
            cluster,
            subnets,
            launchType="FARGATE",
            capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}],
        )


def test_the_same_client_token_is_the_same_task_and_with_another_request_a_conflict(ecs, cluster, subnets):
    (first,) = run(ecs, cluster, cluster, subnets, clientToken="once")["tasks"]
    (again,) = run(ecs, cluster, cluster, subnets, clientToken="once")["tasks"]
    assert again["taskArn"] == first["taskArn"]
    with refused(ecs, "ConflictException") as caught:
        run(ecs, cluster, cluster, subnets, clientToken="once", count=2)
    assert caught.value.response["resourceIds"] == [first["taskArn"]]


def test_tags_are_told_only_where_they_are_asked_for(ecs, cluster, subnets):
    tags = [{"key": "team", "value": "one"}]
    (started,) = run(ecs, cluster, cluster, subnets, tags=tags)["tasks"]
    assert task(ecs, cluster, started["taskArn"], include=["TAGS"])["tags"] == tags
    assert not task(ecs, cluster, started["taskArn"]).get("tags")
    ecs.tag_resource(resourceArn=started["taskArn"], tags=[{"key": "more", "value": "two"}])
    assert {"key": "more", "value": "two"} in ecs.list_tags_for_resource(resourceArn=started["taskArn"])["tags"]


def test_tasks_are_found_by_family_by_who_started_them_and_by_launch_type(ecs, cluster, name, subnets):
    define(ecs, f"{name}-other")
    (one,) = run(ecs, cluster, cluster, subnets, startedBy="someone")["tasks"]
    (other,) = run(ecs, cluster, f"{name}-other", subnets)["tasks"]

    def listed(**by):
        return set(ecs.list_tasks(cluster=cluster, **by)["taskArns"])

    assert listed() == {one["taskArn"], other["taskArn"]}
    assert listed(family=cluster) == {one["taskArn"]}
    assert listed(startedBy="someone") == {one["taskArn"]}
    assert listed(launchType="FARGATE") == {one["taskArn"], other["taskArn"]}
    assert listed(launchType="EC2") == set()


def test_started_by_has_to_be_the_only_filter(ecs, cluster):
    with refused(ecs, "InvalidParameterException"):
        ecs.list_tasks(cluster=cluster, startedBy="someone", family=cluster)


def test_pending_as_a_desired_status_finds_nothing(ecs, cluster, subnets):
    run(ecs, cluster, cluster, subnets)
    assert ecs.list_tasks(cluster=cluster, desiredStatus="PENDING")["taskArns"] == []


def test_tasks_are_listed_page_by_page(ecs, cluster, subnets):
    started = {task["taskArn"] for task in run(ecs, cluster, cluster, subnets, count=7)["tasks"]}
    pages = list(ecs.get_paginator("list_tasks").paginate(cluster=cluster, PaginationConfig={"PageSize": 3}))
    assert [len(page["taskArns"]) for page in pages] == [3, 3, 1]
    assert {arn for page in pages for arn in page["taskArns"]} == started


def test_a_next_token_that_nobody_gave_is_refused(ecs, cluster):
    with refused(ecs, "InvalidParameterException"):
        ecs.list_tasks(cluster=cluster, nextToken="nonsense")


def test_a_stopped_task_is_listed_as_stopped_and_told_why(ecs, cluster, subnets):
    (started,) = run(ecs, cluster, cluster, subnets)["tasks"]
    stopping = ecs.stop_task(cluster=cluster, task=started["taskArn"].rsplit("/", 1)[-1], reason="enough")["task"]
    assert (stopping["desiredStatus"], stopping["stoppedReason"]) == ("STOPPED", "enough")
    wait_for(ecs, "tasks_stopped", cluster=cluster, tasks=[started["taskArn"]])
    assert ecs.list_tasks(cluster=cluster)["taskArns"] == []
    assert ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"] == [started["taskArn"]]
    assert task(ecs, cluster, started["taskArn"])["stopCode"] == "UserInitiated"


def test_a_task_that_is_not_there_is_missing_or_an_error(ecs, cluster):
    arn = f"arn:aws:ecs:eu-west-1:123456789012:task/{cluster}/{'0' * 32}"
    described = ecs.describe_tasks(cluster=cluster, tasks=[arn])
    assert described["tasks"] == []
    assert [(failure["arn"].rsplit("/", 1)[-1], failure["reason"]) for failure in described["failures"]] == [
        ("0" * 32, "MISSING")
    ]
    with refused(ecs, "InvalidParameterException", "The referenced task was not found."):
        ecs.stop_task(cluster=cluster, task=arn)


def test_no_more_than_a_hundred_tasks_are_described_and_no_fewer_than_one(ecs, cluster):
    for tasks in ([], ["0" * 31 + "1"] * 101):
        with refused(ecs, "InvalidParameterException"):
            ecs.describe_tasks(cluster=cluster, tasks=tasks)


@pytest.mark.only_local_aws("its hosts come from a group, moto's are registered by hand")
def test_a_task_without_room_is_a_failure_of_the_answer_not_an_error(ecs, auto_scaling, make_group, name, subnets):
    cluster_with_hosts(ecs, auto_scaling, make_group, name, 1)
    define(ecs, name, cpu="1024", memory="900", requiresCompatibilities=["EC2"])
    first = run(ecs, name, name, subnets, launchType="EC2")
    assert len(first["tasks"]) == 1 and first["failures"] == []
    second = run(ecs, name, name, subnets, launchType="EC2")
    assert second["tasks"] == []
    assert {failure["reason"] for failure in second["failures"]} == {"RESOURCE:MEMORY"}
    stop_all(ecs, name)


@pytest.mark.only_local_aws("its hosts come from a group, moto's are registered by hand")
def test_running_tasks_count_as_a_constraint_keeps_a_host_to_its_number(ecs, auto_scaling, make_group, name, subnets):
    (host,) = cluster_with_hosts(ecs, auto_scaling, make_group, name, 1)
    define(ecs, name, cpu="64", memory="256", requiresCompatibilities=["EC2"])
    constraint = [{"type": "memberOf", "expression": "runningTasksCount < 2"}]
    run_one = lambda: run(ecs, name, name, subnets, launchType="EC2", placementConstraints=constraint)  # noqa: E731
    for _ in range(2):
        (started,) = run_one()["tasks"]
        wait_for(ecs, "tasks_running", cluster=name, tasks=[started["taskArn"]])
    refused_one = run_one()
    assert refused_one["tasks"] == [] and len(refused_one["failures"]) == 1
    assert len(ecs.list_tasks(cluster=name, containerInstance=host)["taskArns"]) == 2
    stop_all(ecs, name)


@pytest.mark.only_local_aws("moto scales nothing")
def test_a_task_waits_in_provisioning_for_a_host_that_managed_scaling_starts(ecs, auto_scaling, make_group, name, subnets):
    cluster_with_hosts(ecs, auto_scaling, make_group, name, 0, managedScaling={"status": "ENABLED", "targetCapacity": 100})
    define(ecs, name, requiresCompatibilities=["EC2"])
    (started,) = run(ecs, name, name, subnets, capacityProviderStrategy=[{"capacityProvider": name, "weight": 1}])["tasks"]
    assert started["lastStatus"] == "PROVISIONING" and started["capacityProviderName"] == name
    wait_for(ecs, "tasks_running", cluster=name, tasks=[started["taskArn"]])
    # From zero, cluster auto scaling starts two hosts.
    assert len(ecs.list_container_instances(cluster=name)["containerInstanceArns"]) in (1, 2)
    stop_all(ecs, name)
