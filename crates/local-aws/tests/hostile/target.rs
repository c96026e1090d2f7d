//! A local-aws as a process of its own, so that its log, its memory and its end can be looked at.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// How long a good call may take after whatever was done.
const ANSWERS: Duration = Duration::from_secs(20);

pub(super) struct Target {
    child: Child,
    pub(super) at: SocketAddr,
    pub(super) dns: SocketAddr,
    pub(super) resolver: SocketAddr,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Target {
    /// `network`: the second byte of its addresses, each test has its own.
    pub(super) fn start(network: &str) -> Target {
        let world = std::env::temp_dir().join(format!("local-aws-hostile-{}-{network}.json", std::process::id()));
        std::fs::write(&world, include_str!("../sdk/world.json")).expect("the world file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_local-aws"))
            .args(["--listen=127.0.0.1:0", "--dns-listen=127.0.0.1:0", "--resolver-listen=127.0.0.1:0"])
            .args(["--tasks=simulated", "--throttle=off", &format!("--network=127.{network}.0.0/16"), "--world"])
            .arg(&world)
            .env("LOG_FORMAT", "json")
            .env_remove("LOG")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(child.stderr.take().expect("piped"));
        let mut said = String::new();
        let ready: Value = loop {
            let mut line = String::new();
            assert_ne!(lines.read_line(&mut line).expect("read"), 0, "it ended: {said}");
            said.push_str(&line);
            match serde_json::from_str::<Value>(&line) {
                Ok(line) if line["message"] == "ready" => break line,
                Ok(_) | Err(_) => {}
            }
        };
        let _ = std::fs::remove_file(world);
        let address = |name: &str| ready[name].as_str().expect("an address").parse().expect("an address");
        let log = Arc::new(Mutex::new(said));
        let reader = std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                let mut line = String::new();
                while lines.read_line(&mut line).is_ok_and(|count| count > 0) {
                    log.lock().expect("the log").push_str(&line);
                    line.clear();
                }
            }
        });
        let (at, dns, resolver) = (address("listen"), address("dns"), address("resolver"));
        Target { child, at, dns, resolver, log, reader: Some(reader) }
    }

    pub(super) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.at).expect("connected");
        stream.set_read_timeout(Some(ANSWERS)).expect("set");
        stream.set_write_timeout(Some(ANSWERS)).expect("set");
        Client { reader: BufReader::new(stream.try_clone().expect("cloned")), stream }
    }

    /// A good call on a new connection is answered.
    pub(super) fn answers(&self) {
        let began = Instant::now();
        let answer = self
            .connect()
            .json("AmazonEC2ContainerServiceV20141113.DescribeClusters", r#"{"clusters":["doze"]}"#)
            .expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.contains("cluster/doze"), "{}", answer.body);
        assert!(began.elapsed() < ANSWERS, "it took {:?}", began.elapsed());
    }

    /// Its resident memory, in MiB.
    pub(super) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it lives");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
        line.split_whitespace().nth(1).expect("a number").parse::<u64>().expect("a number") / 1024
    }

    /// It still answers, its memory is within a bound, it ends when it is asked to, and has not panicked.
    pub(super) fn end(mut self, most_memory: u64) {
        self.answers();
        let memory = self.memory();
        assert!(memory < most_memory, "{memory} MiB");
        kill(Pid::from_raw(i32::try_from(self.child.id()).expect("a pid")), Signal::SIGTERM).expect("signalled");
        let code = self.child.wait().expect("waited").code();
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the log was read");
        }
        let log = self.log.lock().expect("the log").clone();
        assert_eq!(code, Some(0), "{log}");
        assert!(!log.contains("panicked"), "{log}");
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept while the other side keeps it.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    reader: BufReader<TcpStream>,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Client {
    pub(super) fn json(&mut self, target: &str, body: &str) -> Option<Answer> {
        self.post(&format!("x-amz-target: {target}\r\ncontent-type: application/x-amz-json-1.1\r\n"), body.as_bytes())
    }

    pub(super) fn form(&mut self, body: &str) -> Option<Answer> {
        self.post("content-type: application/x-www-form-urlencoded\r\n", body.as_bytes())
    }

    pub(super) fn post(&mut self, headers: &str, body: &[u8]) -> Option<Answer> {
        let length = body.len();
        let head = format!("POST / HTTP/1.1\r\nhost: h\r\n{headers}content-length: {length}\r\n\r\n");
        let _ = self.stream.write_all(&[head.as_bytes(), body].concat());
        self.answer()
    }

    /// Sends bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> Option<Answer> {
        let _ = self.stream.write_all(bytes);
        self.answer()
    }

    /// The next answer; none when the other side has ended the connection.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        let mut line = String::new();
        self.reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut length = 0;
        loop {
            let mut header = String::new();
            self.reader.read_line(&mut header).ok().filter(|count| *count > 0)?;
            if header.trim().is_empty() {
                break;
            }
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).ok()?;
        Some(Answer { status, body: String::from_utf8(body).expect("UTF-8") })
    }

    /// Whether the other side ends the connection, within the time that a call may take.
    pub(super) fn ends(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => true,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}
