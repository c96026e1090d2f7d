//! What can be wrong with certificates and keys.

use std::fmt;
use std::io;

/// Every problem of a set.
#[derive(Debug, thiserror::Error)]
pub struct TlsError {
    /// One at least.
    pub problems: Vec<Problem>,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// One problem; `of` is the file or the setting that has it.
///
/// They are told in one line, so a cause stands in the text.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file cannot be read.
    #[error("{of} cannot be read: {cause}")]
    Unreadable {
        /// Which.
        of: String,
        /// Why.
        cause: io::Error,
    },
    /// PEM that is broken.
    #[error("{of} is broken PEM: {cause}")]
    BrokenPem {
        /// Which.
        of: String,
        /// How.
        cause: &'static str,
    },
    /// PEM whose lines were lost on its way through a template or a secret.
    #[error("{of} has a backslash and an n where its lines should end: expected PEM with line ends")]
    EscapedLines {
        /// Which.
        of: String,
    },
    /// Nothing that is expected.
    #[error("{of} has no {expected}")]
    Missing {
        /// Which.
        of: String,
        /// What there should be.
        expected: &'static str,
    },
    /// A key with a passphrase.
    #[error("{of} is an encrypted key: expected one without a passphrase")]
    Encrypted {
        /// Which.
        of: String,
    },
    /// More than one key.
    #[error("{of} has several keys: expected one")]
    SeveralKeys {
        /// Which.
        of: String,
    },
    /// A certificate that cannot be used.
    #[error("{of} has a certificate that cannot be used: {cause}")]
    BadCertificate {
        /// Which.
        of: String,
        /// Why.
        cause: String,
    },
    /// A key that cannot be used.
    #[error(
        "{of} is a key that cannot be used: expected RSA of 2048 bits or more, ECDSA (P-256, P-384, P-521) or Ed25519: {cause}"
    )]
    BadKey {
        /// Which.
        of: String,
        /// Why.
        cause: String,
    },
    /// A key and a certificate that do not belong together.
    #[error("{key} is not the key of the first certificate in {certificates}")]
    Mismatch {
        /// The key.
        key: String,
        /// The certificates.
        certificates: String,
    },
    /// A certificate that no caller's name could pick.
    #[error("{of} names no DNS name, and only the first certificate is served without one")]
    Nameless {
        /// Which.
        of: String,
    },
    /// rustls refuses the whole.
    #[error("TLS cannot be set up: {cause}")]
    Refused {
        /// Why.
        cause: String,
    },
}
