//! Guards the measurements: every figure here is computed by hand, in the comments.
//!
//! Definitions differ from library to library (two recalls, two normalisations of average precision, RMSE
//! averaged per user and still called RMSE); a figure is only worth quoting when one knows which it is.

mod toy;

use approx::assert_abs_diff_eq;
use foldin::data::{Interactions, ItemIx, UserIx};
use foldin::evaluate::{
    AveragePrecision, Case, EvaluateError, HitRate, Metric, Ndcg, Precision, RankingOptions, RankingReport,
    Recall, RecallCapped, ReciprocalRank, ranking,
};
use foldin::model::{Profile, Query, QueryError, Score};
use foldin::retrieve::Hit;
use toy::{InnerProduct, Table, events, items, unit};

fn list(indices: &[u32]) -> Vec<Hit> {
    items(indices).into_iter().map(|item| Hit { item, score: 1.0 }).collect()
}

fn measure(metric: &dyn Metric, listed: &[u32], relevant: &[u32]) -> f64 {
    metric.measure(&Case::new(UserIx::new(0), &list(listed), &items(relevant)))
}

/// Listed 7 3 9 1 5; relevant 1 2 3: hits at ranks 2 and 4.
#[test]
fn one_list_by_hand() {
    let figure = |metric: &dyn Metric| measure(metric, &[7, 3, 9, 1, 5], &[1, 2, 3]);
    assert_abs_diff_eq!(figure(&Precision(5)), 2.0 / 5.0);
    assert_abs_diff_eq!(figure(&Precision(3)), 1.0 / 3.0);
    assert_abs_diff_eq!(figure(&Recall(5)), 2.0 / 3.0);
    assert_abs_diff_eq!(figure(&Recall(2)), 1.0 / 3.0, epsilon = 1e-15);
    // The most hits 2 places can have is 2.
    assert_abs_diff_eq!(figure(&RecallCapped(2)), 1.0 / 2.0);
    assert_abs_diff_eq!(figure(&RecallCapped(5)), 2.0 / 3.0);
    // Ranks 2 and 4: 1/log2(3) + 1/log2(5) = 0.63093 + 0.43068 = 1.06161; perfect, ranks 1 to 3:
    // 1 + 0.63093 + 0.5 = 2.13093; 1.06161 / 2.13093 = 0.49819.
    assert_abs_diff_eq!(figure(&Ndcg(5)), 0.498_19, epsilon = 5e-6);
    // Rank 2 alone, 0.63093; perfect, ranks 1 and 2: 1.63093; 0.63093 / 1.63093 = 0.38685.
    assert_abs_diff_eq!(figure(&Ndcg(2)), 0.386_85, epsilon = 5e-6);
    // Precision at rank 2 is 1/2, at rank 4 is 2/4: (1/2 + 1/2) / 3.
    assert_abs_diff_eq!(figure(&AveragePrecision(5)), 1.0 / 3.0);
    assert_abs_diff_eq!(figure(&AveragePrecision(3)), 0.5 / 3.0, epsilon = 1e-15);
    assert_abs_diff_eq!(figure(&ReciprocalRank(5)), 1.0 / 2.0);
    assert_abs_diff_eq!(figure(&ReciprocalRank(1)), 0.0);
    assert_abs_diff_eq!(figure(&HitRate(5)), 1.0);
    assert_abs_diff_eq!(figure(&HitRate(1)), 0.0);
}

fn all(k: usize) -> [Box<dyn Metric>; 7] {
    [
        Box::new(Precision(k)),
        Box::new(Recall(k)),
        Box::new(RecallCapped(k)),
        Box::new(Ndcg(k)),
        Box::new(AveragePrecision(k)),
        Box::new(ReciprocalRank(k)),
        Box::new(HitRate(k)),
    ]
}

#[test]
fn perfect_lists_have_one_and_empty_lists_zero() {
    for metric in all(3) {
        assert_eq!(measure(metric.as_ref(), &[4, 2, 8], &[2, 4, 8]), 1.0, "{}", metric.name());
        assert_eq!(measure(metric.as_ref(), &[], &[2, 4, 8]), 0.0, "{}", metric.name());
        assert_eq!(measure(metric.as_ref(), &[1, 3, 5], &[2, 4, 8]), 0.0, "{}", metric.name());
    }
    // One relevant item in three places: only precision cannot be 1; five: only recall.
    for metric in all(3) {
        let (one, five) = (
            measure(metric.as_ref(), &[4, 2, 8], &[4]),
            measure(metric.as_ref(), &[4, 2, 8], &[1, 2, 3, 4, 8]),
        );
        assert_abs_diff_eq!(one, if metric.name() == "precision@3" { 1.0 / 3.0 } else { 1.0 });
        assert_abs_diff_eq!(five, if metric.name() == "recall@3" { 3.0 / 5.0 } else { 1.0 });
    }
}

#[test]
fn names_say_which_definition_and_which_length() {
    let names: Vec<_> = all(20).iter().map(|metric| metric.name()).collect();
    let expected =
        ["precision@20", "recall@20", "recall-capped@20", "ndcg@20", "map@20", "mrr@20", "hit-rate@20"];
    assert_eq!(names, expected);
}

/// Most popular, on four users and five items. Audience in train: item 0 three users, 1 two, 2 one, 3 one,
/// 4 none, so the order is 0 1 2 3 4 (2 before 3 by index).
///
/// | user | train | test | list of 2 | hits |
/// |---|---|---|---|---|
/// | 0 | 0 1 | 3 (liked), 2 (not) | 2 3 | rank 2 |
/// | 1 | 0 2 | 1 (liked) | 1 3 | rank 1 |
/// | 2 | 0 1 | 4 (not) | skipped | |
/// | 3 | 3 | 1, 2, 4 (liked) | 0 1 | rank 2 |
fn popular() -> (Table, Interactions, Interactions) {
    let train = [(0, 0), (0, 1), (1, 0), (1, 2), (2, 0), (2, 1), (3, 3)].map(|(u, i)| (u, i, 5.0));
    let test = [(0, 2, 2.0), (0, 3, 4.0), (1, 1, 5.0), (2, 4, 3.5), (3, 1, 4.0), (3, 2, 4.5), (3, 4, 5.0)];
    let (train, test) = (events(4, 5, &train, None), events(4, 5, &test, None));
    let audience: Vec<f32> = train.items().map(|(_, audience)| audience.len() as f32).collect();
    (Table::new(5, audience.repeat(4)), train, test)
}

#[test]
fn most_popular_by_hand() {
    let (model, train, test) = popular();
    let report = ranking(&model, &train, &test, &RankingOptions::new(2).relevant_from(4.0)).unwrap();
    assert_eq!((report.users, report.skipped_users, report.n_relevant), (3, 1, 5));
    let mean = |metric: &dyn Metric| report.mean(metric).unwrap();
    // (1/2 + 1/2 + 1/2) / 3
    assert_abs_diff_eq!(mean(&Precision(2)), 1.0 / 2.0, epsilon = 1e-12);
    // (1/1 + 1/1 + 1/3) / 3
    assert_abs_diff_eq!(mean(&Recall(2)), 7.0 / 9.0, epsilon = 1e-12);
    // (1/1 + 1/1 + 1/2) / 3
    assert_abs_diff_eq!(mean(&RecallCapped(2)), 5.0 / 6.0, epsilon = 1e-12);
    // (1/2 + 1/1 + 1/2) / 3
    assert_abs_diff_eq!(mean(&ReciprocalRank(2)), 2.0 / 3.0, epsilon = 1e-12);
    // (1/2 over 1, 1/1 over 1, 1/2 over 2): (0.5 + 1 + 0.25) / 3
    assert_abs_diff_eq!(mean(&AveragePrecision(2)), 1.75 / 3.0, epsilon = 1e-12);
    // (0.63093 / 1, 1 / 1, 0.63093 / 1.63093): (0.63093 + 1 + 0.38685) / 3
    assert_abs_diff_eq!(mean(&Ndcg(2)), 0.672_59, epsilon = 5e-6);
    assert_abs_diff_eq!(mean(&HitRate(2)), 1.0);
    // 2 3, 1 3 and 0 1 are four of the five items.
    assert_abs_diff_eq!(report.coverage, 4.0 / 5.0);
    // Recalls 1, 1, 1/3: deviations 2/9, 2/9, -4/9 of the mean; squares add up to 24/81; 24/81 / 2 / 3.
    let recall = report.metrics.iter().find(|measured| measured.name == "recall@2").unwrap();
    assert_abs_diff_eq!(recall.std_error.unwrap(), (4.0_f64 / 81.0).sqrt(), epsilon = 1e-12);
}

#[test]
fn without_a_threshold_every_test_event_is_relevant() {
    let (model, train, test) = popular();
    let report = ranking(&model, &train, &test, &RankingOptions::new(2)).unwrap();
    assert_eq!((report.users, report.skipped_users, report.n_relevant), (4, 0, 7));
    // User 0 now has two hits of two, user 2 lists 2 3 and has none of one: (1 + 1 + 0 + 1/3) / 4.
    assert_abs_diff_eq!(report.mean(&Recall(2)).unwrap(), 7.0 / 12.0, epsilon = 1e-12);
}

/// The model says nobody has seen anything, or everybody everything: only `train` decides.
#[test]
fn training_items_stay_out_of_lists_whatever_the_model_says() {
    let (mut model, train, test) = popular();
    let options = RankingOptions::new(2).relevant_from(4.0);
    let report = ranking(&model, &train, &test, &options).unwrap();
    model.seen = vec![items(&[0, 1, 2, 3, 4]); 4];
    assert_same(&ranking(&model, &train, &test, &options).unwrap(), &report);
    // An item in both parts cannot be listed and is not asked for.
    let rows: Vec<_> = test.events().map(|event| (event.user.get(), event.item.get(), event.value)).collect();
    let overlapping = events(4, 5, &[&rows[..], &[(0, 0, 5.0), (2, 1, 5.0)]].concat(), None);
    assert_same(&ranking(&model, &train, &overlapping, &options).unwrap(), &report);
}

/// Equal but for the time taken.
fn assert_same(a: &RankingReport, b: &RankingReport) {
    assert_eq!(RankingReport { elapsed: b.elapsed, ..a.clone() }, *b);
}

struct FirstItem;

impl Metric for FirstItem {
    fn name(&self) -> String {
        "first-item".into()
    }

    fn depth(&self) -> usize {
        3
    }

    fn measure(&self, case: &Case<'_>) -> f64 {
        assert!(case.list.len() <= 3, "a metric is shown no more than it asked for");
        f64::from(case.list[0].item.get())
    }
}

#[test]
fn metrics_of_other_lengths_and_of_ones_own() {
    let (model, train, test) = popular();
    let more: [&dyn Metric; 3] = [&Recall(4), &FirstItem, &ReciprocalRank(usize::MAX)];
    let options = RankingOptions::new(2).relevant_from(4.0).metrics(&more);
    let report = ranking(&model, &train, &test, &options).unwrap();
    assert_eq!(report.metrics.len(), 10);
    // User 0: 2 3 4, one of one; user 1: 1 3 4, one of one; user 3: 0 1 2 4, three of three.
    assert_abs_diff_eq!(report.mean(&Recall(4)).unwrap(), 1.0);
    // First items 2, 1, 0.
    assert_abs_diff_eq!(report.mean(&FirstItem).unwrap(), 1.0);
    assert_abs_diff_eq!(report.mean(&ReciprocalRank(usize::MAX)).unwrap(), 2.0 / 3.0, epsilon = 1e-12);
    assert_abs_diff_eq!(report.coverage, 4.0 / 5.0, epsilon = 1e-12);
    assert_eq!(report.mean(&Recall(3)), None);
}

/// 400 users, 100 items, 10 in train and 9 relevant each, scores at random: of the 90 candidates each
/// stands in the first 10 with probability 1/9, so precision@10 is 0.1 and recall@10 is 1/9 in the mean.
/// The hits of one user are hypergeometric: variance 10 * 0.1 * 0.9 * 80/89 = 0.809, so precision has a
/// standard error of sqrt(0.809) / 10 / sqrt(400) = 0.0045.
#[test]
fn random_lists_have_the_expectation_of_random_lists() {
    let scores = (0..40_000).map(unit).collect();
    let rows = |from: u32, to: u32| -> Vec<_> {
        (0..400).flat_map(|user| (from..to).map(move |at| (user, (user * 7 + at) % 100, 1.0))).collect()
    };
    let (train, test) = (events(400, 100, &rows(0, 10), None), events(400, 100, &rows(10, 19), None));
    let report = ranking(&Table::new(100, scores), &train, &test, &RankingOptions::new(10)).unwrap();
    let precision = &report.metrics[0];
    assert_abs_diff_eq!(precision.mean, 0.1, epsilon = 4.0 * 0.0045);
    assert_abs_diff_eq!(precision.std_error.unwrap(), 0.0045, epsilon = 0.0005);
    assert_abs_diff_eq!(report.mean(&Recall(10)).unwrap(), 1.0 / 9.0, epsilon = 4.0 * 0.005);
    assert_abs_diff_eq!(report.coverage, 1.0);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let model = Table::new(50, (0..15_000).map(unit).collect());
    let rows: Vec<_> = (0..3_000_u32).map(|n| (n / 10, n * 3 % 50, (n % 5 + 1) as f32)).collect();
    let (test, train) = events(300, 50, &rows, None)
        .partition(&(0..3_000).map(|event| event % 3 == 0).collect::<Vec<_>>())
        .unwrap();
    let run = |threads| {
        let options = RankingOptions::new(5).relevant_from(3.0).threads(threads);
        ranking(&model, &train, &test, &options).unwrap()
    };
    let one = run(1);
    assert!(one.mean(&Ndcg(5)).unwrap() > 0.0);
    [2, 3, 8].into_iter().for_each(|threads| assert_same(&run(threads), &one));
}

/// 10,000 users are asked in parts. The best of the eight items is the relevant one for every second user, so the
/// mean is a half if nobody is lost, asked twice, or held against another's truth.
#[test]
fn users_are_asked_in_parts_and_none_is_lost() {
    let best = |user: u32| user * 5 % 8;
    let scores = (0..80_000).map(|at| f32::from(u8::from(at % 8 == best(at / 8))));
    let model = Table::new(8, scores.collect());
    let rows: Vec<_> = (0..10_000).map(|user| (user, (best(user) + user % 2) % 8, 1.0)).collect();
    let (train, test) = (events(10_000, 8, &[], None), events(10_000, 8, &rows, None));
    let report = ranking(&model, &train, &test, &RankingOptions::only(&[&HitRate(1)])).unwrap();
    assert_eq!((report.users, report.n_relevant, report.mean(&HitRate(1))), (10_000, 10_000, Some(0.5)));
    assert_eq!((report.coverage, report.metrics.len()), (1.0, 1));
    assert!(report.users_per_second() > 0.0);
}

/// A factorization that does not say that it is one.
struct Opaque(InnerProduct);

impl Score for Opaque {
    fn n_users(&self) -> u32 {
        self.0.n_users()
    }

    fn n_items(&self) -> u32 {
        self.0.n_items()
    }

    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        self.0.profile(query, out)
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        self.0.score_block(profile, first, out);
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.0.seen(user)
    }
}

#[test]
fn inner_products_are_measured_as_all_scores_are() {
    let model = InnerProduct::new(600, 900, 16);
    let rows: Vec<_> = (0..3_000_u32).map(|n| (n / 5, n * 7 % 900, 1.0)).collect();
    let (train, test) = (events(600, 900, &[], None), events(600, 900, &rows, None));
    let run = |model: &dyn Score| ranking(model, &train, &test, &RankingOptions::new(20)).unwrap();
    let report = run(&model);
    assert!(report.mean(&Recall(20)).unwrap() > 0.0);
    assert_same(&run(&Opaque(model)), &report);
}

struct NotANumber;

impl Metric for NotANumber {
    fn name(&self) -> String {
        "broken".into()
    }

    fn depth(&self) -> usize {
        1
    }

    fn measure(&self, _: &Case<'_>) -> f64 {
        f64::NAN
    }
}

fn fails(
    model: &dyn Score,
    train: &Interactions,
    test: &Interactions,
    options: &RankingOptions<'_>,
) -> EvaluateError {
    ranking(model, train, test, options).unwrap_err()
}

#[test]
fn what_cannot_be_measured_is_an_error_that_says_why() {
    let (model, train, test) = popular();
    let ten = RankingOptions::default();
    assert!(matches!(fails(&model, &train, &test, &RankingOptions::new(0)), EvaluateError::Param(_)));
    let none: [&dyn Metric; 1] = [&Ndcg(0)];
    assert!(matches!(fails(&model, &train, &test, &ten.clone().metrics(&none)), EvaluateError::Param(_)));
    assert_eq!(fails(&model, &train, &test, &ten.clone().relevant_from(5.5)), EvaluateError::Empty);
    assert_eq!(fails(&model, &train, &test, &ten.clone().relevant_from(f32::NAN)), EvaluateError::Empty);
    assert_eq!(fails(&model, &train, &events(4, 5, &[], None), &ten), EvaluateError::Empty);
    let other = events(4, 6, &[(0, 5, 1.0)], None);
    assert!(matches!(fails(&model, &train, &other, &ten), EvaluateError::Split(_)));
    let small = Table::new(4, vec![0.0; 16]);
    let sizes = EvaluateError::Items { model_items: 4, data_items: 5 };
    assert_eq!(fails(&small, &train, &test, &ten), sizes);
    let few = Table::new(5, vec![0.0; 15]);
    let user = UserIx::new(3);
    let source = QueryError::UnknownUser { user, n_users: 3 };
    assert_eq!(fails(&few, &train, &test, &ten), EvaluateError::Query { user, source });
    let broken: [&dyn Metric; 1] = [&NotANumber];
    let error = fails(&model, &train, &test, &ten.metrics(&broken));
    assert!(error.to_string().contains("`broken` is NaN for user#0"), "{error}");
}

#[test]
fn asked_by_histories_the_model_needs_no_rows() {
    let (mut model, train, test) = popular();
    model.scores.truncate(5);
    model.seen.truncate(1);
    let (folded, options) = (popular().0, RankingOptions::new(2).relevant_from(4.0));
    let expected = ranking(&folded, &train, &test, &options).unwrap();
    assert_same(&ranking(&model, &train, &test, &options.fold_in()).unwrap(), &expected);
}
