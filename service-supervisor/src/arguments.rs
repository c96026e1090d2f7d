//! The command line: flags, and the app's command after `--` or from the first word that is no flag.
//!
//! The table is [`daemon::settings`], as for the other programs; they read it by clap, which alone is larger than this
//! whole program may be.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;

use daemon::settings::{Given, Program, Setting, Stop};

/// How wide `--help` is.
const WIDTH: usize = 100;

/// Reads `arguments` (without the program's own name) and `environment`.
///
/// # Errors
/// [`Stop::Told`] for `--help` and `--version`, [`Stop::Bad`] for flags that do not exist or lack their value: all of
/// them at once.
pub fn given(
    program: &Program,
    arguments: impl IntoIterator<Item = OsString>,
    environment: &BTreeMap<String, String>,
) -> Result<Given, Stop> {
    let mut flags: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut problems = String::new();
    let mut rest = arguments.into_iter();
    let mut command = Vec::new();
    let mut switch = None;
    while let Some(word) = rest.next() {
        let text = word.to_string_lossy().into_owned();
        let after = switch.take();
        match text.as_str() {
            value @ ("true" | "false") if let Some(flag) = after => {
                // Or did somebody mean /bin/true? That is no guess to make.
                let _ = writeln!(problems, "  - --{flag} {value}: expected --{flag}={value}, or -- before a command");
            }
            "--help" | "-h" => return Err(Stop::Told(help(program))),
            "--version" | "-V" => return Err(Stop::Told(format!("{} {}", program.name, program.version))),
            "--" => break,
            flag if flag.starts_with('-') => {
                let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
                let Some(setting) = program.all().find(|setting| name.strip_prefix("--") == Some(setting.flag)) else {
                    let _ = writeln!(problems, "  - {name} is no setting of {}", program.name);
                    continue;
                };
                switch = setting.switch.then_some(setting.flag).filter(|_| value.is_none());
                let value = match value {
                    Some(value) => Some(value.to_owned()),
                    None if setting.switch => Some(String::from("true")),
                    None => rest.next().map(|word| word.to_string_lossy().into_owned()),
                };
                match value {
                    Some(value) => flags.entry(setting.flag).or_default().push(value),
                    None => {
                        let _ = writeln!(problems, "  - {name} lacks its value: {}", setting.value);
                    }
                }
            }
            _ => {
                command.push(word);
                break;
            }
        }
    }
    command.extend(rest);
    for (flag, values) in &mut flags {
        let once = program.all().any(|setting| setting.flag == *flag && !setting.several);
        if once && values.len() > 1 {
            let _ = writeln!(problems, "  - --{flag} is given {} times: expected once", values.len());
        }
    }
    match problems.is_empty() {
        true => Ok(program.said(flags, environment, command)),
        false => Err(Stop::Bad(format!(
            "{name}: the command line is wrong; nothing was started.\n{problems}`{name} --help` lists every setting.",
            name = program.name
        ))),
    }
}

fn help(program: &Program) -> String {
    let command = program.trailing.unwrap_or_default();
    let mut text = format!("{}\n\nUsage: {} [OPTIONS] [--] {command}…\n\nOptions:\n", program.about, program.name);
    for setting in program.all() {
        let _ = match setting.switch {
            true => writeln!(text, "  --{}", setting.flag),
            false => writeln!(text, "  --{} <{}>", setting.flag, setting.value),
        };
        wrapped(&explained(program, setting), &mut text);
    }
    text.push_str("  -h, --help\n          This text.\n  -V, --version\n          The version.\n\n");
    text.push_str(program.epilogue);
    text
}

fn explained(program: &Program, setting: &Setting) -> String {
    let mut text = String::from(setting.help);
    if setting.several {
        text.push_str(" May be given several times.");
    }
    if let Some(default) = setting.default.filter(|_| !setting.switch) {
        let _ = write!(text, " [default: {default}]");
    }
    let _ = write!(text, " [env: {}]", program.variable(setting));
    text
}

fn wrapped(text: &str, onto: &mut String) {
    const INDENT: &str = "          ";
    let mut line = String::from(INDENT);
    for word in text.split(' ') {
        if line.len() + word.len() > WIDTH {
            let _ = writeln!(onto, "{}", line.trim_end());
            line = String::from(INDENT);
        }
        line.push_str(word);
        line.push(' ');
    }
    let _ = writeln!(onto, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;
    use daemon::parse;

    const SAMPLE: Program = Program {
        name: "sample",
        version: "1.2.3",
        about: "A sample.",
        prefix: "SAMPLE",
        settings: &[
            Setting::new("idle-timeout", "DURATION", "When it sleeps.").default("300s"),
            Setting::new("app-port", "PORT", "Where it accepts.").default("9050").several(),
            Setting::switch("observe", "Only look."),
        ],
        trailing: Some("COMMAND"),
        epilogue: "",
    };

    fn read(words: &[&str]) -> Result<Given, Stop> {
        given(&SAMPLE, words.iter().map(OsString::from), &BTreeMap::new())
    }

    #[test]
    fn flags_are_read_in_either_form_and_end_where_the_command_begins() {
        for words in [
            &["--idle-timeout", "5s", "--observe", "--app-port=1", "--app-port", "2", "--", "app", "--help"][..],
            &["--idle-timeout=5s", "--observe=true", "--app-port", "1", "--app-port=2", "app", "--help"],
        ] {
            let mut given = read(words).expect("given");
            assert_eq!(given.value("idle-timeout", parse::duration).as_secs(), 5);
            assert_eq!(given.several("app-port", parse::count), [1, 2]);
            assert!(given.is_on("observe"));
            assert_eq!(given.trailing(), ["app", "--help"]);
        }
        assert!(!read(&["app", "--observe"]).expect("given").is_on("observe"), "it is the app's");
        assert_eq!(read(&["app", "--", "x"]).expect("given").trailing(), ["app", "--", "x"]);
    }

    #[test]
    fn every_flag_that_is_wrong_is_listed_at_once() {
        let words = ["--idel", "-x", "--observe", "--observe", "true", "--idle-timeout"];
        let Err(Stop::Bad(text)) = read(&words) else { panic!("accepted") };
        for part in [
            "--idel is no setting",
            "-x is no setting",
            "--idle-timeout lacks its value: DURATION",
            "2 times",
            "expected --observe=true",
        ] {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
    }

    #[test]
    fn help_says_every_setting_with_its_variable_and_default() {
        let Err(Stop::Told(text)) = read(&["--help"]) else { panic!("no help") };
        for part in
            ["--idle-timeout <DURATION>", "[default: 300s] [env: SAMPLE_IDLE_TIMEOUT]", "  --observe\n", "LOG_FORMAT"]
        {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    }
}
