//! Today's events in today's model: how does a model learn while it serves?
//!
//! *Knows*: models by [`Update`](crate::model::Update), histories, files. *Does not know*: how a row is solved.
//! *Cost*: a batch costs what the rows cost that it touches; 32 bytes per event and 48 with times, beside the model.
//! *Fails* with [`UpdateError`](crate::model::UpdateError), which names the change or the row; then nothing has changed.
//!
//! A [`Learner`] is a model with its events, which changes in batches. A [`Live`] model is a learner that is asked by many
//! threads meanwhile, by raw ids, and lasts in files.

mod copies;
mod error;
mod file;
mod learner;
mod open;
mod past;
mod resolve;
mod service;
mod snapshot;
mod stale;
mod store;

pub use error::LiveError;
pub use learner::{Applied, Learner};
pub use service::{Live, LiveId};
pub use snapshot::Snapshot;
