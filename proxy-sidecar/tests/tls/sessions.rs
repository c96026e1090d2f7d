//! Sessions are resumed.

use proxy_sidecar::tls::{Outcome, Settings, Tls};
use rustls::version;

use crate::certificates::{Authority, Files, settings};
use crate::client::Client;
use crate::server::serve;

#[tokio::test]
async fn a_caller_that_comes_back_resumes_its_session_also_after_new_certificates() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let pair = files.put_pair("a", &authority.leaf(&["a.example"]));
    let tls = Tls::load(&settings(vec![pair])).expect("good files");
    let address = serve(&tls).await;
    for version in [&version::TLS12, &version::TLS13] {
        let client = Client::with(&authority, &[version], None);
        for resumed in [false, true] {
            let call = client.call(address, "a.example").await.expect("connected");
            assert_eq!(call.is_resumed(), resumed, "{version:?}");
        }
        files.put_pair("a", &authority.leaf(&["a.example"]));
        assert!(matches!(tls.look_again(), Outcome::Replaced));
        assert!(client.call(address, "a.example").await.expect("connected").is_resumed(), "{version:?}");
    }
}

#[tokio::test]
async fn a_session_under_authorities_that_are_trusted_no_more_is_not_resumed() {
    let (authority, callers, others) =
        (Authority::new("authority"), Authority::new("callers"), Authority::new("others"));
    let files = Files::new();
    let pair = files.put_pair("a", &authority.leaf(&["a.example"]));
    let client_ca = Some(files.put("ca.crt", &callers.pem()));
    let tls = Tls::load(&Settings { client_ca, ..settings(vec![pair]) }).expect("good files");
    let address = serve(&tls).await;
    for version in [&version::TLS12, &version::TLS13] {
        files.put("ca.crt", &callers.pem());
        tls.look_again();
        let client = Client::with(&authority, &[version], Some(&callers.leaf(&["caller"])));
        for resumed in [false, true] {
            let call = client.call(address, "a.example").await.expect("connected");
            assert_eq!(call.is_resumed(), resumed, "{version:?}");
        }
        files.put("ca.crt", &others.pem());
        assert!(matches!(tls.look_again(), Outcome::Replaced));
        assert!(client.call(address, "a.example").await.is_err(), "{version:?}");
    }
}
