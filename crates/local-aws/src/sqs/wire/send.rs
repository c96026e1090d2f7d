//! SendMessage and SendMessageBatch.

use daemon::moment::Moment;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::super::attributes::LARGEST;
use super::super::message::{Content, md5, md5_of};
use super::super::model::Sqs;
use super::super::requests::{Entry, Request};
use super::batch::{answer, entries};
use super::{Asked, name_of, serialization};
use crate::refusal::Refusal;

/// One message: what an entry of a batch says stands in the request itself.
pub(super) fn one(sqs: &mut Sqs, now: Moment, asked: Asked<'_>) -> Result<Value, Refusal> {
    let request = Request::deserialize(asked.body).map_err(|error| serialization(&error))?;
    let entry = Entry::deserialize(asked.body).map_err(|error| serialization(&error))?;
    let name = name_of(sqs, &request)?;
    sqs.queue(name)?;
    let content = Content::read(&entry)?;
    send(sqs, now, name, content, &entry, asked.caller).map(Value::Object)
}

/// Up to ten.
pub(super) fn batch(sqs: &mut Sqs, now: Moment, asked: Asked<'_>, request: &Request) -> Result<Value, Refusal> {
    let name = name_of(sqs, request)?;
    sqs.queue(name)?;
    let entries = entries(request, "Send")?;
    let read: Vec<Result<Content, Refusal>> = entries.iter().map(Content::read).collect();
    let size: usize = read.iter().flatten().map(Content::size).sum();
    if size > LARGEST as usize {
        let why = format!("Batch requests cannot be longer than {LARGEST} bytes. You have sent {size} bytes.");
        return Err(Refusal::new("BatchRequestTooLong", why));
    }
    let mut read = read.into_iter();
    Ok(answer(entries, |entry| match read.next() {
        Some(content) => send(sqs, now, name, content?, entry, asked.caller),
        None => Ok(Map::new()),
    }))
}

fn send(
    sqs: &mut Sqs,
    now: Moment,
    queue: &str,
    content: Content,
    entry: &Entry,
    caller: &str,
) -> Result<Map<String, Value>, Refusal> {
    let body = md5(&content.body);
    let attributes = (!content.attributes.is_empty())
        .then(|| md5_of(content.attributes.iter().map(|(name, attribute)| (name.as_str(), attribute))));
    let system = content.md5_of_system();
    let sent = sqs.send(now, queue, content, entry, caller)?;
    let fields = [
        ("MessageId", Some(sent.id)),
        ("MD5OfMessageBody", Some(body)),
        ("MD5OfMessageAttributes", attributes),
        ("MD5OfMessageSystemAttributes", system),
        ("SequenceNumber", sent.sequence),
    ];
    Ok(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect())
}
