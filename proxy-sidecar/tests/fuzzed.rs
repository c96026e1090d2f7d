//! What the fuzz targets do with their corpora, without a fuzzer.

#[path = "../../fuzz/src/proxy_protocol.rs"]
mod proxy_protocol;

#[test]
fn every_proxy_header_of_the_corpus_is_read_as_its_promises_say() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/proxy_protocol");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).expect("a corpus") {
        proxy_protocol::header(&std::fs::read(entry.expect("an entry").path()).expect("read"));
        count += 1;
    }
    assert!(count >= 10, "only {count}");
}
