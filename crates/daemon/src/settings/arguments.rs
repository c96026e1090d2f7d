//! Arguments by clap, and what `--log` means to `tracing`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

use super::{Given, Program, Stop};
use crate::logging::Logging;
use crate::parse;

impl Program {
    /// Reads the process's own arguments and environment.
    ///
    /// # Errors
    /// [`Stop`] where there is nothing to run.
    pub fn read(&self) -> Result<Given, Stop> {
        let environment: Vec<(String, String)> = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect();
        self.given(std::env::args_os(), environment)
    }

    /// Reads `arguments` (the program's name first) and `environment`.
    ///
    /// # Errors
    /// [`Stop::Told`] for `--help` and `--version`, [`Stop::Bad`] for flags that do not exist.
    pub fn given<A, E>(&self, arguments: A, environment: E) -> Result<Given, Stop>
    where
        A: IntoIterator<Item = OsString>,
        E: IntoIterator<Item = (String, String)>,
    {
        let matches = self.command().try_get_matches_from(arguments).map_err(|said| match said.use_stderr() {
            true => Stop::Bad(said.to_string()),
            false => Stop::Told(said.to_string()),
        })?;
        let flags: BTreeMap<&'static str, Vec<String>> = self
            .all()
            .filter_map(|setting| Some((setting.flag, matches.get_many(setting.flag)?.cloned().collect())))
            .collect();
        let trailing = match self.trailing {
            Some(_) => matches.get_many("trailing").map(|words| words.cloned().collect()).unwrap_or_default(),
            None => Vec::new(),
        };
        Ok(self.said(flags, &environment.into_iter().collect(), trailing))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.name).version(self.version).about(self.about).after_help(self.epilogue);
        for setting in self.all() {
            let mut help = String::from(setting.help);
            if setting.several {
                help.push_str(" May be given several times.");
            }
            if let Some(default) = setting.default {
                let _ = write!(help, " [default: {default}]");
            }
            let _ = write!(help, " [env: {}]", self.variable(setting));
            let action = if setting.several { ArgAction::Append } else { ArgAction::Set };
            let argument =
                Arg::new(setting.flag).long(setting.flag).value_name(setting.value).help(help).action(action);
            command = command.arg(match setting.switch {
                true => argument.num_args(0..=1).require_equals(true).default_missing_value("true"),
                false => argument.allow_hyphen_values(true),
            });
        }
        if let Some(name) = self.trailing {
            command = command.arg(
                Arg::new("trailing")
                    .value_name(name)
                    .num_args(0..)
                    .last(true)
                    .value_parser(clap::value_parser!(OsString)),
            );
        }
        command
    }
}

impl Given {
    /// `LOG` and `LOG_FORMAT`.
    pub fn logging(&mut self) -> Logging {
        Logging { filter: self.value("log", parse::log_filter), format: self.optional("log-format", parse::log_format) }
    }
}
