//! Reads an HTTP/1 answer as its bytes come. Pure, strict and bounded.

/// The longest head.
const LONGEST_HEAD: usize = 16 * 1024;

const MOST_FIELDS: usize = 64;

/// So many interim answers may come before the one that counts; servers send one, or none.
const MOST_INTERIM: usize = 4;

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body; empty where only the head was wanted.
    pub body: Vec<u8>,
}

/// How much of an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The status.
    Head,
    /// The body too, if it has so many bytes at the most.
    Body(usize),
}

/// What the bytes so far are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// An answer's begin.
    More,
    /// What was wanted.
    Whole(Answer),
    /// Nothing that can be used.
    Bad(&'static str),
}

/// Reads what has come so far; `ended`: no more will.
#[must_use]
pub fn parse(bytes: &[u8], ended: bool, wanted: Wanted) -> Parsed {
    let mut bytes = bytes;
    for _ in 0..=MOST_INTERIM {
        match after_interim(bytes, ended, wanted) {
            Ok(parsed) => return parsed,
            Err(rest) => bytes = rest,
        }
    }
    Parsed::Bad("too many interim answers come before it")
}

/// One answer; as an error what follows it, where it is an interim one.
fn after_interim(bytes: &[u8], ended: bool, wanted: Wanted) -> Result<Parsed, &[u8]> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= LONGEST_HEAD => length,
        Ok(httparse::Status::Partial) if bytes.len() <= LONGEST_HEAD => {
            return Ok(if ended { Parsed::Bad("it broke off") } else { Parsed::More });
        }
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Ok(Parsed::Bad("its head is too long")),
        Err(_) => return Ok(Parsed::Bad("it is no HTTP/1 answer")),
    };
    let body = bytes.get(length..).unwrap_or_default();
    let status = head.code.filter(|code| *code >= 200).ok_or(body)?;
    let most = match wanted {
        Wanted::Head => return Ok(Parsed::Whole(Answer { status, body: Vec::new() })),
        Wanted::Body(most) => most,
    };
    Ok(match (body_length(head.headers), ended) {
        (Err(why), _) => Parsed::Bad(why),
        (Ok(Some(length)), _) if length > most => Parsed::Bad("its body is too long"),
        (Ok(None), _) if body.len() > most => Parsed::Bad("its body is too long"),
        (Ok(Some(length)), ended) => match (body.get(..length), ended) {
            (Some(body), _) => Parsed::Whole(Answer { status, body: body.to_vec() }),
            (None, true) => Parsed::Bad("it broke off"),
            (None, false) => Parsed::More,
        },
        (Ok(None), true) => Parsed::Whole(Answer { status, body: body.to_vec() }),
        (Ok(None), false) => Parsed::More,
    })
}

/// How long the body is; none: to the end of the connection. A request of HTTP/1.0 is not answered in chunks.
fn body_length(fields: &[httparse::Header<'_>]) -> Result<Option<usize>, &'static str> {
    let mut length = None;
    for field in fields {
        if field.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err("it comes in chunks, which were not asked for");
        }
        if field.name.eq_ignore_ascii_case("content-length") {
            let said = std::str::from_utf8(field.value).ok().and_then(|text| text.trim().parse().ok());
            match (length, said) {
                (_, None) => return Err("its length is no number"),
                (Some(before), Some(now)) if before != now => return Err("it has two lengths"),
                (_, Some(_)) => length = said,
            }
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: Wanted = Wanted::Body(1024);

    fn whole(status: u16, body: &str) -> Parsed {
        Parsed::Whole(Answer { status, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn an_answer_ends_with_its_length_or_its_connection() {
        let short = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(parse(short, false, BODY), whole(200, "{}"));
        let open = b"HTTP/1.0 404 no\r\n\r\nnot here";
        assert_eq!(parse(open, false, BODY), Parsed::More);
        assert_eq!(parse(open, true, BODY), whole(404, "not here"));
    }

    #[test]
    fn where_only_the_status_is_wanted_nothing_else_is_waited_for() {
        let endless = b"HTTP/1.1 204 fine\r\ntransfer-encoding: chunked\r\n\r\nffff";
        assert_eq!(parse(endless, false, Wanted::Head), whole(204, ""));
    }

    #[test]
    fn an_interim_answer_is_passed_over() {
        let two = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(parse(two, false, BODY), whole(200, ""));
        assert_eq!(parse(&two[..25], false, BODY), Parsed::More);
    }

    #[test]
    fn interim_answers_without_end_are_given_up() {
        let endless = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000);
        assert_eq!(parse(&endless, false, Wanted::Head), Parsed::Bad("too many interim answers come before it"));
    }

    #[test]
    fn what_breaks_off_is_no_answer() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{";
        for end in 0..bytes.len() {
            assert_eq!(parse(&bytes[..end], false, BODY), Parsed::More);
            assert_eq!(parse(&bytes[..end], true, BODY), Parsed::Bad("it broke off"));
        }
    }

    #[test]
    fn garbage_and_endless_answers_are_given_up() {
        let endless_head = [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"a: b\r\n".repeat(5_000)].concat();
        let endless_body = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &b"x".repeat(5_000)].concat();
        for bad in [
            &b"SSH-2.0-OpenSSH\r\n"[..],
            b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            &endless_head,
            &endless_body,
        ] {
            assert!(matches!(parse(bad, false, BODY), Parsed::Bad(_)), "{:?}", String::from_utf8_lossy(bad));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..500), ended in any::<bool>()) {
            let _ = parse(&bytes, ended, BODY);
            let answer = [b"HTTP/1.1 200 OK\r\n".as_slice(), &bytes].concat();
            let _ = parse(&answer, ended, BODY);
        }

        #[test]
        fn an_answer_is_the_same_however_its_bytes_are_cut(body in "[a-z]{0,40}", cut in 0usize..100) {
            let bytes = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let cut = cut.min(bytes.len());
            if cut < bytes.len() {
                prop_assert_eq!(parse(&bytes.as_bytes()[..cut], false, BODY), Parsed::More);
            }
            prop_assert_eq!(parse(bytes.as_bytes(), false, BODY), whole(200, &body));
        }
    }
}
