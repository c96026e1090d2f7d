"""Which operations a server has, found out and not written down."""

import functools
import importlib
import inspect

import boto3
import botocore.config
import botocore.exceptions

SERVICES = ["ecs", "servicediscovery", "autoscaling", "sqs"]
# How local-aws says of an operation that it has none of that name, in JSON and in Query.
UNKNOWN = {"UnknownOperationException", "InvalidAction"}


def offered(url):
    """The operations of botocore's models that local-aws has, as `service.Operation`: those that it does not disclaim
    when they are called with nothing. What it does upon that is its own matter: the server is for this alone."""
    return {f"{service}.{operation}" for service in SERVICES for operation in offered_of(service, url)}


def offered_of(service, url):
    settings = {"parameter_validation": False, "retries": {"total_max_attempts": 1}, "inject_host_prefix": False}
    credentials = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "eu-west-1"}
    client = boto3.client(service, endpoint_url=url, config=botocore.config.Config(**settings), **credentials)
    for method, operation in client.meta.method_to_api_mapping.items():
        try:
            getattr(client, method)()
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in UNKNOWN:
                continue
        yield operation


def moto_has(service, operation):
    """Whether moto has an operation. It answers those that it lacks as it does those that it fails at."""
    from moto.core.utils import camelcase_to_underscores

    return hasattr(answerer_of_moto(service), camelcase_to_underscores(operation))


@functools.cache
def answerer_of_moto(service):
    from moto.core.responses import BaseResponse

    module = importlib.import_module(f"moto.{service}.responses")
    (found,) = [
        each
        for _, each in inspect.getmembers(module, inspect.isclass)
        if each.__module__ == module.__name__ and issubclass(each, BaseResponse)
    ]
    return found
