//! What is trained and tested on: files or generated data, parted.

use foldin::data::synthetic::Synthetic;
use foldin::data::{Dataset, Duplicates, Interactions, InteractionsBuilder, Layout, Source};
use foldin::evaluate::Split;

use crate::args::{Args, SplitSpec};

/// Something that went wrong, for people.
pub type Failure = Box<dyn std::error::Error>;

/// One part to train on, one to test on, and the seed of the fit.
pub struct Run {
    pub split: Split,
    pub seed: u64,
}

/// All runs whose mean is a line of the table.
pub fn runs(args: &Args) -> Result<Vec<Run>, Failure> {
    if let SplitSpec::Test(tests) = &args.split {
        let mut runs = Vec::new();
        for (input, test) in args.inputs.iter().zip(tests) {
            let builder = add(builder(args), args, "train".into(), input)?;
            let set = add(builder, args, Source::new("test").held_out(), test)?.build()?;
            show(args, &set);
            let test = set.held_out.ok_or("the test file has no records")?;
            let split = Split::fixed(set.interactions, test)?;
            runs.extend(args.seeds.iter().map(|&seed| Run { split: split.clone(), seed }));
        }
        return Ok(runs);
    }
    let data = match args.inputs.first() {
        None => generated(args)?,
        Some(input) => {
            let set = add(builder(args), args, "ratings".into(), input)?.build()?;
            show(args, &set);
            set.interactions
        }
    };
    let mut runs = Vec::new();
    for &seed in &args.seeds {
        runs.extend(part(&data, &args.split, seed)?.into_iter().map(|split| Run { split, seed }));
    }
    Ok(runs)
}

fn generated(args: &Args) -> Result<Interactions, Failure> {
    let set = Synthetic::default().generate()?;
    if !args.json {
        let data = &set.interactions;
        eprintln!("{} generated ratings of {} people", data.len(), data.n_users());
    }
    Ok(set.interactions)
}

fn part(data: &Interactions, how: &SplitSpec, seed: u64) -> Result<Vec<Split>, Failure> {
    Ok(match how {
        SplitSpec::Random(fraction) => vec![Split::random(data, *fraction, seed)?],
        SplitSpec::Folds(k) => Split::folds(data, *k, seed)?.collect(),
        SplitSpec::Last(n) => vec![Split::leave_last(data, *n)?],
        SplitSpec::Time(fraction) => vec![Split::latest(data, *fraction)?],
        SplitSpec::Test(_) => return Err("test files are read, not parted".into()),
    })
}

fn builder(args: &Args) -> InteractionsBuilder {
    let mut builder = InteractionsBuilder::new().duplicates(Duplicates::Last);
    if let Some((min, max)) = args.scale {
        builder = builder.rating_range(min, max);
    }
    if args.lenient { builder.lenient() } else { builder }
}

fn add(
    builder: InteractionsBuilder,
    args: &Args,
    source: Source,
    path: &std::path::Path,
) -> Result<InteractionsBuilder, Failure> {
    let mut layout = Layout::new().encoding(args.encoding);
    if let Some(columns) = &args.columns {
        layout = layout.columns(columns)?;
    }
    Ok(builder.add_file(source, path, &layout)?)
}

/// The cleaning report goes to standard error, so that standard output is the table alone.
fn show(args: &Args, set: &Dataset) {
    if !args.json || set.report.dropped() > 0 {
        eprintln!("{}", set.report);
    }
}
