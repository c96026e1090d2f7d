//! What the head of an answer means, and what of it its caller is told.

use http1::Version;
use http1::framing::{self, Length};
use http1::response::Response;

use crate::fields::{self, Survey};
use crate::forward::asked::Asked;
use crate::forward::caller::{AnswerHead, Caller};
use crate::forward::date;
use crate::forward::exchange::Terms;
use crate::reply::Reason;

/// What the head of an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There will be another.
    Interim,
    /// The body may come.
    Continue,
    /// The answer has begun; the backend's connection may be kept after it.
    Begun { length: Length, keeps: bool, nominated: Vec<String> },
    /// Both sides are a tunnel now.
    Switched,
    /// The caller is told this instead.
    Refused(Reason),
    /// The caller could not be told.
    Left,
}

/// A head, and what is known besides it.
#[derive(Clone, Copy)]
pub(super) struct Heard<'a> {
    /// The head.
    pub(super) response: &'a Response<'a, 'a>,
    /// Our name in `Via`, with the version it came in.
    pub(super) via: &'static str,
    /// It is the whole answer.
    pub(super) whole: bool,
    /// The request's body has not been asked for.
    pub(super) waits: bool,
}

/// What a head means, and what of it is passed on.
pub(super) fn on_head(caller: &mut impl Caller, heard: Heard<'_>, asked: &Asked, terms: Terms<'_>) -> Verdict {
    let Heard { response, via, whole, waits } = heard;
    let Ok(said) = framing::said(response.version, response.fields) else {
        return Verdict::Refused(Reason::UpstreamFraming);
    };
    let survey = Survey::of(response.fields);
    if survey.nominates_too_many() {
        return Verdict::Refused(Reason::UpstreamFraming);
    }
    match response.status {
        100 if waits => {
            caller.interim(100, &mut |_| ());
            return Verdict::Continue;
        }
        // Nobody waits for it.
        100 => return Verdict::Interim,
        101 => return switch(caller, response, asked, &survey, via),
        102..=199 => {
            caller.interim(response.status, &mut |lines| {
                fields::answer(lines, response.fields, &survey, via, (b"", b""));
            });
            return Verdict::Interim;
        }
        _ => (),
    }
    if asked.is_connect && response.status < 300 {
        // An extended CONNECT is answered by a 101 or not at all.
        return Verdict::Refused(Reason::UpstreamUpgrade);
    }
    let length = match framing::of_response(said, response.status, asked.is_head) {
        Length::UntilClose | Length::Chunked if whole => Length::Absent,
        length @ (Length::Absent | Length::Exactly(_) | Length::Chunked | Length::UntilClose) => length,
    };
    let head = AnswerHead {
        status: response.status,
        length,
        said: match said {
            // RFC 9110, 8.6: a 204 has none, not even in an answer to `HEAD`.
            framing::Said::Exactly(bytes) if response.status == 304 || (asked.is_head && response.status != 204) => {
                Some(bytes)
            }
            framing::Said::Exactly(_) | framing::Said::Chunked | framing::Said::Nothing => None,
        },
        // Whether the body comes that it was not asked for, nobody knows: what follows could be either.
        closes: crate::forward::is_leaving(terms.stage) || waits,
    };
    let told = caller.answer(head, &mut |lines| {
        fields::answer(lines, response.fields, &survey, via, (&asked.id, &date::now()));
        if let Some(hsts) = terms.hsts.filter(|_| asked.secure && !survey.has_hsts) {
            lines.line("strict-transport-security", hsts.as_bytes());
        }
    });
    if told.is_err() {
        return Verdict::Left;
    }
    asked.service.counts.answered(response.status);
    let persistent = match response.version {
        Version::Http10 => survey.keep_alive && !survey.close,
        Version::Http11 => !survey.close,
    };
    let keeps = persistent && length != Length::UntilClose;
    Verdict::Begun { length, keeps, nominated: survey.nominated() }
}

/// A 101 is passed on only where it was asked for, and switches to what was asked for.
fn switch(
    caller: &mut impl Caller,
    response: &Response<'_, '_>,
    asked: &Asked,
    survey: &Survey<'_>,
    via: &'static str,
) -> Verdict {
    let Some(token) = &asked.upgrade else { return Verdict::Refused(Reason::UpstreamUpgrade) };
    let agreed = survey.upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case(token.as_bytes()));
    let complete = match &asked.accept {
        // The key was made up here, so nobody else can tell whether it was taken.
        Some(accept) => survey.websocket_key == Some(accept.as_bytes()),
        None => !token.eq_ignore_ascii_case("websocket") || survey.websocket_key.is_some(),
    };
    if !agreed || !complete {
        return Verdict::Refused(Reason::UpstreamUpgrade);
    }
    match caller.switch(token, &mut |lines| fields::answer(lines, response.fields, survey, via, (&asked.id, b""))) {
        Ok(()) => {
            asked.service.counts.answered(response.status);
            Verdict::Switched
        }
        Err(_) => Verdict::Left,
    }
}
