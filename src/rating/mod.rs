//! Models of ratings: how much will this person like that?
//!
//! *Knows*: `data`, the contract of `model`, `kernel`, `par`, `persist`. *Does not know*: lists, held-out truth.
//! *Cost*: [`BiasBaseline`] linear in the events; [`BiasedMf`] and each sample of [`BayesianMf`] the same, times the square of
//! the factors;
//! [`ItemKnn`] quadratic in the lengths of the histories.
//! *Fails* with [`FitError`](crate::model::FitError) and [`QueryError`](crate::model::QueryError).
//!
//! | model | rests on | choose it |
//! |---|---|---|
//! | [`BiasBaseline`] | mean, bias of the user, bias of the item | as the bar that everything else has to beat |
//! | [`BiasedMf`] | factors and biases of user and item | for good predictions in a second, and lists in microseconds |
//! | [`BayesianMf`] | samples of factors, biases, attributes, sets and time | for the best predictions there are, their uncertainty, and for what nobody has rated |
//! | [`ItemKnn`] | the asker's ratings of the most similar items | when a prediction must be traceable to a few ratings |

mod bayes;
mod bias;
mod item_knn;
mod mf;
mod start;

pub use bayes::{
    BayesianMf, BayesianMfParams, BayesianMfPatch, BayesianMfUndo, BayesianMfWorking, CompressError,
    Compressed, Compression, CompressionReport, Estimate, Forecast, ForecastError, ForecastRequest,
    Likelihood, Neighbour, Prospect, RatingDistribution, Reason, Title,
};
pub use bias::{BiasBaseline, BiasBaselineParams};
pub use item_knn::{ItemKnn, ItemKnnParams};
pub use mf::{BiasedMf, BiasedMfParams, BiasedMfPatch, BiasedMfUndo, BiasedMfWorking};
