//! Loads a model.

use foldin::data::{ItemIx, UserIx};
use foldin::implicit::{Ials, Popularity};
use foldin::live::Learner;
use foldin::model::{Profile, Query, Score, Update};
use foldin::persist::{
    Archive, Persist, PersistId, Saved, SectionReader, from_bytes, inspect, model_from_bytes, model_to_bytes,
    read_from,
};
use foldin::rating::{BiasBaseline, BiasedMf, ItemKnn};

use crate::ask::{Somebody, ask, explain, forecast, questions, rate};
use crate::bytes::Draw;
use crate::histories::Stream;
use crate::seal::{mended, sealed};

/// Loads the bytes as every kind of model, as they are and with whatever a checksum would give away made right. What
/// loads must answer, and be saved and loaded again to the same bytes and the same answers.
pub fn model(bytes: &[u8]) {
    let mut forms = vec![bytes.to_vec(), sealed(bytes), mended(bytes)];
    forms.dedup();
    forms.iter().for_each(|form| load(form));
}

fn load(bytes: &[u8]) {
    look(bytes);
    let Ok(sections) = SectionReader::new(bytes) else { return };
    // The choices are drawn from the file itself, from its end.
    let choices: Vec<u8> = bytes.iter().rev().copied().take(256).collect();
    match sections.kind() {
        "bias-baseline" => with(bytes, &choices, |model: &BiasBaseline, asked| rate(model, asked)),
        "item-knn" => with(bytes, &choices, |model: &ItemKnn, asked| {
            rate(model, asked);
            explain(model, asked);
        }),
        "biased-mf" => {
            with(bytes, &choices, |model: &BiasedMf, asked| {
                rate(model, asked);
                explain(model, asked);
            });
            learn::<BiasedMf>(bytes, &choices);
        }
        "bayesian-mf" => with(bytes, &choices, forecast),
        "ials" => {
            with(bytes, &choices, |model: &Ials, asked| explain(model, asked));
            learn::<Ials>(bytes, &choices);
        }
        "popularity" => with(bytes, &choices, |_: &Popularity, _| {}),
        _ => {}
    }
}

/// What a file says of itself, and every section of it as every type.
fn look(bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(&file, bytes).expect("room for it");
    let summary = inspect(file.path());
    let Ok(sections) = SectionReader::new(bytes) else { return };
    // Of the sections, it reads the metadata only.
    let _ = summary.map(|summary| summary.to_string());
    for name in sections.names() {
        let n = sections.count(name).expect("it is there");
        let _ =
            (sections.bytes(name), sections.values::<f32>(name, &[n]), sections.values::<f64>(name, &[n]));
        let _ = (sections.values::<i64>(name, &[n]), sections.offsets(name, n), sections.strings(name, None));
        let _ = (sections.indices::<ItemIx>(name, &[n], 7), sections.array::<u32, 3>(name));
    }
    let _ = (sections.seen(12, 6), sections.checkpoint(), sections.version());
}

fn with<M: Persist + PartialEq>(bytes: &[u8], choices: &[u8], more: impl Fn(&M, &[Query<'_>])) {
    ids::<M, String, String>(bytes);
    ids::<M, u64, u32>(bytes);
    let Ok(model) = model_from_bytes::<M>(bytes) else { return };
    let again = model_to_bytes(&model).expect("what was loaded can be saved");
    let twin = model_from_bytes::<M>(&again).expect("what was saved can be loaded");
    assert!(model == twin, "loaded again it is another");
    assert!(again == model_to_bytes(&twin).expect("as before"), "saved again it has other bytes");
    let mut draw = Draw::new(choices);
    let somebody = Somebody::draw(&mut draw, model.n_items());
    let asked = questions(&model, &somebody, &mut draw);
    assert_eq!(bits(ask(&model, &asked)), bits(ask(&twin, &asked)), "loaded again it answers otherwise");
    more(&model, &asked);
    let beyond = Query::user(UserIx::new(model.n_users()));
    assert!(model.profile(&beyond, &mut Profile::new()).is_err());
}

fn bits(scores: Vec<Vec<f32>>) -> Vec<Vec<u32>> {
    scores.iter().map(|scores| scores.iter().map(|score| score.to_bits()).collect()).collect()
}

fn ids<M: Persist, U: PersistId, I: PersistId>(bytes: &[u8]) {
    let Ok(saved) = from_bytes::<M, U, I>(bytes) else { return };
    let Saved { model, ids, metadata, checkpoint } = &saved;
    let archive = Archive::of(model).with_ids(ids).expect("ids that came with it").with_metadata(metadata);
    let archive = match checkpoint {
        Some(checkpoint) => archive.with_checkpoint(*checkpoint),
        None => archive,
    };
    let again = archive.to_bytes().expect("what was loaded can be saved");
    let twin = read_from::<M, U, I>(&again[..]).expect("what was saved can be loaded");
    assert!(ids == &twin.ids && metadata == &twin.metadata && checkpoint == &twin.checkpoint);
}

/// A model that lives goes on where it was.
fn learn<M: Update + Persist>(bytes: &[u8], choices: &[u8]) {
    let Ok(learner) = model_from_bytes::<Learner<M>>(bytes) else { return };
    let mut learner = learner.threads(1);
    let saved = |learner: &Learner<M>| model_to_bytes(learner).expect("it can be saved");
    let before = saved(&learner);
    let mut draw = Draw::new(choices);
    let changes = Stream::of(learner.histories()).batch(&mut draw);
    match learner.apply_with_patch(&changes) {
        Ok(applied) => {
            let somebody = Somebody::draw(&mut draw, learner.n_items());
            ask(&learner, &questions(&learner, &somebody, &mut draw));
            learner.take_back(applied);
            assert!(before == saved(&learner), "what was taken back has left something");
        }
        Err(_) => assert!(before == saved(&learner), "a batch that was refused has changed something"),
    }
}
