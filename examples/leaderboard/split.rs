//! How data is parted: from its name on the command line to the parts.

use std::path::PathBuf;

use foldin::data::Interactions;
use foldin::evaluate::{Candidates, Split, UserSplit};

use crate::Failure;
use crate::args::{list, number};

/// How a file is parted.
#[derive(Clone, Debug, PartialEq)]
pub enum SplitSpec {
    /// A random fraction.
    Random(f64),
    /// A random fraction of each user's events.
    PerUser(f64),
    /// K folds.
    Folds(usize),
    /// The last n of each user.
    Last(usize),
    /// The latest fraction.
    Time(f64),
    /// A fraction of the users, and of their events.
    Users(f64, f64),
    /// Files to test on, one for each input.
    Test(Vec<PathBuf>),
    /// The folder of the protocol of NCF.
    Ncf(PathBuf),
}

/// What a model learns from, and what it is asked.
pub struct Parts {
    pub train: Interactions,
    pub exam: Exam,
}

/// What a model is asked after its fit.
pub enum Exam {
    /// Events of users that it knows.
    Test(Interactions),
    /// Events of users that it does not know, who are folded in by their history.
    FoldIn { history: Box<Interactions>, test: Box<Interactions> },
    /// Cases with candidates.
    Among(Candidates),
}

impl From<Split> for Parts {
    fn from(Split { train, test }: Split) -> Self {
        Self { train, exam: Exam::Test(test) }
    }
}

impl SplitSpec {
    /// Reads what stands after `option`.
    pub fn parse(option: &str, text: &str) -> Result<Self, String> {
        let (how, what) = text.split_once(':').unwrap_or((text, ""));
        let fraction = |text: &str| -> Result<f64, String> {
            let fraction: f64 = number(option, text)?;
            if fraction > 0.0 && fraction < 1.0 {
                return Ok(fraction);
            }
            Err(format!("{option}: {text} is not between 0 and 1"))
        };
        Ok(match how {
            "random" => Self::Random(fraction(what)?),
            "per-user" => Self::PerUser(fraction(what)?),
            "folds" => Self::Folds(number(option, what)?),
            "last" => Self::Last(number(option, what)?),
            "time" => Self::Time(fraction(what)?),
            "users" => {
                let (users, events) = what.split_once(':').unwrap_or((what, "0.2"));
                Self::Users(fraction(users)?, fraction(events)?)
            }
            "test" => Self::Test(list(what).into_iter().map(PathBuf::from).collect()),
            "ncf" if !what.is_empty() => Self::Ncf(what.into()),
            _ => {
                let known = "random:, per-user:, folds:, last:, time:, users:, test:, ncf:";
                return Err(format!("{option}: `{text}` is none of {known}"));
            }
        })
    }

    /// Whether the parts are files.
    pub fn names_files(&self) -> bool {
        matches!(self, Self::Test(_) | Self::Ncf(_))
    }

    /// Whether only lists can be measured so.
    pub fn is_of_lists(&self) -> bool {
        matches!(self, Self::Users(..) | Self::Ncf(_))
    }

    /// Parts data; several times for folds.
    pub fn part(&self, data: &Interactions, seed: u64) -> Result<Vec<Parts>, Failure> {
        let one = |split: Split| vec![split.into()];
        Ok(match *self {
            Self::Random(fraction) => one(Split::random(data, fraction, seed)?),
            Self::PerUser(fraction) => one(Split::random_per_user(data, fraction, seed)?),
            Self::Folds(k) => Split::folds(data, k, seed)?.map(Parts::from).collect(),
            Self::Last(n) => one(Split::leave_last(data, n)?),
            Self::Time(fraction) => one(Split::latest(data, fraction)?),
            Self::Users(users, events) => {
                let UserSplit { train, history, test } = UserSplit::random(data, users, events, seed)?;
                vec![Parts { train, exam: Exam::FoldIn { history: history.into(), test: test.into() } }]
            }
            Self::Test(_) | Self::Ncf(_) => return Err("test files are read, not parted".into()),
        })
    }
}
