//! What comes in and what goes out of the core.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use daemon::moment::Moment;
use task_state::{Report, Role, State, WatcherId};

use super::busy::{FileSeen, Holder};
use super::exit_code::Ending;
use super::look::{Look, Scope};
use super::observed::Summary;
use super::probe::Probed;
use super::protection::{News, Said};
use super::restart::Next;
use super::signals::SignalNumber;
use super::watchers::ClientId;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time has passed.
    Tick,
    /// A signal came.
    Signal(SignalNumber),
    /// The shutdown file is there.
    FileAppeared,
    /// The look that was asked for; none: it failed.
    Looked(Scope, Option<Look>),
    /// A stream of `/watch` was opened; without a name it is an observer's.
    Watching {
        /// The connection.
        client: ClientId,
        /// Who it says it is.
        who: Option<(WatcherId, Role)>,
        /// Where it is.
        address: IpAddr,
    },
    /// A stream ended.
    Left(ClientId),
    /// A report came.
    Reported(WatcherId, Report),
    /// `POST /wake`, from there.
    Wake(IpAddr),
    /// `POST /sleep`, from there.
    Sleep(IpAddr),
    /// `PUT /busy`.
    Held {
        /// Who is busy.
        holder: Holder,
        /// For how long.
        lease: Duration,
    },
    /// `DELETE /busy`.
    LetGo(Holder),
    /// The look at the busy file that was asked for.
    SawBusyFile(FileSeen),
    /// What came of [`Ask::Task`]: whether the task is known now, or why not.
    TaskAnswered(Result<(), String>),
    /// What came of [`Ask::Ready`].
    Probed(Probed),
    /// What came of [`Ask::Protection`].
    ProtectionAnswered(Said),
    /// The app ended.
    AppEnded(Ending),
    /// No process is left.
    AllGone,
    /// Processes other than the app have ended; what they started is the supervisor's now.
    OrphansEnded,
    /// The app was paused by a signal.
    AppPaused {
        /// By which.
        by: SignalNumber,
        /// Whether a shell watches the supervisor, which can let both go on.
        shell: bool,
    },
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Look at the sockets and say what they show ([`Event::Looked`]).
    Look(Scope),
    /// Look at the busy file and say what it shows ([`Event::SawBusyFile`]).
    LookAtBusyFile,
    /// Log it and tell all watchers; after *stopping* and *gone* their streams end.
    Changed(Change),
    /// Begin the stream of this watcher.
    Hello(ClientId),
    /// Tell all watchers that nothing has changed.
    Heartbeat,
    /// Write the figures to standard output (`--log-metrics`).
    Measure,
    /// Send the app this signal.
    Forward(SignalNumber),
    /// Pause until SIGCONT comes, as a job of a shell does.
    Pause,
    /// Start the app again.
    Start,
    /// Send the app SIGTERM (or what it is rewritten to), and SIGCONT so that a stopped one sees it.
    Term,
    /// Send the app SIGKILL.
    Kill,
    /// Send what the app left behind SIGTERM and SIGCONT.
    TermLeftovers,
    /// Send what the app left behind SIGKILL.
    KillLeftovers,
    /// Remove the shutdown file, which is obeyed.
    RemoveFile,
    /// Ask, without waiting for the answer, which comes as an event.
    Ask(Ask),
    /// Log why the task is not known.
    TaskUnknown(String),
    /// Log what has become of the task's protection.
    Protection(News),
    /// Log that the task, of an ECS service, waits to be stopped by ECS: nobody uses it.
    LeftToEcs,
    /// Log that it would go to sleep now, and why.
    WouldSleep(String),
    /// Log that it would have slept so long and would be woken now, by what, and all that was seen so far.
    WouldWake(Duration, String, Summary),
    /// Log at the end what sleeping would have saved.
    WouldHaveSlept(Summary),
    /// Log that a deadline struck (rule T2).
    Struck(Struck),
    /// Log that the app has ended without being told to.
    EndedByItself(SelfEnd),
    /// Log a wake with how long each part took.
    Woke(Woke),
    /// Log a sleep with how long each part took.
    Slept(Sleep),
    /// End with this code.
    Exit(u8),
}

/// What is asked of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The ECS task metadata endpoint: who the task is.
    Task,
    /// The readiness address: whether the app is ready.
    Ready,
    /// The ECS agent: to protect the task for so long, or to end its protection.
    Protection {
        /// To protect.
        on: bool,
        /// For how long.
        lasts: Duration,
    },
}

/// A change of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Before.
    pub from: State,
    /// Now.
    pub to: State,
    /// A word: `ready`, `idle`, `file`, `signal`, `call-back`, `use`, …
    pub cause: &'static str,
    /// A sentence.
    pub why: String,
}

/// An app that ended without being told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelfEnd {
    /// How.
    pub ending: Ending,
    /// What follows.
    pub next: Next,
}

/// A deadline that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Struck {
    /// Its setting.
    pub setting: &'static str,
    /// How long it was.
    pub limit: Duration,
    /// What happens now.
    pub then: &'static str,
}

/// A wake: who and what caused it, and how long each part took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Woke {
    /// The first of this life.
    Started {
        /// A proxy that waited for it.
        waited: Option<WatcherId>,
        /// From the supervisor's start to the app's.
        spawn: Duration,
        /// From the app's start until it listened.
        listen: Option<Duration>,
        /// From the app's start until it was ready.
        ready: Duration,
    },
    /// Out of an idle drain.
    Back {
        /// `call-back`, `busy` or `use`.
        cause: &'static str,
        /// A sentence that names who or what.
        why: String,
        /// How long it had been draining.
        drain: Duration,
    },
}

/// A sleep: what caused it, and how long each part took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sleep {
    /// What began it.
    pub cause: &'static str,
    /// A sentence that names who or what.
    pub why: String,
    /// From ready to the drain.
    pub awake: Duration,
    /// From the drain's begin to SIGTERM.
    pub drain: Duration,
    /// From SIGTERM to the app's end.
    pub stop: Duration,
    /// From the app's end to that of the last leftover.
    pub leftovers: Duration,
    /// The supervisor's exit code.
    pub exit_code: u8,
}

/// Why the core wants to be asked again at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// To look at the sockets.
    Look,
    /// To say that nothing has changed.
    Heartbeat,
    /// To write the figures.
    Measure,
    /// To ask somebody.
    Ask,
    /// `--ready-timeout`.
    ReadyTimeout,
    /// `--drain-timeout`, or what a SIGTERM allows.
    DrainDeadline,
    /// `--stop-grace`.
    StopGrace,
    /// An app that not even SIGKILL ends.
    Unkillable,
    /// What the app left behind has to be gone.
    Leftovers,
    /// `--restart-delay`.
    Restart,
}

/// When to come back, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub at: Moment,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Exited(code) => write!(f, "exited with {code}"),
            Ending::Killed(signal) => write!(f, "ended by signal {signal}"),
        }
    }
}
