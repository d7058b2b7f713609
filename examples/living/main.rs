//! What a model that lives is worth: a tenth of the events arrives live, and is held against a full fit.
//!
//! ```text
//! cargo run --release --example living
//! cargo run --release --example living -- DATA/gowalla --set unobserved_weight=0.03 --set regularization=0.006
//! ```
//!
//! Reads `train.txt` and `test.txt` of a folder, one line per user: the user, then the items; without a folder the events
//! are generated. Nine tenths of the training events are
//! fitted, the rest is applied in batches; then the model is fitted again from where it is, epoch by epoch, beside fits of
//! all events from nothing. A hundredth of the users, drawn at random, arrive with all their events in the last tenth.
//!
//! | option | default |
//! |---|---|
//! | `--factors K` | 64 |
//! | `--epochs N` of the full fits | 16 |
//! | `--refit N` epochs of the fit from where it is, at most | 4 |
//! | `--batch N` events | 1000 |
//! | `--resolve R`: users, touched, neighbours | touched |
//! | `--threads T` | all cores |
//! | `--durable`: only how fast a live model takes in the last tenth, each batch in its log | |
//! | `--seed N` of the fits | 1 |
//! | `--set NAME=VALUE` | parameters of `Ials` |

mod arrive;
mod durable;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use foldin::implicit::IalsParams;
use foldin::model::{Params, Resolve};

pub(crate) type Failure = Box<dyn std::error::Error>;

/// What the command line says.
pub(crate) struct Args {
    /// None for generated events.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) params: IalsParams,
    pub(crate) refit: usize,
    pub(crate) batch: usize,
    pub(crate) resolve: Resolve,
    pub(crate) threads: usize,
    pub(crate) seed: u64,
    pub(crate) durable: bool,
}

fn main() -> ExitCode {
    match args(std::env::args().skip(1)).and_then(|args| report::run(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("living: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn args(words: impl Iterator<Item = String>) -> Result<Args, Failure> {
    let mut words = words.peekable();
    let folder = words.next_if(|word| !word.starts_with("--")).map(PathBuf::from);
    let params = IalsParams::new().factors(64);
    let (refit, batch, resolve) = (4, 1000, Resolve::Touched);
    let mut args = Args { folder, params, refit, batch, resolve, threads: 0, seed: 1, durable: false };
    while let Some(option) = words.next() {
        if option == "--durable" {
            args.durable = true;
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{option} needs a value"))?;
        let number = || value.parse::<usize>().map_err(|error| format!("{option} {value}: {error}"));
        match &option[..] {
            "--factors" => args.params.factors = number()?,
            "--epochs" => args.params.epochs = number()?,
            "--refit" => args.refit = number()?,
            "--batch" => args.batch = number()?.max(1),
            "--threads" => args.threads = number()?,
            "--seed" => args.seed = number()? as u64,
            "--resolve" => args.resolve = resolve_of(&value)?,
            "--set" => {
                let (name, value) = value.split_once('=').ok_or("--set needs NAME=VALUE")?;
                args.params.set(name, value)?;
            }
            _ => return Err(format!("{option} is none of the options").into()),
        }
    }
    Ok(args)
}

fn resolve_of(name: &str) -> Result<Resolve, Failure> {
    match name {
        "users" => Ok(Resolve::Users),
        "touched" => Ok(Resolve::Touched),
        "neighbours" => Ok(Resolve::Neighbours),
        _ => Err(format!("--resolve: `{name}` is none of users, touched, neighbours").into()),
    }
}
