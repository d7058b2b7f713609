//! Where the factorizations of ratings begin: standardised ratings, damped biases, the leading singular vectors of what
//! these leave over.

mod biases;
mod columns;
mod scaling;
mod spectral;

pub(super) use biases::{Events, biases};
pub(super) use columns::{gram, inverse_root, multiply, orthonormalise};
pub(super) use scaling::Scaling;
pub(super) use spectral::user_factors;
