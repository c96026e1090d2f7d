//! A message as it is sent: what it may carry, how large it is, and the MD5s by which clients check what they sent and
//! received.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::refusals::{bad_value, invalid, missing};
use super::requests::{AttributeValue, Entry};
use crate::query::xml::is_xml;
use crate::refusal::Refusal;

/// How many attributes a message may have (SQS developer guide, "Message metadata").
const MOST_ATTRIBUTES: usize = 10;
/// How long the name and the type of an attribute may be (the same).
const LONGEST_NAME: usize = 256;

/// What an attribute carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// Of the types `String…` and `Number…`.
    Text(String),
    /// Of the types `Binary…`.
    Bytes(Vec<u8>),
}

/// A message's attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// `String`, `Number`, `Binary`, or one of these with a label: `Number.float`.
    pub data_type: String,
    /// Its value.
    pub value: Carried,
}

/// What a sender says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its text.
    pub body: String,
    /// Its attributes, by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// `AWSTraceHeader`, the one system attribute that can be sent.
    pub trace: Option<Attribute>,
}

impl Content {
    /// What an entry says.
    ///
    /// # Errors
    /// What SQS refuses of a message, whatever queue it is for.
    pub fn read(entry: &Entry) -> Result<Content, Refusal> {
        let body = entry.message_body.clone().filter(|body| !body.is_empty()).ok_or_else(|| missing("MessageBody"))?;
        if !body.chars().all(is_xml) {
            let why = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to \
                       #xFFFD | #x10000 to #x10FFFF";
            return Err(Refusal::new("InvalidMessageContents", why));
        }
        let sent = entry.message_attributes.iter().flatten();
        let attributes: BTreeMap<String, Attribute> =
            sent.map(|(name, value)| Ok((named(name)?, read(name, value)?))).collect::<Result<_, Refusal>>()?;
        if attributes.len() > MOST_ATTRIBUTES {
            let count = attributes.len();
            return Err(bad_value(format!(
                "Number of message attributes [{count}] exceeds the allowed maximum [{MOST_ATTRIBUTES}]."
            )));
        }
        let mut trace = None;
        for (name, value) in entry.message_system_attributes.iter().flatten() {
            if name != "AWSTraceHeader" || value.data_type.as_deref() != Some("String") {
                return Err(invalid(
                    "MessageSystemAttributes",
                    name,
                    "Only AWSTraceHeader of type String can be sent.",
                ));
            }
            trace = Some(read(name, value)?);
        }
        Ok(Content { body, attributes, trace })
    }

    /// Its bytes, as they count towards a queue's largest message: the body and every part of the attributes.
    #[must_use]
    pub fn size(&self) -> usize {
        let attribute =
            |(name, attribute): (&String, &Attribute)| name.len() + attribute.data_type.len() + attribute.bytes().len();
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }

    /// `MD5OfMessageSystemAttributes`.
    #[must_use]
    pub fn md5_of_system(&self) -> Option<String> {
        self.trace.as_ref().map(|trace| md5_of(std::iter::once(("AWSTraceHeader", trace))))
    }
}

impl Attribute {
    /// Its value's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.value {
            Carried::Text(text) => text.as_bytes(),
            Carried::Bytes(bytes) => bytes,
        }
    }

    /// Its value's text; empty for bytes.
    #[must_use]
    pub fn text(&self) -> &str {
        match &self.value {
            Carried::Text(text) => text,
            Carried::Bytes(_) => "",
        }
    }

    /// As the JSON protocol writes it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.value {
            Carried::Text(text) => json!({ "DataType": self.data_type, "StringValue": text }),
            Carried::Bytes(bytes) => json!({ "DataType": self.data_type, "BinaryValue": BASE64.encode(bytes) }),
        }
    }
}

fn named(name: &str) -> Result<String, Refusal> {
    let lower = name.to_ascii_lowercase();
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    if name.is_empty() || name.len() > LONGEST_NAME || !letters || reserved || dots {
        return Err(bad_value(format!("The message attribute name '{name}' is invalid.")));
    }
    Ok(name.to_owned())
}

fn read(name: &str, value: &AttributeValue) -> Result<Attribute, Refusal> {
    let data_type = value.data_type.clone().unwrap_or_default();
    let (kind, label) = data_type.split_once('.').map_or((data_type.as_str(), None), |(k, label)| (k, Some(label)));
    if data_type.len() > LONGEST_NAME || label.is_some_and(str::is_empty) {
        return Err(bad_value(format!("The type of message (user) attribute '{name}' is invalid.")));
    }
    let empty =
        || bad_value(format!("Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."));
    let text =
        || value.string_value.clone().filter(|text| !text.is_empty() && text.chars().all(is_xml)).ok_or_else(empty);
    if value.string_value.is_some() && value.binary_value.is_some() {
        return Err(bad_value(format!("Message (user) attribute '{name}' has multiple values.")));
    }
    let value = match kind {
        "String" => Carried::Text(text()?),
        "Number" => {
            let text = text()?;
            let digits = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
            if !digits || !text.parse::<f64>().is_ok_and(f64::is_finite) {
                return Err(bad_value(format!(
                    "Can't cast the value of message (user) attribute '{name}' to a number."
                )));
            }
            Carried::Text(text)
        }
        "Binary" => {
            let bytes = value.binary_value.as_deref().and_then(|text| BASE64.decode(text).ok());
            Carried::Bytes(bytes.filter(|bytes| !bytes.is_empty()).ok_or_else(empty)?)
        }
        _ => {
            return Err(bad_value(format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported type \
                 prefixes: Binary, Number, String."
            )));
        }
    };
    Ok(Attribute { data_type, value })
}

/// `MD5OfMessageBody`.
#[must_use]
pub fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

/// `MD5OfMessageAttributes`: of each attribute, in the order of their names, the name, the type, a byte that tells text (1)
/// from bytes (2), and the value; each with its length before it in four bytes (SQS developer guide, "Calculating the MD5
/// message digest for message attributes").
#[must_use]
pub fn md5_of<'a>(attributes: impl Iterator<Item = (&'a str, &'a Attribute)>) -> String {
    let mut sorted: Vec<(&str, &Attribute)> = attributes.collect();
    sorted.sort_by_key(|(name, _)| *name);
    let mut digest = Md5::new();
    for (name, attribute) in sorted {
        let kind: u8 = match &attribute.value {
            Carried::Text(_) => 1,
            Carried::Bytes(_) => 2,
        };
        digest.update(length(name.as_bytes()));
        digest.update(name);
        digest.update(length(attribute.data_type.as_bytes()));
        digest.update(&attribute.data_type);
        digest.update([kind]);
        digest.update(length(attribute.bytes()));
        digest.update(attribute.bytes());
    }
    hex(&digest.finalize())
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
