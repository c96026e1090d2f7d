//! Bad files are told by name, all at once.

use std::time::{Duration, SystemTime};

use proxy_sidecar::tls::{Pair, Pem, Settings, Source, Stage, Tls};

use crate::certificates::{Authority, Files, pair, settings};

/// As `openssl ec -aes128` writes it.
const OLD_LOCK: &str = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n";

fn problems(settings: &Settings) -> String {
    Tls::load(settings).expect_err("bad files").to_string()
}

#[test]
fn every_problem_is_told_with_its_file_and_what_was_expected() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let (leaf, other) = (authority.leaf(&["a.example"]), authority.leaf(&["a.example"]));
    let certificate = files.put("good.crt", &leaf.certificate_pem);
    let key = files.put("good.key", &leaf.key_pem);
    let nameless = authority.leaf(&[]);
    let escaped = |text: &str| Pem(text.replace('\n', "\\n"));
    let pairs = vec![
        pair(&files.path("missing.crt"), &files.put("der.key", "\u{1}\u{2}")),
        pair(&files.put("key-as.crt", &leaf.key_pem), &files.put("crt-as.key", &leaf.certificate_pem)),
        pair(&certificate, &files.put("other.key", &other.key_pem)),
        pair(&certificate, &files.put("two.key", &[leaf.key_pem.clone(), other.key_pem].concat())),
        pair(&certificate, &files.put("locked.key", &leaf.key_pem.replace("PRIVATE", "ENCRYPTED PRIVATE"))),
        pair(&certificate, &files.put("old-lock.key", OLD_LOCK)),
        pair(&files.put("cut.crt", &leaf.certificate_pem[..200]), &key),
        pair(&files.put("no.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), &key),
        pair(&certificate, &files.put("no.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")),
        files.put_pair("nameless", &nameless),
        pair(&certificate, &files.put("escaped.key", &leaf.key_pem.replace('\n', "\\n"))),
        pair(&certificate, &files.put("spoilt.key", &leaf.key_pem.replace("\nM", "\n*M"))),
        Pair {
            certificates: Source::Setting { name: "CERT_PEM", pem: escaped(&leaf.certificate_pem) },
            key: Source::File(key),
        },
    ];
    let client_ca = Some(files.put("ca.crt", ""));
    let text = problems(&Settings { client_ca, ..settings(pairs) });
    for part in [
        "missing.crt cannot be read: No such file or directory",
        "der.key has no key: expected PEM with BEGIN PRIVATE KEY",
        "key-as.crt has no certificate: expected PEM with BEGIN CERTIFICATE",
        "crt-as.key has no key",
        "other.key is not the key of the first certificate in ",
        "two.key has several keys: expected one",
        "locked.key is an encrypted key: expected one without a passphrase",
        "old-lock.key is an encrypted key",
        "cut.crt is broken PEM",
        "no.crt has a certificate that cannot be used",
        "no.key is a key that cannot be used: expected RSA",
        "nameless.crt names no DNS name",
        "escaped.key has a backslash and an n",
        "spoilt.key is broken PEM: what is between BEGIN and END is not base64",
        "CERT_PEM has a backslash and an n where its lines should end",
        "ca.crt has no certificate",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{}", text.replace("; ", "\n"));
    }
    assert!(!text.contains(&leaf.key_pem[40..60]) && !text.contains("45, 45"), "a key is printed:\n{text}");
}

#[test]
fn the_first_certificate_needs_no_name() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    assert!(Tls::load(&settings(vec![files.put_pair("a", &authority.leaf(&[]))])).is_ok());
    assert!(problems(&settings(Vec::new())).contains("there is no certificate"));
}

#[test]
fn the_end_of_a_certificate_is_known_though_an_expired_one_is_served() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let mut parameters = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).expect("a name");
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let expired = authority.sign(&parameters);
    parameters.not_after = rcgen::date_time_ymd(2060, 1, 1);
    let pairs = vec![files.put_pair("expired", &expired), files.put_pair("good", &authority.sign(&parameters))];
    let tls = Tls::load(&settings(pairs)).expect("good files");
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
    let stages: Vec<Stage> = tls.validities().iter().map(|(_, validity)| validity.stage(now)).collect();
    assert_eq!(stages, [Stage::Expired, Stage::Fine]);
    let (name, validity) = &tls.validities()[0];
    assert!(name.ends_with("expired.crt"));
    assert_eq!(validity.not_after - validity.not_before, Duration::from_secs(366 * 24 * 60 * 60));
    assert_eq!(validity.not_before, Duration::from_secs(1_577_836_800));
}
