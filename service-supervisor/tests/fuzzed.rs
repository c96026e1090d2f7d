//! What the fuzz targets do with their corpora, without a fuzzer.

#[path = "../../fuzz/src/files.rs"]
mod files;
#[path = "../../fuzz/src/netlink.rs"]
mod netlink;
#[path = "../../fuzz/src/status.rs"]
mod status;

/// Hands every entry of a corpus over.
fn corpus(name: &str, least: usize, takes: fn(&[u8])) {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).expect("a corpus") {
        takes(&std::fs::read(entry.expect("an entry").path()).expect("read"));
        count += 1;
    }
    assert!(count >= least, "only {count} in {name}");
}

#[test]
fn every_request_of_the_corpus_is_read_as_its_promises_say() {
    corpus("status", 8, status::request);
}

#[test]
fn every_answer_of_the_kernel_in_the_corpus_is_read_as_its_promises_say() {
    corpus("netlink", 4, netlink::netlink);
    corpus("files", 6, files::files);
}
