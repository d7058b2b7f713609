//! Living: rows solved anew where events changed, against everything else as it is.
//!
//! A user's row is solved as folding in solves it, against the items in the coordinates in which their Gram matrix is
//! diagonal. An item's row needs the users in coordinates in which *theirs* is: the working state holds a turned copy of
//! them, and what is solved there is turned back. Items come first, then users, so that these are folded in by the items
//! as they are afterwards; newcomers are solved before the items too, which would not know them otherwise. (Users, items,
//! users gave the same lists on Gowalla, and took half as long again.) Both Gram matrices move with every row that changes. Their diagonals are
//! kept up to date; what arises beside the diagonals of the users' is turned away when it grows, that of the items' is
//! told as drift, for to turn the items is to change every row of the model.

mod gram;
mod pass;
mod patch;
#[cfg(test)]
mod tests;
mod working;

pub use patch::IalsPatch;
pub use working::{IalsUndo, IalsWorking};

use super::Ials;
use crate::data::{Histories, ItemIx, Touched};
use crate::model::{Resolve, Update, UpdateError, Updated};

impl Update for Ials {
    type Working = IalsWorking;
    type Patch = IalsPatch;
    type Undo = IalsUndo;

    fn begin(&self, histories: &Histories, threads: usize) -> Result<IalsWorking, UpdateError> {
        IalsWorking::new(self, histories, threads)
    }

    fn update(
        &mut self,
        working: &mut IalsWorking,
        histories: &Histories,
        touched: &Touched,
        resolve: Resolve,
    ) -> Result<Updated<IalsPatch, IalsUndo>, UpdateError> {
        let (users, items) = resolve.rows(histories, touched);
        let undo = working.undo(self, &users, &items);
        self.resize(histories.n_users() as usize, histories.n_items() as usize);
        working.resize(histories.n_users() as usize);
        let solved = working.solve(self, histories, (&users, &items), &touched.gone_users);
        if let Err(error) = solved {
            self.undo(working, undo);
            return Err(error);
        }
        for &user in &touched.users {
            self.parts.seen.set(user, histories.user(user).unwrap_or_default().ids);
        }
        let patch = IalsPatch::of(self, &users, &items);
        let (user_movement, item_movement) = undo.before.movement(&patch);
        Ok(Updated { patch, undo, users, items, user_movement, item_movement, drift: Some(working.drift()) })
    }

    fn undo(&mut self, working: &mut IalsWorking, undo: IalsUndo) {
        self.install(&undo.before);
        working.take_back(self, undo);
    }

    fn install(&mut self, patch: &IalsPatch) {
        patch.install(self);
    }

    fn patched_items(patch: &IalsPatch) -> &[ItemIx] {
        &patch.items
    }
}
