"""SQS, in the protocol that the installed boto3 speaks: JSON today, Query until the autumn of 2023."""

import hashlib
import json
import time

import pytest

import waiting
from errors import refused
from sqs_things import attributes, receive, receive_one


@pytest.fixture
def queue(sqs, name):
    """The URL of a queue whose messages come back at once unless a test says otherwise."""
    return sqs.create_queue(QueueName=name)["QueueUrl"]


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def test_a_queue_is_created_found_by_name_and_listed(sqs, queue, name):
    assert queue.endswith(f"/{name}")
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == queue
    assert sqs.list_queues(QueueNamePrefix=name)["QueueUrls"] == [queue]
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == queue


def test_queues_are_listed_page_by_page(sqs, name):
    urls = {sqs.create_queue(QueueName=f"{name}-{number}")["QueueUrl"] for number in range(3)}
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=name, PaginationConfig={"PageSize": 2})
    listed = [page.get("QueueUrls", []) for page in pages]
    assert [len(page) for page in listed] == [2, 1] and {url for page in listed for url in page} == urls


def test_a_queue_that_is_not_there_does_not_exist(sqs, queue, name):
    for call in (
        lambda: sqs.get_queue_url(QueueName=name + "-never"),
        lambda: sqs.send_message(QueueUrl=queue + "-never", MessageBody="x"),
        lambda: sqs.receive_message(QueueUrl=queue + "-never"),
    ):
        with refused(sqs, "AWS.SimpleQueueService.NonExistentQueue") as caught:
            call()
        assert isinstance(caught.value, sqs.exceptions.QueueDoesNotExist)


def test_a_queue_has_the_attributes_that_aws_gives_by_default(sqs, queue, name):
    told = attributes(sqs, queue)
    defaults = {
        "VisibilityTimeout": "30",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "0",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
    }
    assert defaults.items() <= told.items()
    assert told["QueueArn"].startswith("arn:aws:sqs:eu-west-1:") and told["QueueArn"].endswith(":" + name)
    assert abs(int(told["CreatedTimestamp"]) - time.time()) < 3600


def test_attributes_are_set_and_told_by_name(sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "5", "DelaySeconds": "1"})
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout", "DelaySeconds"])["Attributes"]
    assert told == {"VisibilityTimeout": "5", "DelaySeconds": "1"}


def test_attributes_that_do_not_exist_or_are_out_of_range_are_refused(sqs, queue):
    with refused(sqs, "InvalidAttributeName"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Colour": "red"})
    with pytest.raises(sqs.exceptions.ClientError) as caught:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "43201"})
    assert caught.value.response["Error"]["Code"] in ("InvalidAttributeValue", "InvalidParameterValue")


def test_a_queue_that_is_there_with_other_attributes_is_refused(sqs, queue, name):
    with refused(sqs, "QueueAlreadyExists"):
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "5"})


def test_a_message_is_sent_received_and_deleted(sqs, queue):
    sent = sqs.send_message(
        QueueUrl=queue,
        MessageBody="hello <&> wörld",
        MessageAttributes={"team": {"DataType": "String", "StringValue": "red"}},
    )
    assert sent["MD5OfMessageBody"] == md5("hello <&> wörld")
    message = receive_one(sqs, queue, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "hello <&> wörld")
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"]["team"] == {"StringValue": "red", "DataType": "String"}
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "ApproximateFirstReceiveTimestamp", "SenderId"} <= set(message["Attributes"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    waiting.until(
        "an empty queue",
        lambda: [attributes(sqs, queue)[f"ApproximateNumberOfMessages{which}"] for which in ("", "NotVisible")]
        == ["0", "0"],
    )


def test_an_empty_queue_answers_without_a_message(sqs, queue):
    assert receive(sqs, queue) == []


def test_a_received_message_is_hidden_until_its_visibility_ends(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    message = receive_one(sqs, queue, VisibilityTimeout=60)
    assert receive(sqs, queue) == []
    assert attributes(sqs, queue)["ApproximateNumberOfMessagesNotVisible"] == "1"
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    again = receive_one(sqs, queue, AttributeNames=["All"])
    assert again["MessageId"] == message["MessageId"] and again["ReceiptHandle"] != message["ReceiptHandle"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_long_poll_ends_when_a_message_arrives(sqs, queue):
    import threading

    got = []
    poller = threading.Thread(target=lambda: got.extend(receive(sqs, queue, WaitTimeSeconds=20)))
    began = time.monotonic()
    poller.start()
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    poller.join(30)
    assert [message["Body"] for message in got] == ["x"] and time.monotonic() - began < 15


def test_a_delayed_message_is_counted_as_such(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=900)
    assert receive(sqs, queue) == []
    assert attributes(sqs, queue)["ApproximateNumberOfMessagesDelayed"] == "1"


def test_batches_answer_for_each_entry(sqs, queue):
    entries = [{"Id": f"e{number}", "MessageBody": f"m{number}"} for number in range(10)]
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert {each["Id"]: each["MD5OfMessageBody"] for each in answer["Successful"]} == {
        entry["Id"]: md5(entry["MessageBody"]) for entry in entries
    }
    assert not answer.get("Failed")
    messages = {}

    def all_received():
        for message in receive(sqs, queue, MaxNumberOfMessages=10, VisibilityTimeout=60):
            messages[message["Body"]] = message["ReceiptHandle"]
        return len(messages) == 10

    waiting.until("all messages", all_received)
    handles = list(messages.values())
    changed = sqs.change_message_visibility_batch(
        QueueUrl=queue,
        Entries=[{"Id": f"e{n}", "ReceiptHandle": handle, "VisibilityTimeout": 90} for n, handle in enumerate(handles)],
    )
    assert len(changed["Successful"]) == 10
    deleted = sqs.delete_message_batch(
        QueueUrl=queue,
        Entries=[{"Id": "good", "ReceiptHandle": handles[0]}, {"Id": "bad", "ReceiptHandle": "nonsense"}],
    )
    assert [each["Id"] for each in deleted["Successful"]] == ["good"]
    (failed,) = deleted["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "ReceiptHandleIsInvalid", True)


def test_a_batch_of_none_of_eleven_or_of_two_with_one_id_is_refused(sqs, queue):
    entry = lambda number: {"Id": f"e{number}", "MessageBody": "x"}  # noqa: E731
    for entries, code in (
        ([], "AWS.SimpleQueueService.EmptyBatchRequest"),
        ([entry(number) for number in range(11)], "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
        ([entry(1), entry(1)], "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
    ):
        with refused(sqs, code):
            sqs.send_message_batch(QueueUrl=queue, Entries=entries)


def test_a_receipt_handle_that_nobody_gave_is_refused(sqs, queue):
    with refused(sqs, "ReceiptHandleIsInvalid"):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle="nonsense")


def test_more_than_ten_messages_cannot_be_asked_for(sqs, queue):
    with pytest.raises(sqs.exceptions.ClientError) as caught:
        receive(sqs, queue, MaxNumberOfMessages=11)
    assert caught.value.response["Error"]["Code"] in ("InvalidParameterValue", "ReadCountOutOfRange")


def test_a_message_that_is_received_too_often_moves_to_the_dead_letter_queue(sqs, queue, name):
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": attributes(sqs, dead)["QueueArn"], "maxReceiveCount": "2"}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": json.dumps(policy)})
    assert json.loads(attributes(sqs, queue)["RedrivePolicy"])["deadLetterTargetArn"] == policy["deadLetterTargetArn"]
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x")
    for _ in range(2):
        assert receive_one(sqs, queue, VisibilityTimeout=0)["MessageId"] == sent["MessageId"]

    def moved():
        assert receive(sqs, queue, VisibilityTimeout=0) == []
        return receive(sqs, dead)

    (message,) = waiting.until("the message in the dead-letter queue", moved)
    assert message["MessageId"] == sent["MessageId"]
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [queue]


def test_a_purged_queue_is_empty(sqs, queue):
    for _ in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody="x")
    sqs.purge_queue(QueueUrl=queue)
    waiting.until("an empty queue", lambda: attributes(sqs, queue)["ApproximateNumberOfMessages"] == "0", limit=70)
    assert receive(sqs, queue) == []


def test_a_queue_is_not_purged_again_at_once(sqs, queue):
    # AWS's minute passes so fast in local-aws that one purge may not be too soon after another. Of many one is.
    with refused(sqs, "AWS.SimpleQueueService.PurgeQueueInProgress"):
        for _ in range(100):
            sqs.purge_queue(QueueUrl=queue)


def test_a_deleted_queue_is_gone(sqs, queue, name):
    sqs.delete_queue(QueueUrl=queue)

    def gone():
        try:
            sqs.get_queue_url(QueueName=name)
        except sqs.exceptions.QueueDoesNotExist:
            return True

    waiting.until("the queue to be gone", gone, limit=70)


def test_tags_are_put_on_a_queue_and_taken_off_it(sqs, name):
    queue = sqs.create_queue(QueueName=name, tags={"a": "1"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=queue, Tags={"b": "2"})
    sqs.untag_queue(QueueUrl=queue, TagKeys=["a"])
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"b": "2"}


def test_what_the_queue_does_not_take_is_refused(sqs, queue):
    with pytest.raises(sqs.exceptions.ClientError):
        sqs.send_message(QueueUrl=queue, MessageBody="")
    with pytest.raises(sqs.exceptions.InvalidMessageContents):
        sqs.send_message(QueueUrl=queue, MessageBody="bell \x07")
