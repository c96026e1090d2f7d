//! Authorities, certificates and the files they are in.

use std::fs;
use std::path::{Path, PathBuf};

use proxy_sidecar::tls::{MinVersion, Pair, Settings, Source};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An authority that signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, signed by an authority.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Authority(CertifiedIssuer::self_signed(parameters, key).expect("signed"))
    }

    pub(crate) fn leaf(&self, names: &[&str]) -> Leaf {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.sign(&CertificateParams::new(names).expect("good names"))
    }

    pub(crate) fn sign(&self, parameters: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.0).expect("signed");
        Leaf {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("an authority");
        roots
    }
}

impl Leaf {
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        rustls::pki_types::pem::PemObject::from_pem_slice(self.key_pem.as_bytes()).expect("a key")
    }
}

/// A directory of files, gone at the end.
pub(crate) struct Files(PathBuf);

impl Files {
    pub(crate) fn new() -> Files {
        let path = std::env::temp_dir().join(format!("tls-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&path).expect("made");
        Files(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file beside and renames it into place, as tools that replace certificates do.
    pub(crate) fn put(&self, name: &str, text: &str) -> PathBuf {
        let (beside, path) = (self.path(&format!("{name}.new")), self.path(name));
        fs::write(&beside, text).expect("written");
        fs::rename(beside, &path).expect("renamed");
        path
    }

    /// `NAME.crt` and `NAME.key`.
    pub(crate) fn put_pair(&self, name: &str, leaf: &Leaf) -> Pair {
        pair(&self.put(&format!("{name}.crt"), &leaf.certificate_pem), &self.put(&format!("{name}.key"), &leaf.key_pem))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn pair(certificates: &Path, key: &Path) -> Pair {
    Pair { certificates: Source::File(certificates.to_owned()), key: Source::File(key.to_owned()) }
}

pub(crate) fn settings(pairs: Vec<Pair>) -> Settings {
    Settings { pairs, client_ca: None, min_version: MinVersion::Tls12 }
}
