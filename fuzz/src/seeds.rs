//! What fuzzing begins with: the files of `seeds`, the golden files of the crate, and what is made of its own models.

use std::fs;
use std::path::{Path, PathBuf};

use foldin::data::{Change, Event, Interactions, ItemIx, UserIx};
use foldin::implicit::IalsParams;
use foldin::live::Learner;
use foldin::model::{Fit, FitContext, Update};
use foldin::persist::{Persist, model_to_bytes};
use foldin::rating::BiasedMfParams;

use crate::mutate::Random;

/// The seeds of a target, in the same order everywhere.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = |end: &str| files(&here.join("../tests/golden"), end);
    let mut seeds = files(&here.join("seeds").join(target), "");
    match target {
        "model" => {
            seeds.extend(golden(".foldin"));
            seeds.push(learner(&IalsParams::new().factors(3).epochs(2)));
            seeds.push(learner(&BiasedMfParams::new().factors(2).epochs(2)));
        }
        "log" => seeds.extend(golden(".log").iter().map(|log| [&[1], &log[..]].concat())),
        _ => {}
    }
    let mut random = Random(target.len() as u64);
    seeds.extend((1..9).map(|n| random.bytes(n * 100)));
    seeds
}

fn files(folder: &Path, end: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder that can be read").path()).collect();
    paths.sort();
    paths.retain(|path| path.to_string_lossy().ends_with(end));
    paths.iter().map(|path| fs::read(path).expect("a file that can be read")).collect()
}

/// The file of a model that lives, in which an index is vacant.
fn learner<P: Fit<Model: Update + Persist>>(params: &P) -> Vec<u8> {
    let pairs = (0..5).flat_map(|user| (0..4).map(move |item| (user, item)));
    let event = |(user, item): (u32, u32)| {
        let value = (1 + (user + item) % 5) as f32;
        Event { user: UserIx::new(user), item: ItemIx::new(item), value, time: Some(i64::from(user)) }
    };
    let events: Vec<Event> = pairs.filter(|(user, item)| (user * 3 + item) % 4 > 0).map(event).collect();
    let data = Interactions::from_events(5, 4, &events).expect("each pair once");
    let fitted = params.fit_with(&data, &mut FitContext::new().threads(1)).expect("ratings");
    let mut learner = Learner::new(fitted.model, data).expect("its own events").threads(1);
    learner.apply(&[Change::RemoveUser { user: UserIx::new(2) }]).expect("they are there");
    model_to_bytes(&learner).expect("a model that lives can be saved")
}
