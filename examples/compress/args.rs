//! The command line.

use std::path::PathBuf;

use foldin::rating::BayesianMfParams;

use crate::Failure;

pub enum Data {
    Generated,
    Ratings(PathBuf),
    Parted { train: PathBuf, test: PathBuf },
}

pub struct Args {
    pub data: Data,
    pub params: BayesianMfParams,
    pub compress: Vec<usize>,
    pub seed: u64,
    pub threads: usize,
}

pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Args, Failure> {
    let mut args = Args {
        data: Data::Generated,
        params: BayesianMfParams::new(),
        compress: vec![8, 16, 32, 64],
        seed: 0,
        threads: 0,
    };
    let (mut train, mut test) = (None, None);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--ratings" => args.data = Data::Ratings(value()?.into()),
            "--train" => train = Some(PathBuf::from(value()?)),
            "--test" => test = Some(PathBuf::from(value()?)),
            "--factors" => args.params.factors = value()?.parse()?,
            "--samples" => args.params.samples = value()?.parse()?,
            "--burn-in" => args.params.burn_in = value()?.parse()?,
            "--kept" => args.params.kept = value()?.parse()?,
            "--compress" => {
                args.compress = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?;
            }
            "--seed" => args.seed = value()?.parse()?,
            "--threads" => args.threads = value()?.parse()?,
            _ => {
                return Err(
                    format!("unknown option `{word}`: the first lines of this example list all").into()
                );
            }
        }
    }
    match (train, test) {
        (Some(train), Some(test)) => args.data = Data::Parted { train, test },
        (None, None) => {}
        _ => return Err("--train and --test go together".into()),
    }
    Ok(args)
}
