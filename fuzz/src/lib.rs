//! What must hold for any bytes. Each target is a function that panics on a finding, so that it runs under a fuzzer, in a
//! test on stable (`tests/seeds.rs`), and on the file of a finding.

mod ask;
mod bytes;
mod changes;
mod fit;
mod histories;
mod log;
mod model;
pub mod mutate;
mod ratings;
mod seal;
pub mod seeds;
mod top_n;

pub use changes::changes;
pub use fit::fit;
pub use log::log;
pub use model::model;
pub use ratings::ratings;
pub use top_n::top_n;

/// A target: its name and its body.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 6] = [
    ("model", model),
    ("log", log),
    ("ratings", ratings),
    ("top_n", top_n),
    ("changes", changes),
    ("fit", fit),
];

/// The program of a target: libFuzzer's under `cargo fuzz`, else one that runs the files it is given.
#[macro_export]
macro_rules! target {
    ($body:path) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $body(bytes));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            for path in std::env::args_os().skip(1) {
                $body(&std::fs::read(path)?);
            }
            Ok(())
        }
    };
}
