//! `PUT` and `DELETE /busy`: `holder` and `lease` in the query or in a body of JSON.

use std::time::Duration;

use daemon::parse;
use serde::Deserialize;

use super::{Asked, Refusal};
use crate::decide::busy::Holder;

/// The lease of a request that names none.
const USUAL_LEASE: Duration = Duration::from_secs(60);

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Words {
    holder: Option<String>,
    lease: Option<String>,
}

/// What a request for `/busy` asks.
pub(super) fn asked(method: &str, query: &str, body: &[u8]) -> Result<Asked, Refusal> {
    if !["PUT", "DELETE"].contains(&method) {
        return Err(Refusal::Method("PUT, DELETE"));
    }
    let words = match (query, body) {
        (_, []) => in_query(query)?,
        ("", body) => serde_json::from_slice(body).map_err(|_| EXPECTED)?,
        _ => return Err(Refusal::Bad("holder and lease are in the query or in the body, not in both")),
    };
    let holder = match words.holder {
        Some(text) => text.parse().map_err(Refusal::Bad)?,
        None => Holder::unnamed(),
    };
    match (method, words.lease) {
        ("PUT", Some(text)) => {
            let lease = parse::positive_duration(&text);
            Ok(Asked::Hold { holder, lease: lease.map_err(|_| Refusal::Bad("the lease is no duration such as 30s"))? })
        }
        ("PUT", None) => Ok(Asked::Hold { holder, lease: USUAL_LEASE }),
        (_, None) => Ok(Asked::LetGo(holder)),
        (_, Some(_)) => Err(Refusal::Bad("a holder that lets go has no lease")),
    }
}

const EXPECTED: Refusal = Refusal::Bad("expected holder and lease, such as {\"holder\":\"job-1\",\"lease\":\"30s\"}");

/// Neither a holder nor a duration needs an escape.
fn in_query(query: &str) -> Result<Words, Refusal> {
    let mut words = Words::default();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let word = match part.split_once('=') {
            Some(("holder", text)) => words.holder.replace(text.to_owned()),
            Some(("lease", text)) => words.lease.replace(text.to_owned()),
            Some(_) | None => return Err(EXPECTED),
        };
        if word.is_some() {
            return Err(Refusal::Bad("holder and lease are given once"));
        }
    }
    Ok(words)
}
