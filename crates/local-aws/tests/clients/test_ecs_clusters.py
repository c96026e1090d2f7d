"""ECS: clusters, capacity providers, task definitions, and tags."""

import datetime

import pytest

import waiting
from ecs_things import define
from errors import refused


def test_a_cluster_is_created_once_and_described_by_name_and_arn(ecs, name):
    created = ecs.create_cluster(clusterName=name, tags=[{"key": "team", "value": "one"}])["cluster"]
    assert created["status"] == "ACTIVE"
    assert created["clusterArn"].endswith(f":cluster/{name}")
    assert created["runningTasksCount"] == created["registeredContainerInstancesCount"] == 0
    assert ecs.create_cluster(clusterName=name)["cluster"]["clusterArn"] == created["clusterArn"]
    described = ecs.describe_clusters(clusters=[name, created["clusterArn"]])
    assert {cluster["clusterArn"] for cluster in described["clusters"]} == {created["clusterArn"]}


def test_a_cluster_tells_its_tags_only_where_they_are_asked_for(ecs, name):
    ecs.create_cluster(clusterName=name, tags=[{"key": "team", "value": "one"}])
    (cluster,) = ecs.describe_clusters(clusters=[name], include=["TAGS"])["clusters"]
    assert cluster["tags"] == [{"key": "team", "value": "one"}]
    (cluster,) = ecs.describe_clusters(clusters=[name])["clusters"]
    assert not cluster.get("tags")


def test_a_cluster_that_is_not_there_is_a_failure_in_a_list_and_an_error_alone(ecs, name):
    described = ecs.describe_clusters(clusters=[name])
    assert described["clusters"] == []
    assert described["failures"][0]["reason"] == "MISSING"
    assert described["failures"][0]["arn"].endswith(f":cluster/{name}")
    with refused(ecs, "ClusterNotFoundException", "Cluster not found."):
        ecs.list_tasks(cluster=name)


def test_without_a_name_the_cluster_is_called_default(ecs):
    assert ecs.create_cluster()["cluster"]["clusterName"] == "default"
    assert ecs.describe_clusters()["clusters"][0]["clusterName"] == "default"


def test_a_cluster_with_a_bad_name_is_refused(ecs):
    with refused(ecs, "InvalidParameterException"):
        ecs.create_cluster(clusterName="no spaces")


def test_clusters_are_listed_page_by_page(ecs, name):
    arns = {ecs.create_cluster(clusterName=f"{name}-{number}")["cluster"]["clusterArn"] for number in range(5)}
    pages = list(ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 2}))
    assert len(pages) >= 3 and all(len(page["clusterArns"]) <= 2 for page in pages)
    assert arns <= {arn for page in pages for arn in page["clusterArns"]}


def test_a_deleted_cluster_is_inactive(ecs, name):
    ecs.create_cluster(clusterName=name)
    assert ecs.delete_cluster(cluster=name)["cluster"]["status"] == "INACTIVE"
    assert not [arn for arn in ecs.list_clusters()["clusterArns"] if arn.endswith(f":cluster/{name}")]
    described = ecs.describe_clusters(clusters=[name])
    assert [cluster["status"] for cluster in described["clusters"]] in ([], ["INACTIVE"])
    with refused(ecs, "ClusterNotFoundException"):
        ecs.delete_cluster(cluster=name + "-never")


def test_the_settings_of_a_cluster_are_updated(ecs, name):
    ecs.create_cluster(clusterName=name)
    setting = {"name": "containerInsights", "value": "enabled"}
    assert setting in ecs.update_cluster(cluster=name, settings=[setting])["cluster"]["settings"]
    (cluster,) = ecs.describe_clusters(clusters=[name], include=["SETTINGS"])["clusters"]
    assert setting in cluster["settings"]


def test_the_settings_alone_of_a_cluster_are_updated(ecs, name):
    ecs.create_cluster(clusterName=name, tags=[{"key": "team", "value": "one"}])
    setting = {"name": "containerInsights", "value": "enabled"}
    updated = ecs.update_cluster_settings(cluster=name, settings=[setting])["cluster"]
    assert updated["clusterName"] == name and setting in updated["settings"]
    with refused(ecs, "ClusterNotFoundException"):
        ecs.update_cluster_settings(cluster=f"{name}-never", settings=[setting])


@pytest.fixture
def provider(ecs, make_group, name):
    """A capacity provider of a group without hosts."""
    arn = make_group(name)["AutoScalingGroupARN"]
    return ecs.create_capacity_provider(
        name=name,
        autoScalingGroupProvider={
            "autoScalingGroupArn": arn,
            "managedScaling": {"status": "ENABLED", "targetCapacity": 80},
            "managedTerminationProtection": "DISABLED",
        },
        tags=[{"key": "team", "value": "one"}],
    )["capacityProvider"]


def test_a_capacity_provider_has_the_defaults_that_aws_documents(ecs, provider, name):
    assert provider["status"] == "ACTIVE"
    described = ecs.describe_capacity_providers(capacityProviders=[name], include=["TAGS"])
    (found,) = described["capacityProviders"]
    assert found["capacityProviderArn"] == provider["capacityProviderArn"]
    assert found["tags"] == [{"key": "team", "value": "one"}]
    scaling = found["autoScalingGroupProvider"]["managedScaling"]
    assert scaling == {
        "status": "ENABLED",
        "targetCapacity": 80,
        "minimumScalingStepSize": 1,
        "maximumScalingStepSize": 10000,
        "instanceWarmupPeriod": 300,
    }


def test_a_capacity_provider_drains_its_hosts_unless_told_otherwise(ecs, provider):
    assert provider["autoScalingGroupProvider"]["managedDraining"] == "ENABLED"


def test_fargate_is_always_a_capacity_provider(ecs):
    found = ecs.describe_capacity_providers(capacityProviders=["FARGATE", "FARGATE_SPOT"])["capacityProviders"]
    assert {(provider["name"], provider["status"]) for provider in found} == {
        ("FARGATE", "ACTIVE"),
        ("FARGATE_SPOT", "ACTIVE"),
    }


def test_a_capacity_provider_is_updated_in_the_parts_that_are_given(ecs, provider, name):
    updated = ecs.update_capacity_provider(
        name=name, autoScalingGroupProvider={"managedScaling": {"targetCapacity": 50}}
    )["capacityProvider"]
    assert updated["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"] == 50
    assert updated["autoScalingGroupProvider"]["autoScalingGroupArn"].endswith(f"/{name}")


def test_a_capacity_provider_can_be_deleted_when_no_cluster_uses_it(ecs, provider, name):
    ecs.create_cluster(clusterName=name)
    strategy = [{"capacityProvider": name, "weight": 1, "base": 0}]
    cluster = ecs.put_cluster_capacity_providers(
        cluster=name, capacityProviders=[name], defaultCapacityProviderStrategy=strategy
    )["cluster"]
    assert cluster["capacityProviders"] == [name]
    assert cluster["defaultCapacityProviderStrategy"] == strategy
    with pytest.raises(ecs.exceptions.ClientException):
        ecs.delete_capacity_provider(capacityProvider=name)
    waiting.until("the attachment", lambda: attachments(ecs, name) in (None, "UPDATE_COMPLETE"))
    ecs.put_cluster_capacity_providers(cluster=name, capacityProviders=[], defaultCapacityProviderStrategy=[])
    waiting.until("the detachment", lambda: attachments(ecs, name) in (None, "UPDATE_COMPLETE"))
    deleted = ecs.delete_capacity_provider(capacityProvider=name)["capacityProvider"]
    assert deleted["name"] == name


def attachments(ecs, cluster):
    return ecs.describe_clusters(clusters=[cluster], include=["ATTACHMENTS"])["clusters"][0].get("attachmentsStatus")


def test_each_registration_of_a_family_is_its_next_revision(ecs, name):
    first, second = define(ecs, name), define(ecs, name, image="ends-with-0")
    assert (first["revision"], second["revision"]) == (1, 2)
    assert first["taskDefinitionArn"].endswith(f":task-definition/{name}:1")
    for asked, revision in [(name, 2), (f"{name}:1", 1), (first["taskDefinitionArn"], 1)]:
        assert ecs.describe_task_definition(taskDefinition=asked)["taskDefinition"]["revision"] == revision


def test_a_task_definition_is_given_back_as_it_was_registered(ecs, name):
    container = {
        "name": "app",
        "image": "sleeps",
        "cpu": 128,
        "memory": 256,
        "memoryReservation": 128,
        "essential": True,
        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "GREETING", "value": "hello"}],
        "dockerLabels": {"team": "one"},
        "stopTimeout": 5,
        "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 10, "timeout": 5, "retries": 2},
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "one"}},
    }
    define(ecs, name, containerDefinitions=[container], taskRoleArn="arn:aws:iam::123456789012:role/app")
    found = ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
    for member, value in container.items():
        if isinstance(value, dict):
            assert value.items() <= found["containerDefinitions"][0][member].items()
        elif member == "portMappings":
            assert value[0].items() <= found["containerDefinitions"][0][member][0].items()
        else:
            assert found["containerDefinitions"][0][member] == value
    assert found["taskRoleArn"] == "arn:aws:iam::123456789012:role/app"
    assert (found["cpu"], found["memory"], found["networkMode"]) == ("256", "512", "awsvpc")


def test_a_task_definition_that_is_not_there_cannot_be_described(ecs, name):
    with refused(ecs, "ClientException", "Unable to describe task definition."):
        ecs.describe_task_definition(taskDefinition=name)


def test_a_task_definition_with_two_containers_of_one_name_or_none_is_refused(ecs, name):
    for containers in ([], [{"name": "app", "image": "x", "memory": 8}] * 2):
        with pytest.raises(ecs.exceptions.ClientError):
            ecs.register_task_definition(family=name, containerDefinitions=containers)


def test_task_definitions_are_listed_by_family_status_and_page(ecs, name):
    arns = [define(ecs, name)["taskDefinitionArn"] for _ in range(3)]
    listed = ecs.get_paginator("list_task_definitions").paginate(
        familyPrefix=name, PaginationConfig={"PageSize": 2}
    )
    assert [arn for page in listed for arn in page["taskDefinitionArns"]] == arns
    backwards = ecs.list_task_definitions(familyPrefix=name, sort="DESC")["taskDefinitionArns"]
    assert backwards == arns[::-1]


def test_task_definition_families_are_listed_by_prefix_and_status(ecs, name):
    for family in (f"{name}-a", f"{name}-b"):
        define(ecs, family)
    ecs.deregister_task_definition(taskDefinition=f"{name}-b:1")
    assert ecs.list_task_definition_families(familyPrefix=name, status="ACTIVE")["families"] == [f"{name}-a"]
    assert ecs.list_task_definition_families(familyPrefix=name, status="INACTIVE")["families"] == [f"{name}-b"]
    assert ecs.list_task_definition_families(familyPrefix=name)["families"] == [f"{name}-a", f"{name}-b"]


def test_a_deregistered_task_definition_is_inactive_and_starts_no_new_tasks(ecs, name):
    define(ecs, name)
    deregistered = ecs.deregister_task_definition(taskDefinition=f"{name}:1")["taskDefinition"]
    assert deregistered["status"] == "INACTIVE"
    assert ecs.list_task_definitions(familyPrefix=name)["taskDefinitionArns"] == []
    assert len(ecs.list_task_definitions(familyPrefix=name, status="INACTIVE")["taskDefinitionArns"]) == 1
    assert ecs.describe_task_definition(taskDefinition=f"{name}:1")["taskDefinition"]["status"] == "INACTIVE"
    ecs.create_cluster(clusterName=name)
    with pytest.raises(ecs.exceptions.ClientException):
        ecs.run_task(cluster=name, taskDefinition=f"{name}:1", launchType="FARGATE")


def test_a_task_definition_tells_when_it_was_registered_and_deregistered(ecs, name):
    assert isinstance(define(ecs, name)["registeredAt"], datetime.datetime)
    deregistered = ecs.deregister_task_definition(taskDefinition=f"{name}:1")["taskDefinition"]
    assert deregistered["registeredAt"] <= deregistered["deregisteredAt"]


def test_a_task_definition_has_to_be_deregistered_with_its_revision(ecs, name):
    define(ecs, name)
    with pytest.raises(ecs.exceptions.ClientError):
        ecs.deregister_task_definition(taskDefinition=name)


def test_only_an_inactive_task_definition_can_be_deleted(ecs, name):
    define(ecs, name)
    answer = ecs.delete_task_definitions(taskDefinitions=[f"{name}:1"])
    assert answer["taskDefinitions"] == [] and len(answer["failures"]) == 1
    ecs.deregister_task_definition(taskDefinition=f"{name}:1")
    (deleted,) = ecs.delete_task_definitions(taskDefinitions=[f"{name}:1"])["taskDefinitions"]
    assert deleted["status"] == "DELETE_IN_PROGRESS"


def test_tags_are_put_on_resources_and_taken_off_them(ecs, name):
    arn = ecs.create_cluster(clusterName=name, tags=[{"key": "a", "value": "1"}])["cluster"]["clusterArn"]
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "2"}, {"key": "b", "value": "3"}])
    ecs.untag_resource(resourceArn=arn, tagKeys=["b", "never"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "2"}]
    definition = define(ecs, name)["taskDefinitionArn"]
    ecs.tag_resource(resourceArn=definition, tags=[{"key": "c", "value": "4"}])
    assert ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])["tags"] == [{"key": "c", "value": "4"}]
