//! Weighted alternating least squares for implicit feedback: exact, and without K^3 per row.

mod answer;
mod basis;
mod evidence;
mod file;
mod fit;
mod matrix;
mod model;
mod params;
mod side;
#[cfg(test)]
mod tests;
mod validation;
mod weighting;

pub use model::Ials;
pub use params::IalsParams;
pub use weighting::{Confidence, Negatives, Objective, UnknownChoice};
