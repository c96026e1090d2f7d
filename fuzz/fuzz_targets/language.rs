#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| local_aws_fuzz::language(bytes));
