//! Makes one process: the app's. The clone shares the supervisor's memory until it runs the program, which spares the
//! copying of page tables and lets the new process put itself in order first: its own group, the terminal, the signals.
//!
//! What runs between the two is here alone, makes system calls only, and allocates nothing.
#![expect(unsafe_code, reason = "clone and execve; the child runs in borrowed memory, on a stack of its own")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::ptr::null;

use nix::errno::Errno;
use nix::libc;
use nix::unistd::Pid;

use crate::decide::exit_code::{NOT_EXECUTABLE, NOT_FOUND};
use crate::kernel::{environment, set_mask};

/// More than the child's few frames need. Each page of it is touched when it is made room for.
const STACK: usize = 8 * 1024;

/// Runs scripts without a `#!` line, as every shell and `execvp` do.
const SHELL: &CStr = c"/bin/sh";

/// What to run, and how.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// Where the program may be, in the order in which it is looked for.
    pub candidates: &'a [CString],
    /// Its arguments, its name first.
    pub arguments: &'a [CString],
    /// Where it runs; none: where the supervisor is.
    pub directory: Option<&'a CStr>,
    /// The terminal that is to be its own.
    pub terminal: Option<RawFd>,
    /// Whether it inherits SIGCHLD as ignored.
    pub ignores_child_ends: bool,
}

/// What the child needs, made before it is.
struct Plan<'a> {
    launch: Launch<'a>,
    candidates: Vec<*const c_char>,
    arguments: Vec<*const c_char>,
    /// `/bin/sh`, a place for the script, its arguments.
    for_shell: Vec<*const c_char>,
    environment: *const *const c_char,
    failed: c_int,
}

/// Makes the process. Where the program could not be run, the process has ended by itself with the code that shells
/// give, and is there to be waited for; the error comes along.
///
/// # Errors
/// When no process can be made.
pub fn launch(launch: Launch<'_>) -> Result<(Pid, Option<Errno>), Errno> {
    let pointers = |texts: &[CString]| texts.iter().map(|text| text.as_ptr()).collect::<Vec<_>>();
    let mut candidates = pointers(launch.candidates);
    candidates.push(null());
    let mut arguments = pointers(launch.arguments);
    let mut for_shell = vec![SHELL.as_ptr(), null()];
    for_shell.extend(arguments.iter().skip(1));
    arguments.push(null());
    for_shell.push(null());
    let environment = environment();
    let mut plan = Plan { launch, candidates, arguments, for_shell, environment, failed: 0 };
    let mut stack = MaybeUninit::<[u128; STACK / size_of::<u128>()]>::uninit();
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: with CLONE_VFORK this thread rests until the child has ended or runs the program, so the stack and the
    // plan outlive its use of them and nobody else touches them meanwhile. The stack grows downwards from its end,
    // which u128 aligns to 16 bytes.
    let pid = unsafe {
        let top = stack.as_mut_ptr().add(1).cast::<c_void>();
        libc::clone(child, top, flags, (&raw mut plan).cast())
    };
    match pid {
        -1 => Err(Errno::last()),
        pid => {
            // SAFETY: the child wrote it, through a pointer that the compiler lost sight of.
            let failed = unsafe { (&raw const plan.failed).read_volatile() };
            Ok((Pid::from_raw(pid), (failed != 0).then(|| Errno::from_raw(failed))))
        }
    }
}

extern "C" fn child(plan: *mut c_void) -> c_int {
    // SAFETY: it is the plan of `launch`, which rests.
    let plan = unsafe { &mut *plan.cast::<Plan<'_>>() };
    // SAFETY: system calls with numbers, and pointers into the plan.
    unsafe {
        if plan.launch.ignores_child_ends {
            libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        }
        // A group of its own, so that the terminal and `--signal-scope group` reach the app and not the supervisor.
        libc::setpgid(0, 0);
        if let Some(terminal) = plan.launch.terminal {
            // SIGTTOU is still blocked, so a group in the background may do this.
            libc::tcsetpgrp(terminal, libc::getpid());
        }
        if let Some(directory) = plan.launch.directory
            && libc::chdir(directory.as_ptr()) != 0
        {
            plan.failed = Errno::last_raw();
            return c_int::from(NOT_EXECUTABLE);
        }
        set_mask(0);
    }
    plan.failed = run(plan);
    c_int::from(exit_code(Errno::from_raw(plan.failed)))
}

/// Tries one place after the other, and comes back only with an error. A place where it may not be run is passed over
/// and remembered, as `execvp` has it.
fn run(plan: &mut Plan<'_>) -> c_int {
    let mut denied = false;
    for candidate in plan.candidates.iter().copied().take_while(|candidate| !candidate.is_null()) {
        // SAFETY: the texts end with a zero byte, the arrays with a null pointer, and all of them outlive the call.
        unsafe {
            libc::execve(candidate, plan.arguments.as_ptr(), plan.environment);
            if Errno::last_raw() == libc::ENOEXEC {
                plan.for_shell[1] = candidate;
                libc::execve(SHELL.as_ptr(), plan.for_shell.as_ptr(), plan.environment);
                return libc::ENOEXEC;
            }
        }
        match Errno::last_raw() {
            libc::EACCES => denied = true,
            libc::ENOENT | libc::ENOTDIR => {}
            other => return other,
        }
    }
    if denied { libc::EACCES } else { libc::ENOENT }
}

/// The code of a program that could not be run, as shells have it.
#[must_use]
pub fn exit_code(error: Errno) -> u8 {
    if error == Errno::ENOENT { NOT_FOUND } else { NOT_EXECUTABLE }
}
