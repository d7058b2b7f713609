//! How small can the most accurate model be made? Fits `BayesianMf`, compresses it, and measures both.
//!
//! ```text
//! cargo run --release --example compress -- --ratings ratings.csv --compress 8,16,32,64
//! ```
//!
//! | option | |
//! |---|---|
//! | `--ratings FILE` | a tenth of them is held out at random (default: data from the crate's own generator) |
//! | `--train FILE --test FILE` | instead |
//! | `--factors N`, `--samples N`, `--burn-in N`, `--kept N` | of the model that is compressed |
//! | `--compress N[,N...]` | factors of the small models (default 8,16,32,64) |
//! | `--seed N`, `--threads N` | of the split and the fit |

mod args;
mod measure;

use std::process::ExitCode;
use std::time::Instant;

use args::{Args, Data};
use foldin::data::synthetic::Synthetic;
use foldin::data::{Layout, Source};
use foldin::evaluate::Split;
use foldin::prelude::*;
use foldin::rating::Compression;
use measure::Exam;

/// Something that went wrong, for people.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match args::parse(std::env::args().skip(1)).and_then(|args| run(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("compress: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let Split { train, test } = read(args)?;
    println!("{} ratings to learn from, {} to predict", train.len(), test.len());
    let started = Instant::now();
    let mut context = FitContext::new().seed(args.seed).threads(args.threads);
    let model = args.params.fit_with(&train, &mut context)?.model;
    println!(
        "{} samples of {} factors in {:.1} s\n",
        model.samples(),
        model.factors(),
        started.elapsed().as_secs_f64()
    );
    let exam = Exam::new(&train, &test, &model)?;
    measure::head();
    exam.of("asked at the moment", &model, true)?.print();
    exam.of("for no moment", &model, false)?.print();
    let mut notes = Vec::new();
    for &factors in &args.compress {
        let started = Instant::now();
        let small = model.compress(&Compression::new(factors).threads(args.threads))?;
        let seconds = started.elapsed().as_secs_f64();
        let name = format!("{factors} factors");
        exam.of(&name, &small.model, false)?.print();
        let report = small.report;
        notes.push(format!(
            "{name}: made in {seconds:.2} s; {:.4} from all samples on {} pairs of the training data, {:.4} by the line alone",
            report.apart, report.pairs, report.line
        ));
    }
    println!("\n{}", notes.join("\n"));
    Ok(())
}

fn read(args: &Args) -> Result<Split, Failure> {
    Ok(match &args.data {
        Data::Generated => {
            Split::random(&Synthetic::new().seed(args.seed).generate()?.interactions, 0.1, args.seed)?
        }
        Data::Ratings(path) => {
            let (data, _) = InteractionsBuilder::new().from_csv_path(path)?;
            Split::random(&data, 0.1, args.seed)?
        }
        Data::Parted { train, test } => {
            let builder: InteractionsBuilder =
                InteractionsBuilder::new().add_file("train", train, &Layout::new())?;
            let set = builder.add_file(Source::new("test").held_out(), test, &Layout::new())?.build()?;
            Split { train: set.interactions, test: set.held_out.ok_or("--test: the file has no ratings")? }
        }
    })
}
