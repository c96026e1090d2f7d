#![no_main]

#[path = "../src/hop.rs"]
#[expect(dead_code, reason = "each target takes its own part")]
mod hop;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hop::chunks::chunks(bytes);
});
