use serde_json::json;

use super::super::message::Content;
use super::super::queue::Want;
use super::super::requests::Entry;
use super::{Here, URL, counts, text};

#[test]
fn a_received_message_is_hidden_comes_back_and_is_gone_when_deleted() {
    let mut here = Here::new();
    here.send("x");
    assert_eq!(here.counts(URL), counts(1, 0, 0));
    let first = here.drain(URL);
    assert_eq!(first.len(), 1);
    assert_eq!(here.counts(URL), counts(0, 1, 0));
    here.pass(29);
    assert!(here.drain(URL).is_empty());
    here.pass(1);
    let second = here.drain(URL);
    assert_eq!(second[0].0, "x");
    assert_ne!(first[0].1, second[0].1, "each receive has a handle of its own");
    // An old handle: the call succeeds, the message stays.
    here.ok("DeleteMessage", json!({ "QueueUrl": URL, "ReceiptHandle": first[0].1 }));
    assert_eq!(here.counts(URL), counts(0, 1, 0));
    here.ok("DeleteMessage", json!({ "QueueUrl": URL, "ReceiptHandle": second[0].1 }));
    here.ok("DeleteMessage", json!({ "QueueUrl": URL, "ReceiptHandle": second[0].1 }));
    here.pass(100);
    assert_eq!(here.counts(URL), counts(0, 0, 0));
}

#[test]
fn nonsense_and_handles_of_another_queue_delete_nothing() {
    let mut here = Here::new();
    here.ok("CreateQueue", json!({ "QueueName": "others" }));
    here.send("x");
    let handle = here.drain(URL)[0].1.clone();
    let others = "http://here:1/000000000000/others";
    for (url, handle) in [(URL, "nonsense"), (URL, "AQEBAAAA"), (others, handle.as_str())] {
        let delete = json!({ "QueueUrl": url, "ReceiptHandle": handle });
        assert_eq!(here.code("DeleteMessage", delete), "ReceiptHandleIsInvalid");
    }
    assert_eq!(here.code("DeleteMessage", json!({ "QueueUrl": URL })), "MissingParameter");
}

#[test]
fn a_visibility_is_changed_from_now_on_up_to_twelve_hours_after_the_receive() {
    let mut here = Here::new();
    here.send("x");
    let handle = here.drain(URL)[0].1.clone();
    let change = |seconds: i64| json!({ "QueueUrl": URL, "ReceiptHandle": handle, "VisibilityTimeout": seconds });
    here.pass(10);
    here.ok("ChangeMessageVisibility", change(60));
    here.pass(59);
    assert!(here.drain(URL).is_empty());
    for wrong in [-1, 43_201, 43_200] {
        assert_eq!(here.code("ChangeMessageVisibility", change(wrong)), "InvalidParameterValue");
    }
    here.ok("ChangeMessageVisibility", change(0));
    assert_eq!(here.drain(URL).len(), 1);
    assert_eq!(here.code("ChangeMessageVisibility", change(5)), "InvalidParameterValue", "an old handle");
}

#[test]
fn a_delay_hides_a_message_at_first_the_queues_unless_the_message_has_its_own() {
    let mut here = Here::new();
    here.ok("SetQueueAttributes", json!({ "QueueUrl": URL, "Attributes": { "DelaySeconds": "5" } }));
    here.send("queue's");
    here.ok("SendMessage", json!({ "QueueUrl": URL, "MessageBody": "own", "DelaySeconds": 0 }));
    assert_eq!(here.counts(URL), counts(1, 0, 1));
    assert_eq!(here.drain(URL)[0].0, "own");
    here.pass(5);
    assert_eq!(here.drain(URL)[0].0, "queue's");
    let late = json!({ "QueueUrl": URL, "MessageBody": "x", "DelaySeconds": 901 });
    assert_eq!(here.code("SendMessage", late), "InvalidParameterValue");
}

#[test]
fn a_message_is_kept_as_long_as_the_queue_says_even_in_flight() {
    let mut here = Here::new();
    let keep = json!({ "MessageRetentionPeriod": "60", "VisibilityTimeout": "600" });
    here.ok("SetQueueAttributes", json!({ "QueueUrl": URL, "Attributes": keep }));
    here.send("x");
    assert_eq!(here.drain(URL).len(), 1);
    here.pass(59);
    assert_eq!(here.counts(URL), counts(0, 1, 0));
    here.pass(1);
    assert_eq!(here.counts(URL), counts(0, 0, 0));
}

#[test]
fn what_is_sent_comes_with_what_was_asked_of_its_attributes_and_the_md5_of_those() {
    let mut here = Here::new();
    here.pass(2);
    let attributes = json!({
        "kind": { "DataType": "String", "StringValue": "order" },
        "size.x": { "DataType": "Number.int", "StringValue": "42" },
        "raw": { "DataType": "Binary", "BinaryValue": "AAEC" },
    });
    let trace = json!({ "AWSTraceHeader": { "DataType": "String", "StringValue": "Root=1" } });
    let sent = here.ok(
        "SendMessage",
        json!({ "QueueUrl": URL, "MessageBody": "hello", "MessageAttributes": attributes,
                "MessageSystemAttributes": trace }),
    );
    // The MD5s were computed by another implementation of the algorithm (Python's hashlib and struct).
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(sent["MD5OfMessageAttributes"], MD5_OF_ALL);
    assert_eq!(sent["MD5OfMessageSystemAttributes"], MD5_OF_TRACE);
    let receive = |own: serde_json::Value| {
        json!({ "QueueUrl": URL, "VisibilityTimeout": 0, "MessageAttributeNames": own,
                "MessageSystemAttributeNames": ["SentTimestamp"], "AttributeNames": ["ApproximateReceiveCount"] })
    };
    let all = here.ok("ReceiveMessage", receive(json!([".*"])))["Messages"][0].clone();
    assert_eq!((&all["MessageAttributes"], &all["MD5OfMessageAttributes"]), (&attributes, &json!(MD5_OF_ALL)));
    assert_eq!(all["Attributes"], json!({ "SentTimestamp": "2000", "ApproximateReceiveCount": "1" }));
    assert_eq!(all["MessageId"], sent["MessageId"]);
    let some = here.ok("ReceiveMessage", receive(json!(["size.*"])))["Messages"][0].clone();
    assert_eq!(some["MessageAttributes"], json!({ "size.x": attributes["size.x"] }));
    assert_eq!(some["MD5OfMessageAttributes"], MD5_OF_SIZE);
    let none = here.ok("ReceiveMessage", json!({ "QueueUrl": URL, "MessageSystemAttributeNames": ["All"] }));
    let none = &none["Messages"][0];
    assert!(none.get("MessageAttributes").is_none() && none.get("MD5OfMessageAttributes").is_none());
    assert_eq!(
        none["Attributes"],
        json!({ "SenderId": "AIDALOCAL", "SentTimestamp": "2000", "ApproximateReceiveCount": "3",
                "ApproximateFirstReceiveTimestamp": "2000", "AWSTraceHeader": "Root=1" })
    );
}

const MD5_OF_ALL: &str = "df53b3a143f85595ae96ddea117ce04a";
const MD5_OF_SIZE: &str = "7d201593a0e8d295d5272b5b2e038811";
const MD5_OF_TRACE: &str = "d6619b3d47b81d3fc72c0db005a70eda";

#[test]
fn messages_that_cannot_be_are_refused() {
    let mut here = Here::new();
    let attribute = |name: &str, value: serde_json::Value| json!({ "QueueUrl": URL, "MessageBody": "x", "MessageAttributes": { name: value } });
    let text = |kind: &str, value: &str| json!({ "DataType": kind, "StringValue": value });
    for (name, value) in [
        ("a b", text("String", "x")),
        (".a", text("String", "x")),
        ("a..b", text("String", "x")),
        ("AWS.a", text("String", "x")),
        ("a", text("Text", "x")),
        ("a", text("String", "")),
        ("a", text("String.", "x")),
        ("a", text("Number", "many")),
        ("a", text("Number", "NaN")),
        ("a", text("Binary", "AAEC")),
        ("a", json!({ "DataType": "Binary", "BinaryValue": "no base64!" })),
        ("a", json!({ "StringValue": "x" })),
        ("a", json!({ "DataType": "String", "StringValue": "x", "BinaryValue": "AAEC" })),
    ] {
        assert_eq!(here.code("SendMessage", attribute(name, value)), "InvalidParameterValue", "{name}");
    }
    let bad = json!({ "QueueUrl": URL, "MessageBody": "\u{1}" });
    assert_eq!(here.code("SendMessage", bad), "InvalidMessageContents");
    here.ok("SetQueueAttributes", json!({ "QueueUrl": URL, "Attributes": { "MaximumMessageSize": "1024" } }));
    here.send(&"x".repeat(1024));
    let large = json!({ "QueueUrl": URL, "MessageBody": "x".repeat(1025) });
    assert_eq!(here.code("SendMessage", large), "InvalidParameterValue");
    let eleven: serde_json::Map<_, _> = (0..11).map(|n| (format!("a{n}"), text("String", "x"))).collect();
    let many = json!({ "QueueUrl": URL, "MessageBody": "x", "MessageAttributes": eleven });
    assert_eq!(here.code("SendMessage", many), "InvalidParameterValue");
}

#[test]
fn a_standard_queue_does_not_keep_the_order_and_a_short_poll_does_not_give_all() {
    let mut here = Here::new();
    let bodies: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    bodies.iter().for_each(|body| drop(here.send(body)));
    let mut sizes = Vec::new();
    let mut got = Vec::new();
    loop {
        let answer = here.ok("ReceiveMessage", json!({ "QueueUrl": URL, "MaxNumberOfMessages": 10 }));
        let Some(messages) = answer["Messages"].as_array() else { break };
        sizes.push(messages.len());
        got.extend(messages.iter().map(|m| text(&m["Body"])));
    }
    assert_ne!(got, bodies);
    assert!(sizes.iter().any(|size| *size < 10) && sizes.iter().all(|size| *size > 0));
    got.sort_by_key(|body| body.parse::<u32>().expect("a number"));
    assert_eq!(got, bodies);
}

#[test]
fn on_request_a_message_is_delivered_twice() {
    let mut here = Here::new();
    here.send("x");
    here.sqs.duplicate_next("jobs").expect("there");
    assert_eq!(here.drain(URL).len(), 2);
    assert_eq!(here.counts(URL), counts(0, 1, 0));
}

#[test]
fn bounds_of_a_receive_are_checked() {
    let mut here = Here::new();
    for (name, value) in [
        ("MaxNumberOfMessages", 0),
        ("MaxNumberOfMessages", 11),
        ("WaitTimeSeconds", 21),
        ("WaitTimeSeconds", -1),
        ("VisibilityTimeout", 43_201),
    ] {
        let receive = json!({ "QueueUrl": URL, name: value });
        assert_eq!(here.code("ReceiveMessage", receive), "InvalidParameterValue", "{name}");
    }
    let unknown = json!({ "QueueUrl": URL, "MessageSystemAttributeNames": ["Nonsense"] });
    assert_eq!(here.code("ReceiveMessage", unknown), "InvalidAttributeName");
}

#[test]
fn a_hundred_and_twenty_thousand_messages_may_be_in_flight() {
    let mut here = Here::new();
    let attributes = json!({ "VisibilityTimeout": "43200" });
    here.ok("SetQueueAttributes", json!({ "QueueUrl": URL, "Attributes": attributes }));
    let message = Entry { message_body: Some("x".to_owned()), ..Entry::default() };
    for _ in 0..120_010 {
        let content = Content::read(&message).expect("a message");
        here.sqs.send(here.now, "jobs", content, &message, "me").expect("sent");
    }
    let want = Want { most: 10, hidden: None, short: false, dead_after: None };
    for _ in 0..12_000 {
        here.sqs.receive(here.now, "jobs", want, None).expect("received");
    }
    assert_eq!(here.counts(URL), counts(10, 120_000, 0));
    assert_eq!(here.code("ReceiveMessage", json!({ "QueueUrl": URL })), "OverLimit");
}
