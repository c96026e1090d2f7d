//! The promises of following files where they cannot be watched; where they can, `tests/tls` shows them.

use std::fs;
use std::path::Path;

use super::*;
use crate::tls::{MinVersion, Pair, Settings, Source};

const LIMIT: Duration = Duration::from_secs(20);

fn write_pair(directory: &Path, name: &str) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
    fs::write(directory.join("crt"), parameters.self_signed(&key).expect("signed").pem()).expect("written");
    fs::write(directory.join("key"), key.serialize_pem()).expect("written");
}

#[tokio::test]
async fn files_that_cannot_be_watched_are_looked_at_regularly() {
    let directory = std::env::temp_dir().join(format!("unwatched-{}", uuid::Uuid::new_v4()));
    fs::create_dir(&directory).expect("made");
    write_pair(&directory, "a.example");
    let pair = Pair { certificates: Source::File(directory.join("crt")), key: Source::File(directory.join("key")) };
    let settings = Settings { pairs: vec![pair], client_ca: None, min_version: MinVersion::Tls12 };
    let tls = Tls::load(&settings).expect("good files");
    let before = tls.config();

    let unwatchable: Watch = |_, _| Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch));
    let pace = Pace { unwatched: Duration::from_millis(10), watched: LIMIT, ..PACE };
    let following = tokio::spawn(follow_at(tls.clone(), pace, unwatchable));
    write_pair(&directory, "b.example");
    let replaced = async {
        while Arc::ptr_eq(&before, &tls.config()) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LIMIT, replaced).await.expect("replaced in time");
    following.abort();
    fs::remove_dir_all(&directory).expect("removed");
}
