//! The demo app as its users meet it: the program itself, over sockets.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Nothing here takes longer, on the slowest machine.
const LIMIT: Duration = Duration::from_secs(30);

/// The program, listening on a port of its own. It is killed when the test ends.
struct App {
    child: Child,
    address: String,
}

impl App {
    fn start(environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_demo-app"))
            .env_clear()
            .env("LISTEN", "127.0.0.1:0")
            .env("LOG_FORMAT", "json")
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let address = lines
            .by_ref()
            .map(|line| serde_json::from_str::<Value>(&line.expect("a line")).expect("JSON"))
            .find_map(|line| (line["message"] == "listening").then(|| line["address"].as_str().map(str::to_owned)))
            .flatten()
            .expect("it says where it listens");
        // Somebody has to read the log, or its writer would stop.
        std::thread::spawn(move || lines.for_each(drop));
        App { child, address }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        within(reqwest::get(self.url(path))).await.expect("an answer")
    }

    async fn host(&self) -> Value {
        self.get("/host").await.json().await.expect("JSON")
    }

    fn terminate(&self) {
        let told = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        assert!(told.expect("kill runs").success());
    }

    async fn ended(&mut self) -> ExitStatus {
        let limit = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(Instant::now() < limit, "it did not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, what).await.expect("it took too long")
}

#[tokio::test]
async fn the_host_path_tells_who_answers() {
    let app = App::start(&[("SERVICE_NAME", "shop")]);
    let first = app.host().await;
    assert_eq!(first["service"], "shop");
    assert_eq!(first["task"], Value::Null);
    assert_eq!(first["pid"], app.child.id());
    assert_eq!(first["address"], app.address);
    assert_eq!(first["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(first["requests_served"], 1);
    assert_eq!(app.host().await["requests_served"], 2);
}

#[tokio::test]
async fn the_task_is_learnt_from_the_metadata_endpoint_even_when_that_is_slow_to_come() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let uri = format!("http://{}/v4/abc", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        let task = r#"{"TaskARN":"arn:aws:ecs:r:1:task/doze/77","Family":"demo","Revision":"3","Containers":[{"Image":"doze-demo"}]}"#;
        for answer in ["HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(), ok(task)] {
            let (mut stream, _) = listener.accept().await.expect("a question");
            let mut question = [0; 1024];
            let length = stream.read(&mut question).await.expect("a question");
            assert!(question[..length].starts_with(b"GET /v4/abc/task "));
            stream.write_all(answer.as_bytes()).await.expect("answered");
        }
    });
    let app = App::start(&[("ECS_CONTAINER_METADATA_URI_V4", &uri)]);
    let host = app.host().await;
    assert_eq!(host["task"], "arn:aws:ecs:r:1:task/doze/77");
    assert_eq!(host["task_definition"], "demo:3");
    assert_eq!(host["image"], "doze-demo");
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn the_page_is_one_file_that_says_who_answered() {
    let app = App::start(&[("SERVICE_NAME", "shop")]);
    let page = app.get("/").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers()["cache-control"], "no-store");
    let page = page.text().await.expect("text");
    assert!(page.starts_with("<!doctype html>") && page.contains(r#""service":"shop""#));
}

#[tokio::test]
async fn a_websocket_says_back_what_it_is_told_and_hears_goodbye_when_the_app_ends() {
    let mut app = App::start(&[]);
    let stream = TcpStream::connect(&app.address).await.expect("connected");
    let url = format!("ws://{}/ws", app.address);
    let (mut socket, _) = within(tokio_tungstenite::client_async(url, stream)).await.expect("a WebSocket");
    for said in [Message::text("hello"), Message::binary(vec![7; 100_000])] {
        socket.send(said.clone()).await.expect("sent");
        assert_eq!(within(socket.next()).await.expect("open").expect("a message"), said);
    }
    app.terminate();
    match within(socket.next()).await {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(frame.code, CloseCode::Away),
        other => panic!("no goodbye but {other:?}"),
    }
    drop(socket);
    assert_eq!(app.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_plain_request_for_the_websocket_is_told_what_to_do() {
    let app = App::start(&[]);
    let answer = app.get("/ws").await;
    assert_eq!((answer.status().as_u16(), answer.headers()["upgrade"].as_bytes()), (426, b"websocket".as_slice()));
}

#[tokio::test]
async fn the_stream_has_an_event_a_second_and_ends_with_the_app() {
    let mut app = App::start(&[]);
    let mut stream = app.get("/stream").await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    for count in 0..2 {
        let event = within(stream.chunk()).await.expect("open").expect("an event");
        assert!(event.starts_with(format!("id: {count}\ndata: {{").as_bytes()), "{event:?}");
    }
    app.terminate();
    while within(stream.chunk()).await.expect("it ends as HTTP says").is_some() {}
    assert_eq!(app.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_body_is_streamed_back_before_it_is_whole() {
    let app = App::start(&[]);
    let mut stream = TcpStream::connect(&app.address).await.expect("connected");
    let head =
        "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: a/b\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n";
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut heard = String::new();
    read_until(&mut stream, &mut heard, "first").await;
    assert!(heard.starts_with("HTTP/1.1 200") && heard.contains("content-type: a/b"));
    stream.write_all(b"6\r\nsecond\r\n0\r\n\r\n").await.expect("sent");
    read_until(&mut stream, &mut heard, "second\r\n0\r\n\r\n").await;
}

async fn read_until(stream: &mut TcpStream, heard: &mut String, end: &str) {
    while !heard.contains(end) {
        let mut part = [0; 4096];
        let length = within(stream.read(&mut part)).await.expect("open");
        assert_ne!(length, 0, "it ended after {heard:?}");
        heard.push_str(std::str::from_utf8(&part[..length]).expect("text"));
    }
}

#[tokio::test]
async fn sigterm_lets_a_request_in_flight_finish_and_takes_nothing_new() {
    let mut app = App::start(&[]);
    let slow = tokio::spawn(reqwest::get(app.url("/slow/2")));
    // The count tells that the slow one has arrived: it is one more than those asked here.
    let mut asked = 0;
    while app.host().await["requests_served"].as_u64() != Some(asked + 2) {
        asked += 1;
        assert!(asked < 10_000, "the slow request did not arrive");
    }
    app.terminate();
    assert_eq!(within(slow).await.expect("joined").expect("an answer").status().as_u16(), 200);
    assert_eq!(app.ended().await.code(), Some(0));
    assert!(TcpStream::connect(&app.address).await.is_err());
}

#[tokio::test]
async fn cpu_is_used_for_as_long_as_it_was_asked_for() {
    let app = App::start(&[]);
    let began = Instant::now();
    let answer: Value = app.get("/stress-cpu/30/1").await.json().await.expect("JSON");
    assert_eq!(answer["load"]["percent"], 30);
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_says_what_is() {
    let app = App::start(&[]);
    for (path, status, says) in
        [("/nothing", 404, "/host"), ("/slow/601", 400, "600"), ("/stress-cpu/0/1", 400, "1 to 100")]
    {
        let answer = app.get(path).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert!(answer.text().await.expect("text").contains(says), "{path}");
    }
    let posted = within(reqwest::Client::new().post(app.url("/host")).send()).await.expect("an answer");
    assert_eq!((posted.status().as_u16(), posted.headers()["allow"].as_bytes()), (405, b"GET, HEAD".as_slice()));
}

#[tokio::test]
async fn a_start_delay_keeps_it_from_listening() {
    let began = Instant::now();
    let app = App::start(&[("START_DELAY", "300ms")]);
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert_eq!(app.get("/healthz").await.status().as_u16(), 200);
}

#[test]
fn bad_settings_end_it_with_64() {
    let told = Command::new(env!("CARGO_BIN_EXE_demo-app")).env("START_DELAY", "soon").output().expect("it runs");
    assert_eq!(told.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&told.stderr).contains("START_DELAY"));
}
