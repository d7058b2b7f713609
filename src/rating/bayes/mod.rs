//! Bayesian matrix factorization: essay to be written.

mod answer;
mod asker;
mod cold;
mod distribution;
mod draws;
mod events;
mod features;
mod file;
mod fit;
mod forecast;
mod kept;
mod link;
mod matrices;
mod model;
mod noise;
mod params;
mod ratings;
mod side;
mod time;
mod validation;

#[cfg(test)]
mod tests;

pub use distribution::RatingDistribution;
pub use forecast::{Estimate, Forecast, ForecastError, ForecastRequest, Neighbour, Prospect, Reason, Title};
pub use model::BayesianMf;
pub use params::{BayesianMfParams, Likelihood};
