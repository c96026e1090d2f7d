//! What the fuzz target of PROXY headers does with its bytes. A test of proxy-sidecar includes this file and does the same
//! with the corpus.

use proxy_sidecar::proxy_protocol::{Flaw, Header, LONGEST, parse};

/// A connection's first bytes: what they say is the same in any pieces, and is what the same bytes say alone.
pub(crate) fn header(bytes: &[u8]) {
    let whole = parse(bytes);
    let said = (0..=bytes.len()).find_map(|cut| parse(&bytes[..cut]).transpose());
    assert_eq!(said, whole.transpose(), "pieces say something else");
    match whole {
        Ok(Some((header, length))) => {
            assert!(length <= bytes.len().min(LONGEST));
            assert_eq!(parse(&bytes[..length]), Ok(Some((header, length))));
            assert_eq!(parse(&bytes[..length - 1]), Ok(None), "it was whole before its end");
            is_of_its_family(header, bytes);
        }
        // More is waited for within a bound.
        Ok(None) => assert!(bytes.len() < LONGEST),
        Err(flaw) => assert!(flaw == Flaw::NoHeader || b"P\r".contains(&bytes[0])),
    }
}

fn is_of_its_family(header: Header, bytes: &[u8]) {
    if let Header::Proxied { source, destination } = header {
        assert_eq!(source.is_ipv4(), destination.is_ipv4());
        let said_four = if bytes[0] == b'P' { bytes.starts_with(b"PROXY TCP4 ") } else { bytes[13] == 0x11 };
        assert_eq!(source.is_ipv4(), said_four);
    }
}
