//! An allocator that counts what a thread holds, for tests of what a hostile file may take, and what all hold.

#![allow(dead_code, reason = "shared by tests, none of which uses all of it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, Ordering};

/// Counts what this thread holds, and the most it held.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

static ALL: AtomicIsize = AtomicIsize::new(0);

fn count(bytes: isize) {
    ALL.fetch_add(bytes, Ordering::Relaxed);
    let held = HELD.get() + bytes;
    HELD.set(held);
    MOST.set(MOST.get().max(held));
}

// SAFETY: every call goes to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` returns, and the most memory it held.
pub(crate) fn measured<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    MOST.set(before);
    let result = work();
    (result, (MOST.get() - before) as usize)
}

/// What all threads hold, in bytes.
pub(crate) fn held() -> usize {
    ALL.load(Ordering::Relaxed) as usize
}

#[test]
fn the_counter_counts() {
    let (_, most) = measured(|| drop(vec![1u8; 100_000]));
    assert!((100_000..101_000).contains(&most), "{most}");
}
