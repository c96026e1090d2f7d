//! The busy sign (rule S2): what the app itself says is under way, by a lease on 9051 or by a file.
//!
//! A sign counts as use for as long as it stands, and everything ends (rule S7): a holder's lease runs out, and the file
//! counts for `--busy-max` in a row at most.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use daemon::moment::Moment;

/// The most holders at a time.
pub const MOST_HOLDERS: usize = 64;

/// How long a touched file counts where no idle timeout says what is fresh.
const FRESH: Duration = Duration::from_secs(300);

/// Who says that it is busy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder(String);

impl Holder {
    /// The holder of a request that names none.
    #[must_use]
    pub fn unnamed() -> Self {
        Holder(String::from("app"))
    }

    /// Its name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Holder {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:/@".contains(c);
        match (1..=64).contains(&text.len()) && text.chars().all(fits) {
            true => Ok(Holder(text.to_owned())),
            false => Err("the holder is not 1 to 64 letters, digits or -_.:/@"),
        }
    }
}

/// Why a hold is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoHold {
    /// There are [`MOST_HOLDERS`] already.
    Crowded,
    /// The lease is longer than `--busy-max`.
    LongLease,
    /// The app has, or had, its SIGTERM.
    Stopping,
}

/// What a look at the busy file showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileSeen {
    /// Somebody holds a lock on it, or that could not be told.
    pub locked: bool,
    /// When it was last modified; none: it is not there.
    pub modified: Option<Modified>,
}

/// A file's time of modification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modified {
    /// Differs where the time does.
    pub mark: i64,
    /// How long ago that was; nothing where it lies in the future.
    pub ago: Duration,
}

/// One sign that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// A holder's lease runs until then.
    Held(Holder, Moment),
    /// The busy file is locked.
    Locked,
    /// The busy file was touched then, and counts as fresh.
    Touched(Moment),
}

impl Sign {
    /// The sign as the end of "… says that it is busy" on the status page, seen at `now`.
    #[must_use]
    pub fn told(&self, now: Moment) -> String {
        match self {
            Sign::Held(holder, until) => {
                format!("{} says that it is busy; its lease ends in {}", holder.as_str(), Seconds(until.since(now)))
            }
            Sign::Locked => String::from("the busy file is locked"),
            Sign::Touched(at) => format!("the busy file was touched {} ago", Seconds(now.since(*at))),
        }
    }
}

/// A span as people read it.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} s", self.0.as_secs(), self.0.subsec_millis() / 100)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct File {
    seen: Option<i64>,
    touched: Option<Moment>,
    locked: bool,
    /// Since when it says busy without a break.
    since: Option<Moment>,
    struck: bool,
}

/// All signs.
#[derive(Clone, Debug, Default)]
pub struct Busy {
    holders: BTreeMap<Holder, Moment>,
    file: File,
}

impl Busy {
    /// Whether a hold can be granted at `now`.
    ///
    /// # Errors
    /// Why not.
    pub fn may_hold(&self, holder: &Holder, lease: Duration, longest: Duration, now: Moment) -> Result<(), NoHold> {
        let others = self.holders.iter().filter(|(other, until)| *other != holder && **until > now).count();
        match () {
            () if lease > longest => Err(NoHold::LongLease),
            () if others >= MOST_HOLDERS => Err(NoHold::Crowded),
            () => Ok(()),
        }
    }

    /// A holder is busy for so long, from `now`; its earlier lease is over.
    pub fn hold(&mut self, holder: Holder, lease: Duration, now: Moment) {
        self.holders.retain(|_, until| *until > now);
        self.holders.insert(holder, now + lease);
    }

    /// A holder is not busy any more; it may not have been.
    pub fn let_go(&mut self, holder: &Holder) {
        self.holders.remove(holder);
    }

    /// Takes in a look at the file. True: it has said busy for `longest`, and counts for nothing from now on until it
    /// has once not said so.
    pub fn saw_file(&mut self, seen: FileSeen, idle: Option<Duration>, longest: Duration, now: Moment) -> bool {
        let file = &mut self.file;
        file.locked = seen.locked;
        match seen.modified {
            Some(modified) if file.seen != Some(modified.mark) => {
                file.seen = Some(modified.mark);
                file.touched = Some(now - modified.ago);
            }
            Some(_) => {}
            None => (file.seen, file.touched) = (None, None),
        }
        let fresh = |at: Moment| now.since(at) < idle.unwrap_or(FRESH);
        file.touched = file.touched.filter(|at| fresh(*at));
        if !file.locked && file.touched.is_none() {
            (file.since, file.struck) = (None, false);
            return false;
        }
        let since = *file.since.get_or_insert(now);
        let strikes = !file.struck && now.since(since) >= longest;
        file.struck |= strikes;
        strikes
    }

    /// Every sign that stands at `now`, and those whose lease has ended since the last call at most.
    pub fn signs(&self, now: Moment) -> impl Iterator<Item = Sign> {
        let file = if self.file.struck { None } else { self.file_sign() };
        let held = self.holders.iter().filter(move |(_, until)| **until > now);
        file.into_iter().chain(held.map(|(holder, until)| Sign::Held(holder.clone(), *until)))
    }

    /// The sign that stands longest.
    #[must_use]
    pub fn sign(&self, now: Moment) -> Option<Sign> {
        self.signs(now).max_by_key(|sign| match sign {
            Sign::Locked => Moment::after_start(Duration::MAX),
            Sign::Held(_, until) => *until,
            Sign::Touched(at) => *at,
        })
    }

    /// How many holders there are.
    #[must_use]
    pub fn holders(&self, now: Moment) -> usize {
        self.holders.values().filter(|until| **until > now).count()
    }

    /// The last moment up to `now` at which a sign stood, and whose.
    #[must_use]
    pub fn last(&self, now: Moment) -> Option<(Sign, Moment)> {
        let held = self.holders.iter().map(|(holder, until)| (Sign::Held(holder.clone(), *until), now.min(*until)));
        let file = if self.file.struck { None } else { self.file_sign() };
        let file = file.map(|sign| match sign {
            Sign::Touched(at) => (Sign::Touched(at), at),
            Sign::Locked | Sign::Held(..) => (sign, now),
        });
        held.chain(file).max_by_key(|(_, at)| *at)
    }

    fn file_sign(&self) -> Option<Sign> {
        match self.file {
            File { locked: true, .. } => Some(Sign::Locked),
            File { touched, .. } => touched.map(Sign::Touched),
        }
    }
}

#[cfg(test)]
mod tests;
