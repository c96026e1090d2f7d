#![no_main]

#[path = "../src/kernel.rs"]
mod kernel;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kernel::files(bytes));
