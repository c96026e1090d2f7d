//! What the fuzz target of 9051 does with its corpus, without a fuzzer.

#[path = "../../fuzz/src/status.rs"]
mod status;

#[test]
fn every_request_of_the_corpus_is_read_as_its_promises_say() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/status");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).expect("a corpus") {
        status::request(&std::fs::read(entry.expect("an entry").path()).expect("read"));
        count += 1;
    }
    assert!(count >= 8, "only {count} requests");
}
