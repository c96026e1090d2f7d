//! Reads a request's bytes. Pure, strict and bounded.

mod busy;

use std::net::IpAddr;
use std::time::Duration;

use task_state::{Report, Role, WatcherId};

use super::access::Access;
use crate::decide::busy::Holder;

/// The longest head.
const LONGEST_HEAD: usize = 8 * 1024;

/// The longest body; a report has some 80 bytes.
const LONGEST_BODY: usize = 4 * 1024;

/// More than this is never kept of a request.
pub const LONGEST_REQUEST: usize = LONGEST_HEAD + LONGEST_BODY;

const MOST_FIELDS: usize = 64;

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `GET /healthz`.
    Health,
    /// `GET /metrics`.
    Metrics,
    /// `POST /wake`.
    Wake,
    /// `POST /sleep`.
    Sleep,
    /// `GET /watch`; without a name by an observer.
    Watch(Option<(WatcherId, Role)>),
    /// `PUT /watch/{id}`.
    Report(WatcherId, Report),
    /// `PUT /busy`.
    Hold {
        /// Who is busy.
        holder: Holder,
        /// For how long, unless it says so again.
        lease: Duration,
    },
    /// `DELETE /busy`.
    LetGo(Holder),
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400, and why.
    Bad(&'static str),
    /// 401: the token is missing, or is another.
    Token,
    /// 403, and why.
    Forbidden(&'static str),
    /// 404.
    NotFound,
    /// 404, for a report of somebody who never watched.
    UnknownWatcher,
    /// 405, and the methods that there are.
    Method(&'static str),
    /// 409, for a holder that comes too late.
    TooLate,
    /// 413.
    BodyTooLong,
    /// 431.
    HeadTooLong,
    /// 503, and what there are too many of.
    TooMany(&'static str),
}

/// What the bytes so far are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A request's begin.
    More,
    /// Nothing that is answered.
    Refused(Refusal),
    /// A request.
    Whole {
        /// What it wants.
        asked: Asked,
        /// The 1 of HTTP/1.1.
        minor_version: u8,
    },
}

/// Reads what has come so far from `from`.
#[must_use]
pub fn parse(bytes: &[u8], access: &Access, from: IpAddr) -> Parsed {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let head = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= LONGEST_HEAD => length,
        Ok(httparse::Status::Partial) if bytes.len() <= LONGEST_HEAD => return Parsed::More,
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Parsed::Refused(Refusal::HeadTooLong),
        Err(_) => return Parsed::Refused(Refusal::Bad("this is no HTTP/1 request")),
    };
    let length = match body_length(request.headers) {
        Ok(length) => length,
        Err(refusal) => return Parsed::Refused(refusal),
    };
    let Some(body) = bytes.get(head..head + length) else { return Parsed::More };
    let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    let admitted = asked(method, target, body).and_then(|asked| {
        access.admits(&asked, authorization(request.headers)?, from)?;
        Ok(asked)
    });
    match admitted {
        Ok(asked) => Parsed::Whole { asked, minor_version: request.version.unwrap_or_default() },
        Err(refusal) => Parsed::Refused(refusal),
    }
}

fn body_length(fields: &[httparse::Header<'_>]) -> Result<usize, Refusal> {
    let named = |name: &'static str| fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    if named("transfer-encoding").next().is_some() {
        return Err(Refusal::Bad("a body has to come with its content-length"));
    }
    let mut lengths = named("content-length");
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(0),
        (Some(_), Some(_)) => Err(Refusal::Bad("there are two content-lengths")),
        (Some(field), None) if field.value.is_empty() || !field.value.iter().all(u8::is_ascii_digit) => {
            Err(Refusal::Bad("the content-length is no number"))
        }
        (Some(field), None) => {
            // More digits than a number has are too long a body as well.
            let length = std::str::from_utf8(field.value).ok().and_then(|text| text.parse().ok());
            length.filter(|length| *length <= LONGEST_BODY).ok_or(Refusal::BodyTooLong)
        }
    }
}

fn authorization<'a>(fields: &[httparse::Header<'a>]) -> Result<Option<&'a [u8]>, Refusal> {
    let mut given = fields.iter().filter(|field| field.name.eq_ignore_ascii_case("authorization"));
    match (given.next(), given.next()) {
        (_, Some(_)) => Err(Refusal::Bad("there are two authorizations")),
        (first, None) => Ok(first.map(|field| field.value)),
    }
}

fn asked(method: &str, target: &str, body: &[u8]) -> Result<Asked, Refusal> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let only = |allowed: &'static str| if method == allowed { Ok(()) } else { Err(Refusal::Method(allowed)) };
    match path {
        "/healthz" => only("GET").map(|()| Asked::Health),
        "/metrics" => only("GET").map(|()| Asked::Metrics),
        "/wake" => only("POST").map(|()| Asked::Wake),
        "/sleep" => only("POST").map(|()| Asked::Sleep),
        "/busy" => busy::asked(method, query, body),
        "/watch" => only("GET").and_then(|()| watch(query)),
        _ => match path.strip_prefix("/watch/") {
            Some(id) => {
                only("PUT")?;
                let id = id.parse().map_err(|_| Refusal::Bad("the watcher's id is none"))?;
                let report = serde_json::from_slice(body).map_err(|_| Refusal::Bad("the body is no report"))?;
                Ok(Asked::Report(id, report))
            }
            None => Err(Refusal::NotFound),
        },
    }
}

fn watch(query: &str) -> Result<Asked, Refusal> {
    let (mut id, mut role) = (None, None);
    for part in query.split('&').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("id", text)) if id.is_none() => {
                id = Some(text.parse::<WatcherId>().map_err(|_| Refusal::Bad("the watcher's id is none"))?);
            }
            Some(("as", text)) if role.is_none() => {
                role = Some(text.parse::<Role>().map_err(|_| Refusal::Bad("as= is not proxy, agent or observer"))?);
            }
            Some(_) | None => return Err(Refusal::Bad("the query is not id=…&as=…")),
        }
    }
    match (id, role) {
        (None, None | Some(Role::Observer)) => Ok(Asked::Watch(None)),
        (Some(id), Some(role)) => Ok(Asked::Watch(Some((id, role)))),
        (Some(_), None) | (None, Some(Role::Proxy | Role::Agent)) => Err(Refusal::Bad("id= and as= go together")),
    }
}

#[cfg(test)]
mod tests;
