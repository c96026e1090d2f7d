//! The app under measurement: static, small, and exact about moments. The benchmark compiles it.
//!
//! `child` ends at once. `child FILE` writes to it when it began, and ends. `child FILE ADDRESS` listens there (on
//! nothing, where it is `-`) until SIGTERM comes, and writes when that was.
#![no_main]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::net::TcpListener;
use std::ptr::null_mut;

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

/// As large as the C library's, of which the first word holds all that is used here.
#[repr(C)]
struct Signals([u64; 16]);

unsafe extern "C" {
    fn clock_gettime(clock: c_int, at: *mut Timespec) -> c_int;
    fn pthread_sigmask(how: c_int, signals: *const Signals, before: *mut c_void) -> c_int;
    fn sigwait(signals: *const Signals, signal: *mut c_int) -> c_int;
}

const CLOCK_MONOTONIC: c_int = 1;
const SIG_BLOCK: c_int = 0;
const SIGTERM: u64 = 15;

fn now() -> i64 {
    let mut at = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: it writes to what it is given.
    unsafe { clock_gettime(CLOCK_MONOTONIC, &mut at) };
    at.seconds * 1_000_000_000 + at.nanoseconds
}

#[unsafe(no_mangle)]
pub extern "C" fn main(count: c_int, words: *const *const c_char) -> c_int {
    let began = now();
    let word = |index: c_int| {
        // SAFETY: the C library gives `count` words.
        (index < count).then(|| unsafe { CStr::from_ptr(*words.add(index as usize)) }.to_str().expect("UTF-8"))
    };
    let Some(file) = word(1) else { return 0 };
    let moment = match word(2) {
        None => began,
        Some(address) => {
            let mut signals = Signals([0; 16]);
            signals.0[0] = 1 << (SIGTERM - 1);
            let mut signal = 0;
            // SAFETY: both read and write what they are given.
            unsafe { pthread_sigmask(SIG_BLOCK, &signals, null_mut()) };
            let _listener = (address != "-").then(|| TcpListener::bind(address).expect("it listens"));
            unsafe { sigwait(&signals, &mut signal) };
            now()
        }
    };
    std::fs::write(file, moment.to_string()).expect("written");
    0
}
