//! The log: a line for each fact, to standard error; JSON elsewhere than on a terminal.
//!
//! The lines look like those of the other programs, and `LOG` and `LOG_FORMAT` mean the same, but nothing here is
//! `tracing`: that would be half of the binary. A line never blocks: what stands still because nobody reads the log
//! cannot reap, drain or stop. A line that does not fit is dropped, and the next one that fits says how many were.

use std::fmt::{Display, Write as _};
use std::io::{IsTerminal, stderr};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::SystemTime;

use daemon::logging::Format;
use daemon::parse::Expected;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// The longest line: what a pipe takes in one piece (`PIPE_BUF`).
const LONGEST: usize = 4096;

/// Room for a usual line.
const USUAL: usize = 512;

/// The longest value of a field; a longer one is cut.
const LONGEST_VALUE: usize = 1024;

/// What a line is about. ERROR: a promise is broken. WARN: a person may need to look. INFO: a state changed.
/// DEBUG: a decision. TRACE: a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Level {
    const ALL: [(Level, &'static str); 6] = [
        (Level::Off, "OFF"),
        (Level::Error, "ERROR"),
        (Level::Warn, "WARN"),
        (Level::Info, "INFO"),
        (Level::Debug, "DEBUG"),
        (Level::Trace, "TRACE"),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, own)| own.eq_ignore_ascii_case(name)).map(|(level, _)| *level)
    }

    fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

static THRESHOLD: AtomicU8 = AtomicU8::new(Level::Info as u8);
static AS_JSON: AtomicBool = AtomicBool::new(true);
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// How lines are written from now on.
pub fn start(threshold: Level, format: Option<Format>) {
    let json = match format {
        Some(Format::Json) => true,
        Some(Format::Text) => false,
        None => !stderr().is_terminal(),
    };
    THRESHOLD.store(threshold as u8, Ordering::Relaxed);
    AS_JSON.store(json, Ordering::Relaxed);
}

/// `LOG`: a level, or a filter as the other programs take it (`info,hyper=warn`), of which the part that names this
/// program counts.
///
/// # Errors
/// What is no such filter.
pub fn filter(text: &str) -> Result<Level, Expected> {
    let expected = "a level (off, error, warn, info, debug, trace) or a filter such as service_supervisor=debug,info";
    let mut threshold = (0, Level::Error);
    for part in text.split(',') {
        let (target, level) = part.split_once('=').unwrap_or(("", part));
        let level = Level::named(level.trim()).ok_or(expected)?;
        let is_path = |target: &str| target.chars().all(|c| c.is_ascii_alphanumeric() || "_:-".contains(c));
        match target.trim() {
            name if !is_path(name) => return Err(expected),
            // The longest name wins, as elsewhere.
            name if "service_supervisor".starts_with(name) && name.len() >= threshold.0 => {
                threshold = (name.len(), level);
            }
            _ => {}
        }
    }
    Ok(threshold.1)
}

/// A line about a broken promise.
pub fn error(message: &'static str) -> Line {
    Line::new(Level::Error, message)
}

/// A line that a person may need to look at.
pub fn warn(message: &'static str) -> Line {
    Line::new(Level::Warn, message)
}

/// A line about a change of state.
pub fn info(message: &'static str) -> Line {
    Line::new(Level::Info, message)
}

/// A line about a decision.
pub fn debug(message: &'static str) -> Line {
    Line::new(Level::Debug, message)
}

/// A line about a request.
pub fn trace(message: &'static str) -> Line {
    Line::new(Level::Trace, message)
}

/// A line that is being made.
#[must_use = "it is not written before write()"]
#[derive(Debug)]
pub struct Line {
    /// None: nobody wants it.
    text: Option<String>,
    json: bool,
}

impl Line {
    fn new(level: Level, message: &'static str) -> Self {
        let json = AS_JSON.load(Ordering::Relaxed);
        let wanted = level as u8 <= THRESHOLD.load(Ordering::Relaxed);
        let text = wanted.then(|| begin(json, level, message, SystemTime::now()));
        Line { text, json }
    }

    /// With a fact.
    pub fn with(mut self, name: &'static str, value: impl Fact) -> Self {
        if let Some(text) = &mut self.text {
            let before = text.len();
            let _ = match self.json {
                true => write!(text, ",\"{name}\":"),
                false => write!(text, " {name}="),
            };
            if !value.write(text, self.json) || text.len() > LONGEST - 32 {
                text.truncate(before);
            }
        }
        self
    }

    /// Writes it to standard error.
    pub fn write(self) {
        let Some(mut text) = self.text else { return };
        let dropped = DROPPED.load(Ordering::Relaxed);
        if dropped > 0 {
            let _ = match self.json {
                true => write!(text, ",\"dropped\":{dropped}"),
                false => write!(text, " dropped={dropped}"),
            };
        }
        text.push_str(if self.json { "}\n" } else { "\n" });
        match write_whole(stderr().as_fd(), text.as_bytes()) {
            true => DROPPED.fetch_sub(dropped, Ordering::Relaxed),
            false => DROPPED.fetch_add(1, Ordering::Relaxed),
        };
    }
}

fn begin(json: bool, level: Level, message: &'static str, at: SystemTime) -> String {
    let at = humantime::format_rfc3339_micros(at);
    let level = level.name();
    let mut text = String::with_capacity(USUAL);
    let _ = match json {
        true => write!(
            text,
            "{{\"timestamp\":\"{at}\",\"level\":\"{level}\",\"target\":\"service_supervisor\",\"message\":\"{message}\""
        ),
        false => write!(text, "{at} {level:>5} {message}"),
    };
    text
}

/// Writes all of `bytes` if that can be done without waiting; whether it was. Up to `PIPE_BUF` (4096) bytes a pipe takes in
/// one piece, so lines of several writers do not mix.
pub fn write_whole(to: BorrowedFd<'_>, bytes: &[u8]) -> bool {
    let mut ready = [PollFd::new(to, PollFlags::POLLOUT)];
    let fits = matches!(poll(&mut ready, PollTimeout::ZERO), Ok(1))
        && ready[0].revents().is_some_and(|told| told.contains(PollFlags::POLLOUT));
    // Not by std's handles, which wait and retry.
    fits && nix::unistd::write(to, bytes) == Ok(bytes.len())
}

/// Writes for people who wait at a terminal or pipe: `--help` and what is wrong with the settings. A reader that has
/// gone is no error.
pub fn say(mut to: impl std::io::Write, text: &str) {
    let _ = writeln!(to, "{}", text.trim_end());
    let _ = to.flush();
}

/// A value that a line can carry.
pub trait Fact {
    /// Writes it; false: there is nothing to write.
    fn write(self, line: &mut String, json: bool) -> bool;
}

impl<T: Fact> Fact for Option<T> {
    fn write(self, line: &mut String, json: bool) -> bool {
        self.is_some_and(|value| value.write(line, json))
    }
}

impl Fact for &str {
    fn write(self, line: &mut String, json: bool) -> bool {
        let mut end = self.len().min(LONGEST_VALUE);
        while !self.is_char_boundary(end) {
            end -= 1;
        }
        let value = &self[..end];
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"';
        match json {
            false if value.chars().all(plain) => line.push_str(value),
            true if value.chars().all(|c| !c.is_control() && c != '"' && c != '\\') => {
                line.push('"');
                line.push_str(value);
                line.push('"');
            }
            true | false => line.push_str(&serde_json::Value::from(value).to_string()),
        }
        true
    }
}

impl Fact for String {
    fn write(self, line: &mut String, json: bool) -> bool {
        self.as_str().write(line, json)
    }
}

impl Fact for &String {
    fn write(self, line: &mut String, json: bool) -> bool {
        self.as_str().write(line, json)
    }
}

/// Anything that can be shown, as text.
#[derive(Debug)]
pub struct Shown<T>(pub T);

impl<T: Display> Fact for Shown<T> {
    fn write(self, line: &mut String, json: bool) -> bool {
        self.0.to_string().write(line, json)
    }
}

macro_rules! bare {
    ($($kind:ty),*) => {$(
        impl Fact for $kind {
            fn write(self, line: &mut String, _json: bool) -> bool {
                let _ = write!(line, "{self}");
                true
            }
        }
    )*};
}

bare!(bool, u8, u16, u32, u64, usize, i32, i64);

#[cfg(test)]
mod tests;
