//! Two copies of something: all read one, one changes the other.
//!
//! # Why no reader sees what is not published, and none waits
//!
//! A slot is written under its write lock, and only while it is the spare. A reader looks at `current` again *under the
//! read lock* of the slot. Had the writer changed the slot since it was published last, then before that it stored the
//! other number in `current`, and after that it gave the lock up, which the reader then took: so the reader's second look
//! comes after that store and finds the other number. If it finds this slot's, the content is what was published, and the
//! `Arc` taken then keeps it: the writer changes a copy in place only through [`Arc::get_mut`], which fails as long as a
//! reader has it, and comes after all they did when it does not.
//!
//! A reader's try fails only where the writer is at that slot, or waits for it; then another is current, and stays so until
//! the writer has gone through a whole batch. So a reader goes round again at most once for each batch that is published
//! meanwhile. The writer waits for the lock of the spare as long as a reader takes to copy an `Arc`, and for its
//! last holders no longer than its patience. Freeing a large copy takes long too: the writer keeps those it had to leave to
//! their readers, and frees them with the first batch after these have gone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard, TryLockError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the writer waits for those who still read the spare copy, before it makes another.
const PATIENCE: Duration = Duration::from_millis(50);

/// Two slots, one of which is current. Readers try the lock of the current one, which the writer never takes; so they
/// wait for nobody, and look again if the two were exchanged under their eyes. There is one writer: calls that change
/// something must not meet.
#[derive(Debug)]
pub(super) struct Copies<T> {
    slots: [RwLock<Arc<T>>; 2],
    current: AtomicUsize,
    /// Copies that were left to their readers.
    left: Mutex<Vec<Arc<T>>>,
}

impl<T: Clone> Copies<T> {
    /// The spare is made when it is first needed.
    pub(super) fn new(first: T) -> Self {
        let first = Arc::new(first);
        let slots = [RwLock::new(first.clone()), RwLock::new(first)];
        Self { slots, current: AtomicUsize::new(0), left: Mutex::default() }
    }

    /// The current copy: it stays as it is as long as it is held.
    pub(super) fn read(&self) -> Arc<T> {
        loop {
            if let Some(copy) = self.read_at(self.current.load(Ordering::Acquire)) {
                return copy;
            }
            std::hint::spin_loop();
        }
    }

    /// What is in a slot, if that is current. It may have ceased to be since the caller looked, and then be written, or
    /// hold what was prepared and is not yet published; so it is asked again once the lock keeps the writer out.
    fn read_at(&self, slot: usize) -> Option<Arc<T>> {
        let copy = match self.slots[slot].try_read() {
            Ok(copy) => copy,
            Err(TryLockError::Poisoned(copy)) => copy.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        (self.current.load(Ordering::Acquire) == slot).then(|| Arc::clone(&copy))
    }

    /// Changes the spare copy, which nobody sees: `follow` brings it from where it was left to what is to come; where
    /// somebody still reads it, `step` brings a clone of the current one there.
    pub(super) fn prepare(&self, follow: impl FnOnce(&mut T), step: impl FnOnce(&mut T)) {
        self.free();
        let mut slot = self.free_spare();
        match Arc::get_mut(&mut slot) {
            Some(spare) => follow(spare),
            None => {
                let mut copy = T::clone(&self.read());
                step(&mut copy);
                self.leave(std::mem::replace(&mut slot, Arc::new(copy)));
            }
        }
    }

    /// The copy that was prepared.
    pub(super) fn prepared(&self) -> Arc<T> {
        Arc::clone(&self.lock_spare())
    }

    /// From now on the copy that was prepared is read, and the other one is the spare.
    pub(super) fn publish(&self) {
        self.current.store(self.spare(), Ordering::Release);
    }

    /// Brings the spare to where the current copy is; where somebody still reads it, it is left to them.
    pub(super) fn even(&self, follow: impl FnOnce(&mut T)) {
        let mut slot = self.free_spare();
        match Arc::get_mut(&mut slot) {
            Some(spare) => follow(spare),
            None => self.leave(std::mem::replace(&mut slot, self.read())),
        }
    }

    /// Gives the spare up: the next one is a clone of the current copy.
    pub(super) fn discard(&self) {
        let mut slot = self.lock_spare();
        self.leave(std::mem::replace(&mut slot, self.read()));
    }

    /// Puts another in the place of both.
    pub(super) fn replace(&self, next: T) {
        let before = std::mem::replace(&mut *self.lock_spare(), Arc::new(next));
        self.leave(before);
        self.publish();
        self.discard();
    }

    /// Leaves a copy that was in a slot to its readers, unless it is the current one too.
    fn leave(&self, copy: Arc<T>) {
        if !Arc::ptr_eq(&copy, &self.read()) {
            self.left.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
            self.free();
        }
    }

    /// Frees the copies whose readers have gone.
    fn free(&self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.retain(|copy| Arc::strong_count(copy) > 1);
    }

    /// For the writer, which alone stores in `current`.
    fn spare(&self) -> usize {
        1 - self.current.load(Ordering::Relaxed)
    }

    fn lock_spare(&self) -> RwLockWriteGuard<'_, Arc<T>> {
        self.slots[self.spare()].write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The slot of the spare, after its readers have gone or patience has.
    fn free_spare(&self) -> RwLockWriteGuard<'_, Arc<T>> {
        let start = Instant::now();
        loop {
            let mut slot = self.lock_spare();
            let is_a_copy = !Arc::ptr_eq(&slot, &self.read());
            if !is_a_copy || Arc::get_mut(&mut slot).is_some() || start.elapsed() > PATIENCE {
                return slot;
            }
            drop(slot);
            sleep(Duration::from_micros(50));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    /// Two numbers that agree, except while they change.
    #[derive(Clone, Debug)]
    struct Pair(u64, u64);

    fn to(n: u64) -> impl FnOnce(&mut Pair) {
        move |pair| {
            pair.0 = n;
            thread::yield_now();
            pair.1 = n;
        }
    }

    #[test]
    fn nobody_sees_half_a_change_and_time_goes_forward() {
        let (copies, done) = (Copies::new(Pair(0, 0)), AtomicBool::new(false));
        thread::scope(|scope| {
            for reader in 0..3 {
                let (copies, done) = (&copies, &done);
                scope.spawn(move || {
                    let (mut last, mut kept) = (0, Vec::new());
                    while !done.load(Ordering::Relaxed) {
                        let copy = copies.read();
                        assert_eq!(copy.0, copy.1);
                        assert!(copy.0 >= last);
                        last = copy.0;
                        if reader == 0 && kept.len() < 4 {
                            kept.push((last, copy));
                        }
                    }
                    kept.iter().for_each(|(n, copy)| assert_eq!((copy.0, copy.1), (*n, *n)));
                });
            }
            for n in 1..400 {
                copies.prepare(to(n), to(n));
                assert_eq!(copies.prepared().0, n);
                if n % 7 == 0 {
                    copies.discard();
                    assert_eq!(copies.read().0, n - 1);
                    copies.prepare(to(n), to(n));
                }
                copies.publish();
                if n % 5 == 0 {
                    copies.even(to(n));
                    assert_eq!(copies.prepared().1, n);
                }
            }
            done.store(true, Ordering::Relaxed);
        });
        copies.replace(Pair(9, 9));
        assert!(copies.read().0 == 9 && Arc::ptr_eq(&copies.read(), &copies.prepared()));
    }

    #[test]
    fn a_reader_who_looked_too_early_does_not_get_what_is_not_published() {
        let copies = Copies::new(Pair(0, 0));
        let looked = copies.current.load(Ordering::Acquire);
        copies.prepare(to(1), to(1));
        copies.publish();
        copies.prepare(to(2), to(2));
        assert!(copies.read_at(looked).is_none());
        assert_eq!(copies.read().0, 1);
        copies.publish();
        assert_eq!(copies.read_at(looked).map(|copy| copy.0), Some(2));
    }

    #[test]
    fn there_are_two_copies_and_those_that_are_held() {
        let copies = Copies::new(Arc::new(()));
        let counter: Arc<()> = Arc::clone(&*copies.read());
        let step = || (|_: &mut Arc<()>| (), |_: &mut Arc<()>| ());
        for _ in 0..5 {
            copies.prepare(step().0, step().1);
            copies.publish();
        }
        assert_eq!(Arc::strong_count(&counter), 3, "two copies and this");
        let held = copies.read();
        for _ in 0..5 {
            copies.prepare(step().0, step().1);
            copies.publish();
        }
        assert_eq!(Arc::strong_count(&counter), 4, "and the one held");
        drop(held);
        copies.prepare(step().0, step().1);
        assert_eq!(Arc::strong_count(&counter), 3);
    }
}
