//! The app under test: this test binary, run again with `APP` in its environment.
//!
//! It listens on `APP_LISTEN`. A line `quick` is answered at once, `slow` after half a second, `bye` by closing; after
//! `burn` it computes for three seconds, and after `ping` it says something five times a second.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Not a test: does nothing unless it was started as the app.
#[test]
fn the_app() {
    if let Ok(address) = std::env::var("APP_LISTEN") {
        let listener = TcpListener::bind(address).expect("the app listens");
        for stream in listener.incoming() {
            let stream = stream.expect("accepted");
            std::thread::spawn(move || serve(stream));
        }
    }
}

fn serve(mut stream: TcpStream) {
    let lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
    for line in lines {
        match line.as_deref() {
            Ok("slow") => std::thread::sleep(Duration::from_millis(500)),
            Ok("bye") | Err(_) => return,
            Ok("burn") => {
                std::thread::spawn(burn);
            }
            Ok("ping") => {
                let pings = stream.try_clone().expect("a third handle");
                std::thread::spawn(move || ping(pings));
            }
            Ok(_) => {}
        }
        if stream.write_all(b"answer\n").is_err() {
            return;
        }
    }
}

fn burn() {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(3) {}
}

fn ping(mut stream: TcpStream) {
    while stream.write_all(b"ping").is_ok() {
        std::thread::sleep(Duration::from_millis(200));
    }
}
