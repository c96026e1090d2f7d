//! Connections: thousands of them, silent ones, ones that say everything at once.

use std::io::Write;
use std::net::TcpStream;

use super::target::{Client, Target};

#[test]
fn thousands_of_connections_that_come_and_go_leave_nothing_behind() {
    let target = Target::start("181");
    let before = target.memory();
    for round in 0..5 {
        // Each needs two files here.
        let open: Vec<TcpStream> = (0..400).filter_map(|_| TcpStream::connect(target.at).ok()).collect();
        assert_eq!(open.len(), 400, "in round {round}");
        target.answers();
    }
    let clients: Vec<TcpStream> = (0..600)
        .map(|_| {
            let mut stream = TcpStream::connect(target.at).expect("connected");
            let _ = stream.write_all(b"POST / HTTP/1.1\r\nhost: h\r\nx-amz-target: Amazon");
            stream
        })
        .collect();
    target.answers();
    assert!(target.memory() < before + 150, "{} MiB, before {before} MiB", target.memory());
    drop(clients);
    target.end(250);
}

#[test]
fn long_polls_that_are_left_alone_cost_little_and_end_with_local_aws() {
    let target = Target::start("182");
    let queue = r#"{"QueueName":"jobs"}"#;
    assert_eq!(target.connect().json("AmazonSQS.CreateQueue", queue).expect("an answer").status, 200);
    // The poll says as much as it may, and nothing of it is worth keeping.
    let junk = "0,".repeat(60_000);
    let body = format!(r#"{{"QueueUrl":"jobs","WaitTimeSeconds":20,"Junk":[{junk}0]}}"#);
    let before = target.memory();
    let mut polls: Vec<_> = (0..500)
        .map(|_| {
            let mut client = target.connect();
            let length = body.len();
            let head = "POST / HTTP/1.1\r\nhost: h\r\nx-amz-target: AmazonSQS.ReceiveMessage\r\n";
            let _ = client.stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes());
            client
        })
        .collect();
    target.answers();
    assert!(target.memory() < before + 150, "{} MiB, before {before} MiB", target.memory());
    polls.truncate(100);
    target.end(250);
    assert!(polls.iter_mut().all(Client::ends), "a poll does not outlive local-aws");
}

#[test]
fn pipelined_requests_are_answered_in_order_and_garbage_after_them_ends_the_connection() {
    let target = Target::start("183");
    let mut client = target.connect();
    let one = "POST / HTTP/1.1\r\nhost: h\r\nx-amz-target: AmazonEC2ContainerServiceV20141113.DescribeClusters\r\n\
               content-length: 2\r\n\r\n{}";
    let _ = client.stream.write_all((one.repeat(100) + "garbage\r\n\r\n").as_bytes());
    for _ in 0..100 {
        assert_eq!(client.answer().expect("an answer").status, 200);
    }
    if let Some(answer) = client.answer() {
        assert_eq!(answer.status, 400);
    }
    assert!(client.ends());
    target.end(200);
}

#[test]
fn who_never_reads_answers_stops_only_himself() {
    let target = Target::start("184");
    let mut client = target.connect();
    client.stream.set_nonblocking(true).expect("set");
    let one = "GET /_world HTTP/1.1\r\nhost: h\r\n\r\n".repeat(1000);
    for _ in 0..200 {
        if client.stream.write(one.as_bytes()).is_err() {
            break;
        }
    }
    target.answers();
    target.end(250);
}
