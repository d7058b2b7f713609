//! Guards protocols that rank a few candidates: who is among them, in which order, and who wins a tie.

mod toy;

use std::collections::HashSet;

use approx::assert_abs_diff_eq;
use foldin::data::UserIx;
use foldin::evaluate::{
    Candidates, EvaluateError, HitRate, Ndcg, RankingOptions, RankingReport, Recall, SplitError,
    ranking_among,
};
use foldin::model::QueryError;
use toy::{Table, events, items, unit};

fn user(user: u32) -> UserIx {
    UserIx::new(user)
}

/// Two users, six items; user 0 scores them 5 4 3 3 1 0, user 1 all alike.
fn table() -> Table {
    Table::new(6, vec![5.0, 4.0, 3.0, 3.0, 1.0, 0.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0])
}

fn measure(candidates: &Candidates, k: usize) -> RankingReport {
    let train = events(2, 6, &[(0, 0, 1.0)], None);
    ranking_among(&table(), &train, candidates, &RankingOptions::new(k)).unwrap()
}

fn hits(candidates: &Candidates, k: usize) -> f64 {
    measure(candidates, k).mean(&HitRate(k)).unwrap()
}

/// User 0 ranks 3 among 5 1 4: order 1 3 4 5, rank 2. User 1 ranks 0 and 2 among 1: order 1 0 2, ranks 2 and 3.
#[test]
fn two_cases_by_hand() {
    let mut candidates = Candidates::new();
    candidates.add(user(0), &items(&[3]), &items(&[5, 1, 4]));
    candidates.add(user(1), &items(&[2, 0]), &items(&[1]));
    let report = measure(&candidates, 2);
    assert_eq!((report.users, report.skipped_users, report.n_relevant), (2, 0, 3));
    assert_eq!(report.mean(&HitRate(2)), Some(1.0));
    // 1 of 1, and 2 (listed before 0, as given) of 2.
    assert_abs_diff_eq!(report.mean(&Recall(2)).unwrap(), 0.75);
    // Rank 2 of one: 0.63093; rank 2 of two: 0.63093 / 1.63093 = 0.38685; mean 0.50889.
    assert_abs_diff_eq!(report.mean(&Ndcg(2)).unwrap(), 0.508_89, epsilon = 5e-6);
    // Lists 1 3 and 1 2: three of six items.
    assert_abs_diff_eq!(report.coverage, 0.5);
}

/// A model that scores everything alike must not be good.
#[test]
fn a_tie_counts_against_the_model() {
    let mut candidates = Candidates::new();
    candidates.add(user(1), &items(&[0]), &items(&[5, 4, 3]));
    assert_eq!((hits(&candidates, 3), hits(&candidates, 4)), (0.0, 1.0));
    // Items 2 and 3 tie for user 0, whichever has the smaller index.
    for (relevant, other) in [(2, 3), (3, 2)] {
        let mut candidates = Candidates::new();
        candidates.add(user(0), &items(&[relevant]), &items(&[other]));
        assert_eq!(hits(&candidates, 1), 0.0);
    }
}

/// As in a dictionary: the first place counts, the second is none.
#[test]
fn a_relevant_item_among_the_others_keeps_its_place() {
    let mut candidates = Candidates::new();
    candidates.add(user(1), &items(&[4]), &items(&[5, 4, 3, 5]));
    let case = candidates.case(0).unwrap();
    assert_eq!((case.items, case.relevant), (&items(&[5, 4, 3])[..], &items(&[4])[..]));
    assert_eq!((hits(&candidates, 1), hits(&candidates, 2)), (0.0, 1.0));
}

/// Item 0 is in training and listed first all the same; what scores NaN or negative infinity is not listed.
#[test]
fn seen_items_are_listed_and_vetoed_ones_are_not() {
    let mut candidates = Candidates::new();
    candidates.add(user(0), &items(&[0]), &items(&[1]));
    assert_eq!(hits(&candidates, 1), 1.0);
    let vetoes = Table::new(6, vec![f32::NEG_INFINITY, f32::NAN, -1.0, -0.0, 0.0, 0.0]);
    let train = events(1, 6, &[], None);
    let mut candidates = Candidates::new();
    candidates.add(user(0), &items(&[0, 1, 3]), &items(&[5, 4, 2]));
    let report = ranking_among(&vetoes, &train, &candidates, &RankingOptions::new(6)).unwrap();
    // 5 4 3 2: -0 is 0, and 0 and 1 are never found.
    assert_abs_diff_eq!(report.mean(&Recall(6)).unwrap(), 1.0 / 3.0);
    let report = ranking_among(&vetoes, &train, &candidates, &RankingOptions::new(3)).unwrap();
    assert_abs_diff_eq!(report.mean(&Recall(3)).unwrap(), 1.0 / 3.0);
}

#[test]
fn a_case_without_relevant_items_is_skipped_and_counted() {
    let mut candidates = Candidates::new();
    candidates.add(user(0), &[], &items(&[1]));
    let train = events(2, 6, &[], None);
    let nothing = ranking_among(&table(), &train, &candidates, &RankingOptions::new(1));
    assert_eq!(nothing.unwrap_err(), EvaluateError::Empty);
    candidates.add(user(0), &items(&[0]), &[]);
    let report = measure(&candidates, 10);
    assert_eq!((report.users, report.skipped_users), (1, 1));
}

#[test]
fn what_cannot_be_measured_is_an_error_that_says_why() {
    let train = events(2, 6, &[], None);
    let fails = |candidates: &Candidates, options: &RankingOptions<'_>| {
        ranking_among(&table(), &train, candidates, options).unwrap_err()
    };
    let mut candidates = Candidates::new();
    assert_eq!(fails(&candidates, &RankingOptions::new(1)), EvaluateError::Empty);
    candidates.add(user(0), &items(&[0]), &items(&[1]));
    assert!(matches!(fails(&candidates, &RankingOptions::new(0)), EvaluateError::Param(_)));
    assert!(matches!(fails(&candidates, &RankingOptions::only(&[])), EvaluateError::Param(_)));
    let threshold = fails(&candidates, &RankingOptions::new(1).relevant_from(4.0));
    assert!(matches!(threshold, EvaluateError::Param(error) if error.name == "relevant_from"));
    let other = ranking_among(&table(), &events(2, 5, &[], None), &candidates, &RankingOptions::new(1));
    assert_eq!(other.unwrap_err(), EvaluateError::Items { model_items: 6, data_items: 5 });
    candidates.add(user(7), &items(&[0]), &[]);
    let unknown = QueryError::UnknownUser { user: user(7), n_users: 2 };
    let failed = EvaluateError::Query { user: user(7), source: unknown };
    assert_eq!(fails(&candidates, &RankingOptions::new(1)), failed);
    let mut beyond = Candidates::new();
    beyond.add(user(0), &items(&[0]), &items(&[u32::MAX]));
    assert!(matches!(fails(&beyond, &RankingOptions::new(1)), EvaluateError::Items { .. }));
}

#[test]
fn sampled_candidates_are_strangers_each_once_and_the_same_for_a_seed() {
    let (train, test) =
        (events(2, 50, &[(0, 1, 1.0), (0, 2, 1.0)], None), events(2, 50, &[(0, 3, 1.0), (1, 0, 1.0)], None));
    let sampled = |n, seed| Candidates::sampled(&train, &test, n, seed).unwrap();
    for n in [1, 10, 30, 46] {
        let candidates = sampled(n, 7);
        assert_eq!(candidates.len(), 2);
        for (case, touched) in candidates.iter().zip([vec![1, 2, 3], vec![0]]) {
            let (relevant, others) = case.items.split_last().unwrap();
            assert_eq!(case.relevant, [*relevant]);
            assert_eq!(others.iter().collect::<HashSet<_>>().len(), n);
            assert!(others.iter().all(|item| !touched.contains(&item.get())), "{others:?}");
        }
        assert_eq!(candidates, sampled(n, 7));
    }
    assert_ne!(sampled(10, 7), sampled(10, 8));
    // Where fewer strangers are left, all of them.
    let all: Vec<usize> = sampled(1000, 7).iter().map(|case| case.items.len()).collect();
    assert_eq!(all, [48, 50]);
    let shape = Candidates::sampled(&train, &events(2, 51, &[], None), 1, 0);
    assert!(matches!(shape, Err(SplitError::Shape { .. })));
    assert!(matches!(Candidates::sampled(&train, &test, 0, 0), Err(SplitError::Param(_))));
}

/// Of 99 others drawn from 400 each is drawn 0.2475 of the time; over 2,000 cases a count has a standard
/// deviation of sqrt(2000 * 0.2475 * 0.7525) = 19.3 around 495.
#[test]
fn every_stranger_is_as_likely() {
    let rows: Vec<_> = (0..2_000).map(|user| (user, 400, 1.0)).collect();
    let test = events(2_000, 401, &rows, None);
    let candidates = Candidates::sampled(&events(2_000, 401, &[], None), &test, 99, 3).unwrap();
    let mut counts = [0_u32; 400];
    for case in candidates.iter() {
        case.items[..99].iter().for_each(|item| counts[item.ix()] += 1);
    }
    assert!(counts.iter().all(|count| count.abs_diff(495) < 97), "{counts:?}");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let model = Table::new(40, (0..20_000).map(unit).collect());
    let rows: Vec<_> = (0..2_500_u32).map(|n| (n / 5, n * 7 % 40, 1.0)).collect();
    let test = events(500, 40, &rows, None);
    let train = events(500, 40, &[], None);
    let candidates = Candidates::sampled(&train, &test, 9, 1).unwrap();
    let run = |threads| {
        let options = RankingOptions::new(3).threads(threads);
        ranking_among(&model, &train, &candidates, &options).unwrap()
    };
    let one = run(1);
    assert_abs_diff_eq!(one.mean(&HitRate(3)).unwrap(), 0.3, epsilon = 0.05);
    for threads in [2, 3, 8] {
        assert_eq!(RankingReport { elapsed: one.elapsed, ..run(threads) }, one);
    }
}

#[test]
fn asked_by_histories_the_model_needs_no_rows() {
    let mut model = table();
    model.scores.truncate(6);
    model.seen.truncate(1);
    let mut candidates = Candidates::new();
    candidates.add(user(1), &items(&[1]), &items(&[0, 2]));
    let train = events(2, 6, &[(1, 5, 1.0)], None);
    let options = RankingOptions::new(1);
    assert!(ranking_among(&model, &train, &candidates, &options).is_err());
    let report = ranking_among(&model, &train, &candidates, &options.fold_in()).unwrap();
    assert_eq!(report.mean(&HitRate(1)), Some(0.0));
}
