"""The AWS CLI as people type it: the endpoint in the environment, JSON out, --query."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import ecs_things
import waiting


@pytest.fixture(scope="session")
def aws(server):
    """Runs `aws WORDS`; what it printed, as JSON where there is any."""
    program = pathlib.Path(sys.executable).parent / "aws"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "AWS_ENDPOINT_URL": server.url,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }

    def run(*words, fails=None):
        # Version 1 of the CLI goes to SQS's oldest host name whatever the environment says.
        endpoint = ["--endpoint-url", server.url] if words[0] == "sqs" else []
        command = [sys.executable, str(program), *words, *endpoint, "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
        if fails is not None:
            assert done.returncode != 0 and fails in done.stderr, done.stderr
            return None
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def test_the_cli_runs_a_task_waits_for_it_and_stops_it(aws, name, subnets):
    assert aws("ecs", "create-cluster", "--cluster-name", name, "--query", "cluster.status") == "ACTIVE"
    container = '[{"name":"app","image":"sleeps","memory":256,"essential":true,"stopTimeout":2}]'
    register = "--network-mode awsvpc --requires-compatibilities FARGATE --cpu 256 --memory 512".split()
    definition = aws(
        "ecs", "register-task-definition", "--family", name, "--container-definitions", container, *register
    )["taskDefinition"]
    assert definition["revision"] == 1
    network = json.dumps(ecs_things.network(subnets))
    run = ["--cluster", name, "--task-definition", name, "--launch-type", "FARGATE", "--network-configuration", network]
    arn = aws("ecs", "run-task", *run, "--query", "tasks[0].taskArn")
    of = ["--cluster", name, "--tasks", arn]
    waiting.until("it to run", lambda: aws("ecs", "describe-tasks", *of, "--query", "tasks[0].lastStatus") == "RUNNING")
    assert aws("ecs", "list-tasks", "--cluster", name, "--query", "taskArns") == [arn]
    stopped = aws("ecs", "stop-task", "--cluster", name, "--task", arn, "--reason", "enough")["task"]
    assert (stopped["desiredStatus"], stopped["stoppedReason"]) == ("STOPPED", "enough")
    aws("ecs", "list-tasks", "--cluster", name + "-never", fails="ClusterNotFoundException")


def test_the_cli_waits_for_a_service_to_be_stable(aws, name, subnets):
    aws("ecs", "create-cluster", "--cluster-name", name)
    container = '[{"name":"app","image":"sleeps","memory":256,"essential":true,"stopTimeout":2}]'
    register = "--network-mode awsvpc --requires-compatibilities FARGATE --cpu 256 --memory 512".split()
    aws("ecs", "register-task-definition", "--family", name, "--container-definitions", container, *register)
    network = json.dumps(ecs_things.network(subnets))
    of = ["--cluster", name, "--service"]
    create = ["--task-definition", name, "--desired-count", "1", "--launch-type", "FARGATE"]
    created = aws(
        "ecs", "create-service", "--cluster", name, "--service-name", name, *create, "--network-configuration", network
    )["service"]
    assert created["serviceName"] == name
    counts = lambda: aws(  # noqa: E731
        "ecs", "describe-services", "--cluster", name, "--services", name, "--query", "services[0].[status,desiredCount]"
    )
    assert counts() == ["ACTIVE", 1]
    assert aws("ecs", "update-service", *of, name, "--desired-count", "0", "--query", "service.desiredCount") == 0
    assert aws("ecs", "delete-service", *of, name, "--force", "--query", "service.serviceName") == name


def test_the_cli_registers_and_discovers_an_instance(aws, name):
    operation = aws(
        "servicediscovery", "create-private-dns-namespace", "--name", f"{name}.test", "--vpc", f"vpc-{name}",
        "--query", "OperationId",
    )  # fmt: skip
    done = lambda id: aws("servicediscovery", "get-operation", "--operation-id", id, "--query", "Operation.Status") == "SUCCESS"  # noqa: E731
    waiting.until("the namespace", lambda: done(operation))
    namespace = aws(
        "servicediscovery", "list-namespaces", "--query", f"Namespaces[?Name=='{name}.test'].Id | [0]"
    )
    service = aws(
        "servicediscovery", "create-service", "--name", "app", "--namespace-id", namespace,
        "--dns-config", "RoutingPolicy=MULTIVALUE,DnsRecords=[{Type=A,TTL=1}]", "--query", "Service.Id",
    )  # fmt: skip
    operation = aws(
        "servicediscovery", "register-instance", "--service-id", service, "--instance-id", "one",
        "--attributes", "AWS_INSTANCE_IPV4=10.0.0.1,team=red", "--query", "OperationId",
    )  # fmt: skip
    waiting.until("the instance", lambda: done(operation))
    listed = aws("servicediscovery", "list-instances", "--service-id", service, "--query", "Instances[].Id")
    assert listed == ["one"]
    find = ["--namespace-name", f"{name}.test", "--service-name", "app", "--query", "Instances[].Attributes.team"]
    waiting.until("it to be discovered", lambda: aws("servicediscovery", "discover-instances", *find) == ["red"])
    aws("servicediscovery", "get-service", "--id", "srv-0000000000000000", fails="ServiceNotFound")


def test_the_cli_scales_a_group_and_protects_its_instance(aws, name, launch):
    of = ["--auto-scaling-group-name", name]
    template = f"LaunchTemplateId={launch['LaunchTemplateId']},Version=$Latest"
    aws(
        "autoscaling", "create-auto-scaling-group", *of, "--min-size", "0", "--max-size", "2", "--launch-template",
        template, "--availability-zones", "eu-west-1a",
    )  # fmt: skip
    assert aws("autoscaling", "set-desired-capacity", *of, "--desired-capacity", "1") is None
    describe = ["describe-auto-scaling-groups", "--auto-scaling-group-names", name, "--query"]
    query = "AutoScalingGroups[0].Instances[?LifecycleState=='InService'].InstanceId"
    (instance,) = waiting.until("an instance", lambda: aws("autoscaling", *describe, query))
    aws("autoscaling", "set-instance-protection", *of, "--instance-ids", instance, "--protected-from-scale-in")
    query = "AutoScalingInstances[0].ProtectedFromScaleIn"
    assert aws("autoscaling", "describe-auto-scaling-instances", "--instance-ids", instance, "--query", query) is True
    terminate = ["--instance-id", instance, "--should-decrement-desired-capacity", "--query", "Activity.StatusCode"]
    assert aws("autoscaling", "terminate-instance-in-auto-scaling-group", *terminate) == "InProgress"


def test_the_cli_sends_and_receives_a_message(aws, name):
    url = aws("sqs", "create-queue", "--queue-name", name, "--query", "QueueUrl")
    sent = aws("sqs", "send-message", "--queue-url", url, "--message-body", "hello", "--query", "MessageId")
    receive = ["--queue-url", url, "--attribute-names", "All", "--query", "Messages[0].[MessageId,Body,ReceiptHandle]"]
    id, body, handle = waiting.until("a message", lambda: aws("sqs", "receive-message", *receive))
    assert (id, body) == (sent, "hello")
    assert aws("sqs", "delete-message", "--queue-url", url, "--receipt-handle", handle) is None
    aws("sqs", "get-queue-url", "--queue-name", name + "-never", fails="NonExistentQueue")
