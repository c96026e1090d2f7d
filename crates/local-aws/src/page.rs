//! The page at `GET /`, and what it loads: `/_page/…`. It draws `/_world`, `/_wakes`, `/_faults` and `/_events`.
//!
//! Plain files, compiled in: one stylesheet and scripts as modules, none from elsewhere, none made by a build.

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

/// What the page may load and reach: itself. Nothing inline, so that a text that gets into the page cannot run.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                          base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where everything but the page itself is.
pub const BELOW: &str = "/_page/";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of the page.
struct File {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

macro_rules! files {
    ($($name:literal $kind:ident,)*) => {
        &[$(File { name: $name, kind: $kind, text: include_str!(concat!("page/", $name)) },)*]
    };
}

const FILES: &[File] = files! {
    "index.html" HTML,
    "style.css" CSS,
    "main.js" SCRIPT,
    "dom.js" SCRIPT,
    "words.js" SCRIPT,
    "live.js" SCRIPT,
    "sorted.js" SCRIPT,
    "hosts.js" SCRIPT,
    "lists.js" SCRIPT,
    "wake.js" SCRIPT,
    "wake_steps.js" SCRIPT,
    "wake_draw.js" SCRIPT,
    "faults.js" SCRIPT,
    "fault_kinds.js" SCRIPT,
    "events.js" SCRIPT,
};

/// The file at a path; none where the page has none. `known` is what the caller has already (`If-None-Match`).
#[must_use]
pub fn answer(path: &str, known: Option<&HeaderValue>) -> Option<Response<Full<Bytes>>> {
    let name = if path == "/" { "index.html" } else { path.strip_prefix(BELOW)? };
    let file = FILES.iter().find(|file| file.name == name)?;
    let tag = format!("\"{:016x}\"", mark(file.text.as_bytes()));
    let same = known.is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let body = if same { Bytes::new() } else { Bytes::from_static(file.text.as_bytes()) };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = if same { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut put = |name: HeaderName, value: &'static str| {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    };
    put(header::CONTENT_TYPE, file.kind);
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::REFERRER_POLICY, "no-referrer");
    // Asked about each time, sent only when it is another: after an update the page is never half old.
    put(header::CACHE_CONTROL, "no-cache");
    put(header::CONTENT_SECURITY_POLICY, POLICY);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Some(response)
}

/// Tells texts apart: FNV-1a, 64 bits.
fn mark(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |mark, byte| (mark ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        for file in FILES {
            // The one address in them is the name of SVG's namespace.
            let text = file.text.replace("http://www.w3.org/2000/svg", "");
            for part in ["http://", "https://", "@import", "url(", "//cdn"] {
                assert!(!text.contains(part), "{}: {part}", file.name);
            }
        }
    }

    #[test]
    fn what_the_page_loads_is_there_and_everything_there_is_loaded() {
        let loaded: String = FILES.iter().map(|file| file.text).collect();
        for file in FILES.iter().filter(|file| file.kind != HTML) {
            assert!(loaded.contains(&format!("/{}\"", file.name)), "nothing loads {}", file.name);
        }
        for import in loaded.split("from \"./").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(answer(&format!("{BELOW}{import}"), None).is_some(), "{import} is not there");
        }
    }

    #[test]
    fn what_comes_from_outside_is_shown_as_text_only_and_nothing_is_inline() {
        for file in FILES {
            for part in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
                assert!(!file.text.contains(part), "{}: {part}", file.name);
            }
        }
        let html = FILES[0].text;
        for part in ["<style", "style=\"", "onclick", "onload", "<script>"] {
            assert!(!html.contains(part), "{part}");
        }
        assert!(!POLICY.contains("unsafe"));
    }

    #[test]
    fn a_file_that_the_caller_has_is_not_sent_again() {
        let first = answer("/", None).expect("the page");
        assert_eq!((first.status(), first.headers()["content-type"].as_bytes()), (StatusCode::OK, HTML.as_bytes()));
        let again = answer("/", first.headers().get("etag")).expect("the page");
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(answer("/_page/../main.rs", None).is_none() && answer("/_page/", None).is_none());
    }
}
