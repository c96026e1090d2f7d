//! What is read out of PEM: certificates, a key, names, validity. Pure.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::{CertifiedKey, SigningKey};
use webpki::{EndEntityCert, KeyUsage};

use super::expiry::Validity;
use super::problem::Problem;

/// The certificates of a file: one at least.
pub(super) fn certificates(of: &str, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let certificates = read.map_err(|error| broken(of, text, &error))?;
    match certificates.is_empty() {
        true => Err(missing(of, "certificate: expected PEM with BEGIN CERTIFICATE")),
        false => Ok(certificates),
    }
}

/// The key of a file: one and no more.
pub(super) fn key(of: &str, text: &[u8], provider: &CryptoProvider) -> Result<Arc<dyn SigningKey>, Problem> {
    // The second is the old form, which says so in a field of its own.
    if contains(text, b"BEGIN ENCRYPTED PRIVATE KEY") || contains(text, b"Proc-Type: 4,ENCRYPTED") {
        return Err(Problem::Encrypted { of: of.to_owned() });
    }
    let read: Result<Vec<PrivateKeyDer<'static>>, _> = PrivateKeyDer::pem_slice_iter(text).collect();
    let mut keys = read.map_err(|error| broken(of, text, &error))?.into_iter();
    let key = match (keys.next(), keys.next()) {
        (Some(key), None) => key,
        (Some(_), Some(_)) => return Err(Problem::SeveralKeys { of: of.to_owned() }),
        (None, _) => {
            return Err(missing(of, "key: expected PEM with BEGIN PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY"));
        }
    };
    provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| Problem::BadKey { of: of.to_owned(), cause: error.to_string() })
}

/// The DNS names that the certificate is for, in lower case, wildcards too.
pub(super) fn names(of: &str, certificate: &CertificateDer<'_>) -> Result<Vec<String>, Problem> {
    let parsed = EndEntityCert::try_from(certificate)
        .map_err(|error| Problem::BadCertificate { of: of.to_owned(), cause: error.to_string() })?;
    Ok(parsed.valid_dns_names().map(str::to_ascii_lowercase).collect())
}

/// Whether the key is that of the first certificate.
pub(super) fn belongs(certified: &CertifiedKey) -> bool {
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => true,
        Err(_) => false,
    }
}

/// When the certificate is valid.
///
/// The parser tells nobody; its verifier says so of a moment at which it is not, before it looks at anything else.
pub(super) fn validity(certificate: &CertificateDer<'_>) -> Option<Validity> {
    let parsed = EndEntityCert::try_from(certificate).ok()?;
    let at = |seconds| {
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        parsed.verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None).err()
    };
    let Some(webpki::Error::CertExpired { not_after, .. }) = at(u64::MAX) else { return None };
    let not_before = match at(0) {
        Some(webpki::Error::CertNotValidYet { not_before, .. }) => not_before.as_secs(),
        Some(_) | None => 0,
    };
    let since_1970 = |seconds| Duration::from_secs(seconds);
    Some(Validity { not_before: since_1970(not_before), not_after: since_1970(not_after.as_secs()) })
}

fn missing(of: &str, expected: &'static str) -> Problem {
    Problem::Missing { of: of.to_owned(), expected }
}

/// The error's own text shows the bytes, which may be a key's.
fn broken(of: &str, text: &[u8], error: &pem::Error) -> Problem {
    let of = of.to_owned();
    let cause = match error {
        pem::Error::IllegalSectionStart { .. } if contains(text, b"-----\\n") => return Problem::EscapedLines { of },
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is not whole",
        pem::Error::MissingSectionEnd { .. } => "an END line is missing",
        pem::Error::Base64Decode(_) => "what is between BEGIN and END is not base64",
        pem::Error::SectionTooLarge => "a section is too large",
        pem::Error::Io(_) | pem::Error::NoItemsFound | _ => "it cannot be read",
    };
    Problem::BrokenPem { of, cause }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
