//! The page at `/`: one file without outside assets, with who answered written into it.

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use serde_json::Value;

use crate::answer::{Body, full, typed};

const PAGE: &str = include_str!("page.html");
const MARK: &str = "\"who answered\"";

/// The page, answered by `who`.
#[must_use]
pub fn page(who: &Value) -> Response<Body> {
    let mut response = typed(full(Bytes::from(written(who))), "text/html; charset=utf-8");
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self' ws: wss:",
        ),
    );
    response
}

/// The page with `who` as JSON inside a script element, where `<` is the one character that could end it.
fn written(who: &Value) -> String {
    PAGE.replacen(MARK, &who.to_string().replace('<', "\\u003c"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_tells_who_answered_and_no_name_can_end_the_script() {
        let page = written(&serde_json::json!({"service": "</script><b>"}));
        assert!(page.contains(r#"{"service":"\u003c/script>\u003cb>"}"#));
        assert!(!page.contains(MARK));
    }

    #[test]
    fn the_page_asks_nobody_else_for_anything() {
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!PAGE.contains(outside), "the page has {outside}");
        }
    }
}
