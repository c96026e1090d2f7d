//! What the command line asks for.

use std::path::PathBuf;
use std::process::exit;

use crate::cases::CASES;

const USUAL_ROUNDS: usize = 7;

/// What is measured, and how often.
pub(crate) struct Asked {
    names: Vec<String>,
    pub(crate) rounds: usize,
    /// Builds of the proxy to be measured beside ours.
    pub(crate) proxies: Vec<(String, PathBuf)>,
    /// What ours is built for, if not for this machine as it is.
    pub(crate) target: Option<String>,
}

impl Asked {
    /// Says what was wrong and ends where it cannot be understood.
    pub(crate) fn of_arguments() -> Asked {
        // cargo adds `--bench`.
        Asked::parse(std::env::args().skip(1).filter(|word| word != "--bench")).unwrap_or_else(|wrong| {
            eprintln!("{wrong}");
            exit(64);
        })
    }

    fn parse(mut words: impl Iterator<Item = String>) -> Result<Asked, String> {
        let mut asked = Asked { names: vec![], rounds: USUAL_ROUNDS, proxies: vec![], target: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--list" => {
                    CASES.iter().for_each(|case| println!("{:<14} {}", case.name, case.what));
                    exit(0);
                }
                "--rounds" => {
                    let rounds = value()?.parse().ok().filter(|rounds| *rounds > 0);
                    asked.rounds = rounds.ok_or("--rounds takes a number above 0")?;
                }
                "--proxy" => {
                    let both = value()?;
                    let (name, file) = both.split_once('=').ok_or("--proxy takes NAME=FILE")?;
                    asked.proxies.push((name.to_owned(), PathBuf::from(file)));
                }
                "--target" => asked.target = Some(value()?),
                name if CASES.iter().any(|case| case.name == name) => asked.names.push(word),
                other => return Err(format!("{other} is neither a case (see --list) nor an option")),
            }
        }
        Ok(asked)
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}
