//! Answers: what does one small system, one product, one draw come to, at the speed of the machine?
//! Knows slices of numbers, their shapes and the processor; knows no users, items, ratings, files, threads.
//! Costs a fixed share of the processor's peak: every routine says its multiply-adds; nothing allocates per row.
//! Fails with [`SolveError`]: wrong shapes, numbers that are not finite, systems that are not positive definite.

mod buffer;
mod cholesky;
mod eigen;
mod error;
mod factor;
mod gathered;
mod gaussian;
mod gram;
mod influence;
mod interleaved;
mod level;
mod matrix;
mod measure;
mod products;
mod regression;
mod rng;
mod row;
mod sieve;
mod simd;
mod special;
mod tile;
mod transform;
mod uncertain;
mod vector;

pub use eigen::Eigen;
pub use error::{RowError, SolveError};
pub use factor::Factor;
pub use gaussian::{Gaussian, Moments};
pub use gram::Gram;
pub(crate) use influence::Influence;
pub use level::Level;
pub(crate) use matrix::Matrix;
pub use measure::spin;
pub use products::{combine, gathered_products, products};
pub use regression::{Columns, RESPONSES, Responses, sweep};
pub use rng::{Normal, Stream};
pub use row::{Answers, Method, Precision, Row, RowSolver, Rows, RowsMut, Workspace};
pub(crate) use sieve::{Found, GROUP, Kind, MOST, Sieve, Tile};
pub use special::{exp, ln, ln_gamma, normal_cdf, normal_quantile};
pub use transform::transform;
pub use uncertain::{
    Beliefs, Evidence, Posterior, UncertainRows, UncertainRowsMut, UncertainSolver, UncertainWorkspace,
};
pub(crate) use vector::prefetch;
pub use vector::{axpy, dot, sum_of_squares};
