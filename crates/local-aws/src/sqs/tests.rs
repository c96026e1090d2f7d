//! Queues as a program meets them, with time as a number.

use std::time::UNIX_EPOCH;

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::Sqs;
use super::wire::{Asked, Outcome, call};
use crate::account::Account;
use crate::ids::Ids;
use crate::pace::{Pace, Wall};
use crate::refusal::Refusal;

mod batches;
mod dead_letters;
mod delivery;
mod fifo;
mod long_poll;
mod properties;
mod query;
mod queues;

const URL: &str = "http://here:1/000000000000/jobs";

struct Here {
    sqs: Sqs,
    now: Moment,
}

impl Here {
    fn empty() -> Here {
        Here { sqs: Sqs::new(Account::default(), Pace::REAL, Ids::new(7)), now: Moment::START }
    }

    /// With the queue `jobs`.
    fn new() -> Here {
        let mut here = Here::empty();
        here.ok("CreateQueue", json!({ "QueueName": "jobs" }));
        here
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now + std::time::Duration::from_secs(seconds);
    }

    fn ask(&mut self, operation: &str, body: &Value, arrived: Moment) -> Result<Outcome, Refusal> {
        let asked = Asked { operation, body, base: "http://here:1", caller: "AIDALOCAL", arrived };
        call(&mut self.sqs, self.now, &Wall::starting(UNIX_EPOCH), asked)
    }

    #[expect(clippy::needless_pass_by_value, reason = "a test writes the body where it calls")]
    fn ok(&mut self, operation: &str, body: Value) -> Value {
        match self.ask(operation, &body, self.now) {
            Ok(Outcome::Done(answer)) => answer,
            other => panic!("{operation} {body}: {other:?}"),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "a test writes the body where it calls")]
    fn code(&mut self, operation: &str, body: Value) -> &'static str {
        self.ask(operation, &body, self.now).expect_err("refused").code
    }

    fn send(&mut self, body: &str) -> Value {
        self.ok("SendMessage", json!({ "QueueUrl": URL, "MessageBody": body }))
    }

    /// Receives until there is nothing more; bodies and handles.
    fn drain(&mut self, url: &str) -> Vec<(String, String)> {
        let mut all = Vec::new();
        loop {
            let answer = self.ok("ReceiveMessage", json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 }));
            let Some(messages) = answer["Messages"].as_array() else { return all };
            all.extend(messages.iter().map(|m| (text(&m["Body"]), text(&m["ReceiptHandle"]))));
        }
    }

    fn counts(&mut self, url: &str) -> (String, String, String) {
        let all = self.ok("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["All"] }));
        let count = |name: &str| text(&all["Attributes"][&format!("ApproximateNumberOfMessages{name}")]);
        (count(""), count("NotVisible"), count("Delayed"))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn counts(ready: u32, in_flight: u32, delayed: u32) -> (String, String, String) {
    (ready.to_string(), in_flight.to_string(), delayed.to_string())
}
