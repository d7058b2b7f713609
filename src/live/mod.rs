//! Today's events in today's model: how does a model learn while it serves?
//!
//! *Knows*: models by [`Update`](crate::model::Update), histories, files. *Does not know*: how a row is solved.
//! *Cost*: a batch costs what the rows cost that it touches; 32 bytes per event and 48 with times, beside the model.
//! *Fails* with [`UpdateError`](crate::model::UpdateError), which names the change or the row; then nothing has changed.

mod file;
mod learner;
mod stale;

pub use learner::{Applied, Learner};
