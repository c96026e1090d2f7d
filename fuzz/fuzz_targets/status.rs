#![no_main]

#[path = "../src/status.rs"]
mod status;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| status::request(bytes));
