//! What speaks for use, in words for `why`.

use std::fmt;
use std::net::SocketAddr;

use task_state::WatcherId;

use super::super::busy::Sign;
use super::super::load::Thousandths;

/// What made the last use a use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The app became ready: its idle time starts there.
    Ready,
    /// Data moved on a connection.
    Data(SocketAddr),
    /// A request was not answered, or its answer not delivered.
    Unanswered(SocketAddr),
    /// The kernel does not tell sent before received from received before sent.
    Tie(SocketAddr),
    /// The kernel gave no details of a connection.
    NoDetails(SocketAddr),
    /// A connection came and went between two looks.
    Short(SocketAddr),
    /// So many connections came and went between two looks, and the kernel only counted them.
    Opened(u64),
    /// The kernel does not tell about connections between two looks.
    NotTold,
    /// The app used this share of the CPU.
    Cpu(Thousandths),
    /// The kernel does not tell the app's CPU.
    NoCpu,
    /// A proxy reported requests under way.
    InFlight(WatcherId, u64),
    /// The busy sign stood.
    Busy(Sign),
    /// `POST /wake`.
    CalledBack,
    /// A look at the sockets failed.
    NoLook,
    /// A drain found something that it must not cut.
    NotDrained(String),
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::Ready => write!(f, "the app became ready"),
            Evidence::Data(peer) => write!(f, "data moved with {peer}"),
            Evidence::Unanswered(peer) => write!(f, "{peer} waited for an answer"),
            Evidence::Tie(peer) => write!(f, "{peer} may have waited for an answer"),
            Evidence::NoDetails(peer) => write!(f, "the kernel told nothing of the connection of {peer}"),
            Evidence::Short(peer) => write!(f, "{peer} came and went"),
            Evidence::Opened(count) => write!(
                f,
                "{count} connections came and went; the kernel does not tell on which port, nor of which container in \
                 this network"
            ),
            Evidence::NotTold => write!(f, "the kernel does not tell about connections too short to be seen"),
            Evidence::Cpu(share) => write!(f, "the app used {}.{} % of a core or of its limit", share / 10, share % 10),
            Evidence::NoCpu => write!(f, "the kernel does not tell the app's CPU (--busy-cpu 0 does without)"),
            Evidence::InFlight(watcher, count) => write!(f, "proxy {watcher} had {count} under way"),
            Evidence::Busy(Sign::Held(holder, _)) => write!(f, "{} said that it was busy", holder.as_str()),
            Evidence::Busy(Sign::Locked) => write!(f, "the busy file was locked"),
            Evidence::Busy(Sign::Touched(_)) => write!(f, "the busy file was touched"),
            Evidence::CalledBack => write!(f, "a call-back"),
            Evidence::NoLook => write!(f, "the kernel did not tell about the sockets"),
            Evidence::NotDrained(what) => write!(f, "a drain ended without sleep: {what}"),
        }
    }
}
