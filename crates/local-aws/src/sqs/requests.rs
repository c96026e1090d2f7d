//! What the calls carry, field for field as AWS names it. What must be there is looked for later: SQS says which parameter
//! is missing. Unknown fields are ignored.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Names and values: of a queue's attributes, of tags.
pub type Texts = BTreeMap<String, String>;

/// What a message's attribute is sent as. Lists of values are "reserved for future use".
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AttributeValue {
    /// `String`, `Number` or `Binary`, with or without a label.
    pub data_type: Option<String>,
    /// Of texts and numbers.
    pub string_value: Option<String>,
    /// Of bytes: base64.
    pub binary_value: Option<String>,
}

/// SendMessage, and one entry of SendMessageBatch, DeleteMessageBatch or ChangeMessageVisibilityBatch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Entry {
    /// Of a batch.
    pub id: Option<String>,
    /// What is sent.
    pub message_body: Option<String>,
    /// Seconds until it may be received.
    pub delay_seconds: Option<i64>,
    /// What is sent beside the body.
    pub message_attributes: Option<BTreeMap<String, AttributeValue>>,
    /// `AWSTraceHeader`.
    pub message_system_attributes: Option<BTreeMap<String, AttributeValue>>,
    /// Of FIFO queues: what is sent twice with the same is delivered once.
    pub message_deduplication_id: Option<String>,
    /// Of FIFO queues: what is delivered in order. Of standard queues: whose it is.
    pub message_group_id: Option<String>,
    /// Of a received message.
    pub receipt_handle: Option<String>,
    /// Seconds until it may be received again.
    pub visibility_timeout: Option<i64>,
}

/// Everything that calls say of a queue, but for what is in [`Entry`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Request {
    /// Which queue.
    pub queue_url: Option<String>,
    /// Which queue, where it has no URL yet.
    pub queue_name: Option<String>,
    /// GetQueueUrl: whose it is.
    #[serde(rename = "QueueOwnerAWSAccountId")]
    pub queue_owner: Option<String>,
    /// CreateQueue, SetQueueAttributes.
    pub attributes: Option<Texts>,
    /// CreateQueue writes it small, TagQueue large.
    #[serde(alias = "tags")]
    pub tags: Option<Texts>,
    /// UntagQueue.
    pub tag_keys: Option<Vec<String>>,
    /// GetQueueAttributes; of ReceiveMessage the old name of `message_system_attribute_names`.
    pub attribute_names: Option<Vec<String>>,
    /// A batch.
    pub entries: Option<Vec<Entry>>,
    /// ListQueues.
    pub queue_name_prefix: Option<String>,
    /// Of a list.
    pub next_token: Option<String>,
    /// Of a list.
    pub max_results: Option<i64>,
    /// ReceiveMessage: which of `SentTimestamp`, `ApproximateReceiveCount` … are wanted.
    pub message_system_attribute_names: Option<Vec<String>>,
    /// ReceiveMessage: which of the sender's attributes are wanted.
    pub message_attribute_names: Option<Vec<String>>,
    /// ReceiveMessage: 1 to 10.
    pub max_number_of_messages: Option<i64>,
    /// ReceiveMessage: seconds.
    pub visibility_timeout: Option<i64>,
    /// ReceiveMessage: seconds.
    pub wait_time_seconds: Option<i64>,
    /// ReceiveMessage of FIFO queues: a retry with the same gets the same messages.
    pub receive_request_attempt_id: Option<String>,
}
