//! Living: rows solved anew where ratings changed, against everything else as it is.
//!
//! The half-steps of the fit, for some rows: items first, then users, so that these are folded in by the items as they are
//! afterwards; newcomers before the items too. What is learned from all rows at once stays that of the fit: the scale, the
//! priors, the noise. What the model does not keep of the users, how sure it is of them, is found by one half-step when it
//! begins to live.

mod patch;
mod working;

pub use patch::BiasedMfPatch;
pub use working::{BiasedMfUndo, BiasedMfWorking};

use super::BiasedMf;
use crate::data::{Histories, ItemIx, Touched};
use crate::model::{Resolve, Update, UpdateError, Updated};

impl Update for BiasedMf {
    type Working = BiasedMfWorking;
    type Patch = BiasedMfPatch;
    type Undo = BiasedMfUndo;

    fn begin(&self, histories: &Histories, threads: usize) -> Result<BiasedMfWorking, UpdateError> {
        BiasedMfWorking::new(self, histories, threads)
    }

    fn update(
        &mut self,
        working: &mut BiasedMfWorking,
        histories: &Histories,
        touched: &Touched,
        resolve: Resolve,
    ) -> Result<Updated<BiasedMfPatch, BiasedMfUndo>, UpdateError> {
        let (users, items) = resolve.rows(histories, touched);
        let undo = working.undo(self, &users, &items);
        self.resize(histories.n_users() as usize, histories.n_items() as usize);
        working.resize(histories.n_users() as usize);
        if let Err(error) = working.solve(self, histories, (&users, &items), &touched.gone_users) {
            self.undo(working, undo);
            return Err(error);
        }
        for &user in &touched.users {
            self.parts.seen.set(user, histories.user(user).unwrap_or_default().ids);
        }
        let patch = BiasedMfPatch::of(self, &users, &items);
        let (user_movement, item_movement) = undo.before.movement(&patch);
        Ok(Updated { patch, undo, users, items, user_movement, item_movement, drift: None })
    }

    fn undo(&mut self, working: &mut BiasedMfWorking, undo: BiasedMfUndo) {
        undo.before.install(self);
        working.take_back(undo);
    }

    fn install(&mut self, patch: &BiasedMfPatch) {
        patch.install(self);
    }

    fn patched_items(patch: &BiasedMfPatch) -> &[ItemIx] {
        &patch.items
    }
}
