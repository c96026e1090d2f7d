"""The table of differences is current, and quotes what botocore's models say."""

import html
import re

import botocore.session
import pytest

import differences


def documentation(where):
    """The words of botocore's model at `service:Operation.input.member` or `service:Shape.member`."""
    service, path = where.split(":")
    model = botocore.session.get_session().get_service_model(service)
    first, *rest = path.split(".")
    if first in model.operation_names:
        operation = model.operation_model(first)
        if not rest:
            return operation.documentation
        shape = {"input": operation.input_shape, "output": operation.output_shape}[rest.pop(0)]
    else:
        shape = model.shape_for(first)
    for name in rest:
        shape = shape.members[name]
    return shape.documentation


def plain(text):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", text))).strip()


@pytest.mark.parametrize(
    "difference", [each for each in differences.DIFFERENCES if each.says], ids=lambda difference: difference.test
)
def test_each_difference_quotes_the_documentation(difference):
    assert difference.says in plain(documentation(difference.where))


def test_the_page_of_differences_is_current():
    assert differences.PAGE.read_text() == differences.page(), "run `python differences.py`"


def test_each_difference_is_listed_once_and_its_test_is_there(request):
    listed = [difference.test for difference in differences.DIFFERENCES]
    assert len(listed) == len(set(listed))
    here = {item.nodeid.rsplit("/", 1)[-1] for item in request.session.items}
    whole = request.config.args_source.name != "ARGS" and not request.config.option.keyword
    assert not whole or set(listed) <= here
