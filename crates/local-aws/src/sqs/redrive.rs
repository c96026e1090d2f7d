//! Dead-letter queues: who sends its dead letters where, and who lets them in.

use serde::Deserialize;
use serde_json::{Value, json};

use super::refusals::invalid;
use crate::refusal::Refusal;

/// `RedrivePolicy`: where messages go that are received again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// The dead-letter queue's ARN.
    pub target: String,
    /// How often a message is received before it goes there: 1 to 1000.
    pub most_receives: u32,
}

/// `RedriveAllowPolicy`: whose dead letters a queue takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allow {
    /// Everybody's.
    All,
    /// Nobody's.
    None,
    /// Those of these queues (ARNs, at most 10).
    Queues(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RedriveWords {
    dead_letter_target_arn: Option<String>,
    max_receive_count: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AllowWords {
    redrive_permission: String,
    #[serde(default)]
    source_queue_arns: Vec<String>,
}

impl Redrive {
    /// Reads the attribute.
    ///
    /// # Errors
    /// What is no such policy.
    pub fn read(text: &str) -> Result<Redrive, Refusal> {
        let wrong = |why: &str| invalid("RedrivePolicy", text, why);
        let words: RedriveWords =
            serde_json::from_str(text).map_err(|_| wrong("Redrive policy is not a valid JSON map."))?;
        let mandatory = |name: &str| wrong(&format!("Redrive policy does not contain mandatory attribute: {name}."));
        let target = words.dead_letter_target_arn.ok_or_else(|| mandatory("deadLetterTargetArn"))?;
        // It is written as a number and as a text, and SQS takes both.
        let count = match words.max_receive_count.ok_or_else(|| mandatory("maxReceiveCount"))? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let count = count.and_then(|count| u32::try_from(count).ok()).filter(|count| (1..=1000).contains(count));
        let most_receives = count.ok_or_else(|| {
            wrong("Invalid value for maxReceiveCount, valid values are from 1 to 1000 both inclusive.")
        })?;
        Ok(Redrive { target, most_receives })
    }

    /// As the attribute says it.
    #[must_use]
    pub fn text(&self) -> String {
        json!({ "deadLetterTargetArn": self.target, "maxReceiveCount": self.most_receives }).to_string()
    }
}

impl Allow {
    /// Reads the attribute.
    ///
    /// # Errors
    /// What is no such policy.
    pub fn read(text: &str) -> Result<Allow, Refusal> {
        let wrong = |why: &str| invalid("RedriveAllowPolicy", text, why);
        let words: AllowWords =
            serde_json::from_str(text).map_err(|_| wrong("Redrive allow policy is not a valid JSON map."))?;
        match (words.redrive_permission.as_str(), words.source_queue_arns) {
            ("allowAll", queues) if queues.is_empty() => Ok(Allow::All),
            ("denyAll", queues) if queues.is_empty() => Ok(Allow::None),
            ("byQueue", queues) if (1..=10).contains(&queues.len()) => Ok(Allow::Queues(queues)),
            _ => Err(wrong("Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.")),
        }
    }

    /// As the attribute says it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Allow::All => json!({ "redrivePermission": "allowAll" }),
            Allow::None => json!({ "redrivePermission": "denyAll" }),
            Allow::Queues(queues) => json!({ "redrivePermission": "byQueue", "sourceQueueArns": queues }),
        }
        .to_string()
    }

    /// Whether the queue with this ARN may send its dead letters.
    #[must_use]
    pub fn lets(&self, source: &str) -> bool {
        match self {
            Allow::All => true,
            Allow::None => false,
            Allow::Queues(queues) => queues.iter().any(|queue| queue == source),
        }
    }
}
