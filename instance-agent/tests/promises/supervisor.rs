//! A supervisor's 9051, with just what an agent asks of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use task_state::{Message, MessageKind, Report, ReportAnswer, Stamp, State};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Supervisor {
    pub(crate) address: SocketAddr,
    state: watch::Sender<State>,
    reports: Arc<Mutex<Vec<Report>>>,
}

impl Supervisor {
    pub(crate) async fn start(state: State) -> Supervisor {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (state, said) = watch::channel(state);
        let reports = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&reports);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, said.clone(), Arc::clone(&kept)));
            }
        });
        Supervisor { address, state, reports }
    }

    pub(crate) fn say(&self, state: State) {
        self.state.send_replace(state);
    }

    /// Somebody follows: more than the accepting part holds the state.
    pub(crate) fn watched(&self) -> bool {
        self.state.receiver_count() > 1
    }

    pub(crate) fn reports(&self) -> Vec<Report> {
        self.reports.lock().expect("reports").clone()
    }
}

async fn serve(mut stream: TcpStream, mut said: watch::Receiver<State>, reports: Arc<Mutex<Vec<Report>>>) {
    let Some((head, body)) = request(&mut stream).await else { return };
    if head.starts_with("PUT /watch/agent-") {
        let report = serde_json::from_slice(&body).expect("a report");
        reports.lock().expect("reports").push(report);
        let answer = ReportAnswer { stamp: Stamp(1), state: *said.borrow() };
        let answer = serde_json::to_string(&answer).expect("JSON");
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
        let _ = stream.write_all(format!("{head}{answer}").as_bytes()).await;
        return;
    }
    assert!(head.starts_with("GET /watch?id=agent-") && head.contains("&as=agent "), "{head}");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n";
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    let hello = MessageKind::Hello {
        protocol: 1,
        service: "demo".parse().expect("a name"),
        task: Some(super::aws::TASK.to_owned()),
        boot: "life".to_owned(),
    };
    let mut kind = hello;
    loop {
        let message = Message { kind, stamp: Stamp(1), state: *said.borrow_and_update(), lease_ms: None };
        let line = String::from_utf8(message.to_line()).expect("text");
        if stream.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).await.is_err() {
            return;
        }
        kind = match tokio::time::timeout(task_state::HEARTBEAT, said.changed()).await {
            Ok(Ok(())) => MessageKind::State,
            Ok(Err(_)) => return,
            Err(_) => MessageKind::Heartbeat,
        };
    }
}

async fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&read[..end]).into_owned();
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if read.len() >= end + 4 + length.unwrap_or(0usize) {
            return Some((head, read[end + 4..].to_vec()));
        }
    }
}
