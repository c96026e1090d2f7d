"""Auto Scaling, as people meddle with it: standby, health, suspended processes, and tags."""

import waiting
from ecs_things import group, in_service, states
from errors import refused


def test_an_instance_enters_standby_and_comes_back(auto_scaling, make_group, name):
    make_group(name, 1)
    (instance,) = states(auto_scaling, name)
    of = {"AutoScalingGroupName": name, "InstanceIds": [instance]}
    (activity,) = auto_scaling.enter_standby(**of, ShouldDecrementDesiredCapacity=True)["Activities"]
    assert activity["AutoScalingGroupName"] == name and instance in activity["Description"]
    waiting.until("standby", lambda: states(auto_scaling, name) == {instance: "Standby"})
    assert group(auto_scaling, name)["DesiredCapacity"] == 0
    (activity,) = auto_scaling.exit_standby(**of)["Activities"]
    assert activity["AutoScalingGroupName"] == name and instance in activity["Description"]
    (back,) = in_service(auto_scaling, name, 1)
    assert (back["InstanceId"], group(auto_scaling, name)["DesiredCapacity"]) == (instance, 1)


def test_an_instance_in_standby_is_replaced_unless_the_capacity_is_decremented(auto_scaling, make_group, name):
    make_group(name, 1)
    (instance,) = states(auto_scaling, name)
    auto_scaling.enter_standby(AutoScalingGroupName=name, InstanceIds=[instance], ShouldDecrementDesiredCapacity=False)
    both = lambda: sorted(states(auto_scaling, name).values()) == ["InService", "Standby"]  # noqa: E731
    waiting.until("a replacement beside it", both)
    assert group(auto_scaling, name)["DesiredCapacity"] == 1


def test_standby_does_not_go_below_the_groups_least_size(auto_scaling, make_group, name):
    make_group(name, 1, MinSize=1)
    with refused(auto_scaling, "ValidationError"):
        auto_scaling.enter_standby(
            AutoScalingGroupName=name, InstanceIds=list(states(auto_scaling, name)), ShouldDecrementDesiredCapacity=True
        )


def test_only_an_instance_in_standby_can_leave_it(auto_scaling, make_group, name):
    make_group(name, 1)
    with refused(auto_scaling, "ValidationError"):
        auto_scaling.exit_standby(AutoScalingGroupName=name, InstanceIds=list(states(auto_scaling, name)))


def test_an_instance_that_is_said_to_be_unhealthy_is_replaced(auto_scaling, make_group, name):
    make_group(name, 1)
    (ill,) = states(auto_scaling, name)
    auto_scaling.set_instance_health(InstanceId=ill, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    waiting.until("it to be gone", lambda: ill not in states(auto_scaling, name))
    in_service(auto_scaling, name, 1)


def test_the_health_of_nothing_and_a_health_that_is_none_are_refused(auto_scaling, make_group, name):
    make_group(name, 1)
    (instance,) = states(auto_scaling, name)
    for asked in ({"InstanceId": instance, "HealthStatus": "Tired"}, {"InstanceId": "i-0", "HealthStatus": "Healthy"}):
        with refused(auto_scaling, "ValidationError"):
            auto_scaling.set_instance_health(**asked)


def suspended(auto_scaling, name):
    return {each["ProcessName"] for each in group(auto_scaling, name)["SuspendedProcesses"]}


PROCESSES = {
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
}


def test_processes_are_suspended_and_resumed_by_name_or_all_at_once(auto_scaling, make_group, name):
    make_group(name)
    auto_scaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch", "Terminate"])
    assert suspended(auto_scaling, name) == {"Launch", "Terminate"}
    auto_scaling.resume_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    assert suspended(auto_scaling, name) == {"Terminate"}
    auto_scaling.suspend_processes(AutoScalingGroupName=name)
    assert suspended(auto_scaling, name) == PROCESSES
    auto_scaling.resume_processes(AutoScalingGroupName=name)
    assert suspended(auto_scaling, name) == set()


def test_a_suspended_process_says_why(auto_scaling, make_group, name):
    make_group(name)
    auto_scaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    (process,) = group(auto_scaling, name)["SuspendedProcesses"]
    assert process["SuspensionReason"].startswith("User suspended at ")


def test_a_process_that_there_is_not_cannot_be_suspended(auto_scaling, make_group, name):
    make_group(name)
    with refused(auto_scaling, "ValidationError"):
        auto_scaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Sleep"])


def test_a_group_launches_nothing_while_that_is_suspended(auto_scaling, make_group, name):
    make_group(name)
    auto_scaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    auto_scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    # A group beside it would have its host by now: it was asked later.
    make_group(f"{name}-beside", 1)
    assert (group(auto_scaling, name)["DesiredCapacity"], states(auto_scaling, name)) == (1, {})
    auto_scaling.resume_processes(AutoScalingGroupName=name)
    in_service(auto_scaling, name, 1)


def tag(name, key, value, propagate=False):
    return {
        "ResourceId": name,
        "ResourceType": "auto-scaling-group",
        "Key": key,
        "Value": value,
        "PropagateAtLaunch": propagate,
    }


def tags(auto_scaling, **by):
    pages = auto_scaling.get_paginator("describe_tags").paginate(
        Filters=[{"Name": name.replace("_", "-"), "Values": [value]} for name, value in by.items()]
    )
    return sorted((each for page in pages for each in page["Tags"]), key=lambda each: each["Key"])


def test_tags_are_put_on_a_group_found_and_deleted(auto_scaling, make_group, name):
    make_group(name, Tags=[tag(name, "team", "red")])
    auto_scaling.create_or_update_tags(Tags=[tag(name, "team", "blue", True), tag(name, "floor", "two")])
    team, floor = tag(name, "team", "blue", True), tag(name, "floor", "two")
    assert tags(auto_scaling, auto_scaling_group=name) == [floor, team]
    assert sorted(group(auto_scaling, name)["Tags"], key=lambda each: each["Key"]) == [floor, team]
    assert tags(auto_scaling, auto_scaling_group=name, key="team") == [team]
    assert tags(auto_scaling, auto_scaling_group=name, value="two") == [floor]
    auto_scaling.delete_tags(Tags=[tag(name, "team", "blue", True)])
    assert tags(auto_scaling, auto_scaling_group=name) == [floor]


def test_tags_of_a_group_that_is_not_there_are_refused(auto_scaling, name):
    with refused(auto_scaling, "ValidationError"):
        auto_scaling.create_or_update_tags(Tags=[tag(name, "team", "red")])
