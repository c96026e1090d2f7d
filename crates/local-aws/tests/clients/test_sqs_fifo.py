"""SQS's FIFO queues, in the protocol that the installed boto3 speaks: order in a group, and each message once."""

import pytest

from errors import refused
from sqs_things import attributes, receive, receive_one


@pytest.fixture
def make_queue(sqs, name):
    """Makes a FIFO queue."""
    return lambda **more: sqs.create_queue(
        QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true", **more}
    )["QueueUrl"]


@pytest.fixture
def queue(make_queue):
    """The URL of a queue that tells messages apart by their bodies."""
    return make_queue(ContentBasedDeduplication="true")


def send(sqs, queue, body, group="one", **more):
    return sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=group, **more)


def bodies(messages):
    return [message["Body"] for message in messages]


def test_a_fifo_queue_says_that_it_is_one(sqs, make_queue):
    queue = make_queue()
    assert queue.endswith(".fifo")
    told = attributes(sqs, queue)
    wanted = {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "queue",
        "FifoThroughputLimit": "perQueue",
    }
    assert wanted.items() <= told.items()


def test_the_name_and_the_kind_of_a_queue_go_together(sqs, name):
    for asked in ({"QueueName": name, "Attributes": {"FifoQueue": "true"}}, {"QueueName": f"{name}.fifo"}):
        with refused(sqs, "InvalidParameterValue"):
            sqs.create_queue(**asked)


def test_messages_of_a_group_are_received_in_their_order(sqs, queue):
    for number in range(12):
        send(sqs, queue, f"m{number}")
    # However slow this machine is: a handle is good until its message is visible again.
    first = receive(sqs, queue, MaxNumberOfMessages=10, AttributeNames=["All"], VisibilityTimeout=3600)
    assert bodies(first) == [f"m{number}" for number in range(10)]
    assert {each["Attributes"]["MessageGroupId"] for each in first} == {"one"}
    for message in first:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["m10", "m11"]


def test_each_message_has_a_higher_number_than_the_one_before(sqs, queue):
    sent = [int(send(sqs, queue, f"m{number}")["SequenceNumber"]) for number in range(3)]
    assert sent == sorted(set(sent))
    received = receive(sqs, queue, MaxNumberOfMessages=10, AttributeNames=["All"])
    assert [int(each["Attributes"]["SequenceNumber"]) for each in received] == sent


def test_a_group_waits_while_one_of_its_messages_is_in_flight_and_others_do_not(sqs, queue):
    for body in ("a1", "a2", "b1"):
        send(sqs, queue, body, group=body[0])
    first = receive_one(sqs, queue)
    assert first["Body"] == "a1"
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["b1"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["a2"]


def test_a_message_that_becomes_visible_again_is_first_again(sqs, queue):
    for body in ("m0", "m1"):
        send(sqs, queue, body)
    first = receive_one(sqs, queue)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["m0", "m1"]


def test_what_is_sent_again_is_accepted_and_delivered_once(sqs, make_queue):
    queue = make_queue()
    for body in ("x", "other"):
        assert send(sqs, queue, body, MessageDeduplicationId="once")["MessageId"]
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["x"]


def test_deduplication_by_content_goes_by_the_body(sqs, queue):
    for body in ("x", "x", "y"):
        send(sqs, queue, body)
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["x", "y"]


def test_deduplication_within_groups_lets_another_group_send_the_same(sqs, make_queue):
    queue = make_queue(DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for group in ("one", "one", "two"):
        send(sqs, queue, group, group=group, MessageDeduplicationId="same")
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == ["one", "two"]


def test_a_message_needs_a_group_and_what_tells_it_apart(sqs, make_queue):
    queue = make_queue()
    with refused(sqs, "MissingParameter"):
        sqs.send_message(QueueUrl=queue, MessageBody="x", MessageDeduplicationId="once")
    with refused(sqs, "InvalidParameterValue"):
        send(sqs, queue, "x")


def test_a_message_has_no_delay_of_its_own(sqs, queue):
    with refused(sqs, "InvalidParameterValue"):
        send(sqs, queue, "x", DelaySeconds=5)


def test_a_receive_that_is_tried_again_is_given_the_same_messages(sqs, queue):
    for body in ("m0", "m1", "m2"):
        send(sqs, queue, body)
    attempt = {"MaxNumberOfMessages": 2, "ReceiveRequestAttemptId": "once"}
    first = receive(sqs, queue, **attempt)
    assert bodies(first) == ["m0", "m1"]
    assert receive(sqs, queue, **attempt) == first
    assert receive(sqs, queue, **{**attempt, "ReceiveRequestAttemptId": "another"}) == []


def test_a_batch_keeps_its_order(sqs, queue):
    entries = [{"Id": f"e{n}", "MessageBody": f"m{n}", "MessageGroupId": "one"} for n in range(5)]
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [each["Id"] for each in answer["Successful"]] == [entry["Id"] for entry in entries]
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=10)) == [entry["MessageBody"] for entry in entries]
