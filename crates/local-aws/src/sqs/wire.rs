//! SQS in awsJson1_0: which operation is which call of the model, and how its answer is written.

use daemon::moment::Moment;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::model::Sqs;
use super::queue::Queue;
use super::refusals::{bad_value, missing, no_queue, unknown_attribute};
use super::requests::{Request, Texts};
use crate::pace::Wall;
use crate::refusal::Refusal;

mod batch;
mod receive;
mod send;

pub use receive::RECEIVES_BY;

/// How many tags a queue may have (SQS quotas).
const MOST_TAGS: usize = 50;

/// After which a receive that waits may have an answer: a FIFO queue's next message waits for a deletion. Time alone is in
/// [`Outcome::Later`].
const ENDS_WAITS: [&str; 8] = [
    "SendMessage",
    "SendMessageBatch",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "SetQueueAttributes",
];

/// A call, as the JSON protocol says it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `SendMessage`.
    pub operation: &'a str,
    /// Its arguments.
    pub body: &'a Value,
    /// What queues' URLs begin with: `http://127.0.0.1:4566`.
    pub base: &'a str,
    /// Who calls: what `SenderId` says.
    pub caller: &'a str,
    /// When the call came: a long poll waits from then on.
    pub arrived: Moment,
}

/// What comes of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Its answer.
    Done(Value),
    /// Nothing yet. Ask again at this moment, or when [`Sqs::take_changed`] says so.
    Later(Moment),
}

/// Carries out one call.
///
/// # Errors
/// What the model refuses, bodies that do not fit, operations that are not here.
pub fn call(sqs: &mut Sqs, now: Moment, wall: &Wall, asked: Asked<'_>) -> Result<Outcome, Refusal> {
    let request = Request::deserialize(asked.body).map_err(|error| serialization(&error))?;
    sqs.advance(now);
    let done = match asked.operation {
        "CreateQueue" => {
            let none = Texts::new();
            let tags = request.tags.as_ref().unwrap_or(&none);
            check_tags(tags, tags.len())?;
            let name = request.queue_name.as_deref().ok_or_else(|| missing("QueueName"))?;
            sqs.create(now, name, request.attributes.as_ref().unwrap_or(&none), tags)?;
            json!({ "QueueUrl": url(sqs, asked, name) })
        }
        "GetQueueUrl" => {
            let name = request.queue_name.as_deref().ok_or_else(|| missing("QueueName"))?;
            if request.queue_owner.as_ref().is_some_and(|owner| *owner != sqs.account().id) {
                return Err(no_queue());
            }
            json!({ "QueueUrl": url(sqs, asked, &sqs.queue(name)?.name) })
        }
        "ListQueues" => {
            let prefix = request.queue_name_prefix.as_deref().unwrap_or_default();
            let named = sqs.queues().map(|queue| queue.name.as_str()).filter(|name| name.starts_with(prefix));
            page(sqs, asked, &request, "QueueUrls", named.collect())?
        }
        "ListDeadLetterSourceQueues" => {
            let queue = queue_of(sqs, &request)?;
            let sources = sqs.sources_of(&queue.arn).map(|queue| queue.name.as_str());
            page(sqs, asked, &request, "queueUrls", sources.collect())?
        }
        "DeleteQueue" => {
            let name = name_of(sqs, &request)?;
            sqs.delete(now, name).map(|()| nothing())?
        }
        "PurgeQueue" => {
            let name = name_of(sqs, &request)?;
            sqs.purge(now, name).map(|()| nothing())?
        }
        "GetQueueAttributes" => attributes(queue_of(sqs, &request)?, wall, &request)?,
        "SetQueueAttributes" => {
            let said = request.attributes.as_ref().ok_or_else(|| missing("Attributes"))?;
            let name = name_of(sqs, &request)?;
            sqs.set_attributes(now, name, said).map(|()| nothing())?
        }
        "TagQueue" => {
            let tags = request.tags.as_ref().filter(|tags| !tags.is_empty()).ok_or_else(|| missing("Tags"))?;
            let name = name_of(sqs, &request)?;
            let queue = sqs.queue_mut(name)?;
            let there = queue.tags.keys().filter(|key| !tags.contains_key(*key)).count();
            check_tags(tags, there + tags.len())?;
            queue.tags.extend(tags.clone());
            nothing()
        }
        "UntagQueue" => {
            let keys = request.tag_keys.as_ref().ok_or_else(|| missing("TagKeys"))?;
            let name = name_of(sqs, &request)?;
            sqs.queue_mut(name)?.tags.retain(|key, _| !keys.contains(key));
            nothing()
        }
        "ListQueueTags" => json!({ "Tags": queue_of(sqs, &request)?.tags }),
        "SendMessage" => send::one(sqs, now, asked)?,
        "SendMessageBatch" => send::batch(sqs, now, asked, &request)?,
        "ReceiveMessage" => return receive::receive(sqs, now, wall, asked, &request),
        "DeleteMessage" | "ChangeMessageVisibility" => receive::change(sqs, now, asked, &request)?,
        "DeleteMessageBatch" => batch::batch(sqs, &request, "Delete", |queue, entry| {
            let handle = entry.receipt_handle.as_deref().ok_or_else(|| missing("ReceiptHandle"))?;
            queue.delete(now, handle)
        })?,
        "ChangeMessageVisibilityBatch" => batch::batch(sqs, &request, "ChangeVisibility", |queue, entry| {
            let handle = entry.receipt_handle.as_deref().ok_or_else(|| missing("ReceiptHandle"))?;
            let seconds = entry.visibility_timeout.ok_or_else(|| missing("VisibilityTimeout"))?;
            queue.change_visibility(now, handle, seconds)
        })?,
        unknown => return Err(Refusal::unknown_operation(unknown)),
    };
    if ENDS_WAITS.contains(&asked.operation) {
        sqs.set_changed();
    }
    Ok(Outcome::Done(done))
}

fn serialization(error: &serde_json::Error) -> Refusal {
    Refusal::new("SerializationException", error.to_string())
}

fn nothing() -> Value {
    Value::Object(Map::new())
}

fn name_of<'a>(sqs: &Sqs, request: &'a Request) -> Result<&'a str, Refusal> {
    sqs.name_of(request.queue_url.as_deref().ok_or_else(|| missing("QueueUrl"))?)
}

fn queue_of<'a>(sqs: &'a Sqs, request: &Request) -> Result<&'a Queue, Refusal> {
    sqs.queue(name_of(sqs, request)?)
}

fn url(sqs: &Sqs, asked: Asked<'_>, name: &str) -> String {
    format!("{}/{}/{name}", asked.base, sqs.account().id)
}

/// A page of queues' URLs: the token is the last name of the page before. Without `MaxResults` there are at most 1,000 and
/// no token.
fn page(sqs: &Sqs, asked: Asked<'_>, request: &Request, field: &str, all: Vec<&str>) -> Result<Value, Refusal> {
    let size = match request.max_results {
        None => 1000,
        Some(size) => usize::try_from(size).ok().filter(|size| (1..=1000).contains(size)).ok_or_else(|| {
            bad_value(format!(
                "Value {size} for parameter MaxResults is invalid. Reason: Must be between 1 and 1000, if provided."
            ))
        })?,
    };
    let after = request.next_token.as_deref().unwrap_or_default();
    let mut rest = all.into_iter().filter(|name| *name > after);
    let page: Vec<&str> = rest.by_ref().take(size).collect();
    let mut answer = Map::new();
    if let (Some(last), Some(_), Some(_)) = (page.last(), rest.next(), request.max_results) {
        answer.insert("NextToken".to_owned(), (*last).into());
    }
    // ListQueues says nothing at all where there is no queue.
    if !page.is_empty() || field == "queueUrls" {
        answer.insert(field.to_owned(), page.into_iter().map(|name| url(sqs, asked, name)).collect());
    }
    Ok(Value::Object(answer))
}

fn attributes(queue: &Queue, wall: &Wall, request: &Request) -> Result<Value, Refusal> {
    let (ready, in_flight, delayed) = queue.counts();
    let seconds = |moment| format!("{:.0}", wall.epoch_seconds(moment).floor());
    let mut all = queue.attributes.texts();
    all.extend([
        ("QueueArn", queue.arn.clone()),
        ("ApproximateNumberOfMessages", ready.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", delayed.to_string()),
        ("CreatedTimestamp", seconds(queue.created_at)),
        ("LastModifiedTimestamp", seconds(queue.modified_at)),
    ]);
    // Known, though this queue may not have them.
    const OTHERS: [&str; 9] = [
        "Policy",
        "RedrivePolicy",
        "RedriveAllowPolicy",
        "KmsMasterKeyId",
        "KmsDataKeyReusePeriodSeconds",
        "FifoQueue",
        "ContentBasedDeduplication",
        "DeduplicationScope",
        "FifoThroughputLimit",
    ];
    let names = request.attribute_names.as_deref().unwrap_or_default();
    let unknown =
        |name: &&String| *name != "All" && !all.contains_key(name.as_str()) && !OTHERS.contains(&name.as_str());
    if let Some(name) = names.iter().find(unknown) {
        return Err(unknown_attribute(name));
    }
    let wanted = |name: &str| names.iter().any(|wanted| wanted == "All" || wanted == name);
    let said: Map<String, Value> =
        all.into_iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.to_owned(), value.into())).collect();
    Ok(if said.is_empty() { nothing() } else { json!({ "Attributes": said }) })
}

fn check_tags(tags: &Texts, count: usize) -> Result<(), Refusal> {
    if count > MOST_TAGS {
        return Err(bad_value(format!("Too many tags: a queue can have {MOST_TAGS}.")));
    }
    let fits =
        |(key, value): (&String, &String)| (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
    if !tags.iter().all(fits) {
        return Err(bad_value("Tag keys must be between 1 and 128 characters in length, tag values at most 256."));
    }
    Ok(())
}
