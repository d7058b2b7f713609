//! Bayesian matrix factorization with attributes, implicit sets and time, by Gibbs sampling over the row solver.
//!
//! ```text
//! z_ui = b_u + b_i + x_u . y_i + day + day of the user + period of the item + noise
//! noise ~ N(0, 1 / (tau omega_u omega_i)),     omega ~ Gamma(h/2, h/2), one h for users and one for items
//! (x_u, b_u) ~ N(mu + B' f_u, Lambda^-1),      (y_i, b_i) likewise, with mu, B, Lambda of its own
//! ```
//!
//! z is the rating, standardised; or, where ratings are a few levels such as stars, a number behind the rating, which
//! is the level that holds z (ordered probit). The cuts between levels lie where a standard normal number falls into the
//! levels as often as the ratings do, and tau is free: location and scale of z are those of the data.
//!
//! *Features* f hold what is known beside the ratings: attributes that came with the data; what a user rated, whatever
//! the rating, each item 1/sqrt(n) (this *is* SVD++: Koren 2008); and who rated an item, likewise ("flipped": Rendle,
//! Zhang & Koren 2019, "On the difficulty of evaluating baselines"). Only training pairs enter these sets. Each field of
//! attributes and each kind of sets is a block with a precision lambda: B_j ~ N(0, (lambda Lambda)^-1).
//!
//! *A sample* draws, in this order and each given all the rest: mu and Lambda of the items from their Normal-Wishart
//! posterior (Salakhutdinov & Mnih 2008, "Bayesian probabilistic matrix factorization using MCMC"); B of the items (the
//! prior of Macau; see `link`); all items, each the solution of one row's linear system with targets and prior means
//! drawn about the true ones; the same for the users; the effects of time, each diagonal; z; omega, h and tau. A row's
//! system is that of [`crate::kernel::RowSolver`], primal or dual, in coordinates in which Lambda is the identity. The
//! first users are the leading singular vectors of what damped biases leave over.
//!
//! *Nothing to tune* but how many factors and samples: every precision is drawn. More samples never hurt; more factors
//! gain a little and cost time.
//!
//! *Answers* rest on kept samples, spread evenly over those that count: predictions average, factors do not, so an
//! item's row holds the rows of all kept samples one after the other, and a score is one inner product of
//! `kept * (K + 1)` numbers. Effects of time are means over all samples. How far samples differ, and the noise, make the
//! [`RatingDistribution`]. A rating is clipped to the scale at the very end.
//!
//! *Cold.* A row without ratings has the prior mean, which attributes move, and all of its uncertainty. Where there are
//! sets, this prior is one of its own, drawn from attributes alone (`cold`): that nobody has rated an item says that it is
//! new, not that it is obscure. [`BayesianMf::forecast`] sums this up to an audience. An asker with a history is folded in
//! by going on with the sampler for that one row, once through the kept samples. Who has rated less than 19 in 20 users
//! has just come: the set of what they rated is no whole one, and says nothing.
//!
//! *Cost* of a sample: `ratings * D^2` multiply-adds for the matrices, D = K + 1, `rows * D^3 / 3` for their
//! factorisations, and `4 D` per entry of the features; `O(ratings)` for the rest. Memory: by the sizes of what is kept,
//! some 70 bytes per rating while fitting with sets and time, and 28 for each day of a user; the model as [`BayesianMf`]
//! says.
//!
//! *Lives* (`update`): rows of touched users and items are drawn anew in every kept sample.
//!
//! *Small.* [`BayesianMf::compress`] makes a [`BiasedMf`](super::BiasedMf) of the samples' mean (`compress`; measured by the
//! example `compress`).
//!
//! *Choose another model* when a fit may take a second and not a minute ([`BiasedMf`](super::BiasedMf)), or when lists
//! must come in microseconds: that, or this one compressed. *Limitations*: levels of days outside the training data are those of no day; tastes do not
//! move; the noise of somebody folded in is taken to be that of all.

mod answer;
mod asker;
mod begin;
mod chain;
mod check;
mod cold;
mod compress;
mod distribution;
mod draws;
mod events;
mod explore;
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
mod prior;
mod ratings;
mod reach;
mod side;
mod time;
mod update;
mod validation;

#[cfg(test)]
mod tests;

pub use compress::{CompressError, Compressed, Compression, CompressionReport};
pub use distribution::RatingDistribution;
pub use forecast::{Estimate, Forecast, ForecastError, ForecastRequest, Neighbour, Prospect, Reason, Title};
pub use model::BayesianMf;
pub use params::{BayesianMfParams, Likelihood};
pub use update::{BayesianMfPatch, BayesianMfUndo, BayesianMfWorking};
