use serde_json::{Value, json};

use super::super::Effect;
use super::{Here, URL, counts, text};

const DEAD: &str = "http://here:1/000000000000/dead";
const DEAD_ARN: &str = "arn:aws:sqs:eu-west-1:000000000000:dead";

fn policy(count: u32) -> Value {
    let redrive = json!({ "deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": count });
    json!({ "QueueUrl": URL, "Attributes": { "RedrivePolicy": redrive.to_string(), "VisibilityTimeout": "0" } })
}

#[test]
fn what_is_received_too_often_goes_to_the_dead_letter_queue() {
    let mut here = Here::new();
    here.ok("CreateQueue", json!({ "QueueName": "dead" }));
    here.ok("SetQueueAttributes", policy(2));
    let id = text(&here.send("poison")["MessageId"]);
    for _ in 0..2 {
        let answer = here.ok("ReceiveMessage", json!({ "QueueUrl": URL }));
        assert_eq!(answer["Messages"][0]["Body"], "poison");
    }
    here.pass(5);
    assert_eq!(here.ok("ReceiveMessage", json!({ "QueueUrl": URL })), json!({}));
    assert_eq!((here.counts(URL), here.counts(DEAD)), (counts(0, 0, 0), counts(1, 0, 0)));
    let wanted = json!(["ApproximateReceiveCount", "DeadLetterQueueSourceArn", "SentTimestamp"]);
    let answer = here.ok("ReceiveMessage", json!({ "QueueUrl": DEAD, "MessageSystemAttributeNames": wanted }));
    let message = &answer["Messages"][0];
    assert_eq!(message["MessageId"], id.as_str());
    assert_eq!(
        message["Attributes"],
        json!({ "ApproximateReceiveCount": "3", "SentTimestamp": "0",
                "DeadLetterQueueSourceArn": "arn:aws:sqs:eu-west-1:000000000000:jobs" })
    );
    let effects = here.sqs.take_effects();
    assert!(effects.contains(&Effect::DeadLettered { queue: "jobs".to_owned(), to: "dead".to_owned(), message: id }));
    let sources = here.ok("ListDeadLetterSourceQueues", json!({ "QueueUrl": DEAD }));
    assert_eq!(sources, json!({ "queueUrls": [URL] }));
}

#[test]
fn a_dead_letter_keeps_the_age_that_it_had() {
    let mut here = Here::new();
    let short = json!({ "QueueName": "dead", "Attributes": { "MessageRetentionPeriod": "60" } });
    here.ok("CreateQueue", short);
    here.ok("SetQueueAttributes", policy(1));
    here.send("poison");
    here.pass(50);
    here.drain(URL);
    assert_eq!(here.counts(DEAD), counts(1, 0, 0));
    here.pass(10);
    assert_eq!(here.counts(DEAD), counts(0, 0, 0));
}

#[test]
fn without_its_dead_letter_queue_a_message_comes_back_for_ever() {
    let mut here = Here::new();
    here.ok("CreateQueue", json!({ "QueueName": "dead" }));
    here.ok("SetQueueAttributes", policy(1));
    here.ok("DeleteQueue", json!({ "QueueUrl": DEAD }));
    here.send("poison");
    for _ in 0..5 {
        assert_eq!(here.ok("ReceiveMessage", json!({ "QueueUrl": URL }))["Messages"][0]["Body"], "poison");
    }
}

#[test]
fn a_dead_letter_queue_must_exist_be_of_the_same_kind_and_let_the_queue_in() {
    let mut here = Here::new();
    assert_eq!(here.code("SetQueueAttributes", policy(1)), "InvalidParameterValue");
    let deny = json!({ "redrivePermission": "denyAll" }).to_string();
    here.ok("CreateQueue", json!({ "QueueName": "dead", "Attributes": { "RedriveAllowPolicy": deny } }));
    assert_eq!(here.code("SetQueueAttributes", policy(1)), "InvalidParameterValue");
    let by = json!({ "redrivePermission": "byQueue", "sourceQueueArns": [DEAD_ARN.replace("dead", "jobs")] });
    let attributes = json!({ "RedriveAllowPolicy": by.to_string() });
    here.ok("SetQueueAttributes", json!({ "QueueUrl": DEAD, "Attributes": attributes }));
    here.ok("SetQueueAttributes", policy(1));
    here.ok("SetQueueAttributes", json!({ "QueueUrl": URL, "Attributes": { "RedrivePolicy": "" } }));
    for wrong in [0, 1001] {
        assert_eq!(here.code("SetQueueAttributes", policy(wrong)), "InvalidParameterValue");
    }
    let redrive = json!({ "deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": "3" }).to_string();
    let fifo = json!({ "FifoQueue": "true", "RedrivePolicy": redrive });
    let make = json!({ "QueueName": "jobs.fifo", "Attributes": fifo });
    assert_eq!(here.code("CreateQueue", make), "InvalidParameterValue");
}
