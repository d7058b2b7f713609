//! Generated likes: `generate --users U --items I --ratings N --least STARS --seed S --out FILE` writes
//! the user and the item (u32, little-endian) of every rating of at least so many stars.

use std::fs;
use std::process::ExitCode;

use compare_ours::{Arguments, main_with};
use foldin::data::synthetic::Synthetic;

fn main() -> ExitCode {
    main_with("generate", run)
}

fn run() -> Result<String, String> {
    let arguments = Arguments::from_env()?;
    let least: f32 = arguments.number("least")?;
    let world = Synthetic::new()
        .users(arguments.number("users")?)
        .items(arguments.number("items")?)
        .ratings(arguments.number("ratings")?)
        .factors(16)
        .seed(arguments.number("seed")?)
        .generate()
        .map_err(|error| error.to_string())?;
    let liked = world.interactions.events().filter(|event| event.value >= least);
    let pairs = liked.flat_map(|event| [event.user.ix() as u32, event.item.ix() as u32]);
    let bytes: Vec<u8> = pairs.flat_map(u32::to_le_bytes).collect();
    let path = arguments.text("out")?;
    fs::write(&path, &bytes).map_err(|error| format!("{path}: {error}"))?;
    Ok(format!("{{\"events\": {}}}", bytes.len() / 8))
}
