//! Callers show certificates where they have to.

use proxy_sidecar::tls::{Settings, Tls};
use rustls::version;

use crate::certificates::{Authority, Files, settings};
use crate::client::Client;
use crate::server::serve;

#[tokio::test]
async fn with_an_authority_for_callers_only_those_that_show_its_certificates_come_in() {
    let (authority, callers, files) = (Authority::new("authority"), Authority::new("callers"), Files::new());
    let pair = files.put_pair("a", &authority.leaf(&["a.example"]));
    // A file may hold several: an authority is replaced by trusting both for a while.
    let client_ca = Some(files.put("ca.crt", &[Authority::new("next").pem(), callers.pem()].concat()));
    let tls = Tls::load(&Settings { client_ca, ..settings(vec![pair]) }).expect("good files");
    let address = serve(&tls).await;
    let (good, foreign) = (callers.leaf(&["caller"]), Authority::new("foreign").leaf(&["caller"]));
    for version in [&version::TLS12, &version::TLS13] {
        let call = async |own| Client::with(&authority, &[version], own).call(address, "a.example").await;
        assert!(call(Some(&good)).await.is_ok(), "{version:?}");
        assert!(call(Some(&foreign)).await.is_err(), "{version:?}");
        assert!(call(None).await.is_err(), "{version:?}");
    }
}
