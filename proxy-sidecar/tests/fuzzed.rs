//! What the fuzz targets do with their corpora, without a fuzzer. An entry's name says what becomes of it.

#[path = "../../fuzz/src/hop.rs"]
mod hop;
#[path = "../../fuzz/src/proxy_protocol.rs"]
mod proxy_protocol;

use hop::{chunks, requests, responses};

/// Hands every entry of a corpus over, with the first word of its name.
fn corpus(name: &str, least: usize, takes: impl Fn(&[u8], &str)) {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).expect("a corpus") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("read");
        let file = path.file_name().and_then(|file| file.to_str()).expect("a name");
        println!("{name}/{file}");
        takes(&bytes, file.split('-').next().unwrap_or_default());
        count += 1;
    }
    assert!(count >= least, "only {count} in {name}");
}

#[test]
fn whatever_callers_send_backends_read_the_requests_that_were_accepted_and_no_other() {
    corpus("requests", 20, |bytes, says| {
        let taken = requests::requests(bytes);
        match says {
            "passes" => assert!(taken.forwarded > 0 && !taken.refused, "{taken:?}"),
            "refused" => assert!(taken.refused && taken.forwarded == 0, "{taken:?}"),
            "unfinished" => assert!(taken.unfinished || taken == requests::Taken::default(), "{taken:?}"),
            // What the fuzzer has found does not say.
            _ => {}
        }
    });
}

#[test]
fn whatever_backends_answer_callers_read_the_same_answer_or_see_that_it_is_none() {
    corpus("responses", 20, |bytes, says| {
        let [to_get, ..] = responses::responses(bytes);
        match says {
            "passes" => assert!(matches!(to_get, responses::Taken::Whole { .. }), "{to_get:?}"),
            "refused" => assert_eq!(to_get, responses::Taken::Refused),
            "cut" => assert_eq!(to_get, responses::Taken::Cut),
            _ => {}
        }
    });
}

#[test]
fn a_chunked_body_is_the_same_however_it_is_cut() {
    corpus("chunks", 20, |bytes, says| {
        let taken = chunks::chunks(bytes);
        match says {
            "passes" => assert_eq!(taken, chunks::Taken::Whole),
            "refused" => assert_eq!(taken, chunks::Taken::Refused),
            "unfinished" => assert_eq!(taken, chunks::Taken::Unfinished),
            _ => {}
        }
    });
}

#[test]
fn every_proxy_header_of_the_corpus_is_read_as_its_promises_say() {
    corpus("proxy_protocol", 10, |bytes, _| proxy_protocol::header(bytes));
}
