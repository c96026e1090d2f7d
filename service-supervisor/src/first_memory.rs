//! Memory for the first allocations: a piece of the program's own, so that they cost no system call each. The C
//! library's allocator asks the kernel for a page for each size, and gives it back as soon as it is empty: a dozen calls
//! before the app is started, most of them for what is read of the settings and let go again.
//!
//! What is let go is not used again, but for the last piece. Once it is used up, the C library's allocator takes over.
#![expect(unsafe_code, reason = "an allocator; each step says why it is sound")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More than a usual start takes, and little enough that what lies behind it is on pages that are there anyway.
const SIZE: usize = 8 * 1024;

/// Nothing that is aligned to more is given out.
const ALIGNMENT: usize = 16;

#[repr(align(16))]
struct Piece(UnsafeCell<MaybeUninit<[u8; SIZE]>>);

// SAFETY: no byte of it is given out twice at a time, see `take`.
unsafe impl Sync for Piece {}

static PIECE: Piece = Piece(UnsafeCell::new(MaybeUninit::uninit()));
static USED: AtomicUsize = AtomicUsize::new(0);

/// The allocator.
struct FirstMemory;

#[global_allocator]
static ALLOCATOR: FirstMemory = FirstMemory;

fn start() -> *mut u8 {
    PIECE.0.get().cast()
}

/// How far into the piece `pointer` is, where it is in it.
fn place(pointer: *mut u8) -> Option<usize> {
    pointer.addr().checked_sub(start().addr()).filter(|place| *place < SIZE)
}

/// The next bytes of the piece; none: there are not so many left.
fn take(layout: Layout) -> Option<*mut u8> {
    if layout.align() > ALIGNMENT {
        return None;
    }
    let size = layout.size().checked_next_multiple_of(ALIGNMENT)?;
    let fits = |used: usize| used.checked_add(size).filter(|end| *end <= SIZE);
    let used = USED.try_update(Ordering::Relaxed, Ordering::Relaxed, fits).ok()?;
    // SAFETY: `used` and the `size` bytes after it lie within the piece.
    Some(unsafe { start().add(used) })
}

// SAFETY: the pieces given out do not overlap, are aligned, and stay where they are; all else is the system's.
unsafe impl GlobalAlloc for FirstMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the system's.
        take(layout).unwrap_or_else(|| unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match take(layout) {
            Some(pointer) => {
                // SAFETY: it was just given out, with as many bytes.
                unsafe { pointer.write_bytes(0, layout.size()) };
                pointer
            }
            // SAFETY: the caller's promises are the system's.
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let Some(place) = place(pointer) else {
            // SAFETY: what is not in the piece came from the system, by this layout.
            return unsafe { System.dealloc(pointer, layout) };
        };
        let end = place + layout.size().next_multiple_of(ALIGNMENT);
        // The last one is given back; any other is not used again.
        let _ = USED.compare_exchange(end, place, Ordering::Relaxed, Ordering::Relaxed);
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if place(pointer).is_none() {
            // SAFETY: what is not in the piece came from the system, by this layout.
            return unsafe { System.realloc(pointer, layout, size) };
        }
        // SAFETY: the caller's promise about size and alignment; the new bytes do not overlap the old ones, which are
        // still given out, and both have as many as are copied.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                new.copy_from_nonoverlapping(pointer, layout.size().min(size));
                self.dealloc(pointer, layout);
            }
            new
        }
    }
}
