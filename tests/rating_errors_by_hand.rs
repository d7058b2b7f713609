//! Guards RMSE and MAE: over all ratings, never averaged per user, with intervals that hold what they say.

mod toy;

use approx::assert_abs_diff_eq;
use foldin::data::{Interactions, ItemIx, UserIx};
use foldin::evaluate::{
    Bootstrap, ByBasis, EvaluateError, RatingErrors, RatingOptions, RatingReport, Resample, rating,
};
use foldin::model::{PredictRating, QueryError};
use toy::{Table, events, unit};

/// Two users, three items. User 0 gives 4 to item 0 (predicted 3) and 2 to item 1 (predicted 4); user 1
/// gives 5 to item 2 (predicted 5), 1 to item 1 (predicted 2) and 3 to item 0 (predicted 3.5).
/// Errors, user by user in the order of the items: -1, 2; 0.5, 1, 0.
fn by_hand() -> (Table, Interactions, Interactions) {
    let model = Table::new(3, vec![3.0, 4.0, 1.0, 3.5, 2.0, 5.0]);
    let test = [(0, 0, 4.0), (0, 1, 2.0), (1, 2, 5.0), (1, 1, 1.0), (1, 0, 3.0)];
    (model, events(2, 3, &[(0, 2, 3.0)], None), events(2, 3, &test, None))
}

#[test]
fn five_predictions_by_hand() {
    let (model, train, test) = by_hand();
    let report = rating(&model, &train, &test, &RatingOptions::new()).unwrap();
    // (1 + 4 + 0.25 + 1 + 0) / 5 = 1.25; averaged per user it would be (1.581 + 0.645) / 2 = 1.113.
    assert_abs_diff_eq!(report.rmse, 1.25_f64.sqrt(), epsilon = 1e-12);
    // (1 + 2 + 0.5 + 1 + 0) / 5
    assert_abs_diff_eq!(report.mae, 0.9, epsilon = 1e-12);
    assert_eq!((report.n, report.users), (5, 2));
    assert_eq!(report.by_basis, ByBasis { learned: 3, biases: 2, global_mean: 0 }, "item 1 rests on biases");
    assert!(report.predictions_per_second() > 0.0);
    let errors = RatingErrors::measure(&model, &train, &test, &RatingOptions::new()).unwrap();
    assert_eq!(errors.values(), [-1.0, 2.0, 0.5, 1.0, 0.0]);
}

/// 300 users with 1 to 20 ratings each; whole users are off by as much as half a star.
fn large(noise: f32) -> (Table, Interactions, Interactions) {
    let scores: Vec<f32> = (0..300 * 40).map(|at| 1.0 + 4.0 * unit(at)).collect();
    let rows: Vec<_> = (0..300_u32)
        .flat_map(|user| (0..=user % 20).map(move |n| (user, n * 2)))
        .map(|(user, item)| {
            let at = user * 40 + item;
            let whim = unit(u64::from(user) + 99_000) - 0.5;
            let off = whim + noise * (unit(u64::from(at) + 77_000) - 0.5);
            (user, item, scores[at as usize] + off)
        })
        .collect();
    (Table::new(40, scores), events(300, 40, &[], None), events(300, 40, &rows, None))
}

fn report(threads: usize, resample: Resample) -> RatingReport {
    let (model, train, test) = large(1.0);
    rating(&model, &train, &test, &RatingOptions::new().threads(threads).resample(resample)).unwrap()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for resample in [Resample::Users, Resample::Items, Resample::Ratings] {
        let one = report(1, resample);
        for threads in [2, 3, 8] {
            let other = report(threads, resample);
            assert_eq!(RatingReport { elapsed: one.elapsed, ..other }, one);
        }
    }
}

#[test]
fn intervals_hold_the_figure_and_users_are_the_wider_unit() {
    let (users, ratings) = (report(2, Resample::Users), report(2, Resample::Ratings));
    for report in [&users, &ratings] {
        assert!(report.rmse_interval.unwrap().contains(report.rmse));
        assert!(report.mae_interval.unwrap().contains(report.mae));
    }
    let width =
        |report: &RatingReport| report.rmse_interval.map(|interval| interval.high - interval.low).unwrap();
    assert!(width(&users) > 1.3 * width(&ratings), "errors of one user hang together");
    assert_eq!(users.rmse, ratings.rmse);
}

/// Both users are off by 1 on item 0 and by nothing on item 1: users are all alike, and items are not.
#[test]
fn whole_items_are_drawn_again_with_all_their_ratings() {
    let model = Table::new(2, vec![3.0, 2.0, 3.0, 2.0]);
    let test = events(2, 2, &[(0, 0, 4.0), (0, 1, 2.0), (1, 0, 4.0), (1, 1, 2.0)], None);
    let interval = |resample| {
        let options = RatingOptions::new().threads(1).resample(resample);
        let report = rating(&model, &events(2, 2, &[], None), &test, &options).unwrap();
        report.rmse_interval.map(|interval| (interval.low, interval.high)).unwrap()
    };
    assert_eq!(interval(Resample::Users), (0.5_f64.sqrt(), 0.5_f64.sqrt()));
    assert_eq!(interval(Resample::Items), (0.0, 1.0));
}

/// The interval of the MAE over single ratings is that of a mean: 1.96 standard errors either way.
#[test]
fn the_interval_over_ratings_is_the_textbook_one() {
    let (model, train, test) = large(1.0);
    let options = RatingOptions::new()
        .resample(Resample::Ratings)
        .bootstrap(Bootstrap { resamples: 20_000, ..Bootstrap::default() });
    let errors = RatingErrors::measure(&model, &train, &test, &options).unwrap();
    let report = errors.report(&options).unwrap();
    let n = errors.values().len() as f64;
    let variance = errors.values().iter().map(|error| (error.abs() - report.mae).powi(2)).sum::<f64>() / n;
    let half = 1.96 * (variance / n).sqrt();
    let interval = report.mae_interval.unwrap();
    assert_abs_diff_eq!(interval.low, report.mae - half, epsilon = 0.05 * half);
    assert_abs_diff_eq!(interval.high, report.mae + half, epsilon = 0.05 * half);
}

#[test]
fn a_paired_comparison_sees_what_two_intervals_cannot() {
    let (model, train, test) = large(1.0);
    let mut worse = model.clone();
    worse.scores.iter_mut().zip(0..).for_each(|(score, at)| *score += 0.2 * (unit(at + 55_000) - 0.5));
    let options = RatingOptions::new().threads(2);
    let measure = |model: &Table| RatingErrors::measure(model, &train, &test, &options).unwrap();
    let (ours, theirs) = (measure(&model), measure(&worse));
    let (a, b) = (ours.report(&options).unwrap(), theirs.report(&options).unwrap());
    assert!(b.rmse_interval.unwrap().contains(a.rmse), "apart, the intervals overlap: {a:?} {b:?}");
    let difference = ours.compare(&theirs, &options).unwrap();
    assert_abs_diff_eq!(difference.rmse, a.rmse - b.rmse, epsilon = 1e-12);
    assert_abs_diff_eq!(difference.mae, a.mae - b.mae, epsilon = 1e-12);
    assert!(difference.rmse < 0.0 && !difference.rmse_interval.unwrap().contains(0.0), "{difference:?}");
    let itself = ours.compare(&ours, &options).unwrap();
    let interval = itself.rmse_interval.unwrap();
    assert_eq!((itself.rmse, interval.low, interval.high), (0.0, 0.0, 0.0));
    let (other, train, test) = large(0.5);
    let other = RatingErrors::measure(&other, &train, &test, &options).unwrap();
    assert_eq!(ours.compare(&other, &options), Err(EvaluateError::Unpaired));
}

#[test]
fn without_resamples_there_are_no_intervals() {
    let (model, train, test) = by_hand();
    let off = Bootstrap { resamples: 0, ..Bootstrap::default() };
    let report = rating(&model, &train, &test, &RatingOptions::new().bootstrap(off)).unwrap();
    assert_eq!((report.rmse_interval, report.mae_interval), (None, None));
}

fn fails(
    model: &dyn PredictRating,
    train: &Interactions,
    test: &Interactions,
    options: &RatingOptions,
) -> EvaluateError {
    rating(model, train, test, options).unwrap_err()
}

#[test]
fn what_cannot_be_measured_is_an_error_that_says_why() {
    let (model, train, test) = by_hand();
    let options = RatingOptions::new();
    for confidence in [0.0, 1.0, -3.0, f64::NAN] {
        let bad = options.clone().bootstrap(Bootstrap { confidence, ..Bootstrap::default() });
        assert!(matches!(fails(&model, &train, &test, &bad), EvaluateError::Param(_)), "{confidence}");
    }
    assert_eq!(fails(&model, &train, &events(2, 3, &[], None), &options), EvaluateError::Empty);
    let wide = events(2, 4, &[(0, 3, 1.0)], None);
    assert!(matches!(fails(&model, &train, &wide, &options), EvaluateError::Split(_)));
    let sizes = EvaluateError::Items { model_items: 3, data_items: 4 };
    assert_eq!(fails(&model, &wide, &wide, &options), sizes);
    let user = UserIx::new(1);
    let few = Table::new(3, vec![3.0; 3]);
    let source = QueryError::UnknownUser { user, n_users: 1 };
    assert_eq!(fails(&few, &train, &test, &options), EvaluateError::Query { user, source });
    assert!(rating(&few, &train, &test, &options.clone().fold_in()).is_ok(), "histories need no row");
    let mut broken = model.clone();
    broken.scores[5] = f32::NAN;
    let error = fails(&broken, &train, &test, &options);
    let EvaluateError::NotFinite { user, item, rating } = error else { panic!("{error}") };
    assert_eq!((user, item, rating.is_nan()), (UserIx::new(1), ItemIx::new(2), true));
}
