//! `service-supervisor [options] [--] command args…`
//!
//! `main` is the C one: before Rust's own, the standard library would set SIGPIPE to ignored and open `/dev/null` where
//! a standard stream is closed, and the app would inherit both.
#![no_main]
#![expect(unsafe_code, reason = "the entry point that the C library calls, and its arguments")]

use std::ffi::{CStr, OsString, c_char, c_int};
use std::os::unix::ffi::OsStringExt;

/// Where the C library starts the program.
///
/// # Safety
/// Only the C library calls it: with `count` pointers to zero-terminated strings that live as long as the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(count: c_int, words: *const *const c_char) -> c_int {
    let count = usize::try_from(count).unwrap_or_default();
    let arguments = (1..count).map(|index| {
        // SAFETY: the caller's promise, and `index` is below `count`.
        let word = unsafe { CStr::from_ptr(*words.add(index)) };
        OsString::from_vec(word.to_bytes().to_vec())
    });
    c_int::from(service_supervisor::start(arguments.collect()))
}
