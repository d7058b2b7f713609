//! Guards what `Ials` is worth: the quality of its lists that the README names. Skipped without `FOLDIN_DATA`.
#![cfg(feature = "csv")]

mod real;

use foldin::evaluate::{HitRate, Ncf, Ndcg, RankingOptions, ranking_among};
use foldin::implicit::IalsParams;
use foldin::model::Fit;
use real::folder;

/// With the settings the README names, the mean of three random starts is 0.7301 and 0.4531; one start may lie somewhat
/// below.
#[test]
fn ncf_ml_1m() {
    let Some(folder) = folder("ncf_ml_1m") else { return };
    let ncf = Ncf::read(folder.join("ncf-ml-1m")).unwrap();
    let params = IalsParams::new().factors(192).epochs(12).regularization(0.007).unobserved_weight(0.3);
    let model = params.fit(&ncf.train).unwrap();
    let report = ranking_among(&model, &ncf.train, &ncf.candidates, &RankingOptions::new(10)).unwrap();
    let (hr, ndcg) = (report.mean(&HitRate(10)).unwrap(), report.mean(&Ndcg(10)).unwrap());
    assert!(hr > 0.725 && ndcg > 0.447, "HR@10 {hr}, NDCG@10 {ndcg}");
}
