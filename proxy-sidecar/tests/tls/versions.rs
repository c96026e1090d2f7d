//! Which versions are spoken.

use proxy_sidecar::tls::{MinVersion, Settings, Tls};
use rustls::{ProtocolVersion, version};

use crate::certificates::{Authority, Files, settings};
use crate::client::{BOTH, Client};
use crate::server::serve;

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_or_1_3_alone() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let pair = files.put_pair("a", &authority.leaf(&["a.example"]));
    let both = Tls::load(&settings(vec![pair.clone()])).expect("good files");
    let newest = Settings { min_version: MinVersion::Tls13, ..settings(vec![pair]) };
    let newest = Tls::load(&newest).expect("good files");
    let old = Client::with(&authority, &[&version::TLS12], None);
    for (tls, client, spoken) in [
        (&both, Client::with(&authority, BOTH, None), Some(ProtocolVersion::TLSv1_3)),
        (&both, old.clone(), Some(ProtocolVersion::TLSv1_2)),
        (&newest, Client::with(&authority, BOTH, None), Some(ProtocolVersion::TLSv1_3)),
        (&newest, old, None),
    ] {
        let call = client.call(serve(tls).await, "a.example").await;
        assert_eq!(call.ok().and_then(|call| call.version()), spoken);
    }
}
