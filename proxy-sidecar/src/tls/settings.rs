//! Which certificates are served, and to whom.

use std::fmt;
use std::path::PathBuf;

/// Everything that makes a [`super::Tls`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Certificates with their keys. A caller's name picks among them; the first is for every other caller.
    pub pairs: Vec<Pair>,
    /// The authorities whose certificates callers have to show; none asks for none.
    pub client_ca: Option<PathBuf>,
    /// The oldest version that is spoken.
    pub min_version: MinVersion,
}

/// A certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The certificate, followed by those that lead to its authority.
    pub certificates: Source,
    /// Its private key.
    pub key: Source,
}

/// Where PEM text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a file, which is read again when it changes.
    File(PathBuf),
    /// In a setting, for good.
    Setting {
        /// Its name, for people.
        name: &'static str,
        /// Its text.
        pem: Pem,
    },
}

/// PEM text, which may be a key: it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem(pub String);

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MinVersion {
    /// TLS 1.2 and 1.3.
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
}

impl Settings {
    /// Every file that is named.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let sources = self.pairs.iter().flat_map(|pair| [&pair.certificates, &pair.key]);
        let files = sources.filter_map(|source| match source {
            Source::File(path) => Some(path),
            Source::Setting { .. } => None,
        });
        files.chain(&self.client_ca).cloned().collect()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => write!(f, "{}", path.display()),
            Source::Setting { name, .. } => f.write_str(name),
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(PEM)")
    }
}
