//! What the drivers of foldin share: the split as `Interactions`, the error of a model on it.

use foldin::data::{Columns, Interactions, ItemIx, UserIx};
use foldin::model::{PredictRating, Profile, Query};
use foldin::retrieve::Hit;

mod given;
pub mod memory;
#[path = "../../shared/split.rs"]
mod split;

pub use given::Given;
pub use split::{Arguments, Part, Split};

/// One part of the split with the numbering of the whole.
pub fn interactions(split: &Split, part: &Part) -> Result<Interactions, String> {
    interactions_at(split, part, None)
}

/// The same, with the times of the events.
pub fn interactions_at(split: &Split, part: &Part, times: Option<&[i64]>) -> Result<Interactions, String> {
    let users: Vec<_> = part.users.iter().copied().map(UserIx::new).collect();
    let items: Vec<_> = part.items.iter().copied().map(ItemIx::new).collect();
    let columns = Columns { users: &users, items: &items, values: &part.values, times };
    Interactions::from_columns(split.n_users, split.n_items, columns).map_err(|error| error.to_string())
}

/// Writes ids little-endian, list after list.
pub fn write_lists(path: &str, lists: &[Vec<Hit>]) -> Result<(), String> {
    let ids = lists.iter().flatten().map(|hit| hit.item.get());
    let bytes: Vec<u8> = ids.flat_map(u32::to_le_bytes).collect();
    std::fs::write(path, bytes).map_err(|error| format!("{path}: {error}"))
}

/// The error over all test ratings, asked for one by one in the order of the file, with a new profile
/// where the user changes.
pub fn rmse(split: &Split, model: &impl PredictRating) -> Result<f64, String> {
    let mut profile = Profile::new();
    let mut asker = None;
    split.rmse(|user, item| {
        if asker != Some(user) {
            let query = Query::user(UserIx::new(user));
            model.profile(&query, &mut profile).map_err(|error| error.to_string())?;
            asker = Some(user);
        }
        let prediction = model.predict(&profile, ItemIx::new(item)).map_err(|error| error.to_string())?;
        Ok(prediction.rating)
    })
}

/// Prints the line, or the reason on stderr and fails.
pub fn main_with(name: &str, run: impl FnOnce() -> Result<String, String>) -> std::process::ExitCode {
    match run() {
        Ok(line) => {
            println!("{line}");
            std::process::ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("{name}: {reason}");
            std::process::ExitCode::FAILURE
        }
    }
}
