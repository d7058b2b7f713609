//! Guards the promise of `top_n_into`: after the first call not one allocation.
//!
//! The counter is this binary's allocator; it counts the calls of the test's own thread.

#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

mod toy;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use foldin::data::synthetic::Synthetic;
use foldin::data::{History, ItemIx, UserIx};
use foldin::implicit::IalsParams;
use foldin::model::{Fit, FitContext, Profile, Query, Score};
use foldin::rating::BiasedMfParams;
use foldin::retrieve::{Scanner, ScoreExt, TopN, UserScanner, Workspace};
use toy::{InnerProduct, items};

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is handed to the system's allocator as it is. The counter is a thread-local without
// destructor and without lazy initialisation, so counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from `System` with this layout.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: `memory` came from `System` with this layout.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn calls(run: impl FnOnce()) -> usize {
    let before = CALLS.get();
    run();
    CALLS.get() - before
}

#[test]
fn after_the_first_call_nothing_is_allocated() {
    let mut model = InnerProduct::new(8, 5_000, 32);
    model.seen = items(&[1, 2, 3, 4_000]);
    let (deny, allow) = (items(&[9, 8, 8, 7]), (0..4_500).map(ItemIx::new).collect::<Vec<_>>());
    let keep = |item: ItemIx| !item.get().is_multiple_of(3);
    let (mut workspace, mut hits) = (Workspace::new(), Vec::new());
    let mut ask = |user: u32, request: &TopN<'_>| {
        let query = Query::user(UserIx::new(user));
        model.top_n_into(&query, request, &mut workspace, &mut hits).unwrap();
        assert_eq!(hits.len(), request.get_n());
    };
    assert!(calls(|| ask(0, &TopN::new(100))) > 0, "the counter counts");
    for user in 0..8 {
        for request in [
            TopN::new(100),
            TopN::new(10).include_seen(),
            TopN::new(100).deny(&deny).allow(&allow).filter(&keep),
        ] {
            assert_eq!(calls(|| ask(user, &request)), 0, "user {user}, {request:?}");
        }
    }
}

/// Folding in included: histories no longer than one before.
fn nor_does_folding_in<P: Fit>(params: &P) {
    let data = Synthetic::tiny().ratings(20_000).items(900).generate().unwrap().interactions;
    let model = params.fit_with(&data, &mut FitContext::new().threads(1)).unwrap().model;
    let scanner = Scanner::new(&model).unwrap();
    let mut histories: Vec<History<'_>> = data.users().map(|(_, history)| history).collect();
    histories.sort_by_key(|history| std::cmp::Reverse(history.len()));
    assert!(histories[0].len() > 60 && histories.len() > 30);
    let (mut workspace, mut hits) = (Workspace::new(), Vec::new());
    let mut ask = |at: usize| {
        let query = Query::history(histories[at]);
        scanner.top_n_into(&query, &TopN::new(10), &mut workspace, &mut hits).unwrap();
        assert_eq!(hits.len(), 10);
    };
    (0..histories.len()).for_each(&mut ask);
    assert_eq!(calls(|| (0..histories.len()).for_each(&mut ask)), 0);
}

#[test]
fn nor_does_folding_in_allocate() {
    for factors in [8, 64] {
        nor_does_folding_in(&IalsParams::new().factors(factors).epochs(2));
        nor_does_folding_in(&BiasedMfParams::new().factors(factors).epochs(2));
    }
}

#[test]
fn nor_does_a_scanner_allocate() {
    let mut model = InnerProduct::new(5_000, 5_000, 32);
    model.seen = items(&[1, 2, 3, 4_000]);
    let (deny, few) = (items(&[9, 8, 8, 7]), (0..400).map(ItemIx::new).collect::<Vec<_>>());
    let half: Vec<_> = (0..2_500).map(ItemIx::new).collect();
    let keep = |item: ItemIx| !item.get().is_multiple_of(3);
    let (scanner, users) = (Scanner::new(&model).unwrap(), UserScanner::new(&model).unwrap());
    let requests = [
        TopN::new(100),
        TopN::new(10).include_seen(),
        TopN::new(100).deny(&deny).allow(&half).filter(&keep),
        TopN::new(100).deny(&deny).allow(&few),
    ];
    let everybody = TopN::users(50).include_seen();
    let (mut workspace, mut hits, mut audience) = (Workspace::new(), Vec::new(), Vec::new());
    let mut profile = Profile::new();
    let mut ask = |one: u32| {
        let query = Query::user(UserIx::new(one));
        for request in &requests {
            scanner.top_n_into(&query, request, &mut workspace, &mut hits).unwrap();
            assert_eq!(hits.len(), request.get_n());
            model.profile(&query, &mut profile).unwrap();
            scanner.top_n_for(&profile, request, &mut workspace, &mut hits).unwrap();
            assert_eq!(hits.len(), request.get_n());
        }
        scanner.similar_items_into(ItemIx::new(one), &requests[0], &mut workspace, &mut hits).unwrap();
        users.top_n_into(ItemIx::new(one), &everybody, &mut workspace, &mut audience).unwrap();
        assert_eq!((hits.len(), audience.len()), (100, 50));
    };
    assert!(calls(|| ask(0)) > 0, "the counter counts");
    assert_eq!(calls(|| (1..200).for_each(&mut ask)), 0);
}
