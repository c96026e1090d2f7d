//! The bytes of every answer.

use serde::Serialize;

use super::request::Refusal;

/// The head of a watch for HTTP/1.1.
pub const WATCH_CHUNKED: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ncache-control: no-store\r\n\
                                 transfer-encoding: chunked\r\nconnection: close\r\n\r\n";

/// The head of a watch for HTTP/1.0.
pub const WATCH_PLAIN: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ncache-control: no-store\r\nconnection: close\r\n\r\n";

/// The end of a chunked watch.
pub const LAST_CHUNK: &str = "0\r\n\r\n";

/// The statuses of 9051.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 200.
    Ok,
    /// 400.
    BadRequest,
    /// 401: the token is missing, or is another.
    Unauthorized,
    /// 403: not from there.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 409: too late to be called back.
    Conflict,
    /// 413.
    BodyTooLong,
    /// 431.
    HeadTooLong,
    /// 503: not ready.
    Unavailable,
}

impl Status {
    const fn line(self) -> &'static str {
        match self {
            Status::Ok => "200 OK",
            Status::BadRequest => "400 Bad Request",
            Status::Unauthorized => "401 Unauthorized",
            Status::Forbidden => "403 Forbidden",
            Status::NotFound => "404 Not Found",
            Status::MethodNotAllowed => "405 Method Not Allowed",
            Status::Conflict => "409 Conflict",
            Status::BodyTooLong => "413 Content Too Large",
            Status::HeadTooLong => "431 Request Header Fields Too Large",
            Status::Unavailable => "503 Service Unavailable",
        }
    }
}

/// An answer with a JSON body, after which the connection ends.
#[must_use]
pub fn json(status: Status, body: &impl Serialize) -> Vec<u8> {
    let body = serde_json::to_vec(body).expect("the answers of 9051 have only text keys");
    whole(status, JSON, "", &body)
}

/// The answer to a request that is refused.
#[must_use]
pub fn refusal(refusal: Refusal) -> Vec<u8> {
    #[derive(Serialize)]
    struct Error {
        error: &'static str,
    }
    let (status, error) = match refusal {
        Refusal::Bad(why) => (Status::BadRequest, why),
        Refusal::Token => (Status::Unauthorized, "the token is missing or another: authorization: Bearer …"),
        Refusal::Forbidden(why) => (Status::Forbidden, why),
        Refusal::NotFound => {
            (Status::NotFound, "there is /healthz, /metrics, /watch, /watch/{id}, /wake, /sleep and /busy")
        }
        Refusal::TooLate => (Status::Conflict, "it is too late: the app is being stopped"),
        Refusal::TooMany(what) => (Status::Unavailable, what),
        Refusal::UnknownWatcher => (Status::NotFound, "nobody of that id has watched; a watch comes first"),
        Refusal::Method(_) => (Status::MethodNotAllowed, "the allow field says which method there is"),
        Refusal::BodyTooLong => (Status::BodyTooLong, "a body has 4 KiB at most"),
        Refusal::HeadTooLong => (Status::HeadTooLong, "a head has 8 KiB and 64 fields at most"),
    };
    let body = serde_json::to_vec(&Error { error }).expect("a text is JSON");
    let fields = match refusal {
        Refusal::Method(allowed) => format!("allow: {allowed}\r\n"),
        Refusal::Token => String::from("www-authenticate: Bearer\r\n"),
        Refusal::Bad(_)
        | Refusal::Forbidden(_)
        | Refusal::NotFound
        | Refusal::UnknownWatcher
        | Refusal::TooLate
        | Refusal::BodyTooLong
        | Refusal::HeadTooLong
        | Refusal::TooMany(_) => String::new(),
    };
    whole(status, JSON, &fields, &body)
}

/// The answer to `GET /metrics`.
#[must_use]
pub fn metrics(body: &str) -> Vec<u8> {
    whole(Status::Ok, "text/plain; version=0.0.4; charset=utf-8", "", body.as_bytes())
}

const JSON: &str = "application/json";

fn whole(status: Status, kind: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {}\r\ncontent-type: {kind}\r\ncache-control: no-store\r\n{fields}content-length: {}\r\n\
         connection: close\r\n\r\n",
        status.line(),
        body.len()
    );
    let mut reply = head.into_bytes();
    reply.extend_from_slice(body);
    reply
}

/// One chunk of a watch.
#[must_use]
pub fn chunk(line: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", line.len()).into_bytes();
    chunk.extend_from_slice(line);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_framed_by_its_length_and_closes() {
        let reply = String::from_utf8(refusal(Refusal::Method("PUT"))).expect("text");
        let (head, body) = reply.split_once("\r\n\r\n").expect("head");
        assert!(head.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
        for field in ["allow: PUT".to_owned(), "connection: close".into(), format!("content-length: {}", body.len())] {
            assert!(head.contains(&field), "{field} is not in {head}");
        }
        assert_eq!(chunk(b"{\"a\":1}\n"), b"8\r\n{\"a\":1}\n\r\n");
    }
}
