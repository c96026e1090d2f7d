use std::time::Duration;

use daemon::moment::Moment;
use serde_json::json;

use super::super::wire::Outcome;
use super::{Here, URL};

fn at(seconds: u64) -> Moment {
    Moment::after_start(Duration::from_secs(seconds))
}

#[test]
fn a_long_poll_waits_until_its_end_or_until_a_message_comes_back() {
    let mut here = Here::new();
    let poll = json!({ "QueueUrl": URL, "WaitTimeSeconds": 20 });
    assert_eq!(here.ask("ReceiveMessage", &poll, at(0)), Ok(Outcome::Later(at(20))));
    here.ok("SendMessage", json!({ "QueueUrl": URL, "MessageBody": "x", "DelaySeconds": 7 }));
    here.pass(1);
    assert_eq!(here.ask("ReceiveMessage", &poll, at(0)), Ok(Outcome::Later(at(7))));
    here.pass(6);
    let Ok(Outcome::Done(answer)) = here.ask("ReceiveMessage", &poll, at(0)) else { panic!("it is there") };
    assert_eq!(answer["Messages"][0]["Body"], "x");
    assert_eq!(here.ask("ReceiveMessage", &poll, at(0)), Ok(Outcome::Later(at(20))));
    here.pass(13);
    assert_eq!(here.ask("ReceiveMessage", &poll, at(0)), Ok(Outcome::Done(json!({}))));
}

#[test]
fn a_queue_can_make_every_poll_long_and_a_poll_can_be_short_nevertheless() {
    let mut here = Here::new();
    let attributes = json!({ "ReceiveMessageWaitTimeSeconds": "3" });
    here.ok("SetQueueAttributes", json!({ "QueueUrl": URL, "Attributes": attributes }));
    assert_eq!(here.ask("ReceiveMessage", &json!({ "QueueUrl": URL }), at(0)), Ok(Outcome::Later(at(3))));
    let short = json!({ "QueueUrl": URL, "WaitTimeSeconds": 0 });
    assert_eq!(here.ask("ReceiveMessage", &short, at(0)), Ok(Outcome::Done(json!({}))));
}

#[test]
fn only_what_can_end_a_wait_is_said_to() {
    let mut here = Here::new();
    let poll = json!({ "QueueUrl": URL, "WaitTimeSeconds": 20 });
    let dead = json!({ "QueueName": "dead" });
    let redrive = json!({ "deadLetterTargetArn": "arn:aws:sqs:eu-west-1:000000000000:dead", "maxReceiveCount": 1 });
    let attributes = json!({ "RedrivePolicy": redrive.to_string(), "VisibilityTimeout": "0" });
    here.ok("CreateQueue", dead);
    here.ok("SetQueueAttributes", json!({ "QueueUrl": URL, "Attributes": attributes }));
    assert!(here.sqs.take_changed() && !here.sqs.take_changed());
    here.ok("ListQueues", json!({}));
    assert!(matches!(here.ask("ReceiveMessage", &poll, at(0)), Ok(Outcome::Later(_))));
    assert!(!here.sqs.take_changed());
    here.send("x");
    assert!(here.sqs.take_changed());
    here.ok("ReceiveMessage", poll.clone());
    assert!(!here.sqs.take_changed());
    // The poll of this queue goes on, one of the dead-letter queue ends.
    assert!(matches!(here.ask("ReceiveMessage", &poll, at(0)), Ok(Outcome::Later(_))));
    assert!(here.sqs.take_changed());
}

#[test]
fn a_poll_of_a_queue_that_is_deleted_ends() {
    let mut here = Here::new();
    here.ok("DeleteQueue", json!({ "QueueUrl": URL }));
    let poll = json!({ "QueueUrl": URL, "WaitTimeSeconds": 20 });
    assert_eq!(here.ask("ReceiveMessage", &poll, at(0)).expect_err("refused").code, "QueueDoesNotExist");
}
