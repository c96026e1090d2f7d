"""Many clients at once, with AWS's throttling and without: what is asked for once happens once, and every view agrees."""

import collections
import random
from concurrent.futures import ThreadPoolExecutor

import dns.message
import dns.query
import dns.rcode
import pytest

import conftest
import targets
import waiting
from cloud_map_things import make_namespace, make_service
from ecs_things import define, run, wait_for

pytestmark = pytest.mark.only_local_aws("moto answers one call at a time")

CLIENTS = 20
CHANGES = 2000
SERVICES = 8
# No service ever has more than these, so that answers of eight at random show all of them soon.
INSTANCES = 24
SEED = 20261125


@pytest.fixture(scope="module", params=["off", "on"], ids=["unthrottled", "throttled"])
def cloud(request, binary, networks, called):
    """A local-aws of its own and what makes clients of it: they repeat what is throttled, as boto3 does by itself."""
    server = targets.local_aws(binary, next(networks), throttle=request.param)
    retries = {"mode": "standard", "max_attempts": 30}

    def client(service):
        return conftest.client_of(service, server.url, "local-aws", called, retries=retries)

    yield server, client
    server.end()


def test_fifty_calls_with_one_client_token_start_one_task(cloud, name, subnets):
    server, client = cloud
    ecs = client("ecs")
    ecs.create_cluster(clusterName=name)
    define(ecs, name)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: run(ecs, name, name, subnets, clientToken="once"), range(50)))
    arns = {task["taskArn"] for answer in answers for task in answer["tasks"]}
    assert len(arns) == 1 and all(len(answer["tasks"]) == 1 and not answer["failures"] for answer in answers)
    wait_for(ecs, "tasks_running", cluster=name, tasks=list(arns))
    listed = ecs.list_tasks(cluster=name)["taskArns"] + ecs.list_tasks(cluster=name, desiredStatus="STOPPED")["taskArns"]
    assert listed == list(arns)
    ecs.stop_task(cluster=name, task=listed[0])


def test_two_thousand_mixed_registrations_leave_every_view_of_every_service_the_same(cloud, name):
    server, client = cloud
    cloud_map = client("servicediscovery")
    namespace = make_namespace(cloud_map, name)
    services = [make_service(cloud_map, namespace, name=f"s{number}.service") for number in range(SERVICES)]
    busy = collections.Counter()

    def change(worker):
        """One client's share, from its own seed; instances are shared with the other clients, so they collide."""
        chance, mine = random.Random(SEED + worker), client("servicediscovery")
        for step in range(CHANGES // CLIENTS):
            service, instance = chance.choice(services)["Id"], chance.randrange(INSTANCES)
            attributes = {"AWS_INSTANCE_IPV4": f"10.1.{worker}.{instance}", "step": f"{worker}-{step}"}
            leaves = chance.random() < 0.3
            while True:
                try:
                    if leaves:
                        answer = mine.deregister_instance(ServiceId=service, InstanceId=f"i{instance}")
                    else:
                        answer = mine.register_instance(
                            ServiceId=service, InstanceId=f"i{instance}", Attributes=attributes
                        )
                except mine.exceptions.DuplicateRequest as refused:
                    # As the documentation has it: the operation that is under way has to end before.
                    busy["duplicate"] += 1
                    ended(mine, refused.response["DuplicateOperationId"])
                    continue
                except mine.exceptions.InstanceNotFound:
                    busy["absent"] += 1
                    break
                busy["left" if leaves else "registered"] += 1
                if chance.random() < 0.5:
                    ended(mine, answer["OperationId"])
                break
        return worker

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert len(list(pool.map(change, range(CLIENTS)))) == CLIENTS
    assert busy["left"] + busy["registered"] + busy["absent"] == CHANGES
    assert min(busy["left"], busy["registered"]) > CHANGES / 10, busy
    waiting.until("every operation to end", lambda: not under_way(cloud_map))
    for service in services:
        views_agree(server, cloud_map, f"{name}.test", service)


def under_way(cloud_map):
    """The operations that have not ended. A page of them may be empty and not the last one."""
    by_status = [{"Name": "STATUS", "Values": ["SUBMITTED", "PENDING"], "Condition": "IN"}]
    pages = cloud_map.get_paginator("list_operations").paginate(Filters=by_status)
    return [operation["Id"] for page in pages for operation in page["Operations"]]


def ended(cloud_map, operation):
    waiting.until(
        f"operation {operation}",
        lambda: cloud_map.get_operation(OperationId=operation)["Operation"]["Status"] in ("SUCCESS", "FAIL"),
        limit=120,
        every=0.1,
    )


def views_agree(server, cloud_map, namespace, service):
    pages = cloud_map.get_paginator("list_instances").paginate(ServiceId=service["Id"])
    listed = {each["Id"]: each["Attributes"] for page in pages for each in page["Instances"]}
    assert 0 < len(listed) <= INSTANCES

    def discovered():
        answer = cloud_map.discover_instances(NamespaceName=namespace, ServiceName=service["Name"], MaxResults=1000)
        return {each["InstanceId"]: each["Attributes"] for each in answer["Instances"]}

    waiting.until(f"discovery of {service['Name']} to say {listed}", lambda: discovered() == listed)
    addresses = {attributes["AWS_INSTANCE_IPV4"] for attributes in listed.values()}
    rounds = []

    def told():
        """The union of sixty answers: with 24 of which 8 are told, one in 10^10 times one is not among them."""
        union = set()
        for _ in range(60):
            query = dns.message.make_query(f"{service['Name']}.{namespace}.", "A")
            answer = dns.query.udp(query, server.dns[0], port=server.dns[1], timeout=5)
            assert answer.rcode() == dns.rcode.NOERROR
            union |= {str(value) for rrset in answer.answer for value in rrset}
        rounds.append(union)
        return union == addresses

    try:
        waiting.until(f"the DNS of {service['Name']} to tell {addresses}", told)
    except AssertionError as late:
        raise AssertionError(f"{late}; beyond those it tells {rounds[-1] - addresses}, not {addresses - rounds[-1]}") from late
