"""The AWS CLI and ECS: what a person does with clusters, tasks, hosts and services, each call of it."""

import pytest

import ecs_things
import waiting

CONTAINER = [{"name": "app", "image": "sleeps", "memory": 256, "essential": True, "stopTimeout": 2}]
ON_FARGATE = "--network-mode awsvpc --requires-compatibilities FARGATE --cpu 256 --memory 512".split()


@pytest.fixture
def ecs_cli(aws):
    """Runs `aws ecs WORDS`."""
    return lambda *words, **more: aws("ecs", *words, **more)


@pytest.fixture
def cluster(ecs_cli, name):
    """A cluster and the family of a task, under the test's name."""
    ecs_cli("create-cluster", "--cluster-name", name)
    ecs_cli("register-task-definition", "--family", name, "--container-definitions", CONTAINER, *ON_FARGATE)
    return name


def test_the_cli_keeps_a_cluster(ecs_cli, name):
    created = ecs_cli("create-cluster", "--cluster-name", name, "--tags", "key=team,value=red")["cluster"]
    assert (created["clusterName"], created["status"]) == (name, "ACTIVE")
    arn = created["clusterArn"]
    assert arn in ecs_cli("list-clusters", query="clusterArns")
    ecs_cli("tag-resource", "--resource-arn", arn, "--tags", "key=floor,value=two")
    ecs_cli("untag-resource", "--resource-arn", arn, "--tag-keys", "team")
    assert ecs_cli("list-tags-for-resource", "--resource-arn", arn, query="tags") == [{"key": "floor", "value": "two"}]
    setting = {"name": "containerInsights", "value": "enabled"}
    updated = ecs_cli("update-cluster", "--cluster", name, "--settings", "name=containerInsights,value=enabled")
    assert setting in updated["cluster"]["settings"]
    of = ["--clusters", name, "--include", "SETTINGS", "TAGS"]
    (described,) = ecs_cli("describe-clusters", *of)["clusters"]
    assert setting in described["settings"] and described["tags"] == [{"key": "floor", "value": "two"}]
    assert ecs_cli("delete-cluster", "--cluster", name, query="cluster.status") == "INACTIVE"
    ecs_cli("list-tasks", "--cluster", f"{name}-never", fails="ClusterNotFoundException")


def test_the_cli_updates_the_settings_of_a_cluster(ecs_cli, name):
    ecs_cli("create-cluster", "--cluster-name", name)
    words = ["--cluster", name, "--settings", "name=containerInsights,value=disabled", "--query", "cluster.settings"]
    assert {"name": "containerInsights", "value": "disabled"} in ecs_cli("update-cluster-settings", *words)


def test_the_cli_keeps_task_definitions(ecs_cli, name):
    define = ["register-task-definition", "--family", name, "--container-definitions", CONTAINER, *ON_FARGATE]
    arns = [ecs_cli(*define, query="taskDefinition.taskDefinitionArn") for _ in range(2)]
    assert ecs_cli("list-task-definitions", "--family-prefix", name, query="taskDefinitionArns") == arns
    assert ecs_cli("list-task-definition-families", "--family-prefix", name, query="families") == [name]
    query = "taskDefinition.[revision,status,containerDefinitions[0].image]"
    assert ecs_cli("describe-task-definition", "--task-definition", name, query=query) == [2, "ACTIVE", "sleeps"]
    first = f"{name}:1"
    gone = ecs_cli("deregister-task-definition", "--task-definition", first, query="taskDefinition.status")
    assert gone == "INACTIVE"
    deleted = ecs_cli("delete-task-definitions", "--task-definitions", first, query="taskDefinitions[].status")
    assert deleted == ["DELETE_IN_PROGRESS"]


def test_the_cli_runs_a_task_waits_for_it_and_stops_it(ecs_cli, cluster, subnets):
    network = ecs_things.network(subnets)
    run = ["--task-definition", cluster, "--launch-type", "FARGATE", "--network-configuration", network]
    answer = ecs_cli("run-task", "--cluster", cluster, *run, "--started-by", "someone")
    assert answer["failures"] == []
    (task,) = answer["tasks"]
    assert task["startedBy"] == "someone"
    of = ["--cluster", cluster, "--tasks", task["taskArn"]]
    waiting.until("it to run", lambda: ecs_cli("describe-tasks", *of, query="tasks[0].lastStatus") == "RUNNING")
    ecs_cli("wait", "tasks-running", *of)
    assert ecs_cli("list-tasks", "--cluster", cluster, query="taskArns") == [task["taskArn"]]
    stopped = ecs_cli("stop-task", "--cluster", cluster, "--task", task["taskArn"], "--reason", "enough")["task"]
    assert (stopped["desiredStatus"], stopped["stoppedReason"]) == ("STOPPED", "enough")
    query = "tasks[0].[lastStatus,stoppedReason]"
    waiting.until("it to stop", lambda: ecs_cli("describe-tasks", *of, query=query) == ["STOPPED", "enough"])


def test_the_cli_drains_a_host_and_deregisters_it(ecs_cli, hosts, name):
    assert sorted(ecs_cli("list-container-instances", "--cluster", name, query="containerInstanceArns")) == sorted(hosts)
    of = ["--cluster", name, "--container-instances", hosts[0]]
    status = "containerInstances[].status"
    assert ecs_cli("describe-container-instances", *of, query=status) == ["ACTIVE"]
    drained = ecs_cli("update-container-instances-state", *of, "--status", "DRAINING", query=status)
    assert drained == ["DRAINING"]
    words = ["--cluster", name, "--container-instance", hosts[0], "--force"]
    gone = ecs_cli("deregister-container-instance", *words, query="containerInstance.containerInstanceArn")
    assert gone == hosts[0]
    assert ecs_cli("list-container-instances", "--cluster", name, query="containerInstanceArns") == hosts[1:]


def test_the_cli_registers_a_host_as_its_agent_does(ecs_cli, new_machine, name):
    ecs_cli("create-cluster", "--cluster-name", name)
    machine = new_machine()
    proof = ["--instance-identity-document", machine, "--instance-identity-document-signature", "c2lnbmF0dXJl"]
    words = ["--cluster", name, *proof, "--total-resources", ecs_things.RESOURCES]
    host = ecs_cli("register-container-instance", *words)["containerInstance"]
    assert (host["ec2InstanceId"], host["status"]) == (machine["instanceId"], "ACTIVE")
    listed = ecs_cli("list-container-instances", "--cluster", name, query="containerInstanceArns")
    assert listed == [host["containerInstanceArn"]]


def test_the_cli_starts_a_task_on_a_host(ecs_cli, hosts, name):
    small = "--network-mode bridge --requires-compatibilities EC2 --memory 256".split()
    ecs_cli("register-task-definition", "--family", name, "--container-definitions", CONTAINER, *small)
    start = ["--cluster", name, "--task-definition", name, "--container-instances", hosts[0]]
    answer = ecs_cli("start-task", *start)
    assert answer["failures"] == []
    (task,) = answer["tasks"]
    assert task["containerInstanceArn"] == hosts[0]
    on_it = ["--cluster", name, "--container-instance", hosts[0], "--query", "taskArns"]
    assert ecs_cli("list-tasks", *on_it) == [task["taskArn"]]
    ecs_cli("stop-task", "--cluster", name, "--task", task["taskArn"])


def test_the_cli_puts_attributes_on_a_host(ecs_cli, hosts, name):
    host = hosts[0].rsplit("/", 1)[-1]
    of = ["--cluster", name, "--attributes"]
    on = f"targetType=container-instance,targetId={host}"
    put = ecs_cli("put-attributes", *of, f"name=rack,value=one,{on}", query="attributes[].[name,value]")
    assert put == [["rack", "one"]]
    find = ["--cluster", name, "--target-type", "container-instance", "--attribute-name", "rack"]
    listed = ecs_cli("list-attributes", *find, query="attributes[].value")
    ecs_cli("delete-attributes", *of, f"name=rack,{on}")
    assert listed == ["one"]
    assert ecs_cli("list-attributes", *find, query="attributes") == []


def test_the_cli_keeps_a_capacity_provider(ecs_cli, make_group, name):
    group = make_group(name)["AutoScalingGroupARN"]
    provider = {
        "autoScalingGroupArn": group,
        "managedScaling": {"status": "ENABLED", "targetCapacity": 80},
        "managedTerminationProtection": "DISABLED",
    }
    made = ecs_cli("create-capacity-provider", "--name", name, "--auto-scaling-group-provider", provider)
    assert made["capacityProvider"]["status"] == "ACTIVE"
    target = "autoScalingGroupProvider.managedScaling.targetCapacity"
    query = f"capacityProviders[0].{target}"
    assert ecs_cli("describe-capacity-providers", "--capacity-providers", name, query=query) == 80
    words = ["--name", name, "--auto-scaling-group-provider", "managedScaling={targetCapacity=50}"]
    assert ecs_cli("update-capacity-provider", *words, query=f"capacityProvider.{target}") == 50
    ecs_cli("create-cluster", "--cluster-name", name)
    use = ["--capacity-providers", name, "--default-capacity-provider-strategy", f"capacityProvider={name},weight=1"]
    used = ecs_cli("put-cluster-capacity-providers", "--cluster", name, *use, query="cluster.capacityProviders")
    assert used == [name]
    attached = lambda: ecs_cli(  # noqa: E731
        "describe-clusters", "--clusters", name, "--include", "ATTACHMENTS", query="clusters[0].attachmentsStatus"
    ) in (None, "UPDATE_COMPLETE")
    waiting.until("the attachment", attached)
    without = ["--capacity-providers", "[]", "--default-capacity-provider-strategy", "[]"]
    ecs_cli("put-cluster-capacity-providers", "--cluster", name, *without)
    waiting.until("the detachment", attached)
    gone = ecs_cli("delete-capacity-provider", "--capacity-provider", name, query="capacityProvider.name")
    assert gone == name


def create_service(ecs_cli, name, subnets, desired):
    words = ["--cluster", name, "--service-name", name, "--task-definition", name, "--launch-type", "FARGATE"]
    network = ["--network-configuration", ecs_things.network(subnets)]
    return ecs_cli("create-service", *words, "--desired-count", str(desired), *network)["service"]


def test_the_cli_keeps_a_service(ecs_cli, cluster, subnets):
    created = create_service(ecs_cli, cluster, subnets, 1)
    assert (created["serviceName"], created["desiredCount"]) == (cluster, 1)
    assert ecs_cli("list-services", "--cluster", cluster, query="serviceArns") == [created["serviceArn"]]
    of = ["--cluster", cluster, "--service", cluster]
    query = "services[0].[status,desiredCount]"
    describe = ["--cluster", cluster, "--services", cluster]
    assert ecs_cli("describe-services", *describe, query=query) == ["ACTIVE", 1]
    assert ecs_cli("update-service", *of, "--desired-count", "0", query="service.desiredCount") == 0
    assert ecs_cli("delete-service", *of, "--force", query="service.serviceName") == cluster


@pytest.mark.only_local_aws("moto runs no tasks for a service")
def test_the_cli_waits_for_a_service_and_protects_its_task(ecs_cli, cluster, subnets):
    create_service(ecs_cli, cluster, subnets, 1)
    describe = ["--cluster", cluster, "--services", cluster]
    running = lambda: ecs_cli("describe-services", *describe, query="services[0].runningCount") == 1  # noqa: E731
    waiting.until("its task", running)
    ecs_cli("wait", "services-stable", *describe)
    (task,) = ecs_cli("list-tasks", "--cluster", cluster, "--service-name", cluster, query="taskArns")
    of = ["--cluster", cluster, "--tasks", task]
    query = "protectedTasks[].[taskArn,protectionEnabled]"
    protect = ["update-task-protection", *of, "--protection-enabled", "--expires-in-minutes", "5"]
    assert ecs_cli(*protect, query=query) == [[task, True]]
    assert ecs_cli("get-task-protection", *of, query=query) == [[task, True]]
    ecs_cli("update-task-protection", *of, "--no-protection-enabled")
    assert ecs_cli("get-task-protection", *of, query=query) == [[task, False]]
    ecs_cli("delete-service", "--cluster", cluster, "--service", cluster, "--force")
