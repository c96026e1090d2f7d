//! What the clients saw.

use std::fmt;
use std::time::Duration;

use super::client::Manner;

/// What one life, or all of a kind, came to.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) drains: u64,
    pub(super) answered: [u64; 4],
    pub(super) lost: [u64; 4],
    /// How long each drain and stop took.
    pub(super) took: Vec<Duration>,
    /// What went wrong, in words.
    pub(super) wrong: Vec<String>,
}

impl Sums {
    pub(super) fn answered(&mut self, manner: Manner) {
        self.answered[manner as usize] += 1;
    }

    pub(super) fn lost(&mut self, manner: Manner) {
        self.lost[manner as usize] += 1;
    }

    pub(super) fn add(&mut self, other: Sums) {
        self.drains += other.drains;
        for manner in Manner::ALL {
            self.answered[manner as usize] += other.answered[manner as usize];
            self.lost[manner as usize] += other.lost[manner as usize];
        }
        self.took.extend(other.took);
        self.wrong.extend(other.wrong);
    }

    fn all_lost(&self) -> u64 {
        self.lost.iter().sum()
    }

    fn all_answered(&self) -> u64 {
        self.answered.iter().sum()
    }
}

/// What all lives came to.
#[derive(Default)]
pub(crate) struct Told {
    /// Clients that follow `/watch`.
    pub(super) leased: Sums,
    /// Clients straight on the app, which is drained and taken out of the DNS.
    pub(super) deregistered: Sums,
    /// Clients straight on the app, which is drained; they go on.
    pub(super) drained: Sums,
    /// Clients straight on an app that gets a plain SIGTERM, as by `docker stop`.
    pub(super) plain: Sums,
}

impl Told {
    /// Whether the promise was kept.
    pub(crate) fn is_lossless(&self) -> bool {
        self.leased.all_lost() == 0 && self.leased.wrong.is_empty() && self.leased.all_answered() > 0
    }

    pub(super) fn summary(&self) -> String {
        let leased = &self.leased;
        format!("{} lost of {} in {} drains", leased.all_lost(), leased.all_answered(), leased.drains)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<34}{:>8}{:>10}{:>7}   lost of each manner", "clients", "stops", "answered", "lost")?;
        for (name, sums) in [
            ("leased, as through a proxy", &self.leased),
            ("by its name, drained", &self.deregistered),
            ("straight on the app, drained", &self.drained),
            ("straight on the app, plain SIGTERM", &self.plain),
        ] {
            write!(f, "{name:<34}{:>8}{:>10}{:>7}   ", sums.drains, sums.all_answered(), sums.all_lost())?;
            for manner in Manner::ALL {
                write!(f, "{manner:?} {} ", sums.lost[manner as usize])?;
            }
            writeln!(f)?;
            let mut took = sums.took.clone();
            took.sort();
            if let (Some(half), Some(most)) = (took.get(took.len() / 2), took.get(took.len() * 95 / 100)) {
                writeln!(f, "{:<34}from the order to the exit: p50 {half:.0?}, p95 {most:.0?}", "")?;
            }
            for wrong in sums.wrong.iter().take(10) {
                writeln!(f, "  {wrong}")?;
            }
        }
        Ok(())
    }
}
