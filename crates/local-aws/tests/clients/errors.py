"""Expects the errors that AWS models, as botocore's own classes."""

import contextlib

import pytest


@contextlib.contextmanager
def refused(client, code, text=""):
    """The call inside is refused with `code`: by the modelled exception of that name where there is one."""
    kind = getattr(client.exceptions, code, client.exceptions.ClientError)
    with pytest.raises(kind) as caught:
        yield caught
    assert caught.value.response["Error"]["Code"] == code
    assert text in caught.value.response["Error"]["Message"]
