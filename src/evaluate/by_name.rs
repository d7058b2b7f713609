//! Metrics by name, for command lines and settings.

use super::{AveragePrecision, HitRate, Metric, Ndcg, Precision, Recall, RecallCapped, ReciprocalRank};
use crate::model::ParamError;

const EXPECTED: &str = "one of precision, recall (hits / relevant), recall-capped (hits / min(k, relevant)), ndcg, \
                        map, mrr, hit-rate (short: hr), with a length of 1 or more, as in ndcg@10";

/// The crate's metric of a name as reports show it: `recall@20`, `recall-capped@20`. `hr` is short for
/// `hit-rate`.
///
/// ```
/// use foldin::evaluate::metric_by_name;
/// assert_eq!(metric_by_name("ndcg@10")?.name(), "ndcg@10");
/// assert_eq!(metric_by_name("hr@10")?.name(), "hit-rate@10");
/// assert!(metric_by_name("ndcg").is_err());
/// # Ok::<(), foldin::model::ParamError>(())
/// ```
///
/// # Errors
/// [`ParamError`] that lists the names.
pub fn metric_by_name(name: &str) -> Result<Box<dyn Metric>, ParamError> {
    let unknown =
        || ParamError { name: "metric".into(), found: format!("`{name}`"), expected: EXPECTED.into() };
    let (kind, k) = name.trim().split_once('@').ok_or_else(unknown)?;
    let k: usize = k.parse().ok().filter(|&k| k > 0).ok_or_else(unknown)?;
    Ok(match kind {
        "precision" => Box::new(Precision(k)),
        "recall" => Box::new(Recall(k)),
        "recall-capped" => Box::new(RecallCapped(k)),
        "ndcg" => Box::new(Ndcg(k)),
        "map" => Box::new(AveragePrecision(k)),
        "mrr" => Box::new(ReciprocalRank(k)),
        "hit-rate" | "hr" => Box::new(HitRate(k)),
        _ => return Err(unknown()),
    })
}
