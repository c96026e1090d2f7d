//! Whatever is done in whatever order, queues keep their promises.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::{Here, text};

#[derive(Clone, Debug)]
enum Step {
    Send { group: u8 },
    Receive { most: u8, hidden: u8 },
    Delete { which: usize },
    Show { which: usize },
    Pass { seconds: u8 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..3_u8).prop_map(|group| Step::Send { group }),
        (1..=10_u8, 0..20_u8).prop_map(|(most, hidden)| Step::Receive { most, hidden }),
        any::<usize>().prop_map(|which| Step::Delete { which }),
        any::<usize>().prop_map(|which| Step::Show { which }),
        (0..15_u8).prop_map(|seconds| Step::Pass { seconds }),
    ];
    proptest::collection::vec(step, 0..60)
}

/// What a program has seen: for each handle the body, the latest handle of each body.
fn run(fifo: bool, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut here = Here::empty();
    let (name, attributes) = if fifo {
        ("q.fifo", json!({ "FifoQueue": "true", "ContentBasedDeduplication": "true" }))
    } else {
        ("q", json!({}))
    };
    let url = text(&here.ok("CreateQueue", json!({ "QueueName": name, "Attributes": attributes }))["QueueUrl"]);
    let (mut sent, mut deleted, mut received) = (0_u32, BTreeSet::new(), Vec::new());
    let mut latest: BTreeMap<String, String> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Send { group } => {
                let body = format!("{group}-{sent:04}");
                sent += 1;
                let mut message = json!({ "QueueUrl": url, "MessageBody": body });
                if fifo {
                    message["MessageGroupId"] = group.to_string().into();
                }
                here.ok("SendMessage", message);
            }
            Step::Receive { most, hidden } => {
                let ask = json!({ "QueueUrl": url, "MaxNumberOfMessages": most, "VisibilityTimeout": hidden });
                let answer = here.ok("ReceiveMessage", ask);
                let mut of_group: BTreeMap<char, String> = BTreeMap::new();
                for message in answer["Messages"].as_array().into_iter().flatten() {
                    let (body, handle) = (text(&message["Body"]), text(&message["ReceiptHandle"]));
                    prop_assert!(!deleted.contains(&body), "{body} was deleted");
                    if fifo {
                        let group = body.chars().next().expect("a group");
                        let before = of_group.insert(group, body.clone());
                        prop_assert!(before.is_none_or(|before| before < body), "in order");
                        // Nothing of the group that was sent earlier is still there: it would have come first.
                        let earlier = latest.keys().filter(|there| there.starts_with(group) && **there < body);
                        let in_answer = |there: &String| {
                            answer["Messages"].as_array().into_iter().flatten().any(|m| m["Body"] == there.as_str())
                        };
                        prop_assert!(earlier.into_iter().all(|e| deleted.contains(e) || in_answer(e)), "{body}");
                    }
                    latest.insert(body.clone(), handle.clone());
                    received.push((body, handle));
                }
            }
            Step::Delete { which } if !received.is_empty() => {
                let (body, handle) = &received[which % received.len()];
                let delete = json!({ "QueueUrl": url, "ReceiptHandle": handle });
                let accepted = here.ask("DeleteMessage", &delete, here.now).is_ok();
                if accepted && latest[body] == *handle {
                    deleted.insert(body.clone());
                }
            }
            Step::Show { which } if !received.is_empty() => {
                let (_, handle) = &received[which % received.len()];
                let show = json!({ "QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 0 });
                let _ = here.ask("ChangeMessageVisibility", &show, here.now);
            }
            Step::Pass { seconds } => here.pass(u64::from(seconds)),
            Step::Delete { .. } | Step::Show { .. } => {}
        }
        let (ready, in_flight, delayed) = here.counts(&url);
        let there: u32 = [ready, in_flight, delayed].iter().map(|n| n.parse::<u32>().expect("a number")).sum();
        prop_assert_eq!(there, sent - u32::try_from(deleted.len()).expect("small"));
    }
    // In the end everything that was not deleted can be received.
    let mut rest = BTreeSet::new();
    for _ in 0..=sent {
        here.pass(20);
        let ask = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 });
        for message in here.ok("ReceiveMessage", ask)["Messages"].as_array().into_iter().flatten() {
            rest.insert(text(&message["Body"]));
            here.ok("DeleteMessage", json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] }));
        }
    }
    prop_assert_eq!(rest.len() + deleted.len(), sent as usize);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_standard_queue_loses_nothing_and_returns_nothing_deleted(steps in steps()) {
        run(false, steps)?;
    }

    #[test]
    fn a_fifo_queue_keeps_the_order_of_each_group_too(steps in steps()) {
        run(true, steps)?;
    }

    #[test]
    fn no_call_ends_in_a_panic(
        operation in prop_oneof![
            Just("CreateQueue"), Just("SendMessage"), Just("SendMessageBatch"), Just("ReceiveMessage"),
            Just("DeleteMessage"), Just("SetQueueAttributes"), Just("ChangeMessageVisibility"),
        ],
        texts in proptest::collection::vec(".{0,30}", 4),
        number in any::<i64>(),
    ) {
        let mut here = Here::new();
        let body = json!({
            "QueueUrl": super::URL, "QueueName": texts[0], "MessageBody": texts[1], "ReceiptHandle": texts[2],
            "DelaySeconds": number, "VisibilityTimeout": number, "WaitTimeSeconds": number, "MaxNumberOfMessages": number,
            "Attributes": { &texts[3]: &texts[0], "RedrivePolicy": &texts[1] },
            "Entries": [{ "Id": texts[0], "MessageBody": texts[1], "DelaySeconds": number }],
        });
        let _ = here.ask(operation, &body, here.now);
    }
}
