//! SQS in the world: its calls in both protocols, what is told of it, and how the page sees its queues.

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::state::State;
use crate::call::{Answer, Call, Protocol};
use crate::refusal::Refusal;
use crate::sqs::wire::{Asked, Outcome};
use crate::sqs::{self, refusals::query_code};

impl State {
    pub(super) fn serve_sqs(&mut self, now: Moment, call: &mut Call) -> Result<Answer, Refusal> {
        let answer = self.answer_sqs(now, call);
        if let (Ok(Answer::Later(_)), Value::Object(fields)) = (&answer, &mut call.body) {
            // A call that waits keeps its arguments: only those that mean something.
            fields.retain(|name, _| sqs::wire::RECEIVES_BY.contains(&name.as_str().trim_end_matches('s')));
        }
        answer.map_err(|refusal| match refusal.query_code {
            Some(_) => refusal,
            None => {
                let code = query_code(refusal.code);
                refusal.in_query(code)
            }
        })
    }

    fn answer_sqs(&mut self, now: Moment, call: &Call) -> Result<Answer, Refusal> {
        let said;
        let body = match call.protocol {
            Protocol::Query => {
                said = sqs::query::read(&call.body)?;
                &said
            }
            Protocol::Json10 | Protocol::Json11 => &call.body,
        };
        let base = call.host.as_ref().map_or_else(|| self.settings.task_endpoint.clone(), |h| format!("http://{h}"));
        let caller = match call.caller.id() {
            "" => &self.settings.account.id,
            id => id,
        };
        let operation = call.operation.as_str();
        let asked = Asked { operation, body, base: &base, caller, arrived: call.arrived };
        Ok(match (sqs::wire::call(&mut self.sqs, now, &self.wall, asked)?, call.protocol) {
            (Outcome::Done(answer), Protocol::Query) => Answer::Xml(sqs::query::write(operation, &answer)),
            (Outcome::Done(answer), Protocol::Json10 | Protocol::Json11) => Answer::Json(answer),
            (Outcome::Later(at), _) => Answer::Later(at),
        })
    }

    pub(super) fn advance_queues(&mut self, now: Moment) {
        self.sqs.advance(now);
        for effect in self.sqs.take_effects() {
            let messages = |count: usize| if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
            let (kind, queue, text) = match effect {
                sqs::Effect::Created { queue } => ("queue.created", queue.clone(), format!("queue {queue} was made")),
                sqs::Effect::Deleted { queue, messages: count } => {
                    ("queue.deleted", queue.clone(), format!("queue {queue} was deleted with {}", messages(count)))
                }
                sqs::Effect::Purged { queue } => ("queue.purged", queue.clone(), format!("queue {queue} was purged")),
                sqs::Effect::Sent { queue, messages: count } => {
                    ("message.sent", queue.clone(), format!("{} sent to {queue}", messages(count)))
                }
                sqs::Effect::Received { queue, messages: count } => {
                    ("message.received", queue.clone(), format!("{} received from {queue}", messages(count)))
                }
                sqs::Effect::DeadLettered { queue, to, message } => {
                    let text = format!("message {message} of {queue} was received too often and went to {to}");
                    ("message.dead-lettered", queue, text)
                }
            };
            self.events.tell(now, kind, &queue, text);
        }
    }

    /// The queues as `GET /_world` says them.
    pub(super) fn queues_json(&self) -> Vec<Value> {
        let queue = |queue: &sqs::queue::Queue| {
            let (visible, in_flight, delayed) = queue.counts();
            json!({ "name": queue.name, "visible": visible, "in_flight": in_flight, "delayed": delayed })
        };
        self.sqs.queues().map(queue).collect()
    }
}
