//! Logs: `tracing` to standard error, as text on a terminal and as JSON lines elsewhere.
//!
//! Messages are constant, facts are fields. ERROR: a promise is broken. WARN: a person may need to look. INFO: a state
//! changed. DEBUG: a decision. TRACE: a request.

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// What `LOG` and `LOG_FORMAT` say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// A `tracing` filter, `info` unless set; `proxy_sidecar=debug,info` is one.
    pub filter: String,
    /// JSON or text; by default JSON when standard error is not a terminal.
    pub format: Option<Format>,
}

/// Starts logging for the whole process. Called once, before anything that logs.
///
/// # Panics
/// When called twice, or with a filter that [`crate::parse::log_filter`] did not accept.
#[cfg(feature = "full")]
pub fn start(logging: &Logging) {
    use std::io::IsTerminal;

    use tracing_subscriber::EnvFilter;
    use tracing_subscriber::fmt::writer::BoxMakeWriter;

    let terminal = std::io::stderr().is_terminal();
    let filter = EnvFilter::try_new(&logging.filter).expect("settings accept only filters that parse");
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(BoxMakeWriter::new(std::io::stderr))
        // Told of a failed write it would print, and panic where that fails too: a closed pipe must not end a program.
        .log_internal_errors(false);
    match logging.format {
        Some(Format::Json) => builder.json().flatten_event(true).with_current_span(false).init(),
        Some(Format::Text) => builder.with_ansi(terminal).init(),
        None if terminal => builder.init(),
        None => builder.json().flatten_event(true).with_current_span(false).init(),
    }
}
