"""Auto Scaling: groups, their instances' states and protection, lifecycle hooks, warm pools."""

import datetime

import pytest

import waiting
from ecs_things import group, in_service, states
from errors import refused


def test_a_group_is_created_and_described(auto_scaling, make_group, name):
    made = make_group(name, MinSize=0, MaxSize=3, NewInstancesProtectedFromScaleIn=True)
    assert (made["AutoScalingGroupName"], made["MinSize"], made["MaxSize"], made["DesiredCapacity"]) == (name, 0, 3, 0)
    assert f":autoScalingGroup:" in made["AutoScalingGroupARN"]
    assert made["AutoScalingGroupARN"].endswith(f":autoScalingGroupName/{name}")
    assert isinstance(made["CreatedTime"], datetime.datetime)
    assert made["NewInstancesProtectedFromScaleIn"] is True
    assert made["Instances"] == []
    assert made["DefaultCooldown"] == 300


def test_a_group_that_is_there_is_not_created_again(auto_scaling, make_group, name):
    make_group(name)
    with refused(auto_scaling, "AlreadyExists"):
        make_group(name)


def test_unknown_groups_and_instances_are_left_out_of_descriptions(auto_scaling, name):
    assert auto_scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"] == []
    described = auto_scaling.describe_auto_scaling_instances(InstanceIds=["i-00000000000000000"])
    assert described["AutoScalingInstances"] == []


def test_an_empty_list_of_names_describes_every_group(auto_scaling, make_group, name):
    make_group(name)
    described = auto_scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[])["AutoScalingGroups"]
    assert name in [each["AutoScalingGroupName"] for each in described]


def test_groups_are_described_page_by_page(auto_scaling, make_group, name):
    for number in range(3):
        make_group(f"{name}-{number}")
    pages = list(
        auto_scaling.get_paginator("describe_auto_scaling_groups").paginate(
            AutoScalingGroupNames=[f"{name}-{number}" for number in range(3)], PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["AutoScalingGroups"]) for page in pages] == [2, 1]


def test_a_group_starts_as_many_instances_as_desired(auto_scaling, make_group, name):
    make_group(name, 2)
    instances = group(auto_scaling, name)["Instances"]
    assert {each["LifecycleState"] for each in instances} == {"InService"}
    assert {each["HealthStatus"] for each in instances} == {"Healthy"}
    ids = [each["InstanceId"] for each in instances]
    described = auto_scaling.describe_auto_scaling_instances(InstanceIds=ids)["AutoScalingInstances"]
    assert {(each["InstanceId"], each["AutoScalingGroupName"]) for each in described} == {(id, name) for id in ids}
    # The model's text writes `Healthy`, its example `HEALTHY`.
    assert {each["HealthStatus"].upper() for each in described} == {"HEALTHY"}


def test_the_desired_capacity_stays_between_the_groups_sizes(auto_scaling, make_group, name):
    make_group(name, MaxSize=2)
    with refused(auto_scaling, "ValidationError", "New SetDesiredCapacity value 3 is above max value 2"):
        auto_scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=3)
    auto_scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    in_service(auto_scaling, name, 1)


def test_calls_for_a_group_that_is_not_there_are_refused(auto_scaling, name):
    with refused(auto_scaling, "ValidationError"):
        auto_scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    with refused(auto_scaling, "ValidationError"):
        auto_scaling.update_auto_scaling_group(AutoScalingGroupName=name, MaxSize=1)


def test_a_group_is_updated_in_what_is_given(auto_scaling, make_group, name):
    make_group(name, 1)
    auto_scaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=2, MaxSize=3)
    updated = group(auto_scaling, name)
    assert (updated["MinSize"], updated["MaxSize"], updated["DesiredCapacity"]) == (2, 3, 2)
    in_service(auto_scaling, name, 2)


def test_an_instance_is_protected_and_the_unprotected_one_is_terminated(auto_scaling, make_group, name):
    make_group(name, 2)
    kept, other = sorted(states(auto_scaling, name))
    auto_scaling.set_instance_protection(AutoScalingGroupName=name, InstanceIds=[kept], ProtectedFromScaleIn=True)
    protected = {each["InstanceId"]: each["ProtectedFromScaleIn"] for each in group(auto_scaling, name)["Instances"]}
    assert protected == {kept: True, other: False}
    auto_scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    waiting.until("the other one to end", lambda: set(states(auto_scaling, name)) == {kept})


def test_an_instance_that_is_not_there_cannot_be_protected(auto_scaling, make_group, name):
    make_group(name)
    with refused(auto_scaling, "ValidationError"):
        auto_scaling.set_instance_protection(
            AutoScalingGroupName=name, InstanceIds=["i-00000000000000000"], ProtectedFromScaleIn=True
        )


def test_a_terminated_instance_is_replaced_unless_the_capacity_is_decremented(auto_scaling, make_group, name):
    make_group(name, 2)
    first, second = sorted(states(auto_scaling, name))
    terminate = auto_scaling.terminate_instance_in_auto_scaling_group
    activity = terminate(InstanceId=first, ShouldDecrementDesiredCapacity=True)["Activity"]
    assert activity["AutoScalingGroupName"] == name and activity["StatusCode"] == "InProgress"
    assert isinstance(activity["StartTime"], datetime.datetime) and first in activity["Description"]
    in_service(auto_scaling, name, 1)
    assert group(auto_scaling, name)["DesiredCapacity"] == 1
    terminate(InstanceId=second, ShouldDecrementDesiredCapacity=False)
    waiting.until("a replacement", lambda: set(states(auto_scaling, name)) - {first, second})
    in_service(auto_scaling, name, 1)
    assert second not in states(auto_scaling, name)


def test_an_unknown_instance_cannot_be_terminated(auto_scaling):
    with refused(auto_scaling, "ValidationError"):
        auto_scaling.terminate_instance_in_auto_scaling_group(
            InstanceId="i-00000000000000000", ShouldDecrementDesiredCapacity=True
        )


def test_a_group_with_instances_is_in_use_and_is_deleted_by_force(auto_scaling, make_group, name):
    make_group(name, 1)
    with refused(auto_scaling, "ResourceInUse"):
        auto_scaling.delete_auto_scaling_group(AutoScalingGroupName=name)
    auto_scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    gone = lambda: not auto_scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]  # noqa: E731
    waiting.until("the group to be gone", gone)


def test_what_a_group_did_is_told_by_its_activities(auto_scaling, make_group, name):
    make_group(name, 1)
    activities = auto_scaling.describe_scaling_activities(AutoScalingGroupName=name)["Activities"]
    assert activities and activities[0]["Description"].startswith("Launching a new EC2 instance")
    assert isinstance(activities[0]["StartTime"], datetime.datetime)


HOOK = {
    "LifecycleHookName": "hook",
    "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
    "HeartbeatTimeout": 3600,
    "DefaultResult": "CONTINUE",
}


def test_a_lifecycle_hook_is_put_described_and_deleted(auto_scaling, make_group, name):
    make_group(name)
    auto_scaling.put_lifecycle_hook(AutoScalingGroupName=name, **HOOK)
    (hook,) = auto_scaling.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
    assert HOOK.items() <= hook.items()
    assert hook["GlobalTimeout"] == 172800
    auto_scaling.delete_lifecycle_hook(AutoScalingGroupName=name, LifecycleHookName="hook")
    assert auto_scaling.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"] == []


def test_a_lifecycle_hook_waits_an_hour_and_abandons_unless_told_otherwise(auto_scaling, make_group, name):
    make_group(name)
    auto_scaling.put_lifecycle_hook(
        AutoScalingGroupName=name, LifecycleHookName="hook", LifecycleTransition=HOOK["LifecycleTransition"]
    )
    (hook,) = auto_scaling.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
    assert (hook["HeartbeatTimeout"], hook["DefaultResult"]) == (3600, "ABANDON")


@pytest.mark.only_local_aws("moto has hooks, but nothing waits for them")
def test_a_terminating_instance_waits_for_its_hook_to_be_completed(auto_scaling, make_group, name):
    make_group(name, 1)
    auto_scaling.put_lifecycle_hook(AutoScalingGroupName=name, **HOOK)
    (instance,) = states(auto_scaling, name)
    auto_scaling.terminate_instance_in_auto_scaling_group(InstanceId=instance, ShouldDecrementDesiredCapacity=True)
    waiting.until("it to wait", lambda: states(auto_scaling, name).get(instance) == "Terminating:Wait")
    by = {"AutoScalingGroupName": name, "LifecycleHookName": "hook", "InstanceId": instance}
    auto_scaling.record_lifecycle_action_heartbeat(**by)
    auto_scaling.complete_lifecycle_action(**by, LifecycleActionResult="CONTINUE")
    waiting.until("it to be gone", lambda: instance not in states(auto_scaling, name))


@pytest.mark.only_local_aws("moto has hooks, but nothing waits for them")
def test_a_pending_instance_waits_for_its_hook_to_be_completed(auto_scaling, make_group, name):
    make_group(name)
    hook = {**HOOK, "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}
    auto_scaling.put_lifecycle_hook(AutoScalingGroupName=name, **hook)
    auto_scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    waiting.until("it to wait", lambda: list(states(auto_scaling, name).values()) == ["Pending:Wait"])
    (instance,) = states(auto_scaling, name)
    by = {"AutoScalingGroupName": name, "LifecycleHookName": "hook", "InstanceId": instance}
    auto_scaling.complete_lifecycle_action(**by, LifecycleActionResult="CONTINUE")
    in_service(auto_scaling, name, 1)


@pytest.mark.only_local_aws("moto has no CompleteLifecycleAction")
def test_no_action_of_a_hook_can_be_completed_where_none_waits(auto_scaling, make_group, name):
    make_group(name, 1)
    auto_scaling.put_lifecycle_hook(AutoScalingGroupName=name, **HOOK)
    (instance,) = states(auto_scaling, name)
    with refused(auto_scaling, "ValidationError", "No active Lifecycle Action found"):
        auto_scaling.complete_lifecycle_action(
            AutoScalingGroupName=name,
            LifecycleHookName="hook",
            InstanceId=instance,
            LifecycleActionResult="CONTINUE",
        )


def test_a_warm_pool_is_put_described_and_deleted(auto_scaling, make_group, name):
    make_group(name)
    auto_scaling.put_warm_pool(AutoScalingGroupName=name, MinSize=1, PoolState="Stopped")
    pool = auto_scaling.describe_warm_pool(AutoScalingGroupName=name)["WarmPoolConfiguration"]
    assert (pool["MinSize"], pool["PoolState"]) == (1, "Stopped")
    auto_scaling.delete_warm_pool(AutoScalingGroupName=name, ForceDelete=True)
    gone = lambda: not auto_scaling.describe_warm_pool(AutoScalingGroupName=name).get("WarmPoolConfiguration")  # noqa: E731
    waiting.until("the pool to be gone", gone)


@pytest.mark.only_local_aws("moto's warm pools have no instances")
def test_an_instance_comes_out_of_the_warm_pool_and_cannot_be_protected_in_it(auto_scaling, make_group, name):
    make_group(name)
    auto_scaling.put_warm_pool(AutoScalingGroupName=name, MinSize=1, PoolState="Stopped", MaxGroupPreparedCapacity=1)
    pooled = lambda: auto_scaling.describe_warm_pool(AutoScalingGroupName=name)["Instances"]  # noqa: E731
    (warm,) = waiting.until(
        "a warm instance", lambda: (p := pooled()) and p[0]["LifecycleState"] == "Warmed:Stopped" and p
    )
    with refused(auto_scaling, "ValidationError"):
        auto_scaling.set_instance_protection(
            AutoScalingGroupName=name, InstanceIds=[warm["InstanceId"]], ProtectedFromScaleIn=True
        )
    auto_scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    in_service(auto_scaling, name, 1)
    assert list(states(auto_scaling, name)) == [warm["InstanceId"]]
