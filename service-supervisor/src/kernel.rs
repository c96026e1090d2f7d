//! The system calls that `nix` cannot make as they are needed here.
//!
//! `nix` and the C libraries keep some real-time signals to themselves (which ones depends on the library): they cannot
//! be blocked or sent through them, and `nix`'s `waitpid` loses the status of a process that one ended. `nix` can set a
//! signal's disposition only through an unsafe function, and attach no filter to a socket.
#![expect(unsafe_code, reason = "a few system calls, each with the reason why it is sound")]

use std::ffi::{CStr, c_char};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::time::TimeSpec;
use nix::unistd::Pid;

use crate::decide::exit_code::Ending;
use crate::decide::signals::SignalNumber;

/// Standard input.
// SAFETY: it is open from the start to the end, if only as a filling.
pub const STANDARD_INPUT: BorrowedFd<'static> = unsafe { BorrowedFd::borrow_raw(0) };

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// The environment as it was inherited: byte for byte, entries without `=` and repeated ones too.
pub(crate) fn environment() -> *const *const c_char {
    // SAFETY: nobody changes the environment: there is one thread, and nothing in it sets a variable.
    unsafe { environ }
}

/// The names and values in the environment.
pub(crate) fn variables() -> impl Iterator<Item = (&'static [u8], &'static [u8])> {
    let first = environment();
    let entries = (0..).map_while(move |index| {
        // SAFETY: it is an array that a null pointer ends, of texts that a zero byte ends, and all of it stays.
        unsafe {
            first.as_ref().and_then(|_| (*first.add(index)).as_ref()).map(|entry| CStr::from_ptr(entry).to_bytes())
        }
    });
    // A name is of one letter at least, of whatever kind.
    entries.filter_map(|entry| {
        let equals = 1 + entry.get(1..)?.iter().position(|byte| *byte == b'=')?;
        Some((&entry[..equals], &entry[equals + 1..]))
    })
}

/// What waiting for any child said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// This child has ended, and is reaped.
    Ended(Pid, Ending),
    /// This child was paused by a signal.
    Paused(Pid, SignalNumber),
    /// There are children, and none has ended.
    NobodyYet,
    /// There are no children.
    NobodyLeft,
}

/// Waits for any child without blocking.
///
/// # Errors
/// What the kernel says, but for "no children".
pub fn wait_any() -> io::Result<Waited> {
    loop {
        let mut status: libc::c_int = 0;
        // SAFETY: waitpid writes one int to the pointer, which outlives the call.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::WUNTRACED | libc::__WALL) };
        match pid {
            0 => return Ok(Waited::NobodyYet),
            1.. if libc::WIFSTOPPED(status) => {
                return Ok(Waited::Paused(Pid::from_raw(pid), SignalNumber(libc::WSTOPSIG(status))));
            }
            1.. => {
                let ending = match libc::WIFEXITED(status) {
                    true => Ending::Exited(u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX)),
                    false => Ending::Killed(libc::WTERMSIG(status)),
                };
                return Ok(Waited::Ended(Pid::from_raw(pid), ending));
            }
            _ => match io::Error::last_os_error() {
                error if error.raw_os_error() == Some(libc::ECHILD) => return Ok(Waited::NobodyLeft),
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
    }
}

/// Whether this child has ended; it is left to be waited for.
#[must_use]
pub fn has_ended(pid: Pid) -> bool {
    let Ok(id) = libc::id_t::try_from(pid.as_raw()) else { return false };
    let mut told = MaybeUninit::<libc::siginfo_t>::zeroed();
    let how = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: waitid writes one siginfo to the pointer, which outlives the call; zeroes are one as well, and what it
    // holds if nobody has ended.
    unsafe { libc::waitid(libc::P_PID, id, told.as_mut_ptr(), how) == 0 && told.assume_init().si_pid() == pid.as_raw() }
}

/// Whether the kernel says that no child lives, those aside that have ended and are not waited for yet.
#[must_use]
pub fn no_child_lives() -> bool {
    let mut told = MaybeUninit::<libc::siginfo_t>::zeroed();
    // What has ended can never be paused, so it is nobody to wait for.
    let how = libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    // SAFETY: waitid writes one siginfo to the pointer, which outlives the call.
    let waited = unsafe { libc::waitid(libc::P_ALL, 0, told.as_mut_ptr(), how) };
    waited == -1 && Errno::last() == Errno::ECHILD
}

/// Rests until SIGCHLD comes, which is taken, for so long at the most.
pub fn rest_until_a_child_ends(at_most: Duration) {
    let signals = SigSet::from(Signal::SIGCHLD);
    let at_most = TimeSpec::from_duration(at_most);
    // SAFETY: the kernel reads a signal set and a time from pointers that outlive the call, and is given nowhere to
    // write what it could tell.
    let _ = unsafe { libc::sigtimedwait(std::ptr::from_ref(signals.as_ref()), std::ptr::null_mut(), at_most.as_ref()) };
}

/// Whether this descriptor is open.
#[must_use]
pub fn is_open(descriptor: RawFd) -> bool {
    // SAFETY: it only asks for the flags of a number.
    unsafe { libc::fcntl(descriptor, libc::F_GETFD) != -1 }
}

/// Sends a signal, a real-time one too.
///
/// # Errors
/// What the kernel says.
pub fn send(pid: Pid, signal: SignalNumber) -> io::Result<()> {
    // SAFETY: kill takes two numbers and touches no memory of ours.
    match unsafe { libc::kill(pid.as_raw(), signal.0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Blocks every signal there is, the fault signals and the C library's own real-time signals included, and gives the
/// set to read them by. A fault of our own ends us all the same: the kernel does not let one be blocked.
#[must_use]
pub fn block_signals() -> SigSet {
    set_mask(u64::MAX);
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: a signal set begins with the kernel's 64 bits and is at least as long; the kernel reads no others.
    unsafe {
        set.as_mut_ptr().cast::<u64>().write(u64::MAX);
        SigSet::from_sigset_t_unchecked(set.assume_init())
    }
}

/// Blocks these signals and no others; bit 0 is signal 1.
pub(crate) fn set_mask(mask: u64) {
    // SAFETY: the kernel reads 8 bytes from the pointer, which outlives the call, and writes nothing.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const mask,
            std::ptr::null::<u64>(),
            size_of::<u64>(),
        );
    }
}

/// Gives SIGCHLD its default disposition: inherited as ignored, the kernel would reap the app and lose its exit code.
/// Says whether it was ignored, as the app has to inherit what we did.
///
/// # Errors
/// What the kernel says.
pub fn notice_ended_children() -> io::Result<bool> {
    // SAFETY: SIG_DFL installs no handler, so no code of ours runs in signal context.
    match unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) } {
        libc::SIG_ERR => Err(io::Error::last_os_error()),
        before => Ok(before == libc::SIG_IGN),
    }
}

/// Lets a socket of `sock_diag` receive only what is about these local ports.
///
/// # Errors
/// What the kernel says.
pub fn receive_only_about(socket: &impl AsFd, ports: &[u16]) -> io::Result<()> {
    // Where `idiag_sport` is, behind a netlink header.
    const PORT_AT: u32 = 16 + 4;
    let step = |code: u32, jump: usize, k: u32| libc::sock_filter {
        code: u16::try_from(code).expect("codes are short"),
        jt: u8::try_from(jump).expect("there are few ports"),
        jf: 0,
        k,
    };
    let mut program = vec![step(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, 0, PORT_AT)];
    for (number, port) in ports.iter().enumerate() {
        // To the last step, over those in between.
        program.push(step(libc::BPF_JMP | libc::BPF_JEQ, ports.len() - number, (*port).into()));
    }
    program.push(step(libc::BPF_RET, 0, 0));
    program.push(step(libc::BPF_RET, 0, u32::MAX));
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).expect("there are few ports"),
        filter: program.as_mut_ptr(),
    };
    let length = libc::socklen_t::try_from(size_of_val(&program)).expect("it is short");
    // SAFETY: the kernel copies `length` bytes of `program`, and the steps that it points to, before the call returns.
    let set = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            length,
        )
    };
    match set {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
