//! Memory that nobody uses goes back to the system.

/// Lets mimalloc, the allocator of `main.rs`, give back what has been free for its delay of a second.
///
/// It does so by itself only while something is allocated: a proxy that has gone quiet would keep what a crowd of callers
/// once needed. Where another allocator is in use it does nothing.
#[expect(unsafe_code, reason = "the allocator is written in C")]
pub fn give_back() {
    // SAFETY: it takes no pointer, and may be called at any time from any thread (`mimalloc.h`).
    unsafe { libmimalloc_sys::mi_collect(false) }
}
