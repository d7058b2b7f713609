//! Guards the measuring of lists that no model of the crate made: the same rules, the same figures.

mod toy;

use foldin::data::{ItemIx, UserIx};
use foldin::evaluate::{EvaluateError, RankingOptions, RankingReport, ranking, ranking_of};
use foldin::model::{Query, QueryError};
use foldin::retrieve::{Hit, ScoreExt, TopN};
use toy::{Table, events, unit};

#[test]
fn the_lists_of_a_model_have_the_figures_of_the_model() {
    let row = |n: u64| ((n / 20) as u32, (unit(n) * 40.0) as u32, 1.0 + (unit(n + 7_000) * 5.0).floor());
    let mut rows: Vec<_> = (0..1_000).map(row).collect();
    rows.sort_by_key(|row| (row.0, row.1));
    rows.dedup_by_key(|row| (row.0, row.1));
    let (train, test): (Vec<_>, Vec<_>) = rows.iter().partition(|row| (row.0 + 3 * row.1) % 4 > 0);
    let (train, test) = (events(50, 40, &train, None), events(50, 40, &test, None));
    let mut model = Table::new(40, (0..2_000).map(|at| unit(at + 90_000)).collect());
    model.seen = train.users().map(|(_, history)| history.ids.to_vec()).collect();
    let list = |user: UserIx, n: usize| model.top_n(&Query::user(user), &TopN::new(n));
    for options in [RankingOptions::new(5), RankingOptions::new(7).relevant_from(3.0)] {
        let own = ranking(&model, &train, &test, &options).unwrap();
        assert!(own.gini > 0.0 && own.gini < 1.0, "{}", own.gini);
        for threads in [1, 3] {
            let made = ranking_of(list, &train, &test, &options.clone().threads(threads)).unwrap();
            assert_eq!(RankingReport { elapsed: own.elapsed, ..made }, own);
        }
    }
}

#[test]
fn the_gini_coefficient_looks_at_the_first_k() {
    let test = events(4, 5, &[(0, 0, 1.0), (1, 1, 1.0), (2, 2, 1.0)], None);
    let train = events(4, 5, &[], None);
    // Three users are measured; item 4 stands first in every list, the second place differs.
    let list = |user: UserIx, _: usize| {
        let items = [4, user.get(), 3];
        Ok::<_, QueryError>(items.map(|item| Hit { item: ItemIx::new(item), score: 0.0 }).to_vec())
    };
    let report = ranking_of(list, &train, &test, &RankingOptions::new(2)).unwrap();
    assert_eq!((report.users, report.coverage), (3, 0.8));
    // Shown 0, 1, 1, 1, 3 times: (-4 x 0 - 2 x 1 + 0 x 1 + 2 x 1 + 4 x 3) / (5 x 6).
    assert!((report.gini - 0.4).abs() < 1e-12, "{}", report.gini);
}

#[test]
fn a_list_that_cannot_be_made_is_an_error_with_the_first_user() {
    let test = events(3, 2, &[(0, 0, 1.0), (1, 1, 1.0), (2, 1, 1.0)], None);
    let train = events(3, 2, &[], None);
    let options = RankingOptions::new(1);
    let closed = |user: UserIx, _: usize| if user.get() == 0 { Ok(Vec::new()) } else { Err("closed") };
    let user = UserIx::new(1);
    let expected = EvaluateError::List { user, reason: "closed".into() };
    assert_eq!(ranking_of(closed, &train, &test, &options).unwrap_err(), expected);
    let item = ItemIx::new(2);
    let beyond = |_: UserIx, _: usize| Ok::<_, QueryError>(vec![Hit { item, score: 0.0 }]);
    let source = QueryError::UnknownItem { item, n_items: 2 };
    let expected = EvaluateError::Query { user: UserIx::new(0), source };
    assert_eq!(ranking_of(beyond, &train, &test, &options).unwrap_err(), expected);
    let folded = ranking_of(beyond, &train, &test, &options.fold_in());
    assert!(matches!(folded, Err(EvaluateError::Param(_))), "{folded:?}");
}
