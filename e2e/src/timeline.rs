//! Everything that happened, in order, from all sources: local-aws's events and the lines that programs print.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When, since the time line's start.
    pub at: Duration,
    /// Who tells: `cloud`, `proxy`, `supervisor`, `agent`, or a program's name.
    pub source: String,
    /// What, in words.
    pub text: String,
    /// How much a reader needs it.
    pub weight: Weight,
}

/// How much a reader needs an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Only when something failed.
    Detail,
    /// A state changed.
    Change,
    /// Somebody may need to look.
    Warning,
}

/// The time line of one world. Copies share it.
#[derive(Clone, Debug)]
pub struct Timeline {
    start: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
    follower: Arc<Mutex<Option<mpsc::UnboundedSender<Entry>>>>,
}

impl Default for Timeline {
    fn default() -> Self {
        Timeline { start: Instant::now(), entries: Arc::default(), follower: Arc::default() }
    }
}

impl Timeline {
    /// Gives every entry from now on as it comes. One follower at a time.
    #[must_use]
    pub fn follow(&self) -> mpsc::UnboundedReceiver<Entry> {
        let (sender, receiver) = mpsc::unbounded_channel();
        *self.follower.lock().expect("no holder panics") = Some(sender);
        receiver
    }

    /// Adds an entry.
    pub fn add(&self, source: &str, text: impl Into<String>, weight: Weight) {
        let entry = Entry { at: self.start.elapsed(), source: source.to_owned(), text: text.into(), weight };
        if let Some(follower) = &*self.follower.lock().expect("no holder panics") {
            // A follower that has gone needs nothing more.
            let _ = follower.send(entry.clone());
        }
        self.entries.lock().expect("no holder panics").push(entry);
    }

    /// Adds a line that `program` printed: a JSON log line of ours is read, anything else is a detail as it stands.
    pub fn line(&self, program: &str, line: &str) {
        match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(fields)) if fields.contains_key("message") => {
                let (source, text, weight) = log_line(program, &fields);
                self.add(&source, text, weight);
            }
            Ok(_) | Err(_) => self.add(program, line, Weight::Detail),
        }
    }

    /// Adds an event of local-aws (`data:` of `/_events`).
    pub fn event(&self, data: &str) {
        let Ok(event) = serde_json::from_str::<Value>(data) else { return };
        let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        match field("kind") {
            "log" => self.line(field("subject"), field("line")),
            kind => {
                let text = if field("text").is_empty() {
                    format!("{kind} {}", field("subject"))
                } else {
                    field("text").into()
                };
                self.add("cloud", text, Weight::Change);
            }
        }
    }

    /// All entries so far.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().expect("no holder panics").clone()
    }

    /// Whether an entry of `source` holds `text`.
    #[must_use]
    pub fn tells(&self, source: &str, text: &str) -> bool {
        self.count(source, text) > 0
    }

    /// How many entries of `source` hold `text`.
    #[must_use]
    pub fn count(&self, source: &str, text: &str) -> usize {
        let entries = self.entries.lock().expect("no holder panics");
        entries.iter().filter(|entry| entry.source == source && entry.text.contains(text)).count()
    }

    /// The whole, for people, details included.
    #[must_use]
    pub fn print(&self) -> String {
        let lines =
            self.entries().into_iter().map(|e| format!("{:>9.3}s  {:<11} {}\n", e.at.as_secs_f64(), e.source, e.text));
        lines.collect()
    }
}

/// A log line of one of our programs in words: the message, then its facts.
fn log_line(program: &str, fields: &serde_json::Map<String, Value>) -> (String, String, Weight) {
    let field = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let source = match field("target").split("::").next().unwrap_or_default() {
        "proxy_sidecar" => "proxy",
        "service_supervisor" => "supervisor",
        "instance_agent" | "cloud_map" => "agent",
        "local_aws" => "cloud",
        _ => program,
    };
    let mut text = field("message").to_owned();
    for (name, value) in fields {
        if ["message", "target", "level", "timestamp"].contains(&name.as_str()) {
            continue;
        }
        let value = value.as_str().map_or_else(|| value.to_string(), short);
        text.push_str(&format!("  {name}={value}"));
    }
    let weight = match field("level") {
        "ERROR" | "WARN" => Weight::Warning,
        "INFO" => Weight::Change,
        _ => Weight::Detail,
    };
    (source.to_owned(), text, weight)
}

/// A task's ARN is too long to read: the end of its id tells it apart.
fn short(value: &str) -> String {
    match value.rsplit_once(":task/") {
        Some((_, path)) => path.rsplit('/').next().map_or_else(String::new, |id| id.chars().take(8).collect()),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_and_events_become_readable_entries() {
        let timeline = Timeline::default();
        timeline.line("proxy", r#"{"timestamp":"t","level":"INFO","message":"backend ready","target":"proxy_sidecar::wake","task":"arn:aws:ecs:r:1:task/doze/0123456789abcdef","took_ms":7}"#);
        timeline.event(r#"{"id":1,"at_ms":2,"kind":"log","subject":"agent-1","line":"plain text"}"#);
        timeline.event(r#"{"id":2,"at_ms":3,"kind":"host.launched","subject":"i-1","text":"host i-1 is booting"}"#);
        let entries = timeline.entries();
        assert_eq!(entries[0].text, "backend ready  task=01234567  took_ms=7");
        assert_eq!((entries[1].source.as_str(), entries[1].weight), ("agent-1", Weight::Detail));
        assert!(timeline.tells("cloud", "host i-1 is booting"));
    }
}
