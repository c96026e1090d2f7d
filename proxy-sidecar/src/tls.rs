//! TLS towards callers: certificates, who is chosen by name, sessions, callers' own certificates.
//!
//! [`Tls::load`] reads what [`Settings`] name and finds every problem at once; [`Tls::acceptor`] is always that of the
//! newest good set, and [`reload::follow`] makes new ones. A connection keeps what it began with.
//!
//! # Guarantees
//! - TLS 1.2 and 1.3 by rustls with aws-lc-rs; no renegotiation, no early data (it could be replayed).
//! - A set of files is taken whole or not at all.
//! - A session is resumed only where a new one would be accepted under the same authority for callers' certificates.
//!
//! # Caveats
//! - Callers' certificates are not looked up in revocation lists.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::TlsAcceptor;

use crate::tls::build::Built;
use crate::tls::read::{Digest, Material};

mod build;
mod certificate;
mod expiry;
mod names;
mod problem;
mod read;
pub mod reload;
mod settings;

pub use expiry::{Stage, Validity};
pub use problem::{Problem, TlsError};
pub use settings::{MinVersion, Pair, Pem, Settings, Source};

/// The protocols that are offered inside (ALPN), the preferred one first.
pub const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The newest good set of certificates. Clones share it.
#[derive(Clone, Debug)]
pub struct Tls {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    provider: Arc<CryptoProvider>,
    newest: RwLock<Newest>,
}

#[derive(Debug)]
struct Newest {
    built: Built,
    /// What was read last, good or bad.
    looked_at: Digest,
}

/// What came of a look at the files.
#[derive(Debug)]
pub enum Outcome {
    /// They are as they were at the last look.
    Unchanged,
    /// They are new and good, and serve from now on.
    Replaced,
    /// They are new and no good; the old ones serve on.
    Kept(TlsError),
}

impl Tls {
    /// Reads and checks everything that `settings` name. It waits for the files.
    ///
    /// # Errors
    /// Every problem, with the file or setting that has it.
    pub fn load(settings: &Settings) -> Result<Tls, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let material = Material::read(settings);
        let looked_at = material.digest();
        let built = Built::new(settings, &material, &provider, None)?;
        let newest = RwLock::new(Newest { built, looked_at });
        Ok(Tls { shared: Arc::new(Shared { settings: settings.clone(), provider, newest }) })
    }

    /// Makes TLS connections of those that are accepted from now on.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config())
    }

    /// The newest configuration.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.newest().built.config)
    }

    /// Looks at the files again, and takes them where they are new and good. It waits for the files.
    pub fn look_again(&self) -> Outcome {
        let material = Material::read(&self.shared.settings);
        let digest = material.digest();
        if self.newest().looked_at == digest {
            return Outcome::Unchanged;
        }
        let built = {
            let newest = self.newest();
            Built::new(&self.shared.settings, &material, &self.shared.provider, Some(&newest.built))
        };
        let mut newest = self.shared.newest.write().unwrap_or_else(PoisonError::into_inner);
        newest.looked_at = digest;
        match built {
            Ok(built) => {
                newest.built = built;
                Outcome::Replaced
            }
            Err(error) => Outcome::Kept(error),
        }
    }

    /// For how long each pair's certificate is valid, by the name of its source; in their order.
    #[must_use]
    pub fn validities(&self) -> Vec<(String, Validity)> {
        let of = |pair: &Pair, validity: &Validity| (pair.certificates.to_string(), *validity);
        self.shared.settings.pairs.iter().zip(&self.newest().built.validities).map(|(p, v)| of(p, v)).collect()
    }

    fn newest(&self) -> std::sync::RwLockReadGuard<'_, Newest> {
        // Nothing that holds the lock leaves a half-made set behind.
        self.shared.newest.read().unwrap_or_else(PoisonError::into_inner)
    }
}
