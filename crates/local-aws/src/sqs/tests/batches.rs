use serde_json::{Value, json};

use super::{Here, URL, counts};

fn entries(count: usize) -> Vec<Value> {
    (0..count).map(|n| json!({ "Id": format!("m{n}"), "MessageBody": format!("body {n}") })).collect()
}

#[test]
fn each_entry_of_a_batch_succeeds_or_fails_by_itself() {
    let mut here = Here::new();
    let mut all = entries(3);
    all[1]["DelaySeconds"] = json!(901);
    all[2]["MessageBody"] = json!("\u{0}");
    let answer = here.ok("SendMessageBatch", json!({ "QueueUrl": URL, "Entries": all }));
    assert_eq!(answer["Successful"].as_array().expect("a list").len(), 1);
    assert_eq!(answer["Successful"][0]["Id"], "m0");
    let failed = |n: usize| (answer["Failed"][n]["Id"].clone(), answer["Failed"][n]["Code"].clone());
    assert_eq!(failed(0), (json!("m1"), json!("InvalidParameterValue")));
    assert_eq!(failed(1), (json!("m2"), json!("InvalidMessageContents")));
    assert_eq!(answer["Failed"][0]["SenderFault"], true);
    assert_eq!(here.counts(URL), counts(1, 0, 0));
}

#[test]
fn a_batch_that_makes_no_sense_fails_as_a_whole() {
    let mut here = Here::new();
    let mut twice = entries(2);
    twice[1]["Id"] = json!("m0");
    let mut odd = entries(1);
    odd[0]["Id"] = json!("a b");
    let mut nameless = entries(1);
    nameless[0]["Id"] = Value::Null;
    let large: Vec<Value> =
        (0..2).map(|n| json!({ "Id": format!("{n}"), "MessageBody": "x".repeat(600_000) })).collect();
    for (entries, code) in [
        (Vec::new(), "EmptyBatchRequest"),
        (entries(11), "TooManyEntriesInBatchRequest"),
        (twice, "BatchEntryIdsNotDistinct"),
        (odd, "InvalidBatchEntryId"),
        (nameless, "MissingParameter"),
        (large, "BatchRequestTooLong"),
    ] {
        assert_eq!(here.code("SendMessageBatch", json!({ "QueueUrl": URL, "Entries": entries })), code);
    }
    assert_eq!(here.code("DeleteMessageBatch", json!({ "QueueUrl": URL })), "EmptyBatchRequest");
    assert_eq!(here.counts(URL), counts(0, 0, 0));
}

#[test]
fn messages_are_deleted_and_their_visibility_changed_in_batches() {
    let mut here = Here::new();
    here.ok("SendMessageBatch", json!({ "QueueUrl": URL, "Entries": entries(3) }));
    let handles: Vec<String> = here.drain(URL).into_iter().map(|(_, handle)| handle).collect();
    let change = json!([
        { "Id": "a", "ReceiptHandle": handles[0], "VisibilityTimeout": 0 },
        { "Id": "b", "ReceiptHandle": "nonsense", "VisibilityTimeout": 0 },
        { "Id": "c", "ReceiptHandle": handles[1] },
    ]);
    let answer = here.ok("ChangeMessageVisibilityBatch", json!({ "QueueUrl": URL, "Entries": change }));
    assert_eq!(answer["Successful"], json!([{ "Id": "a" }]));
    assert_eq!(answer["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
    assert_eq!(answer["Failed"][1]["Code"], "MissingParameter");
    assert_eq!(here.counts(URL), counts(1, 2, 0));
    let delete = json!([{ "Id": "a", "ReceiptHandle": handles[1] }, { "Id": "b", "ReceiptHandle": handles[2] }]);
    let answer = here.ok("DeleteMessageBatch", json!({ "QueueUrl": URL, "Entries": delete }));
    assert_eq!(answer, json!({ "Successful": [{ "Id": "a" }, { "Id": "b" }], "Failed": [] }));
    assert_eq!(here.counts(URL), counts(1, 0, 0));
}
