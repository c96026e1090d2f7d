"""What tests of SQS ask again and again."""

import waiting


def receive(sqs, queue, **more):
    return sqs.receive_message(QueueUrl=queue, **more).get("Messages", [])


def receive_one(sqs, queue, **more):
    (message,) = waiting.until("a message", lambda: receive(sqs, queue, **more))
    return message


def attributes(sqs, queue):
    return sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
