"""Checks raw answers against botocore's model of the service, more strictly than botocore reads them.

botocore ignores members that it does not know and misses none that is not there. Here an unknown JSON key or XML
element, a missing required member, a value of the wrong type, a null, and an error that the operation's model does not
list are failures.
"""

import base64
import json
import math
import xml.etree.ElementTree as ElementTree

# Errors that every operation can give, from "Common Errors" of the services' API references.
COMMON_ERRORS = {
    "AccessDeniedException",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidAction",
    "InvalidClientTokenId",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "MissingAction",
    "MissingParameter",
    "OptInRequired",
    "RequestExpired",
    "SerializationException",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "UnknownOperationException",
    "ValidationError",
    "ValidationException",
}


class Unfaithful(AssertionError):
    """An answer that AWS's model does not allow."""


def answer(response, operation):
    """Checks an answer, of botocore's `after-call`."""
    protocol = operation.service_model.metadata["protocol"]
    protocols = operation.service_model.metadata.get("protocols", [protocol])
    headers = {name.lower(): value for name, value in response.headers.items()}
    if not any(headers.get(name) for name in ("x-amzn-requestid", "x-amz-request-id")):
        raise Unfaithful(f"{operation.name}: no request id among {sorted(headers)}")
    kind = headers.get("content-type", "")
    if protocol == "query":
        expect(kind.startswith("text/xml"), operation.name, f"content type {kind!r}")
        query(response, operation)
    elif "json" in protocols:
        version = operation.service_model.metadata["jsonVersion"]
        expect(kind == f"application/x-amz-json-{version}", operation.name, f"content type {kind!r}")
        json_answer(response, operation, headers)
    else:
        raise Unfaithful(f"{operation.name}: nothing here reads {protocols}")


def expect(holds, where, what):
    if not holds:
        raise Unfaithful(f"{where}: {what}")


def json_answer(response, operation, headers):
    body = json.loads(response.content) if response.content else {}
    expect(isinstance(body, dict), operation.name, "the answer is no object")
    if response.status_code < 300:
        if operation.output_shape is None:
            expect(body == {}, operation.name, f"an answer where there is none: {body}")
        else:
            json_value(body, operation.output_shape, operation.name)
        return
    code = body.pop("__type").rsplit("#", 1)[-1]
    shape = error_shape(operation, code, headers.get("x-amzn-query-error"))
    if shape is None:
        expect(set(body) <= {"message", "Message"}, f"{operation.name}: {code}", f"members {sorted(body)}")
    else:
        members = {member.lower() for member in shape.members}
        # AWS's services write an error's text as `message` or `Message`, modelled or not: clients read both.
        stray = [name for name in body if name not in shape.members and name.lower() not in members | {"message"}]
        expect(not stray, f"{operation.name}: {code}", f"unknown members {stray}")
        for name, member in shape.members.items():
            if name in body:
                json_value(body[name], member, f"{operation.name}: {code}.{name}")
        status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
        wanted = {status, 500} if shape.metadata.get("fault") else {status}
        expect(response.status_code in wanted, f"{operation.name}: {code}", f"status {response.status_code}")
    expect(any(body.get(name) for name in ("message", "Message")), f"{operation.name}: {code}", "no text")


def error_shape(operation, code, query_error=None):
    """The modelled error of a code; none for those that every operation has."""
    for shape in operation.error_shapes:
        if code in (shape.name, shape.metadata.get("error", {}).get("code")):
            if shape.metadata.get("error", {}).get("code"):
                # awsQueryCompatible: the code that clients of the Query protocol know stands in a header.
                legacy = shape.metadata["error"]["code"]
                compatible = "awsQueryCompatible" in operation.service_model.metadata
                if compatible and query_error is not None:
                    expect(query_error.split(";")[0] == legacy, operation.name, f"x-amzn-query-error {query_error!r}")
            return shape
    expect(code in COMMON_ERRORS, operation.name, f"the model does not know the error {code}")
    return None


def json_value(value, shape, where):
    kind = shape.type_name
    if kind == "structure":
        expect(isinstance(value, dict), where, f"no object: {value!r}")
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        if getattr(shape, "is_document_type", False):
            return
        for name, inner in value.items():
            expect(name in members, where, f"the model has no member {name!r} (value {inner!r})")
            json_value(inner, members[name], f"{where}.{name}")
        for name in shape.required_members:
            name = shape.members[name].serialization.get("name", name)
            expect(name in value, where, f"the required member {name!r} is missing")
    elif kind == "list":
        expect(isinstance(value, list), where, f"no list: {value!r}")
        for index, inner in enumerate(value):
            json_value(inner, shape.member, f"{where}[{index}]")
    elif kind == "map":
        expect(isinstance(value, dict), where, f"no map: {value!r}")
        for key, inner in value.items():
            scalar(key, shape.key, where)
            json_value(inner, shape.value, f"{where}[{key!r}]")
    elif kind == "timestamp":
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        expect(number, where, f"no time in epoch seconds: {value!r}")
        expect(1_500_000_000 < value < 5_000_000_000, where, f"not a time of our days: {value!r}")
    elif kind == "boolean":
        expect(isinstance(value, bool), where, f"no boolean: {value!r}")
    elif kind in ("integer", "long"):
        expect(isinstance(value, int) and not isinstance(value, bool), where, f"no integer: {value!r}")
    elif kind in ("float", "double"):
        expect(isinstance(value, (int, float)) and not isinstance(value, bool), where, f"no number: {value!r}")
    elif kind == "blob":
        expect(isinstance(value, str), where, f"no base64: {value!r}")
        base64.b64decode(value, validate=True)
    elif kind in ("string", "character"):
        expect(isinstance(value, str), where, f"no string: {value!r}")
        scalar(value, shape, where)
    else:
        raise Unfaithful(f"{where}: nothing here checks a {kind}")


def scalar(value, shape, where):
    enum = getattr(shape, "enum", None)
    if enum:
        expect(value in enum, where, f"{value!r} is none of {enum}")


def query(response, operation):
    root = ElementTree.fromstring(response.content)
    space = operation.service_model.metadata.get("xmlNamespace")
    if response.status_code >= 300:
        expect(plain(root) == "ErrorResponse", operation.name, f"the error is a {plain(root)}")
        expect({plain(child) for child in root} == {"Error", "RequestId"}, operation.name, "the error's parts")
        error = {plain(child): child.text for part in root if plain(part) == "Error" for child in part}
        expect({"Type", "Code", "Message"} <= set(error) <= {"Type", "Code", "Message", "Detail"}, operation.name, str(error))
        expect(error["Type"] in ("Sender", "Receiver"), operation.name, f"an error's type {error['Type']!r}")
        # SQS's model of 2023 lists few of the errors that its operations give.
        if operation.service_model.service_name != "sqs":
            error_shape(operation, error["Code"])
        return
    expect(plain(root) == f"{operation.name}Response", operation.name, f"the answer is a {plain(root)}")
    expect(space is None or root.tag.startswith("{" + space + "}"), operation.name, f"the namespace of {root.tag}")
    parts = {plain(child): child for child in root}
    metadata = parts.pop("ResponseMetadata", None)
    expect(metadata is not None and [plain(part) for part in metadata] == ["RequestId"], operation.name, "no request id")
    shape = operation.output_shape
    if shape is None:
        expect(set(parts) <= {f"{operation.name}Result"}, operation.name, f"answers {sorted(parts)} where there is none")
        return
    wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result")
    expect(set(parts) == {wrapper}, operation.name, f"answers {sorted(parts)}")
    xml_value([parts[wrapper]], shape, operation.name)


def plain(element):
    return element.tag.rsplit("}", 1)[-1]


def xml_value(elements, shape, where):
    """`elements`: several only for a flattened list or map."""
    kind = shape.type_name
    flattened = shape.serialization.get("flattened")
    if kind == "structure":
        expect(len(elements) == 1, where, "it is there twice")
        members = {element_name(name, member): member for name, member in shape.members.items()}
        found = {}
        for child in elements[0]:
            expect(plain(child) in members, where, f"the model has no element {plain(child)!r}")
            found.setdefault(plain(child), []).append(child)
        for name, children in found.items():
            xml_value(children, members[name], f"{where}.{name}")
        for name in shape.required_members:
            name, member = element_name(name, shape.members[name]), shape.members[name]
            # An empty flattened list has no element.
            expect(name in found or member.serialization.get("flattened"), where, f"no element {name!r}, which is required")
    elif kind == "list":
        inside = elements if flattened else list(elements[0])
        expect(flattened or len(elements) == 1, where, "the list is there twice")
        if not flattened:
            wanted = shape.member.serialization.get("name", "member")
            expect(all(plain(inner) == wanted for inner in inside), where, f"a list of other than {wanted!r}")
        for index, inner in enumerate(inside):
            xml_value([inner], shape.member, f"{where}[{index}]")
    elif kind == "map":
        entries = elements if flattened else list(elements[0])
        key, value = (part.serialization.get("name", name) for part, name in ((shape.key, "key"), (shape.value, "value")))
        for entry in entries:
            parts = {plain(part): part for part in entry}
            expect(set(parts) == {key, value}, where, f"a map's entry of {sorted(parts)}")
            xml_value([parts[key]], shape.key, where)
            xml_value([parts[value]], shape.value, f"{where}[{parts[key].text!r}]")
    else:
        expect(len(elements) == 1, where, "it is there twice")
        expect(not list(elements[0]), where, "it has parts")
        xml_scalar(elements[0].text or "", shape, where)


def element_name(name, member):
    if member.type_name == "list" and member.serialization.get("flattened"):
        return member.member.serialization.get("name") or member.serialization.get("name", name)
    return member.serialization.get("name", name)


def xml_scalar(text, shape, where):
    kind = shape.type_name
    if kind == "boolean":
        expect(text in ("true", "false"), where, f"no boolean: {text!r}")
    elif kind in ("integer", "long"):
        expect(text.lstrip("-").isdigit(), where, f"no integer: {text!r}")
    elif kind in ("float", "double"):
        float(text)
    elif kind == "timestamp":
        expect(len(text) >= 20 and text[4] == "-" and text[10] == "T" and text.endswith("Z"), where, f"no time: {text!r}")
    elif kind == "blob":
        base64.b64decode(text, validate=True)
    else:
        scalar(text, shape, where)
