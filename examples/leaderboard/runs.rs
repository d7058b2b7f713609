//! What is trained and tested on: files or generated data, parted, once for each seed.

use std::rc::Rc;

use foldin::data::Interactions;
use foldin::evaluate::{Candidates, Ncf, Split};

use crate::Failure;
use crate::args::Args;
use crate::read;
use crate::split::{Exam, Parts, SplitSpec};

/// What NCF ranks the test item among.
const NEGATIVES: usize = 99;

/// One part to train on, one exam, and the seed of the fit.
pub struct Run {
    pub parts: Rc<Parts>,
    pub seed: u64,
}

/// All runs whose mean is a line of the table.
pub fn runs(args: &Args) -> Result<Vec<Run>, Failure> {
    match (&args.split, &args.validate) {
        (SplitSpec::Test(tests), None) => {
            let mut runs = Vec::new();
            for (input, test) in args.inputs.iter().zip(tests) {
                let (train, test) = read::train_and_test(args, input, test)?;
                runs.extend(seeded(args, Split::fixed(train, test)?.into()));
            }
            Ok(runs)
        }
        (SplitSpec::Test(_), Some(how)) => {
            let mut runs = Vec::new();
            for input in &args.inputs {
                runs.extend(parted(args, how, &read::events(args, Some(input))?)?);
            }
            Ok(runs)
        }
        (SplitSpec::Ncf(folder), None) => {
            let Ncf { train, candidates, .. } = Ncf::read(folder)?;
            Ok(seeded(args, Parts { train, exam: Exam::Among(candidates) }))
        }
        (SplitSpec::Ncf(folder), Some(how)) => {
            let runs = parted(args, how, &Ncf::read_train(folder)?)?;
            runs.into_iter().map(among).collect()
        }
        (how, validate) => {
            let data = read::events(args, args.inputs.first().map(|path| path.as_path()))?;
            let runs = parted(args, how, &data)?;
            let Some(validate) = validate else { return Ok(runs) };
            let mut inner = Vec::new();
            for Run { parts, seed } in runs {
                let parts = validate.part(&parts.train, seed)?;
                inner.extend(parts.into_iter().map(|parts| Run { parts: Rc::new(parts), seed }));
            }
            Ok(inner)
        }
    }
}

/// The same parts for every seed.
fn seeded(args: &Args, parts: Parts) -> Vec<Run> {
    let parts = Rc::new(parts);
    args.seeds.iter().map(|&seed| Run { parts: parts.clone(), seed }).collect()
}

/// Parts of the same data for every seed.
fn parted(args: &Args, how: &SplitSpec, data: &Interactions) -> Result<Vec<Run>, Failure> {
    let mut runs = Vec::new();
    for &seed in &args.seeds {
        runs.extend(how.part(data, seed)?.into_iter().map(|parts| Run { parts: Rc::new(parts), seed }));
    }
    Ok(runs)
}

/// The exam of NCF on events held out of its training part.
fn among(run: Run) -> Result<Run, Failure> {
    let Run { parts, seed } = run;
    let Exam::Test(test) = &parts.exam else {
        return Err("--split ncf: validates on events: take random:, per-user: or folds:".into());
    };
    let exam = Exam::Among(Candidates::sampled(&parts.train, test, NEGATIVES, seed)?);
    Ok(Run { parts: Rc::new(Parts { train: parts.train.clone(), exam }), seed })
}
