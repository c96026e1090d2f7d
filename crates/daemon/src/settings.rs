//! Settings from flags and environment variables, by one table.
//!
//! A [`Program`] is a table of [`Setting`]s. The same table makes `--help`, finds each value (flag before environment
//! before default), refuses unknown variables of the program's prefix, and lists *every* bad value at once with its
//! name, the value and what was expected. Nothing is ever guessed: a bad value is never replaced by the default.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;

use crate::parse::{self, Expected};

#[cfg(feature = "full")]
mod arguments;

/// One setting: its flag, what it means, its default.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The flag without its dashes; `idle-timeout`. The variable is derived: `SUPERVISOR_IDLE_TIMEOUT`.
    pub flag: &'static str,
    /// A variable that does not follow the rule (`SERVICE_NAME`).
    pub env: Option<&'static str>,
    /// What stands for the value in `--help`; `DURATION`.
    pub value: &'static str,
    /// The default as a person would write it; none where the setting has to be given or may be absent.
    pub default: Option<&'static str>,
    /// May be given several times (in the environment: separated by commas).
    pub several: bool,
    /// Its value must not be printed.
    pub secret: bool,
    /// Said by its flag alone, or with `=true` or `=false`.
    pub switch: bool,
    /// What it means, in a sentence or two.
    pub help: &'static str,
}

impl Setting {
    /// A setting that may be absent.
    #[must_use]
    pub const fn new(flag: &'static str, value: &'static str, help: &'static str) -> Self {
        Setting { flag, env: None, value, default: None, several: false, secret: false, switch: false, help }
    }

    /// With a default.
    #[must_use]
    pub const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    /// With a variable of its own name.
    #[must_use]
    pub const fn env(mut self, name: &'static str) -> Self {
        self.env = Some(name);
        self
    }

    /// That may be given several times.
    #[must_use]
    pub const fn several(mut self) -> Self {
        self.several = true;
        self
    }

    /// Whose value is never printed.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// A switch, off unless said; read it with [`Given::is_on`].
    #[must_use]
    pub const fn switch(flag: &'static str, help: &'static str) -> Self {
        let setting = Setting::new(flag, "true|false", help);
        Setting { switch: true, default: Some("false"), ..setting }
    }
}

const LOG: Setting =
    Setting::new("log", "FILTER", "Which log lines are written, as a tracing filter.").default("info").env("LOG");
const LOG_FORMAT: Setting = Setting::new(
    "log-format",
    "json|text",
    "How log lines are written; by default text on a terminal and JSON elsewhere.",
)
.env("LOG_FORMAT");

/// A program as its user sees it from outside.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The binary's name.
    pub name: &'static str,
    /// Its version, from `CARGO_PKG_VERSION`.
    pub version: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// The prefix of its variables, `PROXY`.
    pub prefix: &'static str,
    /// Its settings, in the order of `--help`; `--log` and `--log-format` come on their own.
    pub settings: &'static [Setting],
    /// The name of what follows `--`, where something does (`COMMAND`).
    pub trailing: Option<&'static str>,
    /// The end of `--help`: examples, exit codes.
    pub epilogue: &'static str,
}

/// What keeps a program from starting, or what it printed instead.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// `--help` or `--version`: print to standard output, exit 0.
    Told(String),
    /// Bad settings: print to standard error, exit 64.
    Bad(String),
}

impl Stop {
    /// Prints what is to be said and gives the exit code.
    #[must_use]
    pub fn say(&self) -> crate::exit::Code {
        // A reader that has gone (`--help | head -1`) has read enough: that is no failure, and nobody could be told.
        match self {
            Stop::Told(text) => {
                let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
                crate::exit::Code::Asked
            }
            Stop::Bad(text) => {
                let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
                crate::exit::Code::BadSettings
            }
        }
    }
}

impl Program {
    /// Takes in what was said: the flags with their values (of a flag that may be given once, the last), the environment,
    /// and what follows `--`. A flag comes before its variable, and the variable before the default.
    #[must_use]
    pub fn said(
        &self,
        flags: BTreeMap<&'static str, Vec<String>>,
        environment: &BTreeMap<String, String>,
        trailing: Vec<OsString>,
    ) -> Given {
        let mut given = Given { program: *self, values: BTreeMap::new(), problems: Vec::new(), trailing };
        for (name, value) in environment {
            match self.variable_of(name) {
                Variable::Of(setting) => {
                    let texts = match setting.several {
                        true => value.split(',').map(|part| part.trim().to_owned()).collect(),
                        false => vec![value.clone()],
                    };
                    given.values.insert(setting.flag, Said { by: name.clone(), texts });
                }
                Variable::Unknown => {
                    given.problems.push(format!("{name} is no setting of {}: it may be misspelt", self.name));
                }
                Variable::Foreign => {}
            }
        }
        for (flag, texts) in flags {
            given.values.insert(flag, Said { by: format!("--{flag}"), texts });
        }
        given
    }

    fn variable_of(&self, name: &str) -> Variable {
        let rest = name.strip_prefix(self.prefix).and_then(|rest| rest.strip_prefix('_'));
        let is_of = |setting: &Setting| match setting.env {
            Some(own) => own == name,
            None => rest.is_some_and(|rest| is_flag_in_capitals(setting.flag, rest)),
        };
        match (self.all().find(|setting| is_of(setting)), rest) {
            (Some(setting), _) => Variable::Of(setting),
            (None, Some(_)) => Variable::Unknown,
            (None, None) => Variable::Foreign,
        }
    }

    /// Every setting, `--log` and `--log-format` too.
    pub fn all(&self) -> impl Iterator<Item = &'static Setting> {
        self.settings.iter().chain([&LOG, &LOG_FORMAT])
    }

    /// The name of its variable.
    #[must_use]
    pub fn variable(&self, setting: &Setting) -> String {
        match setting.env {
            Some(name) => name.to_owned(),
            None => format!("{}_{}", self.prefix, setting.flag.replace('-', "_").to_uppercase()),
        }
    }
}

/// What a variable of the environment is to a program.
enum Variable {
    Of(&'static Setting),
    /// It has the program's prefix, and is no setting.
    Unknown,
    Foreign,
}

fn is_flag_in_capitals(flag: &str, name: &str) -> bool {
    let capital = |letter: u8| if letter == b'-' { b'_' } else { letter.to_ascii_uppercase() };
    flag.len() == name.len() && flag.bytes().map(capital).eq(name.bytes())
}

#[derive(Debug)]
struct Said {
    by: String,
    texts: Vec<String>,
}

/// The values that were given, and what is wrong with them so far.
#[derive(Debug)]
pub struct Given {
    program: Program,
    values: BTreeMap<&'static str, Said>,
    problems: Vec<String>,
    trailing: Vec<OsString>,
}

impl Given {
    /// The value of a setting that has a default. A bad value is noted, and the default stands in until
    /// [`Given::finish`] refuses the whole.
    ///
    /// # Panics
    /// When the table lacks the setting, or its default does not parse: a mistake in the table, met by any test.
    pub fn value<T>(&mut self, flag: &'static str, parser: impl Fn(&str) -> Result<T, Expected>) -> T {
        let setting = self.setting(flag);
        let default = setting.default.unwrap_or_else(|| panic!("--{flag} has no default in the table"));
        match self.read(setting, &parser).into_iter().next() {
            Some(value) => value,
            None => parser(default).unwrap_or_else(|expected| panic!("default of --{flag}: expected {expected}")),
        }
    }

    /// The value of a setting that may be absent.
    pub fn optional<T>(&mut self, flag: &'static str, parser: impl Fn(&str) -> Result<T, Expected>) -> Option<T> {
        self.several(flag, parser).into_iter().next()
    }

    /// The value of a setting that has to be given. None: it is missing or bad, and is noted.
    pub fn required<T>(&mut self, flag: &'static str, parser: impl Fn(&str) -> Result<T, Expected>) -> Option<T> {
        let setting = self.setting(flag);
        if !self.values.contains_key(flag) {
            let variable = self.program.variable(setting);
            self.problems.push(format!("{variable} (--{flag}) is missing: {}", setting.help));
        }
        self.optional(flag, parser)
    }

    /// Whether a switch is on.
    pub fn is_on(&mut self, flag: &'static str) -> bool {
        self.value(flag, parse::switch)
    }

    /// All values of a setting that may be given several times; its default where none was given and it has one.
    pub fn several<T>(&mut self, flag: &'static str, parser: impl Fn(&str) -> Result<T, Expected>) -> Vec<T> {
        let setting = self.setting(flag);
        self.read(setting, parser)
    }

    fn read<T>(&mut self, setting: &Setting, parser: impl Fn(&str) -> Result<T, Expected>) -> Vec<T> {
        let Some(said) = self.values.get(setting.flag) else {
            return match (setting.several, setting.default) {
                (true, Some(default)) => parser(default).into_iter().collect(),
                _ => Vec::new(),
            };
        };
        let mut values = Vec::new();
        for text in &said.texts {
            match parser(text) {
                Ok(value) => values.push(value),
                Err(expected) => {
                    let shown = if setting.secret { "(secret)".to_owned() } else { format!("{text:?}") };
                    self.problems.push(format!("{} is {shown}: expected {expected}", said.by));
                }
            }
        }
        values
    }

    /// What follows `--`, byte for byte.
    #[must_use]
    pub fn trailing(&self) -> &[OsString] {
        &self.trailing
    }

    /// Whether the setting was given by flag or variable.
    #[must_use]
    pub fn is_given(&self, flag: &str) -> bool {
        self.values.contains_key(flag)
    }

    /// Notes something wrong that no single parser sees, such as two settings that exclude each other.
    pub fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    /// The settings, where nothing is wrong with any.
    ///
    /// # Errors
    /// [`Stop::Bad`] with a line for each problem.
    pub fn finish<T>(self, settings: Option<T>) -> Result<T, Stop> {
        let nothing_else_wrong = self.problems.is_empty();
        match settings {
            Some(settings) if nothing_else_wrong => Ok(settings),
            Some(_) | None => {
                let mut text = format!("{}: the settings are wrong; nothing was started.\n", self.program.name);
                for problem in &self.problems {
                    let _ = writeln!(text, "  - {problem}");
                }
                let _ = writeln!(text, "`{} --help` lists every setting.", self.program.name);
                Err(Stop::Bad(text))
            }
        }
    }

    fn setting(&self, flag: &str) -> &'static Setting {
        self.program.all().find(|s| s.flag == flag).unwrap_or_else(|| panic!("--{flag} is not in the table"))
    }
}

#[cfg(all(test, feature = "full"))]
mod tests;
