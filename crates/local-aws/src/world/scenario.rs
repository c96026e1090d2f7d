//! The scenario file: what goes wrong when.
//!
//! A JSON array of `{"at": "5s", "fault": {…}}` (after the start, in real time) and `{"when": "host.registered",
//! "fault": {…}}` (at the first event of this kind). Faults are written as for `POST /_faults`; in a `when`, `subject` in
//! place of an id is whom the event happened to.

use daemon::moment::Moment;
use serde::Deserialize;
use serde_json::Value;

use super::World;
use super::state::State;
use crate::faults::{Fault, Injection, Victim};

/// One entry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    at: Option<String>,
    when: Option<String>,
    fault: Value,
}

/// Why a scenario file is none.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no JSON array.
    #[error(
        "it must be a JSON array of {{\"at\": \"5s\", \"fault\": …}} or {{\"when\": \"host.registered\", \"fault\": …}}"
    )]
    Form(#[source] serde_json::Error),
    /// An entry is wrong.
    #[error("entry {0}: {1}")]
    Entry(usize, String),
}

/// When something is to go wrong.
#[derive(Clone, Debug, PartialEq)]
enum When {
    At(Moment),
    Event(String),
}

/// What is still to come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    entries: Vec<(usize, When, Injection)>,
    /// The last event that was looked at.
    seen: u64,
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// The first entry that is wrong, and what was expected.
    pub fn read(file: &str) -> Result<Scenario, Error> {
        let values: Vec<Value> = serde_json::from_str(file).map_err(Error::Form)?;
        let mut entries = Vec::new();
        for (number, value) in (1..).zip(values) {
            let wrong = |why: String| Error::Entry(number, why);
            let entry: Entry = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
            let when = match (entry.at, entry.when) {
                (Some(at), None) => {
                    let expected = |expected| wrong(format!("\"at\" is {at:?}, expected {expected}"));
                    When::At(Moment::START + daemon::parse::duration(&at).map_err(expected)?)
                }
                (None, Some(kind)) => When::Event(kind),
                (Some(_), Some(_)) | (None, None) => {
                    return Err(wrong(
                        "expected either \"at\", a duration after the start, or \"when\", an event".to_owned(),
                    ));
                }
            };
            entries.push((number, when, Injection::read(entry.fault).map_err(wrong)?));
        }
        Ok(Scenario { entries, seen: 0 })
    }

    /// When the next of it is due; what waits for an event is due with that.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.entries.iter().filter_map(|(_, when, _)| if let When::At(at) = when { Some(*at) } else { None }).min()
    }
}

impl World {
    /// Lets what a scenario says go wrong when it says so, from now on.
    pub fn follow(&self, scenario: Scenario) {
        self.change(|state, now| {
            state.scenario = scenario;
            state.advance(now);
        });
    }
}

impl State {
    pub(super) fn follow_scenario(&mut self, now: Moment) {
        if self.scenario.entries.is_empty() {
            return;
        }
        // Injecting lets time pass, which comes here again: it finds nothing, what is left is put back below.
        let mut scenario = std::mem::take(&mut self.scenario);
        let events = self.events.after(scenario.seen, usize::MAX);
        scenario.seen = events.last().map_or(scenario.seen, |event| event.id);
        let mut due: Vec<(Moment, usize, Injection)> = Vec::new();
        scenario.entries.retain(|(number, when, injection)| {
            let mut injection = injection.clone();
            let at = match when {
                When::At(at) if *at <= now => *at,
                When::At(_) => return true,
                When::Event(kind) => {
                    let Some(event) = events.iter().find(|event| event.kind == kind) else { return true };
                    happens_to(&mut injection.fault, &event.subject);
                    now
                }
            };
            due.push((at, *number, injection));
            false
        });
        due.sort_by_key(|(at, number, _)| (*at, *number));
        for (_, number, injection) in due {
            if let Err(why) = self.inject(now, injection) {
                let text = format!("entry {number} of the scenario cannot happen: {why}");
                self.events.tell(now, "fault.impossible", "scenario", text);
            }
        }
        self.scenario = scenario;
    }
}

/// Puts whom an event happened to in the place of `subject`.
fn happens_to(fault: &mut Fault, subject: &str) {
    let id = match fault {
        Fault::CutOffAws { what } | Fault::Cut { what } | Fault::Freeze { what } | Fault::Kill { what } => match what {
            Victim::Task(id) | Victim::Host(id) | Victim::Agent(id) => id,
        },
        Fault::RestartEcsAgent { host, .. } | Fault::SpotNotice { host, .. } | Fault::Rebalance { host } => host,
        Fault::ScaleIn { group, .. } => group,
        Fault::DuplicateMessage { queue } => queue,
        Fault::Throttle { .. }
        | Fault::Delay { .. }
        | Fault::Fail { .. }
        | Fault::LoseOperations { .. }
        | Fault::SpreadLate { .. }
        | Fault::Dns { .. } => return,
    };
    if id == "subject" {
        subject.clone_into(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_entry_is_named_with_what_was_expected() {
        for (file, says) in [
            (r#"{}"#, "JSON array"),
            (r#"[{"at":"5s","fault":{"kind":"throttle"}},{"fault":{"kind":"throttle"}}]"#, "entry 2: expected either"),
            (r#"[{"at":"soon","fault":{"kind":"throttle"}}]"#, "entry 1: \"at\" is \"soon\", expected a duration"),
            (r#"[{"at":"5s","when":"x","fault":{"kind":"throttle"}}]"#, "entry 1: expected either"),
            (r#"[{"at":"5s","fault":{"kind":"boom"}}]"#, "expected one of `throttle`"),
            (r#"[{"at":"5s"}]"#, "missing field `fault`"),
            (r#"[{"at":"5s","fault":{"kind":"throttle"},"for":"1s"}]"#, "unknown field `for`"),
        ] {
            let said = Scenario::read(file).expect_err(file).to_string();
            assert!(said.contains(says), "{file}: {said}");
        }
        assert_eq!(Scenario::read("[]").expect("a scenario"), Scenario::default());
    }
}
