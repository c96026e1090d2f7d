"""ECS: services, their scheduler, and the protection of their tasks."""

import datetime

import pytest

import waiting
from ecs_things import define, network, run, wait_for
from errors import refused


@pytest.fixture
def service(ecs, name, subnets):
    """Makes a service of `desired` tasks in a cluster of the same name; it is deleted in the end."""

    def make(desired=2, **more):
        request = {
            "cluster": name,
            "serviceName": name,
            "taskDefinition": name,
            "desiredCount": desired,
            "launchType": "FARGATE",
            "networkConfiguration": network(subnets),
            **more,
        }
        return ecs.create_service(**request)["service"]

    ecs.create_cluster(clusterName=name)
    define(ecs, name)
    yield make
    try:
        ecs.delete_service(cluster=name, service=name, force=True)
    except (ecs.exceptions.ServiceNotFoundException, ecs.exceptions.ServiceNotActiveException):
        pass


def described(ecs, name, **more):
    answer = ecs.describe_services(cluster=name, services=[name], **more)
    assert answer["failures"] == []
    return answer["services"][0]


def stable(ecs, name):
    wait_for(ecs, "services_stable", cluster=name, services=[name])
    return described(ecs, name)


def tasks(ecs, name):
    return set(ecs.list_tasks(cluster=name, serviceName=name)["taskArns"])


def test_a_service_is_created_and_described(ecs, service, name):
    created = service(desired=2, tags=[{"key": "team", "value": "one"}])
    assert created["serviceArn"].endswith(f":service/{name}/{name}")
    assert (created["status"], created["desiredCount"]) == ("ACTIVE", 2)
    assert isinstance(described(ecs, name)["createdAt"], datetime.datetime)


@pytest.mark.only_local_aws("moto runs no tasks for a service")
def test_a_stable_service_has_one_deployment_and_its_tasks(ecs, service, name):
    service(desired=2)
    found = stable(ecs, name)
    assert (found["runningCount"], found["pendingCount"]) == (2, 0)
    assert [deployment["status"] for deployment in found["deployments"]] == ["PRIMARY"]
    assert found["deployments"][0]["id"].startswith("ecs-svc/")
    assert len(tasks(ecs, name)) == 2


@pytest.mark.only_local_aws("moto runs no tasks for a service")
def test_the_tasks_of_a_service_say_whose_they_are(ecs, service, name):
    service(desired=1, propagateTags="NONE")
    found = stable(ecs, name)
    (task,) = ecs.describe_tasks(cluster=name, tasks=list(tasks(ecs, name)))["tasks"]
    assert task["group"] == f"service:{name}"
    assert task["startedBy"] == found["deployments"][0]["id"]


def test_a_service_that_is_there_is_not_created_again(ecs, service):
    service(desired=1)
    with refused(ecs, "InvalidParameterException", "Creation of service was not idempotent."):
        service(desired=2)


def test_a_service_that_is_not_there_is_missing_or_an_error(ecs, service, name):
    answer = ecs.describe_services(cluster=name, services=[name])
    assert answer["services"] == []
    assert answer["failures"][0]["reason"] == "MISSING"
    with refused(ecs, "ServiceNotFoundException", "Service not found."):
        ecs.update_service(cluster=name, service=name, desiredCount=1)
    with refused(ecs, "ServiceNotFoundException", "Service not found."):
        ecs.delete_service(cluster=name, service=name)


def test_how_many_tasks_a_service_wants_is_updated(ecs, service, name):
    service(desired=0)
    updated = ecs.update_service(cluster=name, service=name, desiredCount=2)["service"]
    assert (updated["serviceName"], updated["desiredCount"]) == (name, 2)
    assert described(ecs, name)["desiredCount"] == 2


@pytest.mark.only_local_aws("moto runs no tasks for a service")
def test_a_service_grows_and_shrinks_as_it_is_told(ecs, service, name):
    service(desired=1)
    first = stable(ecs, name) and tasks(ecs, name)
    assert ecs.update_service(cluster=name, service=name, desiredCount=3)["service"]["desiredCount"] == 3
    assert stable(ecs, name)["runningCount"] == 3
    assert first < tasks(ecs, name)
    ecs.update_service(cluster=name, service=name, desiredCount=0)
    assert stable(ecs, name)["runningCount"] == 0
    waiting.until("no task", lambda: not tasks(ecs, name))


@pytest.mark.only_local_aws("moto runs no tasks for a service")
def test_a_service_replaces_a_task_that_ends(ecs, service, name):
    service(desired=2)
    before = stable(ecs, name) and tasks(ecs, name)
    victim = sorted(before)[0]
    ecs.stop_task(cluster=name, task=victim, reason="to see")
    wait_for(ecs, "tasks_stopped", cluster=name, tasks=[victim])
    waiting.until("another task", lambda: len(tasks(ecs, name) - before) == 1)
    assert stable(ecs, name)["runningCount"] == 2
    assert victim not in tasks(ecs, name)


@pytest.mark.only_local_aws("moto runs no tasks for a service")
def test_a_new_task_definition_is_a_new_deployment_that_replaces_every_task(ecs, service, name):
    service(desired=2)
    before = stable(ecs, name) and tasks(ecs, name)
    define(ecs, name)
    updated = ecs.update_service(cluster=name, service=name, taskDefinition=name)["service"]
    assert [deployment["status"] for deployment in updated["deployments"]] == ["PRIMARY", "ACTIVE"]
    found = stable(ecs, name)
    assert found["taskDefinition"].endswith(f"/{name}:2")
    assert not tasks(ecs, name) & before
    assert found["deployments"][0]["rolloutState"] == "COMPLETED"


def test_a_service_with_tasks_is_deleted_only_at_zero_or_by_force(ecs, service, name):
    service(desired=1)
    with refused(ecs, "InvalidParameterException"):
        ecs.delete_service(cluster=name, service=name)
    deleted = ecs.delete_service(cluster=name, service=name, force=True)["service"]
    assert deleted["status"] == "DRAINING"
    wait_for(ecs, "services_inactive", cluster=name, services=[name])
    assert tasks(ecs, name) == set()


def test_a_service_that_was_deleted_can_be_created_again(ecs, service, name):
    service(desired=0)
    ecs.delete_service(cluster=name, service=name)
    wait_for(ecs, "services_inactive", cluster=name, services=[name])
    assert service(desired=0)["status"] == "ACTIVE"


def test_a_cluster_with_a_service_cannot_be_deleted(ecs, service, name):
    service(desired=0)
    with refused(ecs, "ClusterContainsServicesException"):
        ecs.delete_cluster(cluster=name)


def test_services_are_listed_page_by_page(ecs, service, name):
    names = [f"{name}-{number}" for number in range(3)]
    arns = {service(desired=0, serviceName=each)["serviceArn"] for each in names}
    pages = list(ecs.get_paginator("list_services").paginate(cluster=name, PaginationConfig={"PageSize": 2}))
    assert [len(page["serviceArns"]) for page in pages] == [2, 1]
    assert {arn for page in pages for arn in page["serviceArns"]} == arns


def test_the_tags_of_a_service_are_told_where_they_are_asked_for(ecs, service, name):
    arn = service(desired=0, tags=[{"key": "team", "value": "one"}])["serviceArn"]
    assert described(ecs, name, include=["TAGS"])["tags"] == [{"key": "team", "value": "one"}]
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "team", "value": "one"}]


@pytest.mark.only_local_aws("moto runs no tasks for a service")
def test_a_service_tells_its_deployments_and_events_newest_first(ecs, service, name):
    service(desired=1)
    events = stable(ecs, name)["events"]
    assert events, "a stable service has said so"
    assert [event["createdAt"] for event in events] == sorted((event["createdAt"] for event in events), reverse=True)
    assert waiting.until(
        "the steady state",
        lambda: [e for e in described(ecs, name)["events"] if "has reached a steady state" in e["message"]],
    )


@pytest.mark.only_local_aws("moto runs no tasks for a service")
def test_a_service_that_shrinks_spares_its_protected_tasks(ecs, service, name):
    service(desired=3)
    stable(ecs, name)
    spared = sorted(tasks(ecs, name))[1]
    answer = ecs.update_task_protection(cluster=name, tasks=[spared], protectionEnabled=True, expiresInMinutes=2880)
    assert answer["failures"] == []
    assert answer["protectedTasks"][0]["protectionEnabled"] is True
    assert isinstance(answer["protectedTasks"][0]["expirationDate"], datetime.datetime)
    ecs.update_service(cluster=name, service=name, desiredCount=1)
    stable(ecs, name)
    assert waiting.until("one task", lambda: len(tasks(ecs, name)) == 1) and tasks(ecs, name) == {spared}
    told = ecs.get_task_protection(cluster=name, tasks=[spared])["protectedTasks"]
    assert [(each["taskArn"], each["protectionEnabled"]) for each in told] == [(spared, True)]
    off = ecs.update_task_protection(cluster=name, tasks=[spared], protectionEnabled=False)["protectedTasks"][0]
    assert off["protectionEnabled"] is False and "expirationDate" not in off


@pytest.mark.only_local_aws("moto runs no tasks for a service")
def test_a_task_without_a_service_cannot_be_protected(ecs, service, name, subnets):
    (alone,) = run(ecs, name, name, subnets)["tasks"]
    wait_for(ecs, "tasks_running", cluster=name, tasks=[alone["taskArn"]])
    answer = ecs.update_task_protection(cluster=name, tasks=[alone["taskArn"]], protectionEnabled=True)
    assert answer["protectedTasks"] == []
    assert [(f["arn"], f["reason"]) for f in answer["failures"]] == [(alone["taskArn"], "TASK_NOT_VALID")]
    ecs.stop_task(cluster=name, task=alone["taskArn"])


@pytest.mark.only_local_aws("moto has no task protection")
def test_protection_lasts_from_a_minute_to_two_days(ecs, service, name):
    service(desired=1)
    stable(ecs, name)
    for minutes in (0, 2881):
        with refused(ecs, "InvalidParameterException"):
            ecs.update_task_protection(
                cluster=name, tasks=list(tasks(ecs, name)), protectionEnabled=True, expiresInMinutes=minutes
            )
