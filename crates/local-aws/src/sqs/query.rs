//! SQS in the Query protocol: its forms say with flattened names (`Attribute.1.Name`, `SendMessageBatchRequestEntry.1.Id`)
//! what its JSON says with lists and maps, and so do its answers. Here the one is told as the other, both ways.

use serde_json::{Map, Value};

use super::refusals::{bad_value, invalid, missing};
use crate::query::xml::Content;
use crate::refusal::Refusal;

/// What a form calls a list, and what JSON calls it.
const LISTS: [(&str, &str); 7] = [
    ("AttributeName", "AttributeNames"),
    ("MessageSystemAttributeName", "MessageSystemAttributeNames"),
    ("MessageAttributeName", "MessageAttributeNames"),
    ("TagKey", "TagKeys"),
    ("SendMessageBatchRequestEntry", "Entries"),
    ("DeleteMessageBatchRequestEntry", "Entries"),
    ("ChangeMessageVisibilityBatchRequestEntry", "Entries"),
];

/// What both call a map, and what a form calls a key in it.
const MAPS: [(&str, &str, &str); 4] = [
    ("Attribute", "Attributes", "Name"),
    ("MessageAttribute", "MessageAttributes", "Name"),
    ("MessageSystemAttribute", "MessageSystemAttributes", "Name"),
    ("Tag", "Tags", "Key"),
];

const NUMBERS: [&str; 5] =
    ["DelaySeconds", "VisibilityTimeout", "WaitTimeSeconds", "MaxNumberOfMessages", "MaxResults"];

/// The arguments of a call, as JSON says them.
///
/// # Errors
/// Numbers that are none, entries without a name.
pub fn read(body: &Value) -> Result<Value, Refusal> {
    let Value::Object(fields) = body else { return Ok(body.clone()) };
    let read = fields.iter().map(|(name, value)| read_one(name, value));
    Ok(Value::Object(read.collect::<Result<Map<_, _>, Refusal>>()?))
}

fn read_one(name: &str, value: &Value) -> Result<(String, Value), Refusal> {
    if let Some((_, list)) = LISTS.into_iter().find(|(flat, _)| *flat == name) {
        let items: Result<Value, Refusal> = several(value).iter().map(read).collect();
        return Ok((list.to_owned(), items?));
    }
    // An empty list is written as an empty text under the list's own name (botocore's QuerySerializer).
    if LISTS.into_iter().any(|(_, list)| list == name) && value == "" {
        return Ok((name.to_owned(), Value::Array(Vec::new())));
    }
    if let Some((_, map, key)) = MAPS.into_iter().find(|(flat, ..)| *flat == name) {
        let entries = several(value).iter().map(|entry| {
            let named = entry.get(key).and_then(Value::as_str).ok_or_else(|| missing(&format!("{name}.{key}")))?;
            let value = entry.get("Value").ok_or_else(|| missing(&format!("{name}.Value")))?;
            Ok((named.to_owned(), value.clone()))
        });
        let entries: Vec<(String, Value)> = entries.collect::<Result<_, Refusal>>()?;
        let count = entries.len();
        let entries: Map<String, Value> = entries.into_iter().collect();
        if entries.len() < count {
            return Err(bad_value(format!("A {name} is there twice.")));
        }
        return Ok((map.to_owned(), Value::Object(entries)));
    }
    match value.as_str() {
        Some(text) if NUMBERS.contains(&name) => {
            let number: i64 = text.parse().map_err(|_| invalid(name, text, "Must be an integer."))?;
            Ok((name.to_owned(), number.into()))
        }
        Some(_) | None => Ok((name.to_owned(), value.clone())),
    }
}

/// A list's items; what has no number is a list of one (`AttributeName=All`).
fn several(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one @ (Value::Object(_) | Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_)) => {
            std::slice::from_ref(one)
        }
    }
}

/// The answer to an operation, as XML says it.
#[must_use]
pub fn write(operation: &str, answer: &Value) -> Content {
    let Value::Object(fields) = answer else { return text(answer) };
    let mut out = Vec::new();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("QueueUrls" | "queueUrls", Value::Array(urls)) => {
                out.extend(urls.iter().map(|url| ("QueueUrl", text(url))));
            }
            ("Messages", Value::Array(all)) => out.extend(all.iter().map(|one| ("Message", write(operation, one)))),
            ("Successful", Value::Array(all)) => {
                let entry = match operation {
                    "SendMessageBatch" => "SendMessageBatchResultEntry",
                    "DeleteMessageBatch" => "DeleteMessageBatchResultEntry",
                    _ => "ChangeMessageVisibilityBatchResultEntry",
                };
                out.extend(all.iter().map(|one| (entry, write(operation, one))));
            }
            ("Failed", Value::Array(all)) => {
                out.extend(all.iter().map(|one| ("BatchResultErrorEntry", write(operation, one))));
            }
            (map, Value::Object(entries)) => {
                if let Some((flat, _, key)) = MAPS.into_iter().find(|(_, name, _)| *name == map) {
                    out.extend(entries.iter().map(|(name, value)| {
                        (flat, Content::Fields(vec![(key, name.into()), ("Value", write(operation, value))]))
                    }));
                }
            }
            (name, value) => out.extend(known(name).map(|name| (name, text(value)))),
        }
    }
    Content::Fields(out)
}

fn text(value: &Value) -> Content {
    match value {
        Value::String(text) => text.into(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.into(),
    }
}

/// The names of what has a text in it.
fn known(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 18] = [
        "BinaryValue",
        "Body",
        "Code",
        "DataType",
        "Id",
        "MD5OfBody",
        "MD5OfMessageAttributes",
        "MD5OfMessageBody",
        "MD5OfMessageSystemAttributes",
        "Message",
        "MessageId",
        "NextToken",
        "QueueUrl",
        "ReceiptHandle",
        "SenderFault",
        "SequenceNumber",
        "StringValue",
        "Value",
    ];
    NAMES.into_iter().find(|known| *known == name)
}
