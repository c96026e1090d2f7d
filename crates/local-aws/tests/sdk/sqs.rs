//! Queues through the AWS SDK, and through the Query protocol.

use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::receive_message::ReceiveMessageOutput;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};

use serde_json::Value;
use tokio::task::JoinHandle;

use super::faults::get;
use super::protocol::{post, raw};
use super::{Cloud, until};

fn sqs(cloud: &Cloud) -> Client {
    Client::new(&cloud.config)
}

async fn receive(sqs: &Client, url: &str, wait: i32) -> ReceiveMessageOutput {
    let receive = sqs.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(wait);
    receive
        .message_attribute_names("All")
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .expect("received")
}

/// A receive that waits: the queue was empty when it looked.
async fn long_poll(cloud: &Cloud, sqs: &Client, url: &str) -> JoinHandle<ReceiveMessageOutput> {
    let poll = tokio::spawn({
        let (sqs, url) = (sqs.clone(), url.to_owned());
        async move { receive(&sqs, &url, 20).await }
    });
    until("the receive to wait", || async {
        let said = get(cloud, "/_calls?service=sqs&operation=ReceiveMessage").await;
        let calls = said.get("calls").and_then(Value::as_array).expect("calls");
        calls.iter().any(|call| call["answer"] == "waiting").then_some(())
    })
    .await;
    poll
}

/// Ends the test unless the poll, begun at this moment, got one message long before its time.
async fn ends_with_one_message(poll: JoinHandle<ReceiveMessageOutput>, began: Instant) {
    assert_eq!(poll.await.expect("ended").messages.expect("messages").len(), 1);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_message_goes_through_a_queue_with_all_that_it_carries() {
    let cloud = Cloud::start(151).await;
    let sqs = sqs(&cloud);
    let made = sqs.create_queue().queue_name("jobs").attributes(QueueAttributeName::VisibilityTimeout, "40");
    let url = made.tags("team", "red").send().await.expect("made").queue_url.expect("a URL");
    assert_eq!(url, format!("http://{}/000000000000/jobs", cloud.running.address));
    let text = MessageAttributeValue::builder().data_type("String").string_value("größe");
    let bytes = MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new([0, 255, 7]));
    let sent = sqs
        .send_message()
        .queue_url(&url)
        .message_body("a <body> & \"more\" ☂")
        .message_attributes("kind", text.build().expect("complete"))
        .message_attributes("raw", bytes.build().expect("complete"))
        .send()
        .await
        // The SDK checks the body's MD5 by itself.
        .expect("sent");
    let got = receive(&sqs, &url, 0).await.messages.expect("messages");
    let message = &got[0];
    assert_eq!((message.body(), message.message_id()), (Some("a <body> & \"more\" ☂"), sent.message_id()));
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
    let attributes = message.message_attributes().expect("attributes");
    assert_eq!(attributes["raw"].binary_value(), Some(&Blob::new([0, 255, 7])));
    let count = MessageSystemAttributeName::ApproximateReceiveCount;
    assert_eq!(message.attributes().expect("system attributes")[&count], "1");
    sqs.delete_message()
        .queue_url(&url)
        .receipt_handle(message.receipt_handle().expect("a handle"))
        .send()
        .await
        .expect("deleted");
    let all = sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::All).send().await;
    let all = all.expect("attributes").attributes.expect("some");
    assert_eq!(all[&QueueAttributeName::ApproximateNumberOfMessages], "0");
    assert_eq!(all[&QueueAttributeName::VisibilityTimeout], "40");
    assert_eq!(sqs.list_queue_tags().queue_url(&url).send().await.expect("tags").tags.expect("some")["team"], "red");
    let seen = raw(cloud.running.address, "GET /_world HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(seen.contains(r#""queues":[{"delayed":0,"in_flight":0,"name":"jobs","visible":0}]"#), "{seen}");
    cloud.end().await;
}

#[tokio::test]
async fn errors_have_the_names_that_the_sdk_knows() {
    let cloud = Cloud::start(152).await;
    let sqs = sqs(&cloud);
    let error = sqs.get_queue_url().queue_name("nobody").send().await.expect_err("refused").into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    // Clients of the Query protocol knew it by another name, and still do.
    assert_eq!(error.meta().code(), Some("AWS.SimpleQueueService.NonExistentQueue"), "{error:?}");
    let url = sqs.create_queue().queue_name("jobs").send().await.expect("made").queue_url.expect("a URL");
    let again = sqs.create_queue().queue_name("jobs").attributes(QueueAttributeName::DelaySeconds, "1").send().await;
    assert!(again.expect_err("refused").into_service_error().is_queue_name_exists());
    let empty = sqs.send_message_batch().queue_url(&url).set_entries(Some(Vec::new())).send().await;
    assert!(empty.expect_err("refused").into_service_error().is_empty_batch_request());
    let nonsense = sqs.delete_message().queue_url(&url).receipt_handle("nonsense").send().await;
    assert!(nonsense.expect_err("refused").into_service_error().is_receipt_handle_is_invalid());
    let large = sqs.send_message().queue_url(&url).message_body("\u{1F600}".repeat(262_145)).send().await;
    assert_eq!(large.expect_err("refused").into_service_error().meta().code(), Some("InvalidParameterValue"));
    sqs.send_message().queue_url(&url).message_body("\"".repeat(1_048_576)).send().await.expect("sent");
    cloud.end().await;
}

#[tokio::test]
async fn a_long_poll_ends_the_moment_a_message_comes() {
    let cloud = Cloud::start(153).await;
    let sqs = sqs(&cloud);
    let url = sqs.create_queue().queue_name("jobs").send().await.expect("made").queue_url.expect("a URL");
    let began = Instant::now();
    let poll = long_poll(&cloud, &sqs, &url).await;
    sqs.send_message().queue_url(&url).message_body("x").send().await.expect("sent");
    ends_with_one_message(poll, began).await;
    let began = Instant::now();
    let delayed = sqs.send_message().queue_url(&url).message_body("y").delay_seconds(1);
    delayed.send().await.expect("sent");
    let got = receive(&sqs, &url, 20).await.messages.expect("messages");
    assert_eq!(got[0].body(), Some("y"));
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(900) && took < Duration::from_secs(10), "{took:?}");
    let none = receive(&sqs, &url, 1).await;
    assert_eq!(none.messages, None);
    cloud.end().await;
}

#[tokio::test]
async fn a_long_poll_of_a_dead_letter_queue_ends_when_a_receive_elsewhere_moves_a_message_there() {
    let cloud = Cloud::start(156).await;
    let sqs = sqs(&cloud);
    let dead = sqs.create_queue().queue_name("dead").send().await.expect("made").queue_url.expect("a URL");
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:dead","maxReceiveCount":"1"}"#;
    let make = sqs.create_queue().queue_name("jobs").attributes(QueueAttributeName::RedrivePolicy, policy);
    let make = make.attributes(QueueAttributeName::VisibilityTimeout, "0");
    let url = make.send().await.expect("made").queue_url.expect("a URL");
    sqs.send_message().queue_url(&url).message_body("x").send().await.expect("sent");
    assert!(receive(&sqs, &url, 0).await.messages.is_some());
    let began = Instant::now();
    let poll = long_poll(&cloud, &sqs, &dead).await;
    assert_eq!(receive(&sqs, &url, 1).await.messages, None);
    ends_with_one_message(poll, began).await;
    cloud.end().await;
}

#[tokio::test]
async fn batches_redrive_and_fifo_queues_work_through_the_sdk() {
    let cloud = Cloud::start(154).await;
    let sqs = sqs(&cloud);
    let dead = sqs.create_queue().queue_name("dead").send().await.expect("made").queue_url.expect("a URL");
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:dead","maxReceiveCount":"1"}"#;
    let make = sqs.create_queue().queue_name("jobs").attributes(QueueAttributeName::RedrivePolicy, policy);
    let make = make.attributes(QueueAttributeName::VisibilityTimeout, "0");
    let url = make.send().await.expect("made").queue_url.expect("a URL");
    let entry = |n: usize| SendMessageBatchRequestEntry::builder().id(format!("e{n}")).message_body(format!("m{n}"));
    let entries = (0..10).map(|n| entry(n).build().expect("complete")).collect();
    let sent = sqs.send_message_batch().queue_url(&url).set_entries(Some(entries)).send().await.expect("sent");
    assert_eq!((sent.successful().len(), sent.failed().len()), (10, 0));
    let mut received = 0;
    while received < 10 {
        received += receive(&sqs, &url, 1).await.messages.expect("messages").len();
    }
    assert_eq!(receive(&sqs, &url, 1).await.messages, None, "they are dead letters now");
    let mut handles = Vec::new();
    while handles.len() < 10 {
        let got = receive(&sqs, &dead, 1).await.messages.expect("messages");
        handles.extend(got.into_iter().map(|message| message.receipt_handle.expect("a handle")));
    }
    let entry = |(n, handle): (usize, String)| {
        DeleteMessageBatchRequestEntry::builder().id(n.to_string()).receipt_handle(handle).build().expect("complete")
    };
    let entries = handles.into_iter().enumerate().map(entry).collect();
    let deleted = sqs.delete_message_batch().queue_url(&dead).set_entries(Some(entries)).send().await.expect("deleted");
    assert_eq!(deleted.successful().len(), 10);
    let fifo = sqs.create_queue().queue_name("q.fifo").attributes(QueueAttributeName::FifoQueue, "true");
    let fifo = fifo.send().await.expect("made").queue_url.expect("a URL");
    for n in ["1", "2", "2", "3"] {
        let send =
            sqs.send_message().queue_url(&fifo).message_body(n).message_group_id("g").message_deduplication_id(n);
        send.send().await.expect("sent");
    }
    let got = receive(&sqs, &fifo, 0).await.messages.expect("messages");
    assert_eq!(got.iter().filter_map(|m| m.body()).collect::<Vec<_>>(), ["1", "2", "3"]);
    cloud.end().await;
}

#[tokio::test]
async fn the_query_protocol_is_spoken_at_the_endpoint_and_at_the_queues_own_address() {
    let cloud = Cloud::start(155).await;
    let at = cloud.running.address;
    let form = "content-type: application/x-www-form-urlencoded";
    let made = post(
        at,
        form,
        "Action=CreateQueue&Version=2012-11-05&QueueName=jobs&Attribute.1.Name=DelaySeconds&Attribute.1.Value=0",
    )
    .await;
    assert!(made.contains("<QueueUrl>http://data-x/000000000000/jobs</QueueUrl>"), "{made}");
    assert!(made.contains("xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\""), "{made}");
    let at_queue = |body: &str| {
        let length = body.len();
        format!(
            "POST /000000000000/jobs HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {length}\r\n{form}\r\n\r\n{body}"
        )
    };
    let sent = raw(at, &at_queue("Action=SendMessage&Version=2012-11-05&MessageBody=hello")).await;
    assert!(sent.contains("<MD5OfMessageBody>5d41402abc4b2a76b9719d911017c592</MD5OfMessageBody>"), "{sent}");
    let got = raw(at, &at_queue("Action=ReceiveMessage&Version=2012-11-05&AttributeName=All")).await;
    assert!(got.contains("<Body>hello</Body>") && got.contains("<Attribute><Name>SentTimestamp</Name>"), "{got}");
    let none = raw(at, &at_queue("Action=GetQueueUrl&QueueName=nobody")).await;
    assert!(none.starts_with("HTTP/1.1 400"), "{none}");
    assert!(none.contains("<Code>AWS.SimpleQueueService.NonExistentQueue</Code>"), "{none}");
    let target = "x-amz-target: AmazonSQS.GetQueueUrl";
    let none = post(at, target, r#"{"QueueName":"nobody"}"#).await;
    assert!(none.contains("x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender"), "{none}");
    assert!(none.contains("content-type: application/x-amz-json-1.0"), "{none}");
    assert!(none.contains(r#""__type":"com.amazonaws.sqs#QueueDoesNotExist""#), "{none}");
    cloud.end().await;
}
