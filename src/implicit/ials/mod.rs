//! Weighted alternating least squares for implicit feedback: exact, and without K^3 per row.
//!
//! What is minimised stands at [`Ials`], term by term. Each user's row, the items being fixed, minimises a quadratic
//! form over *all* items, of which only the events differ from each other:
//!
//! ```text
//! sum_j w_j (t_j - y_j.x)^2  +  x' (alpha_0 Y'Y + lambda_u I) x,      lambda_u = lambda (n_u + alpha_0 I)^nu
//! ```
//!
//! (for Hu, Koren & Volinsky the unobserved weight's target of 1 for a like is moved into t_j = 1 + alpha_0 / w_j). That
//! is the kernel's row solver ([`crate::kernel::RowSolver`]) with prior precision `alpha_0 Y'Y + lambda_u I`, but for
//! one thing: the solver wants a diagonal one. So once per half-step Y'Y = Q L Q' is decomposed
//! ([`crate::kernel::Eigen`], K x K) and the fixed rows are turned, Y <- Y Q. Scores do not change when both sides are
//! turned, the other side is about to be solved anew in the turned coordinates, and the prior is now
//! `alpha_0 L + lambda_u I`: diagonal, for every lambda_u. A row with n < K events is then solved through its n x n
//! system, exactly; on Gowalla, where a row has some twenty events, that is nearly every row.
//!
//! An epoch solves the items, then the users; the model keeps the turned items with their diagonal L, so that folding
//! in solves the very system that training solved last.
//!
//! *Papers.* Hu, Koren & Volinsky 2008, "Collaborative filtering for implicit feedback datasets"; the objective with an
//! unobserved weight on all pairs, and the regularization scaled by frequency: Rendle, Krichene, Zhang & Koren 2022,
//! "Revisiting the performance of iALS on item recommendation benchmarks".
//!
//! *Settings carry over.* From google-research's `ials`: `embedding_dim`, `regularization`, `regularization_exp` and
//! `unobserved_weight` are `factors`, `regularization`, `nu` and `unobserved_weight` as they are, `stddev` is
//! `init_scale`. From Hu, Koren & Volinsky: [`Objective::HuKoren`], `linear:ALPHA`, `unobserved_weight` 1, `nu` 0; a
//! library whose weights are `c = alpha r` on events and 1 elsewhere has the same loss with `alpha r - 1` for `alpha r`.
//!
//! *Cost* of an epoch in multiply-adds, N rows on both sides: `1.5 N K^2` for Gram matrices and turns, `8 K^3` in double
//! precision for the eigenvectors, `n^2 K / 2 + n^3 / 6` for a row of n < K events, `n K^2 / 2 + K^3 / 6` for a longer
//! one. Memory: 4 K bytes per row, and 4 per event to remember who has seen what.
//!
//! *Validation.* The curve of held-out events is one minus the NDCG of the whole list, without the training events: 0
//! if every held-out like stands first. It ranks the whole catalogue for every user, which takes longer than an epoch.
//!
//! *Choose another model* when the values are ratings and their size is what counts (`rating`), or when nothing personal
//! is known ([`super::Popularity`]). *Limitation*: all events are of one time; what was liked long ago weighs as much.

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
