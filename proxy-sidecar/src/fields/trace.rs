//! The marks by which a request is found again. Pure.

/// Whether it can be the number of a request: 1 to 128 visible characters of ASCII, and none that breaks a log.
pub(super) fn is_request_id(id: &[u8]) -> bool {
    (1..=128).contains(&id.len()) && id.iter().all(|b| b.is_ascii_graphic() && !b"\"\\,;".contains(b))
}

/// Whether it is a `traceparent` (W3C Trace Context, 3.2): version, trace, parent, flags, none of them all zero.
pub(super) fn is_trace_parent(value: &[u8]) -> bool {
    let hex = |part: &[u8]| part.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let zero = |part: &[u8]| part.iter().all(|b| *b == b'0');
    let dashed = value.len() >= 55 && value[2] == b'-' && value[35] == b'-' && value[52] == b'-';
    if !dashed {
        return false;
    }
    let (version, trace, parent, flags) = (&value[..2], &value[3..35], &value[36..52], &value[53..55]);
    let length = match version {
        b"00" => value.len() == 55,
        // A later version may say more, behind another dash.
        _ => value.len() == 55 || value[55] == b'-',
    };
    length
        && [version, trace, parent, flags].iter().all(|part| hex(part))
        && version != b"ff"
        && !zero(trace)
        && !zero(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_trace_parent_is_one() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_trace_parent(good.as_bytes()));
        assert!(is_trace_parent(format!("01{}-more", &good[2..]).as_bytes()));
        for bad in [
            "",
            "00",
            &good[..54],
            &format!("{good}-x"),
            &good.to_uppercase(),
            &good.replace("00f067aa0ba902b7", "0000000000000000"),
            &good.replace("00-4", "ff-4"),
            &good.replace('-', "_"),
        ] {
            assert!(!is_trace_parent(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_request_id_breaks_no_log() {
        assert!(is_request_id(b"a-1:/x"));
        for bad in [&b""[..], b"a b", b"a\"b", b"\xe9", &[b'a'; 129]] {
            assert!(!is_request_id(bad));
        }
    }
}
