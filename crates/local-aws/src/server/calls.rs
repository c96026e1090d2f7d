//! `GET /_calls?after=N&service=&operation=&caller=` and `GET /_calls/summary?since=MS`: the audit log.

use daemon::moment::Moment;
use http::{Response, StatusCode};
use serde_json::json;

use super::{Body, json_with};
use crate::audit::asked::Asked;
use crate::world::World;

/// The calls.
pub(super) fn list(query: &str, world: &World) -> Response<Body> {
    match Asked::read(query) {
        Ok(asked) => json_with(StatusCode::OK, &world.calls(&asked)),
        Err(why) => json_with(StatusCode::BAD_REQUEST, &json!({ "error": why })),
    }
}

/// Their counts.
pub(super) fn summary(query: &str, world: &World) -> Response<Body> {
    let mut since = Moment::START;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (name.as_ref(), value.parse()) {
            ("since", Ok(millis)) => since = Moment::millis(millis),
            _ => {
                let why = "expected since: milliseconds after the start of local-aws, as at_ms has them";
                return json_with(StatusCode::BAD_REQUEST, &json!({ "error": why }));
            }
        }
    }
    json_with(StatusCode::OK, &world.calls_summary(since))
}
