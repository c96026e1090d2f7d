//! The least that a supervisor can be: it runs the command after `--` and waits for it. The benchmark compiles it, as
//! what any supervisor is measured by: it is what running two programs instead of one takes here.
#![no_main]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::MaybeUninit;

unsafe extern "C" {
    static environ: *const *const c_char;
    fn clone(child: extern "C" fn(*mut c_void) -> c_int, stack: *mut c_void, how: c_int, words: *mut c_void, ...) -> c_int;
    fn execve(program: *const c_char, words: *const *const c_char, environment: *const *const c_char) -> c_int;
    fn waitpid(process: c_int, status: *mut c_int, how: c_int) -> c_int;
}

const CLONE_VM: c_int = 0x100;
const CLONE_VFORK: c_int = 0x4000;
const SIGCHLD: c_int = 17;

extern "C" fn child(words: *mut c_void) -> c_int {
    let words = words.cast::<*const c_char>().cast_const();
    // SAFETY: the words after `--`, of which a null pointer is the last.
    unsafe { execve(*words, words, environ) };
    127
}

#[unsafe(no_mangle)]
pub extern "C" fn main(count: c_int, words: *const *const c_char) -> c_int {
    // SAFETY: the C library gives `count` words.
    let is_dashes = |index: &c_int| unsafe { CStr::from_ptr(*words.add(*index as usize)) } == c"--";
    let command = 1 + (1..count).find(is_dashes).expect("a command after --");
    let mut stack = MaybeUninit::<[u128; 256]>::uninit();
    let mut status = 0;
    // SAFETY: this process rests until the child runs the program, so that the stack is its own for so long.
    unsafe {
        let top = stack.as_mut_ptr().add(1).cast();
        let started = clone(child, top, CLONE_VM | CLONE_VFORK | SIGCHLD, words.add(command as usize).cast_mut().cast());
        assert!(started > 0 && waitpid(-1, &mut status, 0) == started);
    }
    status >> 8 & 0xff
}
