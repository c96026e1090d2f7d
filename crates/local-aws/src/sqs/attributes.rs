//! A queue's attributes: their bounds and defaults (CreateQueue and SetQueueAttributes in the SQS API reference).

use std::collections::BTreeMap;
use std::time::Duration;

use super::redrive::{Allow, Redrive};
use super::refusals::{bad_attribute, unknown_attribute};
use super::requests::Texts;
use crate::refusal::Refusal;

/// The largest message, and the largest batch: 1 MiB.
pub const LARGEST: u32 = 1_048_576;
/// The longest delay, in seconds: 15 minutes.
pub const LONGEST_DELAY: u32 = 900;
/// The longest visibility timeout, in seconds: 12 hours, from the receive on.
pub const LONGEST_HIDDEN: u32 = 43_200;
/// The longest wait of a long poll, in seconds.
pub const LONGEST_WAIT: u32 = 20;

/// What a queue can be told. Durations are the caller's: they are not divided by the time factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Whether it is a FIFO queue: fixed when it is made.
    pub fifo: bool,
    /// `DelaySeconds`.
    pub delay: u32,
    /// `MaximumMessageSize`.
    pub largest: u32,
    /// `MessageRetentionPeriod`.
    pub retention: u32,
    /// `ReceiveMessageWaitTimeSeconds`.
    pub wait: u32,
    /// `VisibilityTimeout`.
    pub hidden: u32,
    /// `RedrivePolicy`.
    pub redrive: Option<Redrive>,
    /// `RedriveAllowPolicy`.
    pub allow: Option<Allow>,
    /// `ContentBasedDeduplication`.
    pub by_content: bool,
    /// `DeduplicationScope` is `messageGroup`.
    pub per_group: bool,
    /// `FifoThroughputLimit` is `perMessageGroupId`.
    pub group_limit: bool,
    /// `Policy`: kept, not looked at.
    pub policy: Option<String>,
    /// `KmsMasterKeyId`: kept, nothing is encrypted.
    pub key: Option<String>,
    /// `KmsDataKeyReusePeriodSeconds`.
    pub key_reuse: u32,
    /// `SqsManagedSseEnabled`.
    pub encrypted: bool,
}

impl Attributes {
    /// The defaults.
    #[must_use]
    pub const fn new(fifo: bool) -> Self {
        Attributes {
            fifo,
            delay: 0,
            largest: LARGEST,
            retention: 345_600,
            wait: 0,
            hidden: 30,
            redrive: None,
            allow: None,
            by_content: false,
            per_group: false,
            group_limit: false,
            policy: None,
            key: None,
            key_reuse: 300,
            encrypted: true,
        }
    }

    /// How long a message is kept.
    #[must_use]
    pub const fn kept(&self) -> Duration {
        Duration::from_secs(self.retention as u64)
    }

    /// Sets what is said; all of it or nothing.
    ///
    /// # Errors
    /// `InvalidAttributeName` for what is no attribute or cannot be set, `InvalidAttributeValue` for what is out of bounds.
    pub fn set(&mut self, said: &Texts) -> Result<(), Refusal> {
        let mut new = self.clone();
        for (name, value) in said {
            new.set_one(name, value)?;
        }
        if new.group_limit && !new.per_group {
            return Err(bad_attribute("FifoThroughputLimit"));
        }
        *self = new;
        Ok(())
    }

    fn set_one(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let number = |least: u32, most: u32| {
            let number = value.parse().ok().filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| bad_attribute(name))
        };
        let switch = || value.parse::<bool>().map_err(|_| bad_attribute(name));
        let one_of = |no: &str, yes: &str| match value {
            value if value == no => Ok(false),
            value if value == yes => Ok(true),
            _ => Err(bad_attribute(name)),
        };
        let text = || (!value.is_empty()).then(|| value.to_owned());
        match name {
            "DelaySeconds" => self.delay = number(0, LONGEST_DELAY)?,
            "MaximumMessageSize" => self.largest = number(1024, LARGEST)?,
            "MessageRetentionPeriod" => self.retention = number(60, 1_209_600)?,
            "ReceiveMessageWaitTimeSeconds" => self.wait = number(0, LONGEST_WAIT)?,
            "VisibilityTimeout" => self.hidden = number(0, LONGEST_HIDDEN)?,
            "KmsDataKeyReusePeriodSeconds" => self.key_reuse = number(60, 86_400)?,
            "RedrivePolicy" => self.redrive = text().map(|text| Redrive::read(&text)).transpose()?,
            "RedriveAllowPolicy" => self.allow = text().map(|text| Allow::read(&text)).transpose()?,
            "Policy" => self.policy = text(),
            "KmsMasterKeyId" => self.key = text(),
            "SqsManagedSseEnabled" => self.encrypted = switch()?,
            // Of a standard queue `FifoQueue` is unknown, even as `false`.
            "FifoQueue" if self.fifo => {
                if !switch()? {
                    return Err(bad_attribute(name));
                }
            }
            "ContentBasedDeduplication" if self.fifo => self.by_content = switch()?,
            "DeduplicationScope" if self.fifo => self.per_group = one_of("queue", "messageGroup")?,
            "FifoThroughputLimit" if self.fifo => self.group_limit = one_of("perQueue", "perMessageGroupId")?,
            _ => return Err(unknown_attribute(name)),
        }
        Ok(())
    }

    /// As GetQueueAttributes says them.
    #[must_use]
    pub fn texts(&self) -> BTreeMap<&'static str, String> {
        let mut all = BTreeMap::from([
            ("DelaySeconds", self.delay.to_string()),
            ("MaximumMessageSize", self.largest.to_string()),
            ("MessageRetentionPeriod", self.retention.to_string()),
            ("ReceiveMessageWaitTimeSeconds", self.wait.to_string()),
            ("VisibilityTimeout", self.hidden.to_string()),
            ("SqsManagedSseEnabled", self.encrypted.to_string()),
        ]);
        if self.fifo {
            let either = |yes: bool, one: &str, other: &str| if yes { one.to_owned() } else { other.to_owned() };
            all.insert("FifoQueue", "true".to_owned());
            all.insert("ContentBasedDeduplication", self.by_content.to_string());
            all.insert("DeduplicationScope", either(self.per_group, "messageGroup", "queue"));
            all.insert("FifoThroughputLimit", either(self.group_limit, "perMessageGroupId", "perQueue"));
        }
        all.extend(self.redrive.as_ref().map(|redrive| ("RedrivePolicy", redrive.text())));
        all.extend(self.allow.as_ref().map(|allow| ("RedriveAllowPolicy", allow.text())));
        all.extend(self.policy.clone().map(|policy| ("Policy", policy)));
        if let Some(key) = self.key.clone() {
            all.insert("KmsMasterKeyId", key);
            all.insert("KmsDataKeyReusePeriodSeconds", self.key_reuse.to_string());
        }
        all
    }

    /// Of what is said, the first that these attributes say differently.
    ///
    /// # Errors
    /// As [`Attributes::set`].
    pub fn differs<'a>(&self, said: &'a Texts) -> Result<Option<&'a str>, Refusal> {
        let mut wanted = self.clone();
        wanted.set(said)?;
        let (wanted, there) = (wanted.texts(), self.texts());
        Ok(said.keys().map(String::as_str).find(|name| wanted.get(name) != there.get(name)))
    }
}
