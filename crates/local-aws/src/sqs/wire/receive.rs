//! ReceiveMessage, and what is done with what was received.

use std::time::Duration;

use daemon::moment::Moment;
use serde_json::{Map, Value, json};

use super::super::attributes::{LONGEST_HIDDEN, LONGEST_WAIT};
use super::super::message::{Attribute, md5, md5_of};
use super::super::model::Sqs;
use super::super::queue::{Message, Received, Want};
use super::super::refusals::{bad_value, invalid, missing, unknown_attribute};
use super::super::requests::Request;
use super::{Asked, Outcome, name_of, nothing};
use crate::pace::Wall;
use crate::refusal::Refusal;

/// `MessageSystemAttributeNames` (botocore's model).
const SYSTEM: [&str; 10] = [
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

/// What ReceiveMessage looks at; its lists by the names that they have in a form, without JSON's `s`.
pub const RECEIVES_BY: [&str; 8] = [
    "QueueUrl",
    "AttributeName",
    "MessageSystemAttributeName",
    "MessageAttributeName",
    "MaxNumberOfMessage",
    "VisibilityTimeout",
    "WaitTimeSecond",
    "ReceiveRequestAttemptId",
];
/// How many names of attributes may be asked for at once: more than a message can have.
const MOST_NAMES: usize = 128;

/// Receives what is there; when there is nothing, says until when it is worth waiting.
pub(super) fn receive(
    sqs: &mut Sqs,
    now: Moment,
    wall: &Wall,
    asked: Asked<'_>,
    request: &Request,
) -> Result<Outcome, Refusal> {
    let name = name_of(sqs, request)?;
    let queue = sqs.queue(name)?;
    let within = |parameter: &str, value: i64, least: u32, most: u32| {
        let number = u32::try_from(value).ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| {
            let why = if parameter == "MaxNumberOfMessages" {
                format!("Must be between {least} and {most}, if provided.")
            } else {
                format!("Must be >= {least} and <= {most}, if provided.")
            };
            invalid(parameter, value, &why)
        })
    };
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let most = within("MaxNumberOfMessages", request.max_number_of_messages.unwrap_or(1), 1, 10)?;
    let hidden =
        request.visibility_timeout.map(|value| within("VisibilityTimeout", value, 0, LONGEST_HIDDEN)).transpose()?;
    let wait = match request.wait_time_seconds {
        Some(value) => within("WaitTimeSeconds", value, 0, LONGEST_WAIT)?,
        None => queue.attributes.wait,
    };
    let system: Vec<&str> = [&request.attribute_names, &request.message_system_attribute_names]
        .into_iter()
        .flatten()
        .flatten()
        .map(String::as_str)
        .collect();
    let own = request.message_attribute_names.as_deref().unwrap_or_default();
    if own.len().max(system.len()) > MOST_NAMES {
        return Err(bad_value(format!("At most {MOST_NAMES} names of attributes can be asked for.")));
    }
    if let Some(unknown) = system.iter().find(|name| !SYSTEM.contains(name)) {
        return Err(unknown_attribute(unknown));
    }
    let hidden = hidden.map(seconds);
    let want = Want { most: most as usize, hidden, short: wait == 0, dead_after: None };
    let received = sqs.receive(now, name, want, request.receive_request_attempt_id.as_deref())?;
    let end = asked.arrived + seconds(wait);
    if received.is_empty() && now < end {
        let change = sqs.queue(name)?.next_change().filter(|at| *at > now);
        return Ok(Outcome::Later(change.map_or(end, |change| change.min(end))));
    }
    if received.is_empty() {
        return Ok(Outcome::Done(nothing()));
    }
    let messages: Vec<Value> = received.into_iter().map(|one| shape(one, wall, &system, own)).collect();
    Ok(Outcome::Done(json!({ "Messages": messages })))
}

/// DeleteMessage and ChangeMessageVisibility.
pub(super) fn change(sqs: &mut Sqs, now: Moment, asked: Asked<'_>, request: &Request) -> Result<Value, Refusal> {
    let name = name_of(sqs, request)?;
    let handle = asked.body.get("ReceiptHandle").filter(|handle| !handle.is_null());
    let handle = handle.ok_or_else(|| missing("ReceiptHandle"))?.as_str();
    let handle = handle.ok_or_else(|| Refusal::new("SerializationException", "ReceiptHandle is to be a text."))?;
    let queue = sqs.queue_mut(name)?;
    if asked.operation == "DeleteMessage" {
        queue.delete(now, handle)?;
    } else {
        let seconds = request.visibility_timeout.ok_or_else(|| missing("VisibilityTimeout"))?;
        queue.change_visibility(now, handle, seconds)?;
    }
    Ok(nothing())
}

fn shape(received: Received, wall: &Wall, system: &[&str], own: &[String]) -> Value {
    let Received { handle, message } = received;
    let mut fields = Map::new();
    let attributes = system_attributes(&message, wall, system);
    if !attributes.is_empty() {
        fields.insert("Attributes".to_owned(), Value::Object(attributes));
    }
    let wanted: Vec<(&str, &Attribute)> = message
        .content
        .attributes
        .iter()
        .map(|(name, attribute)| (name.as_str(), attribute))
        .filter(|(name, _)| own.iter().any(|wanted| is_wanted(name, wanted)))
        .collect();
    if !wanted.is_empty() {
        // Clients check what they were given, so the MD5 is of that.
        fields.insert("MD5OfMessageAttributes".to_owned(), md5_of(wanted.iter().copied()).into());
        let shapes: Map<String, Value> =
            wanted.into_iter().map(|(name, attribute)| (name.to_owned(), attribute.to_json())).collect();
        fields.insert("MessageAttributes".to_owned(), Value::Object(shapes));
    }
    fields.insert("MessageId".to_owned(), message.id.into());
    fields.insert("ReceiptHandle".to_owned(), handle.into());
    fields.insert("MD5OfBody".to_owned(), md5(&message.content.body).into());
    fields.insert("Body".to_owned(), message.content.body.into());
    Value::Object(fields)
}

/// `All`, `.*`, a name, or a name's beginning and `.*`.
fn is_wanted(name: &str, wanted: &str) -> bool {
    wanted == "All" || wanted == name || wanted.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
}

fn system_attributes(message: &Message, wall: &Wall, wanted: &[&str]) -> Map<String, Value> {
    let millis = |moment| format!("{:.0}", wall.epoch_seconds(moment) * 1000.0);
    let all = [
        ("SenderId", Some(message.sender.clone())),
        ("SentTimestamp", Some(millis(message.sent_at))),
        ("ApproximateReceiveCount", Some(message.receives.to_string())),
        ("ApproximateFirstReceiveTimestamp", message.first_received_at.map(millis)),
        ("SequenceNumber", message.sequence.clone()),
        ("MessageDeduplicationId", message.deduplication.clone()),
        ("MessageGroupId", message.group.clone()),
        ("AWSTraceHeader", message.content.trace.as_ref().map(|trace| trace.text().to_owned())),
        ("DeadLetterQueueSourceArn", message.dead_from.clone()),
    ];
    let is_wanted = |name: &str| wanted.iter().any(|wanted| *wanted == "All" || *wanted == name);
    all.into_iter()
        .filter(|(name, _)| is_wanted(name))
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
        .collect()
}
