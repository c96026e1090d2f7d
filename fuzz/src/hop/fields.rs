//! What may stand in a message that was passed on, as opposed to the one that came.

use super::strict::Head;

/// RFC 9110, 7.6.1, and what was hop-by-hop before it.
const HOP: [&str; 9] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

fn lower(name: &[u8]) -> String {
    String::from_utf8_lossy(name).to_ascii_lowercase()
}

/// What `Connection` nominates.
pub(super) fn nominated(head: &Head<'_>) -> Vec<String> {
    let all = head.all("connection");
    let members = all.iter().flat_map(|value| value.split(|b| *b == b','));
    members.map(|member| lower(member.trim_ascii())).filter(|name| !name.is_empty()).collect()
}

/// The hop-by-hop fields that a message has, in order.
pub(super) fn hops(head: &Head<'_>) -> Vec<(String, Vec<u8>)> {
    named(head, |name| HOP.contains(&name))
}

/// The fields that end here neither by their name nor by being nominated, and that are not `ours`, in order.
pub(super) fn end_to_end(head: &Head<'_>, nominated: &[String], ours: impl Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    named(head, |name| {
        !HOP.contains(&name) && !ours(name) && name != "close" && !nominated.iter().any(|other| other == name)
    })
}

fn named(head: &Head<'_>, is: impl Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let all = head.fields.iter().map(|(name, value)| (lower(name), value.to_vec()));
    all.filter(|(name, _)| is(name)).collect()
}
