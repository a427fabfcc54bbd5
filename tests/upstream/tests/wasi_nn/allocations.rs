//! Counts what a thread allocates. What the inference libraries allocate themselves does not come by here.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static LARGE: Cell<usize> = const { Cell::new(usize::MAX) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// How many blocks of at least `bytes` this thread allocates while it does something.
pub fn large<T>(bytes: usize, work: impl FnOnce() -> T) -> (usize, T) {
    LARGE.set(bytes);
    COUNT.set(0);
    let done = work();
    LARGE.set(usize::MAX);
    (COUNT.get(), done)
}

/// The bytes that this thread has allocated and not freed; only differences mean anything.
pub fn held() -> usize {
    HELD.get()
}

// SAFETY: every call goes to the system's allocator unchanged; counting allocates nothing. `realloc` and `alloc_zeroed`
// are the trait's own, which come back to these two.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending may have no counters any more.
        let _ = LARGE.try_with(|large| {
            if layout.size() >= large.get() {
                COUNT.set(COUNT.get() + 1);
            }
            HELD.set(HELD.get().wrapping_add(layout.size()));
        });
        // SAFETY: the caller keeps `alloc`'s contract, which is the system's as well.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let _ = HELD.try_with(|held| held.set(held.get().wrapping_sub(layout.size())));
        // SAFETY: the block came from `System.alloc` with this layout, as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}
