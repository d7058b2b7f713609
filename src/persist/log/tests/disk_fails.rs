//! Guards the promise itself: every call of the disk fails in every way, and the power goes at every
//! call; nothing acknowledged is lost, and nothing else is there.

use super::world::{STEPS, World};
use crate::persist::disk::memory::Fault;
use crate::persist::log::{LogError, LogFault};

/// How many calls the whole story takes, with the last start.
fn story() -> usize {
    let mut world = World::new();
    world.start().unwrap();
    for step in STEPS {
        world.take(step).unwrap();
    }
    world.stop();
    world.start().unwrap();
    assert_eq!(world.acknowledged(), 9);
    world.disk.calls()
}

/// Whether the log must be opened again.
fn is_over(error: &LogError) -> bool {
    match error.fault() {
        LogFault::Io { .. } => false,
        LogFault::Uncertain { .. } | LogFault::Poisoned => true,
        other => panic!("{other}"),
    }
}

/// Whether the service tries a step again that failed.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Insists,
    GoesOn,
}

/// Starts as often as it takes; the first failure is the last.
fn started(world: &mut World) -> bool {
    let mut failed = false;
    while !world.runs() {
        if world.start().is_err() {
            failed = true;
            world.disk.mend();
        }
    }
    failed
}

/// Starts, takes all steps and starts again. A step is tried on a disk that may fail still, and then,
/// by those who insist, on one that works. Whether anything failed.
fn live_on(world: &mut World, then: Then) -> bool {
    let mut failed = false;
    for step in STEPS {
        for mended in [false, false, true] {
            failed |= started(world);
            if mended {
                world.disk.mend();
            }
            let Err(error) = world.take(step) else { break };
            assert!(!mended, "{step:?} on a disk that works: {error}");
            failed = true;
            if is_over(&error) {
                world.stop();
            }
            if then == Then::GoesOn {
                break;
            }
        }
    }
    world.stop();
    world.disk.mend();
    failed | started(world)
}

#[test]
fn whatever_call_fails_nothing_acknowledged_is_lost() {
    let calls = story();
    assert!(calls > 90, "{calls}");
    for fault in Fault::ALL {
        let mut failures = 0;
        for (call, then) in (0..calls).flat_map(|call| [(call, Then::Insists), (call, Then::GoesOn)]) {
            let mut world = World::new();
            world.disk.fail(call, fault);
            failures += usize::from(live_on(&mut world, then));
            assert!(then == Then::GoesOn || world.acknowledged() >= 9, "{fault:?} at {call}");
            // And it lasts.
            world.stop();
            for seed in 0..3 {
                world.disk.power_cut(seed);
                world.start().unwrap();
                world.stop();
            }
        }
        // A call that does less than it was asked to is no failure.
        assert_eq!(failures == 0, fault == Fault::Short, "{fault:?}: {failures} of {calls}");
    }
}

#[test]
fn whenever_the_power_goes_nothing_acknowledged_is_lost() {
    let calls = story();
    for call in 0..calls {
        for seed in 0..40 {
            let mut world = World::new();
            world.disk.fail(call, Fault::Power);
            let _ = world.start().and_then(|()| STEPS.into_iter().try_for_each(|step| world.take(step)));
            world.stop();
            world.disk.power_cut(seed);
            live_on(&mut world, Then::Insists);
        }
    }
}

/// A failed sync leaves pages that no later sync brings down: what was read from memory after it must be
/// written again before it is built upon.
#[test]
fn a_batch_that_only_memory_has_is_written_again() {
    let calls = story();
    for call in 0..calls {
        for seed in 0..10 {
            let mut world = World::new();
            world.disk.fail(call, Fault::Dead);
            let failed = world.start().and_then(|()| STEPS.into_iter().try_for_each(|step| world.take(step)));
            world.stop();
            world.disk.mend();
            world.start().unwrap();
            world.stop();
            world.disk.power_cut(seed);
            live_on(&mut world, Then::Insists);
            assert!(failed.is_err() || call + 20 > calls);
        }
    }
}

#[test]
fn a_batch_that_was_refused_does_not_come_back() {
    let calls = story();
    for fault in Fault::ALL {
        for call in 0..calls {
            for seed in 0..10 {
                let mut world = World::new();
                world.disk.fail(call, fault);
                let _ = world.start().and_then(|()| STEPS.into_iter().try_for_each(|step| world.take(step)));
                world.stop();
                world.disk.power_cut(seed);
                // Holds what is there against what was acknowledged.
                world.start().unwrap_or_else(|error| panic!("{fault:?} at {call}, seed {seed}: {error}"));
            }
        }
    }
}
