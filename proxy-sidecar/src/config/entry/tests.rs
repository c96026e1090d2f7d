//! The promises of the settings for how callers come in.

use std::ffi::OsString;

use daemon::settings::Stop;

use super::*;
use crate::config::{PROGRAM, Settings};

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
const KEY: &str = "-----BEGIN PRIVATE KEY-----hunter2";

fn entry(environment: &[(&str, &str)], arguments: &[&str]) -> Result<Entry, String> {
    let arguments = std::iter::once("proxy-sidecar").chain(arguments.iter().copied()).map(Into::into);
    let named = [("SERVICE_NAME", "shop")];
    let environment = named.iter().chain(environment).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let given = PROGRAM.given(arguments.collect::<Vec<OsString>>(), environment);
    match given.and_then(Settings::from_given) {
        Ok(settings) => Ok(settings.entry),
        Err(Stop::Bad(text) | Stop::Told(text)) => Err(text),
    }
}

fn problem(environment: &[(&str, &str)], arguments: &[&str]) -> String {
    entry(environment, arguments).expect_err("bad settings")
}

fn file(path: &str) -> Source {
    Source::File(path.into())
}

#[test]
fn without_settings_callers_come_in_plainly_and_ones_own_network_is_trusted() {
    let entry = entry(&[], &[]).expect("good settings");
    assert_eq!((entry.tls, entry.proxy_protocol), (None, false));
    assert!(entry.trust.trusts([10, 0, 0, 1].into()) && !entry.trust.trusts([8, 8, 8, 8].into()));
}

#[test]
fn certificates_and_keys_come_in_pairs_in_their_order_and_from_settings_last() {
    let environment = [
        ("PROXY_TLS_CERT", "a.crt, b.crt"),
        ("PROXY_TLS_KEY", "a.key,b.key"),
        ("PROXY_TLS_CERT_PEM", CERTIFICATE),
        ("PROXY_TLS_KEY_PEM", KEY),
        ("PROXY_TLS_LISTEN", "0.0.0.0:9443"),
    ];
    let arguments = ["--tls-client-ca", "ca.crt", "--tls-min-version", "1.3", "--redirect-https", "--hsts", "365d"];
    let entry = entry(&environment, &arguments).expect("good settings");
    assert!(!format!("{entry:?}").contains("hunter2"), "a key is printed");
    let tls = entry.tls.expect("an encrypted port");
    let pairs = &tls.settings.pairs;
    assert_eq!(pairs.len(), 3);
    assert_eq!(pairs[1], Pair { certificates: file("b.crt"), key: file("b.key") });
    assert_eq!(pairs[2].key.to_string(), "PROXY_TLS_KEY_PEM");
    assert_eq!(tls.settings.files().len(), 5);
    assert_eq!(tls.settings.min_version, MinVersion::Tls13);
    assert_eq!((tls.listen.port(), tls.redirect_to.map(NonZeroU16::get)), (9443, Some(443)));
    assert_eq!(tls.hsts, Duration::from_secs(365 * 24 * 60 * 60));
}

#[test]
fn what_does_not_go_together_is_told() {
    let listen = ["--tls-listen", "0.0.0.0:9443"];
    let with = |more: &[&str]| problem(&[], &[&listen[..], more].concat());
    assert!(with(&[]).contains("--tls-listen needs a certificate"));
    assert!(with(&["--tls-cert", "a"]).contains("--tls-cert needs its --tls-key"));
    assert!(with(&["--tls-key", "a"]).contains("--tls-key needs its --tls-cert"));
    let uneven = with(&["--tls-cert", "a", "--tls-cert", "b", "--tls-key", "a"]);
    assert!(uneven.contains("2 certificates and 1 keys"), "{uneven}");
    let half = problem(&[("PROXY_TLS_CERT_PEM", CERTIFICATE)], &listen);
    assert!(half.contains("PROXY_TLS_CERT_PEM needs its PROXY_TLS_KEY_PEM"), "{half}");
    assert!(problem(&[], &["--tls-cert", "a", "--tls-key", "b"]).contains("--tls-cert is for the encrypted port"));
    let alone = problem(&[], &["--redirect-https", "--hsts", "1d", "--tls-client-ca", "a", "--tls-min-version", "1.2"]);
    for name in ["--redirect-https", "--hsts", "--tls-client-ca", "--tls-min-version"] {
        assert!(alone.contains(&format!("{name} is for the encrypted port")), "{name} is not in:\n{alone}");
    }
    assert!(problem(&[], &["--https-port", "8443"]).contains("--https-port is for --redirect-https"));
    let nobody = problem(&[], &["--proxy-protocol", "require", "--trusted-proxies", "none"]);
    assert!(nobody.contains("nobody could connect"), "{nobody}");
    assert!(problem(&[("PROXY_TRUSTED_PROXIES", "none,10.0.0.0/8")], &[]).contains("none and something else"));
}

#[test]
fn bad_values_are_told_with_what_was_expected_and_keys_are_never_printed() {
    let text = problem(
        &[("PROXY_TLS_KEY_PEM", "hunter2"), ("PROXY_TLS_CERT_PEM", "a.crt")],
        &[
            "--proxy-protocol",
            "accept",
            "--hsts",
            "500ms",
            "--tls-min-version",
            "1.1",
            "--trusted-proxies",
            "10.0.0.1/8",
        ],
    );
    for part in ["off or require", "at least a second", "1.2 or 1.3", "nothing set behind its prefix", "PEM text"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(!text.contains("hunter2"), "a key is printed:\n{text}");
    // A bad value is told once, not also as one that goes with nothing.
    assert!(!text.contains("--hsts is for"), "{text}");
}

#[test]
fn trusted_proxies_are_added_to_the_private_ones_by_name() {
    let entry = entry(&[("PROXY_TRUSTED_PROXIES", "private,203.0.113.0/24")], &["--proxy-protocol", "require"]);
    let entry = entry.expect("good settings");
    assert!(entry.proxy_protocol);
    assert!(entry.trust.trusts([203, 0, 113, 9].into()) && entry.trust.trusts([127, 0, 0, 1].into()));
}
