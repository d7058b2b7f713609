//! Writes the seeds of all targets where `cargo fuzz` looks for them: `corpus/TARGET`.

use std::path::Path;
use std::{fs, io};

use foldin_fuzz::{TARGETS, seeds::seeds};

fn main() -> io::Result<()> {
    for (name, _) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        fs::create_dir_all(&folder)?;
        for (n, seed) in seeds(name).iter().enumerate() {
            fs::write(folder.join(format!("seed-{n}")), seed)?;
        }
    }
    Ok(())
}
