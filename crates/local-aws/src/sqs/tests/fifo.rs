use serde_json::{Value, json};

use super::{Here, counts, text};

const FIFO: &str = "http://here:1/000000000000/jobs.fifo";

fn fifo(more: &Value) -> Here {
    let mut here = Here::empty();
    let mut attributes = json!({ "FifoQueue": "true", "ContentBasedDeduplication": "true" });
    attributes.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    here.ok("CreateQueue", json!({ "QueueName": "jobs.fifo", "Attributes": attributes }));
    here
}

fn send(here: &mut Here, group: &str, body: &str) -> Value {
    here.ok("SendMessage", json!({ "QueueUrl": FIFO, "MessageBody": body, "MessageGroupId": group }))
}

fn receive(here: &mut Here, most: u32) -> Vec<(String, String)> {
    let answer = here.ok("ReceiveMessage", json!({ "QueueUrl": FIFO, "MaxNumberOfMessages": most }));
    let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|m| (text(&m["Body"]), text(&m["ReceiptHandle"]))).collect()
}

fn bodies(received: &[(String, String)]) -> Vec<&str> {
    received.iter().map(|(body, _)| body.as_str()).collect()
}

#[test]
fn a_group_is_received_in_order_and_waits_while_one_of_it_is_in_flight() {
    let mut here = fifo(&json!({}));
    for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3")] {
        send(&mut here, group, body);
    }
    let first = receive(&mut here, 1);
    assert_eq!(bodies(&first), ["a1"]);
    assert_eq!(bodies(&receive(&mut here, 10)), ["b1"], "group a waits for a1");
    here.ok("DeleteMessage", json!({ "QueueUrl": FIFO, "ReceiptHandle": first[0].1 }));
    let rest = receive(&mut here, 10);
    assert_eq!(bodies(&rest), ["a2", "a3"]);
    here.ok("DeleteMessage", json!({ "QueueUrl": FIFO, "ReceiptHandle": rest[1].1 }));
    here.pass(30);
    assert_eq!(bodies(&receive(&mut here, 10)), ["a2", "b1"], "what was not deleted comes again");
}

#[test]
fn what_is_sent_twice_within_five_minutes_is_delivered_once() {
    let mut here = fifo(&json!({}));
    let (first, second) = (send(&mut here, "a", "x"), send(&mut here, "b", "x"));
    assert_eq!((&first["MessageId"], &first["SequenceNumber"]), (&second["MessageId"], &second["SequenceNumber"]));
    let handle = receive(&mut here, 1)[0].1.clone();
    here.ok("DeleteMessage", json!({ "QueueUrl": FIFO, "ReceiptHandle": handle }));
    here.pass(299);
    send(&mut here, "a", "x");
    assert_eq!(here.counts(FIFO), counts(0, 0, 0), "it is remembered though it is deleted");
    here.pass(1);
    assert_ne!(send(&mut here, "a", "x")["MessageId"], first["MessageId"]);
    assert_eq!(here.counts(FIFO), counts(1, 0, 0));
}

#[test]
fn deduplication_is_by_group_where_the_queue_says_so() {
    let mut here = fifo(&json!({ "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId" }));
    send(&mut here, "a", "x");
    send(&mut here, "a", "x");
    send(&mut here, "b", "x");
    assert_eq!(here.counts(FIFO), counts(2, 0, 0));
}

#[test]
fn a_fifo_message_needs_its_group_and_its_deduplication_id_and_has_no_delay_of_its_own() {
    let mut here = fifo(&json!({ "ContentBasedDeduplication": "false" }));
    let message = |more: Value| {
        let mut all = json!({ "QueueUrl": FIFO, "MessageBody": "x" });
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        all
    };
    assert_eq!(here.code("SendMessage", message(json!({ "MessageDeduplicationId": "1" }))), "MissingParameter");
    assert_eq!(here.code("SendMessage", message(json!({ "MessageGroupId": "a" }))), "InvalidParameterValue");
    let delayed = json!({ "MessageGroupId": "a", "MessageDeduplicationId": "1", "DelaySeconds": 1 });
    assert_eq!(here.code("SendMessage", message(delayed)), "InvalidParameterValue");
    let odd = json!({ "MessageGroupId": "a b", "MessageDeduplicationId": "1" });
    assert_eq!(here.code("SendMessage", message(odd)), "InvalidParameterValue");
    here.ok("SendMessage", message(json!({ "MessageGroupId": "a", "MessageDeduplicationId": "1" })));
    let mut standard = Here::new();
    let message = json!({ "QueueUrl": super::URL, "MessageBody": "x", "MessageDeduplicationId": "1" });
    assert_eq!(standard.code("SendMessage", message), "InvalidParameterValue");
    let message = json!({ "QueueUrl": super::URL, "MessageBody": "x", "MessageGroupId": "tenant" });
    standard.ok("SendMessage", message);
}

#[test]
fn the_handle_of_a_fifo_message_expires_with_its_visibility() {
    let mut here = fifo(&json!({}));
    send(&mut here, "a", "x");
    let handle = receive(&mut here, 1)[0].1.clone();
    here.pass(30);
    let delete = json!({ "QueueUrl": FIFO, "ReceiptHandle": handle });
    assert_eq!(here.code("DeleteMessage", delete), "InvalidParameterValue");
}

#[test]
fn a_poisoned_fifo_message_makes_way_for_the_next_of_its_group() {
    let mut here = fifo(&json!({ "VisibilityTimeout": "0" }));
    here.ok("CreateQueue", json!({ "QueueName": "dead.fifo", "Attributes": { "FifoQueue": "true" } }));
    let arn = "arn:aws:sqs:eu-west-1:000000000000:dead.fifo";
    let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 1 }).to_string();
    here.ok("SetQueueAttributes", json!({ "QueueUrl": FIFO, "Attributes": { "RedrivePolicy": redrive } }));
    send(&mut here, "a", "a1");
    send(&mut here, "a", "a2");
    assert_eq!(bodies(&receive(&mut here, 1)), ["a1"]);
    assert_eq!(bodies(&receive(&mut here, 1)), ["a2"]);
    assert_eq!(here.counts(&FIFO.replace("jobs", "dead")), counts(1, 0, 0));
}

fn attempt(here: &mut Here, id: &str) -> Vec<(String, String)> {
    let asked = json!({ "QueueUrl": FIFO, "MaxNumberOfMessages": 2, "ReceiveRequestAttemptId": id });
    let answer = here.ok("ReceiveMessage", asked);
    let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|m| (text(&m["Body"]), text(&m["ReceiptHandle"]))).collect()
}

#[test]
fn an_attempt_to_receive_that_is_made_again_is_given_the_same_and_hides_it_anew() {
    let mut here = fifo(&json!({}));
    for body in ["m0", "m1", "m2"] {
        send(&mut here, "a", body);
    }
    let first = attempt(&mut here, "one");
    assert_eq!(bodies(&first), ["m0", "m1"]);
    assert_eq!(bodies(&attempt(&mut here, "two")), Vec::<&str>::new(), "another attempt waits");
    here.pass(20);
    assert_eq!(attempt(&mut here, "one"), first, "with the same handles");
    here.pass(20);
    assert_eq!(bodies(&attempt(&mut here, "two")), Vec::<&str>::new(), "30 s from the retry");
    here.ok("DeleteMessage", json!({ "QueueUrl": FIFO, "ReceiptHandle": first[0].1 }));
    assert_eq!(bodies(&attempt(&mut here, "one")), Vec::<&str>::new(), "what was changed is not given again");
    here.pass(30);
    assert_eq!(bodies(&attempt(&mut here, "one")), ["m1", "m2"]);
}

#[test]
fn an_attempt_is_remembered_for_five_minutes_and_until_the_visibility_of_its_messages_changes() {
    let mut here = fifo(&json!({ "VisibilityTimeout": "3600" }));
    send(&mut here, "a", "m0");
    let first = attempt(&mut here, "one");
    here.pass(299);
    assert_eq!(attempt(&mut here, "one"), first);
    here.pass(1);
    assert_eq!(bodies(&attempt(&mut here, "one")), Vec::<&str>::new());
    send(&mut here, "b", "m1");
    let other = attempt(&mut here, "two");
    let change = json!({ "QueueUrl": FIFO, "ReceiptHandle": other[0].1, "VisibilityTimeout": 60 });
    here.ok("ChangeMessageVisibility", change);
    assert_eq!(bodies(&attempt(&mut here, "two")), Vec::<&str>::new());
}
