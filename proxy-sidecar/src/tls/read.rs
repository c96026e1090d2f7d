//! Reads what the settings name; says nothing about it.

use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::settings::{Pair, Settings, Source};

/// Bytes, or why there are none.
pub(super) type Read = Result<Vec<u8>, io::Error>;

/// Tells whether anything changed since the last look.
pub(super) type Digest = [u8; 32];

/// What was read, in the order of the settings.
pub(super) struct Material {
    pub(super) pairs: Vec<PairRead>,
    pub(super) client_ca: Option<Read>,
}

/// A certificate and its key as they were read.
pub(super) struct PairRead {
    pub(super) certificates: Read,
    pub(super) key: Read,
}

impl Material {
    pub(super) fn read(settings: &Settings) -> Material {
        let pair = |pair: &Pair| PairRead { certificates: source(&pair.certificates), key: source(&pair.key) };
        Material {
            pairs: settings.pairs.iter().map(pair).collect(),
            client_ca: settings.client_ca.as_deref().map(file),
        }
    }

    pub(super) fn digest(&self) -> Digest {
        let pairs = self.pairs.iter().flat_map(|pair| [&pair.certificates, &pair.key]);
        let mut digest = Sha256::new();
        for read in pairs.chain(&self.client_ca) {
            match read {
                Ok(bytes) => {
                    digest.update([1]);
                    digest.update(bytes.len().to_be_bytes());
                    digest.update(bytes);
                }
                Err(error) => {
                    digest.update([0]);
                    digest.update(error.to_string());
                }
            }
        }
        digest.finalize().into()
    }
}

fn source(source: &Source) -> Read {
    match source {
        Source::File(path) => file(path),
        Source::Setting { pem, .. } => Ok(pem.0.clone().into_bytes()),
    }
}

fn file(path: &Path) -> Read {
    std::fs::read(path)
}
