//! Makes a configuration of what was read, or says all that is wrong with it.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};

use super::PROTOCOLS;
use super::certificate::{self, belongs, validity};
use super::expiry::Validity;
use super::names::Names;
use super::problem::{Problem, TlsError};
use super::read::{Material, PairRead, Read};
use super::settings::{MinVersion, Pair, Settings};

/// Sessions of TLS 1.2 callers that know no tickets; of everybody else the caller keeps them.
const MOST_SESSIONS: usize = 1024;

static NEWEST_FIRST: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];

/// A good set.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) config: Arc<ServerConfig>,
    /// Of each pair.
    pub(super) validities: Vec<Validity>,
    sessions: Sessions,
}

/// What makes it possible to resume a session.
#[derive(Clone, Debug)]
struct Sessions {
    /// Their keys rotate every six hours.
    tickets: Arc<dyn ProducesTickets>,
    kept: Arc<dyn StoresServerSessions>,
    /// Whose certificates the callers of these sessions showed.
    authorities: Vec<CertificateDer<'static>>,
}

impl Built {
    pub(super) fn new(
        settings: &Settings,
        material: &Material,
        provider: &Arc<CryptoProvider>,
        before: Option<&Built>,
    ) -> Result<Built, TlsError> {
        let mut problems = Vec::new();
        let pairs = settings.pairs.iter().zip(&material.pairs).enumerate();
        let checked = pairs.map(|(at, (pair, read))| check(at == 0, pair, read, provider, &mut problems));
        let pairs: Vec<Checked> = checked.collect::<Vec<_>>().into_iter().flatten().collect();
        let authorities = match (&settings.client_ca, &material.client_ca) {
            (Some(path), Some(read)) => noted(authorities(&path.display().to_string(), read), &mut problems),
            _ => Some(Authorities { roots: RootCertStore::empty(), certificates: Vec::new() }),
        };
        match (authorities, problems.is_empty()) {
            (Some(authorities), true) => {
                build(settings, &pairs, authorities, provider, before).map_err(|p| TlsError { problems: vec![p] })
            }
            _ => Err(TlsError { problems }),
        }
    }
}

struct Checked {
    certified: Arc<CertifiedKey>,
    names: Vec<String>,
    validity: Validity,
}

/// One pair, with everything that is wrong with it noted.
fn check(
    is_first: bool,
    pair: &Pair,
    read: &PairRead,
    provider: &CryptoProvider,
    problems: &mut Vec<Problem>,
) -> Option<Checked> {
    let (of, key_of) = (pair.certificates.to_string(), pair.key.to_string());
    let certificates = text(&of, &read.certificates).and_then(|text| certificate::certificates(&of, text));
    let key = text(&key_of, &read.key).and_then(|text| certificate::key(&key_of, text, provider));
    let certificates = noted(certificates, problems);
    let names =
        certificates.as_ref().and_then(|certificates| noted(certificate::names(&of, certificates.first()?), problems));
    let key = noted(key, problems);
    let (certificates, names, key) = (certificates?, names?, key?);
    let validity = validity(certificates.first()?).unwrap_or(Validity::UNKNOWN);
    let certified = CertifiedKey::new(certificates, key);
    if !belongs(&certified) {
        problems.push(Problem::Mismatch { key: key_of, certificates: of });
        return None;
    }
    if names.is_empty() && !is_first {
        problems.push(Problem::Nameless { of });
        return None;
    }
    Some(Checked { certified: Arc::new(certified), names, validity })
}

struct Authorities {
    roots: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
}

fn authorities(of: &str, read: &Read) -> Result<Authorities, Problem> {
    let certificates = certificate::certificates(of, text(of, read)?)?;
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots
            .add(certificate.clone())
            .map_err(|error| Problem::BadCertificate { of: of.to_owned(), cause: error.to_string() })?;
    }
    Ok(Authorities { roots, certificates })
}

fn build(
    settings: &Settings,
    pairs: &[Checked],
    authorities: Authorities,
    provider: &Arc<CryptoProvider>,
    before: Option<&Built>,
) -> Result<Built, Problem> {
    let refused = |error: &dyn std::fmt::Display| Problem::Refused { cause: error.to_string() };
    let first = pairs.first().ok_or_else(|| refused(&"there is no certificate"))?;
    let mut names = Names::new(Arc::clone(&first.certified));
    for pair in pairs {
        pair.names.iter().for_each(|name| names.add(name, &pair.certified));
    }
    let sessions = match before.map(|before| &before.sessions) {
        // Whoever resumes a session shows no certificate again.
        Some(sessions) if sessions.authorities == authorities.certificates => sessions.clone(),
        Some(_) | None => Sessions {
            tickets: aws_lc_rs::Ticketer::new().map_err(|error| refused(&error))?,
            kept: ServerSessionMemoryCache::new(MOST_SESSIONS),
            authorities: authorities.certificates,
        },
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(match settings.min_version {
            MinVersion::Tls12 => &NEWEST_FIRST,
            MinVersion::Tls13 => &NEWEST_FIRST[..1],
        })
        .map_err(|error| refused(&error))?;
    let verifier = verifier(settings, authorities.roots, provider).map_err(|error| refused(&error))?;
    let mut config = builder.with_client_cert_verifier(verifier).with_cert_resolver(Arc::new(names));
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    config.ticketer = Arc::clone(&sessions.tickets);
    config.session_storage = Arc::clone(&sessions.kept);
    let validities = pairs.iter().map(|pair| pair.validity).collect();
    Ok(Built { config: Arc::new(config), validities, sessions })
}

fn verifier(
    settings: &Settings,
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, rustls::server::VerifierBuilderError> {
    match settings.client_ca {
        Some(_) => WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build(),
        None => Ok(WebPkiClientVerifier::no_client_auth()),
    }
}

fn text<'a>(of: &str, read: &'a Read) -> Result<&'a [u8], Problem> {
    let unreadable = |error: &std::io::Error| {
        let cause = error.raw_os_error().map_or_else(|| error.kind().into(), std::io::Error::from_raw_os_error);
        Problem::Unreadable { of: of.to_owned(), cause }
    };
    read.as_deref().map_err(unreadable)
}

fn noted<T>(result: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}
