//! The command line.

use std::path::PathBuf;

use crate::Failure;

pub struct Args {
    pub ratings: Option<PathBuf>,
    pub item_attributes: Option<PathBuf>,
    pub user_attributes: Option<PathBuf>,
    pub films: f64,
    pub factors: usize,
    pub samples: usize,
    pub seed: u64,
    pub threads: usize,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            ratings: None,
            item_attributes: None,
            user_attributes: None,
            films: 0.1,
            factors: 8,
            samples: 60,
            seed: 0,
            threads: 0,
        }
    }
}

pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Args, Failure> {
    let mut args = Args::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--ratings" => args.ratings = Some(value()?.into()),
            "--item-attributes" => args.item_attributes = Some(value()?.into()),
            "--user-attributes" => args.user_attributes = Some(value()?.into()),
            "--films" => args.films = value()?.parse()?,
            "--factors" => args.factors = value()?.parse()?,
            "--samples" => args.samples = value()?.parse()?,
            "--seed" => args.seed = value()?.parse()?,
            "--threads" => args.threads = value()?.parse()?,
            _ => {
                return Err(
                    format!("unknown option `{word}`: the first lines of this example list all").into()
                );
            }
        }
    }
    if !(args.films > 0.0 && args.films < 1.0) {
        return Err("--films is a share between 0 and 1".into());
    }
    let attributes = args.item_attributes.is_some() || args.user_attributes.is_some();
    if args.ratings.is_none() && attributes {
        return Err("attributes of a file go with --ratings; generated data has its own".into());
    }
    Ok(args)
}
