"""The AWS CLI and SQS: queues and messages, each call of them."""

import json

import pytest

import waiting


@pytest.fixture
def sqs_cli(aws):
    """Runs `aws sqs WORDS`."""
    return lambda *words, **more: aws("sqs", *words, **more)


@pytest.fixture
def url(sqs_cli, name):
    """The URL of a queue of the test's name."""
    return sqs_cli("create-queue", "--queue-name", name, query="QueueUrl")


def receive(sqs_cli, url, *words):
    return waiting.until("a message", lambda: sqs_cli("receive-message", "--queue-url", url, *words, query="Messages"))


def test_the_cli_keeps_a_queue(sqs_cli, url, name):
    assert sqs_cli("get-queue-url", "--queue-name", name, query="QueueUrl") == url
    assert sqs_cli("list-queues", "--queue-name-prefix", name, query="QueueUrls") == [url]
    of = ["--queue-url", url]
    sqs_cli("set-queue-attributes", *of, "--attributes", "VisibilityTimeout=5")
    words = ["--attribute-names", "VisibilityTimeout", "--query", "Attributes"]
    assert sqs_cli("get-queue-attributes", *of, *words) == {"VisibilityTimeout": "5"}
    sqs_cli("tag-queue", *of, "--tags", "team=red,floor=two")
    sqs_cli("untag-queue", *of, "--tag-keys", "team")
    assert sqs_cli("list-queue-tags", *of, query="Tags") == {"floor": "two"}
    assert sqs_cli("delete-queue", *of) is None
    gone = lambda: sqs_cli("list-queues", "--queue-name-prefix", name, query="QueueUrls") is None  # noqa: E731
    waiting.until("it to be gone", gone, limit=70)
    sqs_cli("get-queue-url", "--queue-name", name, fails="NonExistentQueue")


def test_the_cli_sends_receives_and_deletes_a_message(sqs_cli, url):
    of = ["--queue-url", url]
    team = {"team": {"DataType": "String", "StringValue": "red"}}
    sent = sqs_cli("send-message", *of, "--message-body", "hello", "--message-attributes", team)
    (message,) = receive(sqs_cli, url, "--attribute-names", "All", "--message-attribute-names", "All")
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "hello")
    assert message["MessageAttributes"]["team"]["StringValue"] == "red"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    handle = ["--receipt-handle", message["ReceiptHandle"]]
    sqs_cli("change-message-visibility", *of, *handle, "--visibility-timeout", "0")
    (again,) = receive(sqs_cli, url)
    assert again["MessageId"] == sent["MessageId"]
    assert sqs_cli("delete-message", *of, "--receipt-handle", again["ReceiptHandle"]) is None
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = lambda: sqs_cli("get-queue-attributes", *of, "--attribute-names", *names, query="Attributes")  # noqa: E731
    waiting.until("an empty queue", lambda: set(counts().values()) == {"0"})


def test_the_cli_sends_receives_and_deletes_messages_by_the_batch(sqs_cli, url):
    of = ["--queue-url", url]
    entries = [f"Id=e{number},MessageBody=m{number}" for number in range(3)]
    sent = sqs_cli("send-message-batch", *of, "--entries", *entries, query="Successful[].Id")
    assert sent == ["e0", "e1", "e2"]
    handles = {}

    def all_received():
        more = ["--max-number-of-messages", "10", "--visibility-timeout", "60", "--query", "Messages"]
        for message in sqs_cli("receive-message", *of, *more) or []:
            handles[message["Body"]] = message["ReceiptHandle"]
        return len(handles) == 3

    waiting.until("all messages", all_received)
    named = [{"Id": body, "ReceiptHandle": handle} for body, handle in sorted(handles.items())]
    hidden = [{**entry, "VisibilityTimeout": 90} for entry in named]
    changed = sqs_cli("change-message-visibility-batch", *of, "--entries", hidden, query="Successful[].Id")
    assert changed == ["m0", "m1", "m2"]
    wrong = {"Id": "wrong", "ReceiptHandle": "nonsense"}
    deleted = sqs_cli("delete-message-batch", *of, "--entries", [*named, wrong])
    assert [each["Id"] for each in deleted["Successful"]] == ["m0", "m1", "m2"]
    assert [(each["Id"], each["Code"]) for each in deleted["Failed"]] == [("wrong", "ReceiptHandleIsInvalid")]


def test_the_cli_finds_the_queues_whose_messages_end_in_another(sqs_cli, url, name):
    dead = sqs_cli("create-queue", "--queue-name", f"{name}-dead", query="QueueUrl")
    words = ["--attribute-names", "QueueArn", "--query", "Attributes.QueueArn"]
    arn = sqs_cli("get-queue-attributes", "--queue-url", dead, *words)
    policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})}
    sqs_cli("set-queue-attributes", "--queue-url", url, "--attributes", policy)
    assert sqs_cli("list-dead-letter-source-queues", "--queue-url", dead, query="queueUrls") == [url]


def test_the_cli_purges_a_queue(sqs_cli, url):
    of = ["--queue-url", url]
    sqs_cli("send-message", *of, "--message-body", "x")
    assert sqs_cli("purge-queue", *of) is None
    words = ["--attribute-names", "ApproximateNumberOfMessages", "--query", "Attributes.ApproximateNumberOfMessages"]
    waiting.until("an empty queue", lambda: sqs_cli("get-queue-attributes", *of, *words) == "0", limit=70)


def test_the_cli_keeps_the_order_of_a_fifo_queue(sqs_cli, name):
    attributes = ["--attributes", "FifoQueue=true,ContentBasedDeduplication=true"]
    url = sqs_cli("create-queue", "--queue-name", f"{name}.fifo", *attributes, query="QueueUrl")
    for body in ("m0", "m1", "m1"):
        sqs_cli("send-message", "--queue-url", url, "--message-body", body, "--message-group-id", "one")
    received = receive(sqs_cli, url, "--max-number-of-messages", "10")
    assert [message["Body"] for message in received] == ["m0", "m1"]
