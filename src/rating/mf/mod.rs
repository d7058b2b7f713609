//! Matrix factorization with biases, fitted by alternating least squares that knows how sure it is.
//!
//! A rating is explained by the mean of all ratings, a bias of the user, a bias of the item, and the product of K
//! taste factors:
//!
//! ```text
//! r_ui = mu + b_u + b_i + p_u . q_i + noise,     noise ~ N(0, 1 / (tau omega_u omega_i))
//! (p_u, b_u) ~ N(m + s c_u, diag(1/P)),          (q_i, b_i) likewise, with m, s, P of its own
//! ```
//!
//! c is the logarithm of a row's number of ratings, less its mean: who rates much, and what is rated much, is not
//! like the rest. The objective is the variational bound on the likelihood of the data, with independent Gaussians
//! for all coordinates of all rows. It is raised by turns: all items exactly, then all users exactly, each by the
//! linear system of [`crate::kernel::UncertainSolver`], then m, s, P and tau in closed form. That system reads, for
//! a user, with y_i = (q_i, 1),
//!
//! ```text
//! (sum_i omega_i (y_i y_i' + diag v_i) + P / (tau omega_u)) x_u = sum_i omega_i (r_ui - mu - b_i) y_i + ...
//! ```
//!
//! *Regularization.* A row is pulled by P / (tau omega) *and* by the sum of its neighbours' variances v. The second
//! grows with the number of ratings, as lambda n does in ALS-WR (Zhou et al. 2008, "Large-scale parallel
//! collaborative filtering for the Netflix Prize"), but each neighbour counts by how uncertain it is, per factor, and
//! no lambda has to be searched: the bound sets it. Factors the data does not support get a large P and vanish
//! (Nakajima & Sugiyama 2011, "Theoretical analysis of Bayesian matrix factorization"), so too many factors cost time,
//! not accuracy. [`BiasedMfParams::regularization`] multiplies P for those who want more or less than the bound.
//!
//! *Papers.* Variational Bayes for ratings: Lim & Teh 2007, "Variational Bayesian approach to movie rating
//! prediction"; the diagonal posterior: Raiko, Ilin & Karhunen 2007, "Principal component analysis for large scale
//! problems with lots of missing values"; biases learned with the factors: Koren, Bell & Volinsky 2009, "Matrix
//! factorization techniques for recommender systems". The noise of each row, and the slope s, are additions of ours.
//!
//! *Start.* Damped means for the biases, then the leading singular vectors of what they leave over (three rounds of
//! orthogonal iteration, rows and columns with few ratings damped): a few epochs earlier than a random start, and better.
//!
//! *Cost* of an epoch: `2 * ratings * D^2 / 2` multiply-adds for the matrices and `rows * D^3 / 3` for their
//! factorisations, D = K + 1; short rows pay `n^2 D` instead. D is best a multiple of 16 (15, 31, 63 factors).
//! Memory: `16 D` bytes per row while fitting, at least 128.
//!
//! *Choose another model* when only the order matters and there are no ratings, or when each prediction must be
//! traced to single ratings ([`super`] lists them). *Limitation*: taste does not move with time, and the number of
//! ratings is taken as a fact about a row, so an asker who folds in ten of a thousand ratings is taken for someone
//! with ten.
//!
//! *Measured* by the defaults, RMSE: MovieLens 1M, a random tenth held out, mean of three seeds: 0.830; MovieLens 100K,
//! `u1` to `u5`: 0.901 (`tests/biased_mf_accuracy.rs` holds the bars). Times: `benches/mf.rs`.
//!
//! *Equivariance.* Ratings are centred and divided by their standard deviation before anything else, so a fit on
//! another scale (`a r + b`) is the same fit.

mod activity;
mod answer;
mod explain;
mod file;
mod fit;
mod model;
mod params;
mod prior;
mod side;
#[cfg(test)]
mod tests;
mod update;

pub(super) use activity::Activity;
pub use model::BiasedMf;
pub(super) use model::Parts;
pub use params::BiasedMfParams;
pub(super) use prior::Prior;
pub use update::{BiasedMfPatch, BiasedMfUndo, BiasedMfWorking};
