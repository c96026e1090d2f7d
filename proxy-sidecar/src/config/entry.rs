//! How callers come in: TLS, the PROXY protocol, and whose word is taken.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use daemon::parse;
use daemon::settings::Given;

use crate::decide::trust::{Trust, Trusted};
use crate::tls::{self, MinVersion, Pair, Pem, Source};

/// How callers come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The encrypted port; none where there is none.
    pub tls: Option<Encrypted>,
    /// Every connection begins with a header of the PROXY protocol, from a trusted proxy.
    pub proxy_protocol: bool,
    /// Whose word about other people's addresses is taken.
    pub trust: Trust,
}

/// The encrypted port and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// Where callers connect.
    pub listen: SocketAddr,
    /// Certificates and versions.
    pub settings: tls::Settings,
    /// The plain port sends every request to `https` on this port; none serves them.
    pub redirect_to: Option<NonZeroU16>,
    /// How long browsers are to use nothing but TLS; zero says nothing to them.
    pub hsts: Duration,
}

impl Entry {
    /// Reads them, and notes what does not go together.
    pub fn from_given(given: &mut Given) -> Entry {
        let listen = given.optional("tls-listen", parse::socket_address);
        let settings = tls::Settings {
            pairs: pairs(given),
            client_ca: given.optional("tls-client-ca", path),
            min_version: given.value("tls-min-version", min_version),
        };
        let hsts = given.value("hsts", hsts);
        let redirect = given.is_on("redirect-https");
        let port = given.value("https-port", parse::port);
        check_encrypted(given, &settings, redirect, hsts);
        if given.is_given("https-port") && !redirect {
            given.problem("--https-port is for --redirect-https, which is off");
        }
        let proxy_protocol = given.value("proxy-protocol", proxy_protocol);
        let trust = trust(given);
        if proxy_protocol && trust.is_nobody() {
            given.problem(
                "--proxy-protocol require is for trusted proxies, and --trusted-proxies is none: nobody could connect",
            );
        }
        let tls = listen.map(|listen| Encrypted { listen, settings, redirect_to: redirect.then_some(port), hsts });
        Entry { tls, proxy_protocol, trust }
    }
}

fn check_encrypted(given: &mut Given, settings: &tls::Settings, redirect: bool, hsts: Duration) {
    let certificate = given.is_given("tls-cert") || given.is_given("tls-cert-pem");
    if given.is_given("tls-listen") {
        if !certificate {
            given.problem("--tls-listen needs a certificate: --tls-cert and --tls-key, or PROXY_TLS_CERT_PEM and PROXY_TLS_KEY_PEM");
        }
        return;
    }
    let set = [
        ("--tls-cert", certificate),
        ("--tls-client-ca", settings.client_ca.is_some()),
        ("--tls-min-version", given.is_given("tls-min-version")),
        ("--redirect-https", redirect),
        ("--hsts", !hsts.is_zero()),
    ];
    for (name, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
        given.problem(format!("{name} is for the encrypted port, and --tls-listen is missing"));
    }
}

/// Pairs of files in their order, then the pair in settings.
fn pairs(given: &mut Given) -> Vec<Pair> {
    let certificates = given.several("tls-cert", path);
    let keys = given.several("tls-key", path);
    match (certificates.len(), keys.len()) {
        (some, none) if some > 0 && none == 0 => given.problem("--tls-cert needs its --tls-key"),
        (none, some) if none == 0 && some > 0 => given.problem("--tls-key needs its --tls-cert"),
        (some, others) if some != others => given.problem(format!(
            "--tls-cert and --tls-key go in pairs, in the same order: there are {some} certificates and {others} keys"
        )),
        _ => (),
    }
    let files = certificates.into_iter().map(Source::File).zip(keys.into_iter().map(Source::File));
    let certificate = given.optional("tls-cert-pem", pem);
    let key = given.optional("tls-key-pem", pem);
    match (given.is_given("tls-cert-pem"), given.is_given("tls-key-pem")) {
        (true, false) => given.problem("PROXY_TLS_CERT_PEM needs its PROXY_TLS_KEY_PEM"),
        (false, true) => given.problem("PROXY_TLS_KEY_PEM needs its PROXY_TLS_CERT_PEM"),
        (true, true) | (false, false) => (),
    }
    let text = |name, pem| Source::Setting { name, pem };
    let texts = certificate
        .zip(key)
        .map(|(certificate, key)| (text("PROXY_TLS_CERT_PEM", certificate), text("PROXY_TLS_KEY_PEM", key)));
    files.chain(texts).map(|(certificates, key)| Pair { certificates, key }).collect()
}

fn trust(given: &mut Given) -> Trust {
    let values = given.several("trusted-proxies", Trusted::setting);
    if values.contains(&Trusted::Nobody) && values.len() > 1 {
        given.problem("--trusted-proxies is none and something else");
    }
    Trust::new(&values)
}

fn path(text: &str) -> Result<PathBuf, parse::Expected> {
    if text.is_empty() { Err("the path of a PEM file") } else { Ok(PathBuf::from(text)) }
}

fn pem(text: &str) -> Result<Pem, parse::Expected> {
    if text.contains("-----BEGIN ") { Ok(Pem(text.to_owned())) } else { Err("PEM text, not the path of a file") }
}

fn min_version(text: &str) -> Result<MinVersion, parse::Expected> {
    match text {
        "1.2" => Ok(MinVersion::Tls12),
        "1.3" => Ok(MinVersion::Tls13),
        _ => Err("1.2 or 1.3"),
    }
}

fn hsts(text: &str) -> Result<Duration, parse::Expected> {
    match parse::duration(text) {
        Ok(lasts) if lasts.is_zero() || lasts.as_secs() > 0 => Ok(lasts),
        Ok(_) | Err(_) => Err("a duration of at least a second, such as 365d, or 0 for off"),
    }
}

/// Whether a header is required. There is no third way: where it may be left out, a stranger may send one.
fn proxy_protocol(text: &str) -> Result<bool, parse::Expected> {
    match text {
        "off" => Ok(false),
        "require" => Ok(true),
        _ => Err("off or require"),
    }
}

#[cfg(test)]
mod tests;
