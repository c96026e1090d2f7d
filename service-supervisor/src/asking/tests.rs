use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use nix::sys::epoll::{EpollCreateFlags, EpollEvent, EpollTimeout};

use super::*;

const TOKEN: u64 = 4;

/// An asker in a loop of its own, at a moment that the test says.
struct Scene {
    epoll: Epoll,
    asking: Asking,
}

impl Scene {
    fn new() -> Self {
        Scene { epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).expect("epoll"), asking: Asking::new(TOKEN) }
    }

    fn asks(purpose: Purpose, question: Question) -> Self {
        let mut scene = Scene::new();
        scene.asking.ask(purpose, question, &scene.epoll, Moment::START);
        scene
    }

    /// Goes on until something has come of a question.
    fn answer(&mut self) -> Answered {
        let mut events = [EpollEvent::empty(); 4];
        loop {
            if let Some(answered) = self.asking.take_answered().pop() {
                return answered;
            }
            let count = self.epoll.wait(&mut events, EpollTimeout::from(20_000u16)).expect("wait");
            assert!(count > 0, "nothing came");
            for event in &events[..count] {
                self.asking.ready(event.data(), &self.epoll, Moment::START);
            }
        }
    }
}

/// Somebody who answers each connection with `talk`, in a thread.
fn server(talk: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
    let at = listener.local_addr().expect("address");
    std::thread::spawn(move || listener.incoming().flatten().for_each(talk));
    at
}

/// Reads a request in one piece or several, until its end or that of the connection.
fn heard(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.ends_with("\r\n\r\n") {
        match stream.read(&mut buffer).expect("a request") {
            0 => break,
            count => text.push_str(std::str::from_utf8(&buffer[..count]).expect("text")),
        }
    }
    text
}

fn says(bytes: impl AsRef<[u8]> + Send + 'static) -> SocketAddr {
    server(move |mut stream| {
        heard(&mut stream);
        // One that has heard enough has gone.
        let _ = stream.write_all(bytes.as_ref());
    })
}

fn task_at(at: SocketAddr) -> Question {
    task::question(&Target::parse(&format!("http://{at}/v4/abc")).expect("an address"))
}

fn came(bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Option<Answer>, NoAnswer> {
    Scene::asks(Purpose::Task, task_at(says(bytes))).answer().answer
}

#[test]
fn a_question_is_asked_and_its_answer_read() {
    let at = server(|mut stream| {
        let request = heard(&mut stream);
        assert!(request.starts_with("GET /v4/abc/task HTTP/1.0\r\n"), "{request}");
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").expect("answered");
    });
    let Answered { purpose, answer } = Scene::asks(Purpose::Task, task_at(at)).answer();
    assert_eq!(purpose, Purpose::Task);
    assert_eq!(answer.expect("an answer"), Some(Answer { status: 200, body: b"{}".to_vec() }));
}

#[test]
fn an_answer_that_comes_byte_by_byte_is_read_all_the_same() {
    let at = server(|mut stream| {
        stream.set_nodelay(true).expect("set");
        heard(&mut stream);
        for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}" {
            stream.write_all(&[*byte]).expect("answered");
        }
    });
    let answer = Scene::asks(Purpose::Task, task_at(at)).answer().answer.expect("an answer");
    assert_eq!(answer, Some(Answer { status: 200, body: b"{}".to_vec() }));
}

#[test]
fn half_an_answer_garbage_and_a_flood_are_given_up() {
    assert!(matches!(came("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"), Err(NoAnswer::Bad("it broke off"))));
    assert!(matches!(came("HTTP/1.1 20"), Err(NoAnswer::Bad("it broke off"))));
    assert!(matches!(came("\u{0}\u{1}garbage"), Err(NoAnswer::Bad("it is no HTTP/1 answer"))));
    let flood = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![b'x'; 2 * 1024 * 1024]].concat();
    assert!(matches!(came(flood), Err(NoAnswer::Bad("its body is too long"))));
    let head = [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"a: b\r\n".repeat(20_000)].concat();
    assert!(matches!(came(head), Err(NoAnswer::Bad("its head is too long"))));
}

#[test]
fn who_never_answers_is_given_up_in_time() {
    let at = server(|mut stream| {
        heard(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\n").expect("begun");
        // Until the asker has gone.
        let _ = stream.read(&mut [0]);
    });
    let mut scene = Scene::asks(Purpose::Task, task_at(at));
    let deadline = scene.asking.deadline().expect("one is under way");
    scene.asking.time_passed(deadline - Duration::from_millis(1));
    assert!(!scene.asking.has_answered());
    scene.asking.time_passed(deadline);
    assert!(matches!(scene.answer().answer, Err(NoAnswer::Late)));
    assert_eq!(scene.asking.deadline(), None);
}

#[test]
fn where_nobody_listens_there_is_no_answer() {
    let free = TcpListener::bind("127.91.2.1:0").and_then(|listener| listener.local_addr()).expect("an address");
    let answer = Scene::asks(Purpose::Task, task_at(free)).answer().answer;
    assert!(matches!(answer, Err(NoAnswer::Connect(_))), "{answer:?}");
}

#[test]
fn localhost_is_asked_by_ipv6_where_nobody_listens_by_ipv4() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let port = listener.local_addr().expect("address").port();
    let ready = Ready::parse(&format!("tcp://localhost:{port}")).expect("an address");
    // It may be that somebody else has that port by IPv4; then that one answers.
    assert!(Scene::asks(Purpose::Ready, Question::ready(&ready)).answer().answer.is_ok());
}

#[test]
fn an_app_that_accepts_is_ready_by_tcp_and_one_that_answers_by_http() {
    let at = says("HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\n\r\n");
    let tcp = Ready::parse(&format!("tcp://{at}")).expect("an address");
    assert!(matches!(Scene::asks(Purpose::Ready, Question::ready(&tcp)).answer().answer, Ok(None)));
    let http = Ready::parse(&format!("http://{at}/health")).expect("an address");
    let answer = Scene::asks(Purpose::Ready, Question::ready(&http)).answer().answer.expect("an answer");
    assert_eq!(answer, Some(Answer { status: 503, body: Vec::new() }));
}

#[test]
fn its_own_connections_are_known_while_they_are_open_and_a_minute_longer() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
    let ready = Ready::parse(&format!("http://{}/", listener.local_addr().expect("address"))).expect("an address");
    let mut scene = Scene::asks(Purpose::Ready, Question::ready(&ready));
    let (mut stream, peer) = listener.accept().expect("accepted");
    let stranger = TcpStream::connect(listener.local_addr().expect("address")).expect("connected");
    assert!(scene.asking.is_own(peer, Moment::START));
    heard_by_loop(&mut scene, &mut stream);
    scene.answer().answer.expect("an answer");
    assert!(scene.asking.is_own(peer, Moment::millis(60_000)));
    assert!(!scene.asking.is_own(peer, Moment::millis(70_000)));
    assert!(!scene.asking.is_own(stranger.local_addr().expect("address"), Moment::START));
}

/// Lets the asker write, and answers.
fn heard_by_loop(scene: &mut Scene, stream: &mut TcpStream) {
    scene.asking.ready(TOKEN + 2, &scene.epoll, Moment::START);
    heard(stream);
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("answered");
}

#[test]
fn a_new_question_takes_the_place_of_the_old_one_of_its_purpose() {
    let silent = server(|mut stream| drop(stream.read(&mut [0])));
    let mut scene = Scene::asks(Purpose::Task, task_at(silent));
    let second = says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    scene.asking.ask(Purpose::Task, task_at(second), &scene.epoll, Moment::START);
    assert!(scene.answer().answer.is_ok());
    assert!(!scene.asking.has_answered() && scene.asking.deadline().is_none());
}
