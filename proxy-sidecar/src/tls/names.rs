//! Which certificate a caller is shown (SNI, RFC 6066, 3). Pure.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Certificates by name.
#[derive(Debug)]
pub(super) struct Names {
    /// For callers that ask for none of the names, or for none at all.
    first: Arc<CertifiedKey>,
    /// In the order of the settings: one name may have an ECDSA and an RSA certificate.
    exact: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// By what follows `*.`.
    wild: HashMap<String, Vec<Arc<CertifiedKey>>>,
}

impl Names {
    pub(super) fn new(first: Arc<CertifiedKey>) -> Names {
        Names { first, exact: HashMap::new(), wild: HashMap::new() }
    }

    pub(super) fn add(&mut self, name: &str, certified: &Arc<CertifiedKey>) {
        let (names, name) = match name.strip_prefix("*.") {
            Some(parent) => (&mut self.wild, parent),
            None => (&mut self.exact, name),
        };
        names.entry(name.to_owned()).or_default().push(Arc::clone(certified));
    }

    /// The name itself comes before a wildcard, which stands for one label; among several the first that the caller
    /// can check.
    fn pick(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> &Arc<CertifiedKey> {
        let name = name.map(|name| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase());
        let named = name.as_deref().and_then(|name| {
            let wild = || self.wild.get(name.split_once('.')?.1);
            self.exact.get(name).or_else(wild)
        });
        let Some(named) = named else { return &self.first };
        let checkable = named.iter().find(|certified| certified.key.choose_scheme(schemes).is_some());
        checkable.or(named.first()).unwrap_or(&self.first)
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.pick(hello.server_name(), hello.signature_schemes())))
    }
}

#[cfg(test)]
mod tests {
    use rustls::crypto::aws_lc_rs;
    use rustls::pki_types::PrivateKeyDer;

    use super::*;

    /// A certificate that is told from others by its one byte.
    fn certified(mark: u8, algorithm: &'static rcgen::SignatureAlgorithm) -> Arc<CertifiedKey> {
        let key = rcgen::KeyPair::generate_for(algorithm).expect("a key");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let key = aws_lc_rs::default_provider().key_provider.load_private_key(key).expect("a key");
        Arc::new(CertifiedKey::new(vec![vec![mark].into()], key))
    }

    fn names(pairs: &[(u8, &'static rcgen::SignatureAlgorithm, &[&str])]) -> Names {
        let pairs: Vec<_> = pairs.iter().map(|(mark, algorithm, names)| (certified(*mark, algorithm), names)).collect();
        let mut all = Names::new(Arc::clone(&pairs[0].0));
        for (certified, names) in &pairs {
            names.iter().for_each(|name| all.add(name, certified));
        }
        all
    }

    const ECDSA: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;

    fn picked(names: &Names, name: Option<&str>, scheme: SignatureScheme) -> u8 {
        names.pick(name, &[scheme]).cert[0][0]
    }

    #[test]
    fn a_name_picks_its_certificate_and_everybody_else_is_shown_the_first() {
        let kind = &rcgen::PKCS_ECDSA_P256_SHA256;
        let names = names(&[(1, kind, &["a.example"]), (2, kind, &["*.b.example"]), (3, kind, &["c.b.example"])]);
        for (name, mark) in [
            (Some("a.example"), 1),
            (Some("A.Example"), 1),
            (Some("x.b.example"), 2),
            (Some("c.b.example"), 3),
            (Some("c.b.example."), 3),
            (Some("b.example"), 1),
            (Some("x.y.b.example"), 1),
            (Some("example"), 1),
            (Some("other.example"), 1),
            (None, 1),
        ] {
            assert_eq!(picked(&names, name, ECDSA), mark, "{name:?}");
        }
    }

    #[test]
    fn of_two_certificates_for_a_name_the_caller_is_shown_one_it_can_check() {
        let names =
            names(&[(1, &rcgen::PKCS_ECDSA_P256_SHA256, &["a.example"]), (2, &rcgen::PKCS_ED25519, &["a.example"])]);
        assert_eq!(picked(&names, Some("a.example"), ECDSA), 1);
        assert_eq!(picked(&names, Some("a.example"), SignatureScheme::ED25519), 2);
        assert_eq!(picked(&names, Some("a.example"), SignatureScheme::RSA_PSS_SHA256), 1);
    }
}
