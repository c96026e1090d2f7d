//! What the fuzz targets have found, or began with, still does no harm. `fuzz/run` looks for more.

#[path = "../../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets use it as a crate")]
mod targets;

fn replay(name: &str, target: fn(&[u8])) {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let mut count = 0;
    for entry in std::fs::read_dir(directory).expect("a corpus") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("read");
        assert!(std::panic::catch_unwind(|| target(&bytes)).is_ok(), "{}", path.display());
        count += 1;
    }
    assert!(count >= 5, "{name} has {count}");
}

#[test]
fn dns_packets_do_no_harm() {
    replay("dns", targets::dns);
    replay("resolver", targets::resolver);
}

#[test]
fn forms_do_no_harm() {
    replay("form", targets::form);
}

#[test]
fn expressions_of_the_cluster_query_language_do_no_harm() {
    replay("language", targets::language);
}

#[test]
fn calls_do_no_harm() {
    replay("calls", targets::calls);
}
