//! Who this supervisor is: its service, its task, its life.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use task_state::ServiceName;

use crate::log;

/// What a hello says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The service.
    pub service: ServiceName,
    /// The ECS task's ARN, once it is known.
    pub task: Option<String>,
    /// Fresh for each life.
    pub boot: String,
}

impl Identity {
    /// Of a life that begins now.
    #[must_use]
    pub fn new(service: ServiceName) -> Self {
        // The keys of each RandomState come from the kernel's random numbers.
        let random = || RandomState::new().build_hasher().finish();
        Identity { service, task: None, boot: format!("{:016x}{:016x}", random(), random()) }
    }
}

/// The longest answer of the metadata endpoint that is read; usual ones have some KiB.
const LONGEST: u64 = 256 * 1024;

/// How long each step of asking it may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why the task's ARN is not known.
#[derive(Debug, thiserror::Error)]
pub enum NoTask {
    /// The endpoint is no plain `http://…`.
    #[error("{0:?} is no http:// address")]
    Address(String),
    /// It cannot be reached, or broke off.
    #[error("cannot ask {0}")]
    Exchange(String, #[source] io::Error),
    /// It answered something else.
    #[error("{0} did not answer with a task")]
    Answer(String),
}

/// Asks the task metadata endpoint v4 at `base` in a thread of its own, so that nothing waits for it. The ARN comes out
/// of the socket that is given back, which ends then, also where there was nothing to learn.
///
/// # Errors
/// When there is no socket or thread to be had.
pub fn ask_task(base: String) -> io::Result<UnixStream> {
    let (ours, mut theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    thread::Builder::new().name("task-metadata".into()).spawn(move || match fetch_task(&base) {
        // It fails when the supervisor is ending.
        Ok(arn) => drop(theirs.write_all(arn.as_bytes())),
        Err(error) => {
            let error = daemon::exit::chain(&error);
            log::warn("the ECS task's ARN could not be learnt; hellos go without it").with("error", error).write();
        }
    })?;
    Ok(ours)
}

fn fetch_task(base: &str) -> Result<String, NoTask> {
    let address = || NoTask::Address(base.to_owned());
    let rest = base.strip_prefix("http://").ok_or_else(address)?;
    let (authority, path) = rest.split_once('/').map_or((rest, String::new()), |(a, p)| (a, format!("/{p}")));
    let path = format!("{}/task", path.trim_end_matches('/'));
    let with_port = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let whole = exchange(&with_port, authority, &path).map_err(|error| NoTask::Exchange(base.to_owned(), error))?;
    task_of(&whole).ok_or_else(|| NoTask::Answer(base.to_owned()))
}

fn exchange(to: &str, host: &str, path: &str) -> io::Result<Vec<u8>> {
    let at = to.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let mut stream = TcpStream::connect_timeout(&at, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // HTTP/1.0: the answer is not chunked and ends with the connection. One write, so that the request is one segment.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut whole = Vec::new();
    stream.take(LONGEST).read_to_end(&mut whole)?;
    Ok(whole)
}

/// The task's ARN in a whole HTTP answer.
fn task_of(answer: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Task {
        #[serde(rename = "TaskARN")]
        arn: String,
    }
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut fields);
    let body = match head.parse(answer) {
        Ok(httparse::Status::Complete(length)) if head.code == Some(200) => answer.get(length..)?,
        Ok(_) | Err(_) => return None,
    };
    let task: Task = serde_json::from_slice(body).ok()?;
    task.arn.starts_with("arn:").then_some(task.arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_life_has_a_fresh_identifier() {
        let service: ServiceName = "demo".parse().expect("name");
        assert_ne!(Identity::new(service.clone()).boot, Identity::new(service).boot);
    }

    #[test]
    fn the_task_is_read_from_a_good_answer_only() {
        let good = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"TaskARN\":\"arn:aws:ecs:x\",\"Cluster\":\"c\"}";
        assert_eq!(task_of(good).as_deref(), Some("arn:aws:ecs:x"));
        for bad in [&b""[..], b"HTTP/1.1 500 no\r\n\r\n{\"TaskARN\":\"arn:a\"}", b"HTTP/1.1 200 OK\r\n\r\n{}", b"HTT"] {
            assert_eq!(task_of(bad), None);
        }
    }
}
