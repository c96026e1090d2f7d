#![no_main]

#[path = "../src/proxy_protocol.rs"]
mod proxy_protocol;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| proxy_protocol::header(bytes));
