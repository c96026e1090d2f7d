//! New certificates come into use without a connection dropped.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::time::Duration;

use proxy_sidecar::tls::{Outcome, Tls, reload};
use rustls::pki_types::CertificateDer;
use tokio::time::{sleep, timeout};

use crate::certificates::{Authority, Files, pair, settings};
use crate::client::{Client, LIMIT};
use crate::server::serve;

async fn until_shown(authority: &Authority, address: SocketAddr, certificate: &CertificateDer<'_>) {
    let shown = async {
        loop {
            let call = Client::new(authority).call(address, "a.example").await.expect("connected");
            if call.certificate() == *certificate {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LIMIT, shown).await.expect("shown in time");
}

#[tokio::test]
async fn new_files_serve_new_connections_and_the_old_connections_go_on() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let (old, new) = (authority.leaf(&["a.example"]), authority.leaf(&["a.example"]));
    let tls = Tls::load(&settings(vec![files.put_pair("a", &old)])).expect("good files");
    let following = tokio::spawn(reload::follow(tls.clone()));
    let address = serve(&tls).await;
    let mut call = Client::new(&authority).call(address, "a.example").await.expect("connected");
    assert_eq!(call.certificate(), old.certificate);

    files.put_pair("a", &new);
    until_shown(&authority, address, &new.certificate).await;
    call.say("still here").await.expect("not dropped");
    following.abort();
}

#[tokio::test]
async fn a_mounted_secret_is_followed_through_its_links() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let put = |version: &str| {
        let leaf = authority.leaf(&["a.example"]);
        fs::create_dir(files.path(version)).expect("made");
        fs::write(files.path(version).join("tls.crt"), &leaf.certificate_pem).expect("written");
        fs::write(files.path(version).join("tls.key"), &leaf.key_pem).expect("written");
        symlink(version, files.path("..turning")).expect("linked");
        fs::rename(files.path("..turning"), files.path("..data")).expect("turned");
        leaf
    };
    put("..1");
    for name in ["tls.crt", "tls.key"] {
        symlink(format!("..data/{name}"), files.path(name)).expect("linked");
    }
    let tls = Tls::load(&settings(vec![pair(&files.path("tls.crt"), &files.path("tls.key"))])).expect("good files");
    let following = tokio::spawn(reload::follow(tls.clone()));
    let address = serve(&tls).await;
    // Twice, for what was watched first is gone the second time.
    for (version, before) in [("..2", "..1"), ("..3", "..2")] {
        let leaf = put(version);
        fs::remove_dir_all(files.path(before)).expect("removed");
        until_shown(&authority, address, &leaf.certificate).await;
    }
    following.abort();
}

#[tokio::test]
async fn files_that_are_no_good_leave_the_old_certificates_in_use_and_are_told_once() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let (old, new) = (authority.leaf(&["a.example"]), authority.leaf(&["a.example"]));
    let tls = Tls::load(&settings(vec![files.put_pair("a", &old)])).expect("good files");
    let address = serve(&tls).await;
    assert!(matches!(tls.look_again(), Outcome::Unchanged));

    files.put("a.crt", &new.certificate_pem);
    let Outcome::Kept(error) = tls.look_again() else { panic!("taken, or not noticed") };
    assert!(error.to_string().contains("is not the key of"), "{error}");
    assert!(matches!(tls.look_again(), Outcome::Unchanged), "told twice");
    until_shown(&authority, address, &old.certificate).await;

    fs::remove_file(files.path("a.key")).expect("removed");
    let Outcome::Kept(error) = tls.look_again() else { panic!("taken, or not noticed") };
    assert!(error.to_string().contains("cannot be read"), "{error}");

    files.put("a.key", &new.key_pem);
    assert!(matches!(tls.look_again(), Outcome::Replaced));
    until_shown(&authority, address, &new.certificate).await;
}

#[tokio::test]
async fn files_that_were_no_good_and_are_put_right_are_followed() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let tls = Tls::load(&settings(vec![files.put_pair("a", &authority.leaf(&["a.example"]))])).expect("good files");
    let following = tokio::spawn(reload::follow(tls.clone()));
    let address = serve(&tls).await;
    files.put("a.crt", "rubbish");
    fs::remove_file(files.path("a.key")).expect("removed");
    let new = authority.leaf(&["a.example"]);
    files.put_pair("a", &new);
    until_shown(&authority, address, &new.certificate).await;
    following.abort();
}
