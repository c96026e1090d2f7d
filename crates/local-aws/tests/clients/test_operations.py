"""Every operation that local-aws has is driven by boto3 and by the AWS CLI, against moto too where moto has it."""

import pytest

import operations
import targets


@pytest.fixture(scope="module")
def offered(binary, networks):
    server = targets.local_aws(binary, next(networks))
    yield operations.offered(server.url)
    server.end()


@pytest.mark.parametrize("client", ["boto3", "cli"])
@pytest.mark.parametrize("service", operations.SERVICES)
def test_each_operation_was_called_and_answered_well(request, offered, target, called, service, client):
    config = request.config
    if config.args_source.name == "ARGS" or config.option.keyword or request.session.testsfailed:
        pytest.skip("only a whole run that failed nowhere calls every operation")
    wanted = {each.split(".")[1] for each in offered if each.startswith(f"{service}.")}
    assert wanted, "local-aws offers nothing of it"
    if target == "moto":
        wanted = {operation for operation in wanted if operations.moto_has(service, operation)}
    missing = wanted - {each.split(".")[1] for each in called[client] if each.startswith(f"{service}.")}
    assert not missing, f"no test of {client} calls {sorted(missing)}"
