use serde_json::json;

use super::{Here, URL, text};

#[test]
fn a_queue_that_is_made_again_is_the_same_one_unless_its_attributes_differ() {
    let mut here = Here::empty();
    let make = |timeout: &str| json!({ "QueueName": "jobs", "Attributes": { "VisibilityTimeout": timeout } });
    assert_eq!(text(&here.ok("CreateQueue", make("5"))["QueueUrl"]), URL);
    assert_eq!(text(&here.ok("CreateQueue", make("5"))["QueueUrl"]), URL);
    assert_eq!(text(&here.ok("CreateQueue", json!({ "QueueName": "jobs" }))["QueueUrl"]), URL);
    assert_eq!(here.code("CreateQueue", make("6")), "QueueNameExists");
}

#[test]
fn names_and_attributes_out_of_bounds_are_refused() {
    let mut here = Here::new();
    for name in ["", "a b", "a/b", "a.fifo", "ä", &"x".repeat(81)] {
        assert_eq!(here.code("CreateQueue", json!({ "QueueName": name })), "InvalidParameterValue", "{name}");
    }
    assert_eq!(here.code("CreateQueue", json!({})), "MissingParameter");
    for (attribute, value, code) in [
        ("Nonsense", "1", "InvalidAttributeName"),
        ("QueueArn", "1", "InvalidAttributeName"),
        ("FifoQueue", "false", "InvalidAttributeName"),
        ("ContentBasedDeduplication", "true", "InvalidAttributeName"),
        ("VisibilityTimeout", "43201", "InvalidAttributeValue"),
        ("DelaySeconds", "-1", "InvalidAttributeValue"),
        ("MessageRetentionPeriod", "59", "InvalidAttributeValue"),
        ("MaximumMessageSize", "1048577", "InvalidAttributeValue"),
        ("ReceiveMessageWaitTimeSeconds", "21", "InvalidAttributeValue"),
        ("RedrivePolicy", "{", "InvalidParameterValue"),
    ] {
        let set = json!({ "QueueUrl": URL, "Attributes": { attribute: value, "DelaySeconds": value } });
        let one = json!({ "QueueUrl": URL, "Attributes": { attribute: value } });
        assert_eq!(here.code("SetQueueAttributes", one), code, "{attribute}={value}");
        if attribute != "DelaySeconds" {
            let _ = here.code("SetQueueAttributes", set);
        }
    }
    let all = here.ok("GetQueueAttributes", json!({ "QueueUrl": URL, "AttributeNames": ["DelaySeconds"] }));
    assert_eq!(all, json!({ "Attributes": { "DelaySeconds": "0" } }));
    assert_eq!(here.ok("GetQueueAttributes", json!({ "QueueUrl": URL })), json!({}));
    let unknown = json!({ "QueueUrl": URL, "AttributeNames": ["Nonsense"] });
    assert_eq!(here.code("GetQueueAttributes", unknown), "InvalidAttributeName");
}

#[test]
fn a_deleted_queue_is_gone_and_its_name_rests_for_a_minute() {
    let mut here = Here::new();
    here.send("x");
    here.ok("DeleteQueue", json!({ "QueueUrl": URL }));
    for operation in ["DeleteQueue", "PurgeQueue", "ReceiveMessage", "GetQueueAttributes", "ListQueueTags"] {
        assert_eq!(here.code(operation, json!({ "QueueUrl": URL })), "QueueDoesNotExist");
    }
    assert_eq!(here.code("GetQueueUrl", json!({ "QueueName": "jobs" })), "QueueDoesNotExist");
    here.pass(59);
    assert_eq!(here.code("CreateQueue", json!({ "QueueName": "jobs" })), "QueueDeletedRecently");
    here.pass(1);
    here.ok("CreateQueue", json!({ "QueueName": "jobs" }));
    assert!(here.drain(URL).is_empty());
}

#[test]
fn a_url_is_known_by_its_path_whatever_its_host() {
    let mut here = Here::new();
    for url in ["https://sqs.eu-west-1.amazonaws.com/000000000000/jobs", "/000000000000/jobs", "jobs"] {
        here.ok("ListQueueTags", json!({ "QueueUrl": url }));
    }
    for (url, code) in [
        ("http://here:1/111111111111/jobs", "QueueDoesNotExist"),
        ("http://here:1/000000000000/others", "QueueDoesNotExist"),
        ("http://here:1/", "InvalidAddress"),
        ("http://here:1", "InvalidAddress"),
        ("http://here:1/a/b/c", "InvalidAddress"),
        ("", "InvalidAddress"),
    ] {
        assert_eq!(here.code("ListQueueTags", json!({ "QueueUrl": url })), code, "{url}");
    }
    assert_eq!(here.code("ListQueueTags", json!({})), "MissingParameter");
}

#[test]
fn queues_are_listed_by_prefix_and_page_by_page() {
    let mut here = Here::empty();
    assert_eq!(here.ok("ListQueues", json!({})), json!({}));
    for name in ["b1", "a2", "a1", "a3"] {
        here.ok("CreateQueue", json!({ "QueueName": name }));
    }
    let url = |name: &str| format!("http://here:1/000000000000/{name}");
    let first = here.ok("ListQueues", json!({ "QueueNamePrefix": "a", "MaxResults": 2 }));
    assert_eq!(first["QueueUrls"], json!([url("a1"), url("a2")]));
    let rest = json!({ "QueueNamePrefix": "a", "MaxResults": 2, "NextToken": first["NextToken"] });
    assert_eq!(here.ok("ListQueues", rest), json!({ "QueueUrls": [url("a3")] }));
    assert_eq!(here.code("ListQueues", json!({ "MaxResults": 0 })), "InvalidParameterValue");
}

#[test]
fn tags_are_kept_replaced_and_removed() {
    let mut here = Here::empty();
    here.ok("CreateQueue", json!({ "QueueName": "jobs", "tags": { "team": "red", "x": "1" } }));
    here.ok("TagQueue", json!({ "QueueUrl": URL, "Tags": { "team": "blue" } }));
    here.ok("UntagQueue", json!({ "QueueUrl": URL, "TagKeys": ["x", "y"] }));
    assert_eq!(here.ok("ListQueueTags", json!({ "QueueUrl": URL })), json!({ "Tags": { "team": "blue" } }));
    let many: serde_json::Map<_, _> = (0..50).map(|n| (format!("k{n}"), json!("v"))).collect();
    assert_eq!(here.code("TagQueue", json!({ "QueueUrl": URL, "Tags": many })), "InvalidParameterValue");
}

#[test]
fn a_purge_empties_the_queue_and_there_is_one_a_minute() {
    let mut here = Here::new();
    here.send("x");
    here.ok("PurgeQueue", json!({ "QueueUrl": URL }));
    assert!(here.drain(URL).is_empty());
    here.pass(59);
    assert_eq!(here.code("PurgeQueue", json!({ "QueueUrl": URL })), "PurgeQueueInProgress");
    here.pass(1);
    here.ok("PurgeQueue", json!({ "QueueUrl": URL }));
}

#[test]
fn what_is_missing_or_of_the_wrong_type_is_named() {
    let mut here = Here::new();
    assert_eq!(here.code("SendMessage", json!({ "QueueUrl": URL })), "MissingParameter");
    assert_eq!(here.code("SendMessage", json!({ "QueueUrl": URL, "MessageBody": 5 })), "SerializationException");
    assert_eq!(here.code("SendMessage", json!({ "QueueUrl": [], "MessageBody": "x" })), "SerializationException");
    assert_eq!(here.code("DeleteMessage", json!({ "QueueUrl": URL, "ReceiptHandle": 5 })), "SerializationException");
    assert_eq!(here.code("Nonsense", json!({})), "UnknownOperationException");
}
