//! Batches: up to ten entries, each of which succeeds or fails by itself.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::model::Sqs;
use super::super::queue::Queue;
use super::super::refusals::{missing, query_code};
use super::super::requests::{Entry, Request};
use super::name_of;
use crate::refusal::Refusal;

/// How many entries a batch may have (`TooManyEntriesInBatchRequest` in botocore's model).
const MOST: usize = 10;

/// Does something with a queue for each entry.
pub(super) fn batch(
    sqs: &mut Sqs,
    request: &Request,
    what: &str,
    mut each: impl FnMut(&mut Queue, &Entry) -> Result<(), Refusal>,
) -> Result<Value, Refusal> {
    let name = name_of(sqs, request)?;
    let queue = sqs.queue_mut(name)?;
    let entries = entries(request, what)?;
    Ok(answer(entries, |entry| each(queue, entry).map(|()| Map::new())))
}

/// The entries of a batch.
///
/// # Errors
/// What makes the whole batch fail.
pub(super) fn entries<'a>(request: &'a Request, what: &str) -> Result<&'a [Entry], Refusal> {
    let entries = request.entries.as_deref().unwrap_or_default();
    if entries.is_empty() {
        let why = format!("There should be at least one {what}MessageBatchRequestEntry in the request.");
        return Err(Refusal::new("EmptyBatchRequest", why));
    }
    if entries.len() > MOST {
        let count = entries.len();
        let why = format!("Maximum number of entries per request are {MOST}. You have sent {count}.");
        return Err(Refusal::new("TooManyEntriesInBatchRequest", why));
    }
    let mut seen = BTreeSet::new();
    for entry in entries {
        let id = entry.id.as_deref().ok_or_else(|| missing("Id"))?;
        let letters = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !letters || !(1..=80).contains(&id.len()) {
            let why = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most \
                       80 letters long.";
            return Err(Refusal::new("InvalidBatchEntryId", why));
        }
        if !seen.insert(id) {
            return Err(Refusal::new("BatchEntryIdsNotDistinct", format!("Id {id} repeated.")));
        }
    }
    Ok(entries)
}

/// What became of each entry.
pub(super) fn answer(entries: &[Entry], mut each: impl FnMut(&Entry) -> Result<Map<String, Value>, Refusal>) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = entry.id.as_deref().unwrap_or_default();
        match each(entry) {
            Ok(mut fields) => {
                fields.insert("Id".to_owned(), id.into());
                successful.push(Value::Object(fields));
            }
            Err(refusal) => failed.push(json!({
                "Id": id,
                "SenderFault": true,
                "Code": query_code(refusal.code),
                "Message": refusal.message,
            })),
        }
    }
    json!({ "Successful": successful, "Failed": failed })
}
