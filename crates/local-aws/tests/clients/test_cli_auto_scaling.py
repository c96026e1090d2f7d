"""The AWS CLI and Auto Scaling: a group, its hosts, hooks and warm pool, each call of them."""

import pytest

import waiting


@pytest.fixture
def scaling_cli(aws):
    """Runs `aws autoscaling WORDS`."""
    return lambda *words, **more: aws("autoscaling", *words, **more)


@pytest.fixture
def of(name):
    """The words that name the test's group."""
    return ["--auto-scaling-group-name", name]


def instances(scaling_cli, name, state):
    query = f"AutoScalingGroups[0].Instances[?LifecycleState=='{state}'].InstanceId"
    return scaling_cli("describe-auto-scaling-groups", "--auto-scaling-group-names", name, query=query)


def instance(scaling_cli, name, state="InService"):
    (found,) = waiting.until(f"a host {state}", lambda: instances(scaling_cli, name, state))
    return found


def test_the_cli_keeps_a_group(scaling_cli, of, name, launch):
    template = f"LaunchTemplateId={launch['LaunchTemplateId']},Version=$Latest"
    sizes = ["--min-size", "0", "--max-size", "2", "--launch-template", template]
    assert scaling_cli("create-auto-scaling-group", *of, *sizes, "--availability-zones", "eu-west-1a") is None
    assert scaling_cli("set-desired-capacity", *of, "--desired-capacity", "1") is None
    host = instance(scaling_cli, name)
    scaling_cli("update-auto-scaling-group", *of, "--max-size", "3")
    group = ["describe-auto-scaling-groups", "--auto-scaling-group-names", name]
    assert scaling_cli(*group, query="AutoScalingGroups[0].[MaxSize,DesiredCapacity]") == [3, 1]
    scaling_cli("set-instance-protection", *of, "--instance-ids", host, "--protected-from-scale-in")
    query = "AutoScalingInstances[].[AutoScalingGroupName,ProtectedFromScaleIn]"
    described = scaling_cli("describe-auto-scaling-instances", "--instance-ids", host, query=query)
    assert described == [[name, True]]
    words = ["--instance-id", host, "--should-decrement-desired-capacity", "--query", "Activity.StatusCode"]
    assert scaling_cli("terminate-instance-in-auto-scaling-group", *words) == "InProgress"
    scaling_cli("delete-auto-scaling-group", *of, "--force-delete")
    waiting.until("the group to be gone", lambda: scaling_cli(*group, query="AutoScalingGroups") == [])


def test_the_cli_reads_what_a_group_did(scaling_cli, make_group, of, name):
    make_group(name, 1)
    activities = scaling_cli("describe-scaling-activities", *of, query="Activities[].Description")
    assert activities and activities[0].startswith("Launching a new EC2 instance")


def test_the_cli_puts_tags_on_a_group(scaling_cli, make_group, name):
    make_group(name)
    at = f"ResourceId={name},ResourceType=auto-scaling-group"
    tags = [f"{at},Key=team,Value=red,PropagateAtLaunch=true", f"{at},Key=floor,Value=two,PropagateAtLaunch=false"]
    scaling_cli("create-or-update-tags", "--tags", *tags)
    find = ["describe-tags", "--filters", f"Name=auto-scaling-group,Values={name}"]
    told = scaling_cli(*find, query="Tags[].[Key,Value,PropagateAtLaunch]")
    assert sorted(told) == [["floor", "two", False], ["team", "red", True]]
    scaling_cli("delete-tags", "--tags", tags[0])
    assert scaling_cli(*find, query="Tags[].Key") == ["floor"]


def test_the_cli_suspends_and_resumes_what_a_group_does(scaling_cli, make_group, of, name):
    make_group(name)
    group = ["describe-auto-scaling-groups", "--auto-scaling-group-names", name]
    suspended = lambda: scaling_cli(*group, query="AutoScalingGroups[0].SuspendedProcesses[].ProcessName")  # noqa: E731
    scaling_cli("suspend-processes", *of, "--scaling-processes", "AlarmNotification", "Terminate")
    assert sorted(suspended()) == ["AlarmNotification", "Terminate"]
    scaling_cli("resume-processes", *of, "--scaling-processes", "Terminate")
    assert suspended() == ["AlarmNotification"]


def test_the_cli_puts_a_host_on_standby_and_back(scaling_cli, make_group, of, name):
    make_group(name, 1)
    host = instance(scaling_cli, name)
    ids = [*of, "--instance-ids", host]
    moved = "Activities[].AutoScalingGroupName"
    assert scaling_cli("enter-standby", *ids, "--should-decrement-desired-capacity", query=moved) == [name]
    assert instance(scaling_cli, name, "Standby") == host
    assert scaling_cli("exit-standby", *ids, query=moved) == [name]
    assert instance(scaling_cli, name) == host


def test_the_cli_says_that_a_host_is_well(scaling_cli, make_group, name):
    make_group(name, 1)
    host = instance(scaling_cli, name)
    assert scaling_cli("set-instance-health", "--instance-id", host, "--health-status", "Healthy") is None
    query = "AutoScalingInstances[].HealthStatus"
    (health,) = scaling_cli("describe-auto-scaling-instances", "--instance-ids", host, query=query)
    assert health.upper() == "HEALTHY"


def test_the_cli_keeps_a_lifecycle_hook(scaling_cli, make_group, of, name):
    make_group(name)
    hook = [*of, "--lifecycle-hook-name", "hook"]
    transition = "autoscaling:EC2_INSTANCE_TERMINATING"
    words = ["--lifecycle-transition", transition, "--heartbeat-timeout", "3600", "--default-result", "CONTINUE"]
    scaling_cli("put-lifecycle-hook", *hook, *words)
    query = "LifecycleHooks[].[LifecycleHookName,LifecycleTransition,HeartbeatTimeout,DefaultResult]"
    assert scaling_cli("describe-lifecycle-hooks", *of, query=query) == [["hook", transition, 3600, "CONTINUE"]]
    scaling_cli("delete-lifecycle-hook", *hook)
    assert scaling_cli("describe-lifecycle-hooks", *of, query="LifecycleHooks") == []


@pytest.mark.only_local_aws("moto has hooks, but nothing waits for them")
def test_the_cli_completes_what_a_host_waits_for(scaling_cli, make_group, of, name):
    make_group(name, 1)
    host = instance(scaling_cli, name)
    hook = [*of, "--lifecycle-hook-name", "hook"]
    scaling_cli("put-lifecycle-hook", *hook, "--lifecycle-transition", "autoscaling:EC2_INSTANCE_TERMINATING")
    words = ["--instance-id", host, "--should-decrement-desired-capacity"]
    scaling_cli("terminate-instance-in-auto-scaling-group", *words)
    assert instance(scaling_cli, name, "Terminating:Wait") == host
    scaling_cli("record-lifecycle-action-heartbeat", *hook, "--instance-id", host)
    complete = ["--instance-id", host, "--lifecycle-action-result", "CONTINUE"]
    scaling_cli("complete-lifecycle-action", *hook, *complete)
    waiting.until("it to be gone", lambda: not instances(scaling_cli, name, "Terminating:Wait"))
    scaling_cli("complete-lifecycle-action", *hook, *complete, fails="ValidationError")


def test_the_cli_keeps_a_warm_pool(scaling_cli, make_group, of, name):
    make_group(name)
    scaling_cli("put-warm-pool", *of, "--min-size", "1", "--pool-state", "Stopped")
    pool = lambda: scaling_cli("describe-warm-pool", *of, query="WarmPoolConfiguration.[MinSize,PoolState]")  # noqa: E731
    assert pool() == [1, "Stopped"]
    scaling_cli("delete-warm-pool", *of, "--force-delete")
    waiting.until("the pool to be gone", lambda: pool() is None)
