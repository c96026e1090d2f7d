"""What tests of ECS need before they can begin: clusters, task definitions, tasks that run."""

import json

import waiting

# What a machine knows of itself, which its agent shows ECS.
DOCUMENT = {
    "region": "eu-west-1",
    "accountId": "123456789012",
    "instanceId": "i-0123456789abcdef0",
    "instanceType": "t3.micro",
    "availabilityZone": "eu-west-1a",
}
RESOURCES = [
    {"name": "CPU", "type": "INTEGER", "integerValue": 2048},
    {"name": "MEMORY", "type": "INTEGER", "integerValue": 952},
]


def define(ecs, family, image="sleeps", **more):
    """A task definition of one container, that runs on Fargate and on hosts."""
    request = {
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["EC2", "FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "app", "image": image, "memory": 256, "essential": True, "stopTimeout": 2}],
        **more,
    }
    return ecs.register_task_definition(**request)["taskDefinition"]


def network(subnets):
    return {"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [], "assignPublicIp": "DISABLED"}}


def run(ecs, cluster, family, subnets, **more):
    """Runs tasks on Fargate."""
    placed = {} if "capacityProviderStrategy" in more else {"launchType": "FARGATE"}
    return ecs.run_task(
        cluster=cluster, taskDefinition=family, networkConfiguration=network(subnets), **{**placed, **more}
    )


def wait_for(ecs, waiter, **what):
    """Waits with botocore's own waiter, only looking more often than every six seconds."""
    ecs.get_waiter(waiter).wait(**what, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})


def task(ecs, cluster, arn, **more):
    described = ecs.describe_tasks(cluster=cluster, tasks=[arn], **more)
    assert described["failures"] == []
    return described["tasks"][0]


def in_service(auto_scaling, name, hosts):
    def look():
        instances = group(auto_scaling, name)["Instances"]
        return [i for i in instances if i["LifecycleState"] == "InService"] if len(instances) == hosts else []

    if hosts == 0:
        return waiting.until("no host", lambda: not group(auto_scaling, name)["Instances"]) and []
    return waiting.until(f"{hosts} hosts", lambda: (found := look()) and len(found) == hosts and found)


def group(auto_scaling, name):
    return auto_scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]


def states(auto_scaling, name):
    return {each["InstanceId"]: each["LifecycleState"] for each in group(auto_scaling, name)["Instances"]}


def cluster_with_hosts(ecs, auto_scaling, make_group, name, hosts, **scaling):
    """A cluster whose only capacity is one group of hosts, which are registered when this returns; their ARNs."""
    arn = make_group(name)["AutoScalingGroupARN"]
    scaling = scaling or {"managedScaling": {"status": "DISABLED"}}
    ecs.create_capacity_provider(
        name=name,
        autoScalingGroupProvider={
            "autoScalingGroupArn": arn,
            "managedTerminationProtection": "DISABLED",
            "managedDraining": "DISABLED",
            **scaling,
        },
    )
    strategy = [{"capacityProvider": name, "weight": 1}]
    ecs.create_cluster(clusterName=name, capacityProviders=[name], defaultCapacityProviderStrategy=strategy)

    if hosts:
        auto_scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=hosts)

    def registered():
        arns = ecs.list_container_instances(cluster=name)["containerInstanceArns"]
        return arns if len(arns) == hosts else None

    return waiting.until("its hosts to register", registered) if hosts else []


def register_host(ecs, cluster, document):
    """Registers a host as its agent does; its ARN."""
    return ecs.register_container_instance(
        cluster=cluster,
        instanceIdentityDocument=json.dumps(document),
        instanceIdentityDocumentSignature="c2lnbmF0dXJl",
        totalResources=RESOURCES,
        versionInfo={"agentVersion": "1.105.1", "dockerVersion": "DockerVersion: 25.0.8"},
    )["containerInstance"]["containerInstanceArn"]
