"""Throttling: what boto3 is told when it calls too often, and that its own retries get through."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import conftest
import targets

pytestmark = pytest.mark.only_local_aws("moto throttles nothing")


@pytest.fixture(scope="module")
def throttled(binary, networks, called):
    server = targets.local_aws(binary, next(networks), throttle="on")
    yield lambda service, **retries: conftest.client_of(service, server.url, "local-aws", called, retries=retries)
    server.end()


def outcomes(call, calls):
    def one(_):
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(one, range(calls)))


@pytest.mark.parametrize(
    # The bucket of ECS's cluster reads holds 50 and gets 20 back a second, that of Cloud Map's ListServices 10 and 2.
    "service, operation, burst, calls",
    [("ecs", "list_clusters", 50, 300), ("servicediscovery", "list_services", 10, 60)],
)
def test_a_call_too_many_is_told_that_the_rate_is_exceeded(throttled, service, operation, burst, calls):
    client = throttled(service, total_max_attempts=1)
    refused = [each for each in outcomes(getattr(client, operation), calls) if isinstance(each, Exception)]
    assert 0 < len(refused) <= calls - burst
    assert {error.response["Error"]["Code"] for error in refused} == {"ThrottlingException"}
    assert {error.response["Error"]["Message"] for error in refused} == {"Rate exceeded"}


def test_boto3_gets_through_by_calling_again(throttled):
    client = throttled("servicediscovery", mode="standard", max_attempts=10)
    answers = outcomes(client.list_services, 14)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert sum(answer["ResponseMetadata"]["RetryAttempts"] for answer in answers) > 0
