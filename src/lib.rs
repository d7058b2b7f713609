//! Who rated, watched or bought what, turned into predictions and ranked lists: a recommendation
//! library to embed.
//!
//! A pure library: no server, no network, no global state. Give it records, get a model that predicts
//! ratings, ranks what a person should see next, answers for people who arrived a second ago, and
//! fits into a file.
//!
#![cfg_attr(feature = "csv", doc = "```")]
#![cfg_attr(not(feature = "csv"), doc = "```ignore")]
//! use foldin::prelude::*;
//! # fn main() -> Result<(), foldin::Error> {
//! # let dir = tempfile::tempdir().unwrap();
//! # let path = dir.path().join("ratings.csv");
//! # let mut text = String::from("user,item,rating\n");
//! # for n in 0..400 { text += &format!("u{},i{},{}\n", n % 20, n / 20, 1 + (n * 7 + n / 20) % 5); }
//! # std::fs::write(&path, text).unwrap();
//! let (data, ids) = InteractionsBuilder::new().min_interactions(5).from_csv_path(&path)?;
//! let model = BiasedMfParams::new().factors(15).fit(&data)?;
//!
//! let query = Query::user(ids.user("u7")?);
//! let prediction = model.predict_one(&query, ids.item("i3")?)?;
//! println!("{:.2}, resting on {:?}", prediction.rating, prediction.basis);
//! for hit in model.top_n(&query, &TopN::new(10).include_seen())? {
//!     println!("{:?} {:.2}", ids.item_id(hit.item), hit.score);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Somebody new is folded in: their history is the query, nothing is stored and nothing retrained.
//!
//! ```
//! # use foldin::data::synthetic::Synthetic;
//! # use foldin::prelude::*;
//! # fn main() -> Result<(), foldin::Error> {
//! # let data = Synthetic::tiny().generate()?.interactions;
//! # let model = BiasedMfParams::new().factors(4).fit(&data)?;
//! let items = [ItemIx::new(3), ItemIx::new(17)];
//! let history = History::new(&items, &[5.0, 1.0])?;
//! let hits = model.top_n(&Query::history(history), &TopN::new(5))?;
//! assert!(hits.iter().all(|hit| !items.contains(&hit.item)));
//! # Ok(())
//! # }
//! ```
//!
//! # Which model do I want?
//!
//! | you have | take | because |
//! |---|---|---|
//! | ratings, and accuracy counts | [`BiasedMf`](rating::BiasedMf) | accurate after a second of fitting; answers in microseconds |
//! | ratings, and accuracy or uncertainty is worth minutes | [`BayesianMf`](rating::BayesianMf) | the most accurate; says how sure it is; knows attributes and time |
//! | titles nobody has rated yet | [`BayesianMf`](rating::BayesianMf) | forecasts their audience from who made them |
//! | ratings, and each answer must be traced to ratings | [`ItemKnn`](rating::ItemKnn) | a prediction *is* a few similar items |
//! | very few ratings, or a yardstick | [`BiasBaseline`](rating::BiasBaseline) | nothing to overfit; the bar for every other |
//! | events: views, purchases, plays | [`Ials`](implicit::Ials) | personal lists, exact at hundreds of factors |
//! | events, and a yardstick for lists | [`Popularity`](implicit::Popularity) | the same for everybody; not easy to beat |
//!
//! Measure before you choose: the example `leaderboard` compares them on any file of ratings or events.
//!
//! # The rooms
//!
//! | room | what for |
//! |---|---|
//! | [`data`] | records, files, cleaning, ids, compressed rows, generated data |
//! | [`model`] | the traits every model keeps: query, score, fit, predict |
//! | [`rating`] | models of ratings |
//! | [`implicit`] | models of events: watched, bought, played |
//! | [`retrieve`] | ranked lists with filters, and the scanners that make them fast |
//! | [`live`] | models that learn while they serve |
//! | [`evaluate`] | splits, RMSE, NDCG and their like, with intervals |
//! | [`persist`] | the model file, and the log of events beside it |
//! | [`kernel`] | the row solver beneath it all, for authors of models |
//!
//! # Promises
//!
//! - The same data, parameters and seed give the same bits for any number of threads.
//! - Bad input is a typed error that says what to do; nothing falls back silently.
//! - A prediction says on what it rests ([`Basis`](model::Basis)).
//! - A damaged model file is an error, never a panic.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `parallel` | yes | several threads, by `rayon` |
//! | `csv` | yes | reading files of records |
//! | `serde` | no | `Serialize` and `Deserialize` for parameters, ids, models and reports |
//! | `mmap` | no | opening a model of any size in milliseconds, and answering from the mapped file: [`persist`] |

#![warn(unreachable_pub)]

pub mod data;
mod error;
pub mod evaluate;
pub mod implicit;
pub mod kernel;
pub mod live;
pub mod model;
mod numbers;
mod par;
pub mod persist;
pub mod rating;
pub mod retrieve;

pub use error::Error;
pub use par::ThreadsError;

/// The README's program is compiled like every other example.
#[cfg(all(doctest, feature = "csv"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// What most programs need: `use foldin::prelude::*;`.
pub mod prelude {
    pub use crate::data::{Change, Dataset, History, Ids, Interactions, InteractionsBuilder, ItemIx, UserIx};
    pub use crate::implicit::{IalsParams, PopularityParams};
    pub use crate::live::{Learner, Live};
    pub use crate::model::{Fit, FitContext, FitFrom, Params, PredictRating, Query, Score};
    pub use crate::rating::{BayesianMfParams, BiasBaselineParams, BiasedMfParams, ItemKnnParams};
    pub use crate::retrieve::{Hit, Scanner, ScoreExt, TopN, UserScanner};
}
