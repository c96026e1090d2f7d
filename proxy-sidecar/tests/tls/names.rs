//! Who is shown which certificate.

use proxy_sidecar::tls::{Pair, Pem, Source, Tls};

use crate::certificates::{Authority, Files, Leaf, settings};
use crate::client::Client;
use crate::server::serve;

fn in_settings(leaf: &Leaf) -> Pair {
    let text = |name, text: &str| Source::Setting { name, pem: Pem(text.to_owned()) };
    Pair { certificates: text("CERT", &leaf.certificate_pem), key: text("KEY", &leaf.key_pem) }
}

#[tokio::test]
async fn a_name_picks_among_certificates_in_files_and_in_settings() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let leaves = [
        authority.leaf(&["a.example", "127.0.0.1"]),
        authority.leaf(&["*.b.example"]),
        authority.leaf(&["c.b.example"]),
    ];
    let pairs = vec![files.put_pair("a", &leaves[0]), files.put_pair("b", &leaves[1]), in_settings(&leaves[2])];
    let address = serve(&Tls::load(&settings(pairs)).expect("good files")).await;
    // An address is no name: whoever asks for one sends none.
    for (name, at) in [("a.example", 0), ("A.EXAMPLE", 0), ("x.b.example", 1), ("c.b.example", 2), ("127.0.0.1", 0)] {
        let call = Client::new(&authority).call(address, name).await.expect(name);
        assert_eq!(call.certificate(), leaves[at].certificate, "{name}");
    }
    let stranger = Client::new(&authority).call(address, "d.example").await;
    assert!(stranger.is_err(), "the first certificate is shown, and it is not for that name");
}

#[tokio::test]
async fn http_2_comes_before_http_1_1_and_a_caller_that_speaks_neither_is_refused() {
    let (authority, files) = (Authority::new("authority"), Files::new());
    let pair = files.put_pair("a", &authority.leaf(&["a.example"]));
    let address = serve(&Tls::load(&settings(vec![pair])).expect("good files")).await;
    let with = |protocols: &[&[u8]]| {
        let mut client = (*Client::new(&authority).0).clone();
        client.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Client(client.into())
    };
    for (offered, agreed) in
        [(&[&b"http/1.1"[..], b"h2"][..], Some(&b"h2"[..])), (&[b"http/1.1"], Some(b"http/1.1")), (&[], None)]
    {
        let call = with(offered).call(address, "a.example").await.expect("connected");
        assert_eq!(call.protocol(), agreed);
    }
    assert!(with(&[b"imap"]).call(address, "a.example").await.is_err());
}
