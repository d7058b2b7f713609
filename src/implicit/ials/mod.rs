//! Weighted alternating least squares for implicit feedback: exact, and without K^3 per row.
//!
//! What is minimised stands at [`Ials`], term by term. Each user's row, the items being fixed, minimises a quadratic
//! form over *all* items, of which only the events differ from each other:
//!
//! ```text
//! sum_j w_j (t_j - y_j.x)^2  +  x' (a_u alpha_0 Y'Y + lambda_u I) x,      lambda_u = lambda (n_u + alpha_0 I)^nu
//! ```
//!
//! (for Hu, Koren & Volinsky the unobserved weight's target of 1 for a like is moved into t_j = 1 + a_u alpha_0 / w_j;
//! for an item Y'Y becomes the users' X'AX, A the diagonal of their a_u). That
//! is the kernel's row solver ([`crate::kernel::RowSolver`]) with prior precision `a_u alpha_0 Y'Y + lambda_u I`, but for
//! one thing: the solver wants a diagonal one. So once per half-step Y'Y = Q L Q' is decomposed
//! ([`crate::kernel::Eigen`], K x K) and the fixed rows are turned, Y <- Y Q. Scores do not change when both sides are
//! turned, the other side is about to be solved anew in the turned coordinates, and the prior is now
//! `a_u alpha_0 L + lambda_u I`: diagonal, for every a_u and lambda_u. It is also strong: conjugate gradients from zero, in
//! coordinates scaled by it, bring a row within the rounding of single precision in a few steps, with a proof, and the
//! kernel factors the few that they do not, and short ones.
//!
//! Before the first epoch the fit may put the rows of both sides in an order of its own, for the caches' sake (`lists`,
//! `order`, `sketch`). An epoch solves the items, then the users; the model keeps the turned items with their diagonal L, so that folding
//! in solves the very system that training solved last.
//!
//! Papers, cost, validation and limits stand at [`Ials`], where users of the crate see them.

mod answer;
mod basis;
mod degrees;
mod evidence;
mod explain;
mod file;
mod fit;
mod lists;
mod model;
mod order;
mod params;
mod side;
mod sketch;
#[cfg(test)]
mod tests;
mod update;
mod validation;
mod weighting;

pub use model::Ials;
pub use params::IalsParams;
pub use update::{IalsPatch, IalsUndo, IalsWorking};
pub use weighting::{Confidence, Negatives, Objective, UnknownChoice};
