//! The page at `GET /`: hosts, tasks, registrations, protection and a live time line, drawn from `/_world` and
//! `/_events`. One file without outside asset.

/// The page, `text/html; charset=utf-8`.
pub const HTML: &str = include_str!("page/index.html");

/// What the page may load: itself, and the two paths above. Goes into `content-security-policy`.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                          img-src data:; base-uri 'none'; form-action 'none'";
