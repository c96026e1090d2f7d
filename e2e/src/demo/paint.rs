//! How the demo looks on a terminal; plain where standard output is none.

use std::io::IsTerminal as _;

use e2e::timeline::{Entry, Weight};
use e2e::world::{Options, World};

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    colours: bool,
}

impl Paint {
    /// Colours on a terminal, unless `NO_COLOR` (no-color.org) is set.
    pub(crate) fn for_terminal() -> Self {
        Paint { colours: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    /// `text` in a colour of the terminal's own palette.
    fn with(self, code: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    /// One line of the time line.
    pub(crate) fn entry(self, entry: &Entry) -> String {
        let colour = match (entry.weight, entry.source.as_str()) {
            (Weight::Warning, _) => "33",
            (Weight::Detail, _) => "2",
            (Weight::Change, "cloud") => "36",
            (Weight::Change, "proxy") => "35",
            (Weight::Change, "supervisor") => "32",
            (Weight::Change, "agent") => "34",
            (Weight::Change, _) => "1",
        };
        let at = self.with("2", &format!("{:>8.2}s", entry.at.as_secs_f64()));
        let source = self.with(colour, &format!("{:<10}", entry.source));
        let text = if entry.weight == Weight::Detail { self.with("2", &entry.text) } else { entry.text.clone() };
        format!("{at}  {source}  {text}")
    }
}

/// What to try.
pub(crate) fn welcome(paint: Paint, world: &World, options: Options) -> String {
    let port = world.proxy().port();
    let page = world.page().port();
    let row = |what: &str, how: &str, why: &str| format!("  {what:<7} {}  {why}\n", paint.bold(&format!("{how:<36}")));
    let mut text = format!("\n{}\n\n", paint.bold("Nothing is running: no task, no host. Somebody only has to ask."));
    text += &row("wake", &format!("curl localhost:{port}/host"), "held until the service has started, then answered");
    text += &row("look", &format!("http://localhost:{port}/"), "the demo service in a browser");
    text += &row("watch", &format!("http://localhost:{page}/"), "hosts, tasks and registrations as they come and go");
    let idle =
        format!("it sleeps after {:?} without use; its host goes {:?} later", options.pace.idle, options.idle_grace);
    text += &row("sleep", "do nothing", &idle);
    text += &row("end", "Ctrl-C", "leaves nothing running");
    text
}
