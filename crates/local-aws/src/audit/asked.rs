//! What a reader of the audit log asks for, and the JSON it gets.

use serde_json::{Value, json};

use super::{Audit, By, Entry, Outcome};
use crate::call::Service;
use crate::call::caller::Who;
use crate::pace::Wall;

/// How many calls are given at once.
const AT_ONCE: usize = 1000;

/// Which calls are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Those after the one of this number.
    pub after: u64,
    /// Those of this service.
    pub service: Option<Service>,
    /// Those of this operation.
    pub operation: Option<String>,
    /// Those of this caller.
    pub caller: Option<Who>,
}

impl Asked {
    /// Reads `after=N&service=ecs&operation=RunTask&caller=task:ID`.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn read(query: &str) -> Result<Asked, String> {
        let mut asked = Asked::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "after" => asked.after = value.parse().map_err(|_| "after is a call's number".to_owned())?,
                "service" => asked.service = Some(value.parse()?),
                "operation" => asked.operation = Some(value.into_owned()),
                "caller" => asked.caller = Some(value.parse()?),
                _ => return Err("expected after, service, operation and caller".to_owned()),
            }
        }
        Ok(asked)
    }

    /// Whether a call is asked for.
    #[must_use]
    pub fn fits(&self, entry: &Entry) -> bool {
        self.service.is_none_or(|service| service == entry.service)
            && self.operation.as_ref().is_none_or(|operation| *operation == entry.operation)
            && self.caller.as_ref().is_none_or(|who| who.is(&entry.caller))
    }
}

impl Audit {
    /// The calls that are asked for, at most a thousand, the oldest first. `next` is what to ask after for more: it also
    /// counts the calls that did not fit. `first` is the first call that is still kept.
    #[must_use]
    pub fn list(&self, asked: &Asked, wall: &Wall) -> Value {
        let found: Vec<&Entry> = self.after(asked.after).filter(|entry| asked.fits(entry)).take(AT_ONCE).collect();
        let next = match found.last() {
            Some(entry) if found.len() == AT_ONCE => entry.number,
            Some(_) | None => self.last(),
        };
        let calls: Vec<Value> = found.into_iter().map(|entry| shape(entry, wall)).collect();
        json!({ "calls": calls, "next": next, "first": self.first() })
    }
}

fn shape(entry: &Entry, wall: &Wall) -> Value {
    let (answer, code) = match &entry.outcome {
        Outcome::Waiting => ("waiting", None),
        Outcome::Answered => ("ok", None),
        Outcome::Refused(code) => ("refused", Some(code)),
        Outcome::Closed => ("closed", None),
        Outcome::Unanswered => ("none", None),
        Outcome::Left => ("caller left", None),
    };
    let mut said = json!({
        "number": entry.number,
        "at": wall.iso(entry.at),
        "at_ms": u64::try_from(entry.at.since_start().as_millis()).unwrap_or(u64::MAX),
        "took_ms": entry.took.as_secs_f64() * 1000.0,
        "caller": entry.caller.to_string(),
        "service": entry.service.facts().name,
        "operation": entry.operation,
        "arguments": entry.arguments,
        "answer": answer,
    });
    if let Some(code) = code {
        said["code"] = code.as_str().into();
    }
    match entry.by {
        Some(By::Throttle) => said["by"] = "throttle".into(),
        Some(By::Fault(id)) => said["fault"] = id.into(),
        None => {}
    }
    said
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use daemon::moment::Moment;

    use super::*;
    use crate::call::{Call, Caller};

    fn audit() -> Audit {
        let mut audit = Audit::default();
        for (number, operation) in ["RunTask", "ListTasks", "RunTask"].into_iter().enumerate() {
            let mut call = Call::new(Service::Ecs, operation, json!({}), Moment::millis(1500));
            call.caller = if number == 2 { Caller::Task("ab".to_owned()) } else { Caller::Unknown };
            let number = audit.came(&call);
            audit.ended(number, Moment::millis(1501), Outcome::Answered, None);
        }
        audit
    }

    #[test]
    fn calls_are_found_by_number_service_operation_and_caller() {
        let numbers = |query: &str| -> Vec<u64> {
            let said = audit().list(&Asked::read(query).expect("a query"), &Wall::starting(UNIX_EPOCH));
            said["calls"].as_array().expect("calls").iter().filter_map(|call| call["number"].as_u64()).collect()
        };
        assert_eq!(numbers(""), [1, 2, 3]);
        assert_eq!(numbers("after=1"), [2, 3]);
        assert_eq!(numbers("service=ecs&operation=RunTask"), [1, 3]);
        assert_eq!(numbers("service=sqs"), [0u64; 0]);
        assert_eq!(numbers("caller=task"), [3]);
        assert_eq!(numbers("caller=task:ab&operation=RunTask"), [3]);
        assert_eq!(numbers("caller=unknown"), [1, 2]);
    }

    #[test]
    fn what_is_asked_wrongly_says_what_was_expected() {
        for bad in ["after=x", "service=s3", "caller=me", "operations=RunTask"] {
            assert!(Asked::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_call_is_written_with_its_time_and_its_answer() {
        let said = audit().list(&Asked::default(), &Wall::starting(UNIX_EPOCH));
        assert_eq!(
            said["calls"][2],
            json!({
                "number": 3, "at": "1970-01-01T00:00:01.500Z", "at_ms": 1500, "took_ms": 1.0, "caller": "task:ab",
                "service": "ecs", "operation": "RunTask", "arguments": "", "answer": "ok",
            })
        );
        assert_eq!((&said["next"], &said["first"]), (&json!(3), &json!(1)));
    }
}
