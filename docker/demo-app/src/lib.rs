//! The demo service: an app as any team might put behind Doze, with something to see for each thing Doze does.
//!
//! It knows nothing of Doze: it listens on 9050, answers, and ends when it gets SIGTERM.
//!
//! - [`config`]: its settings.
//! - [`run`]: listens, serves each connection, finishes what is in flight when it has to end.
//! - [`ending`]: how everybody hears that it has to end.
//! - [`answer`]: which path gives what.
//! - [`identity`]: who answers: the task as ECS's metadata endpoint tells it, the host name, the process.
//! - [`page`]: the page at `/`.
//! - [`echo`]: `/ws` and `/echo`; [`live`]: `/stream`; [`load`]: `/slow` and `/stress-cpu`.

pub mod answer;
pub mod config;
pub mod echo;
pub mod ending;
pub mod identity;
pub mod live;
pub mod load;
pub mod page;
pub mod run;
