"""The AWS CLI's program as people start it, one story through every service. The stories beside this one make each call."""

import waiting


def test_the_program_of_the_cli_reaches_every_service(aws, name):
    run = aws.program
    assert run("ecs", "create-cluster", "--cluster-name", name, query="cluster.status") == "ACTIVE"
    assert run("ecs", "describe-clusters", "--clusters", name, query="clusters[].clusterName") == [name]
    run("ecs", "list-tasks", "--cluster", name + "-never", fails="ClusterNotFoundException")
    run("servicediscovery", "get-service", "--id", "srv-0000000000000000", fails="ServiceNotFound")
    describe = ["--auto-scaling-group-names", name]
    assert run("autoscaling", "describe-auto-scaling-groups", *describe, query="AutoScalingGroups") == []
    url = run("sqs", "create-queue", "--queue-name", name, query="QueueUrl")
    sent = run("sqs", "send-message", "--queue-url", url, "--message-body", "hello", query="MessageId")
    receive = ["receive-message", "--queue-url", url]
    received = waiting.until("a message", lambda: run("sqs", *receive, query="Messages[0].[MessageId,Body]"))
    assert received == [sent, "hello"]
    run("sqs", "get-queue-url", "--queue-name", name + "-never", fails="NonExistentQueue")
