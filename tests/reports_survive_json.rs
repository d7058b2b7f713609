//! Guards the reports as data: what a program writes as JSON it reads back, bit for bit, and the keys
//! other programs look for keep their names.

#![cfg(feature = "serde")]

mod toy;

use foldin::data::synthetic::Synthetic;
use foldin::evaluate::{
    Difference, RankingOptions, RankingReport, RatingErrors, RatingOptions, RatingReport, ranking,
};
use foldin::model::{Fit, FitContext, FitReport};
use foldin::rating::{BayesianMf, BayesianMfParams, Likelihood};
use toy::{Table, events, unit};

fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> (T, serde_json::Value) {
    let text = serde_json::to_string(value).expect("a report is plain data");
    (serde_json::from_str(&text).expect("it reads back"), serde_json::from_str(&text).expect("it is JSON"))
}

#[test]
fn reports_come_back_as_they_were() {
    let rows: Vec<_> = (0..60_u32).map(|n| (n / 6, n % 6 * 2, 1.0 + 4.0 * unit(n.into()))).collect();
    let (train, test) = (events(10, 12, &[], None), events(10, 12, &rows, None));
    let model = Table::new(12, (0..120).map(|at| 5.0 * unit(at + 500)).collect());
    let options = RatingOptions::new().threads(1);
    let errors = RatingErrors::measure(&model, &train, &test, &options).unwrap();

    let report: RatingReport = errors.report(&options).unwrap();
    let (back, json) = round_trip(&report);
    assert_eq!(back, report);
    for key in ["rmse", "mae", "rmse_interval", "mae_interval", "n", "users", "by_basis", "elapsed"] {
        assert!(json.get(key).is_some(), "{key} is missing in {json}");
    }

    let difference: Difference = errors.compare(&errors, &options).unwrap();
    assert_eq!(round_trip(&difference).0, difference);

    let report: RankingReport = ranking(&model, &train, &test, &RankingOptions::new(3)).unwrap();
    let (back, json) = round_trip(&report);
    assert_eq!(back, report);
    assert_eq!(json["metrics"][3]["name"], "ndcg@3");
}

#[test]
fn a_fit_of_samples_comes_back_as_it_was() {
    let data = Synthetic::new().users(20).items(15).ratings(120).generate().unwrap().interactions;
    let params = BayesianMfParams::new().factors(2).burn_in(2).samples(4).likelihood(Likelihood::Ordinal);
    let (back, json) = round_trip(&params);
    assert_eq!(back, params);
    assert_eq!(json["likelihood"], "ordinal");
    let fitted = params.fit_with(&data, &mut FitContext::new().validation(&data)).unwrap();
    let (back, json): (FitReport, _) = round_trip(&fitted.report);
    assert_eq!(back, fitted.report);
    assert!(json["curve"][5]["validation"].is_number(), "{json}");
    assert!(round_trip::<BayesianMf>(&fitted.model).0 == fitted.model);
}
