//! Guards the promise of the fast road: a `Scanner`'s lists are those of all scores, bit for bit, ties included,
//! whatever the factors hold, however the model sums, and whichever instructions sift.

mod toy;

use foldin::data::{History, ItemIx, UserIx};
use foldin::kernel::{Level, Rows, products};
use foldin::model::{Factors, Profile, Query, QueryError, Score};
use foldin::retrieve::{
    BatchError, Hit, ScanError, Scanner, ScoreExt, TopN, UserHit, UserScanner, Vectors, Workspace,
};
use proptest::prelude::*;
use toy::{Table, items};

/// How a model adds up its products.
#[derive(Clone, Copy, Debug)]
enum Sum {
    Kernel,
    Forward,
    Backward,
}

/// Factors and biases on both sides.
#[derive(Clone, Debug)]
struct Mf {
    width: usize,
    users: Vec<f32>,
    items: Vec<f32>,
    user_bias: Vec<f32>,
    item_bias: Vec<f32>,
    seen: Vec<Vec<ItemIx>>,
    sum: Sum,
}

impl Mf {
    fn bias(&self, item: usize) -> f32 {
        self.item_bias.get(item).copied().unwrap_or(0.0)
    }
}

impl Score for Mf {
    fn n_users(&self) -> u32 {
        self.user_bias.len() as u32
    }

    fn n_items(&self) -> u32 {
        (self.items.len() / self.width) as u32
    }

    /// The user's row; with a history the sum of its rows, for a fold-in.
    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        out.dense.resize(self.width, 0.0);
        if let Some(user) = query.user {
            QueryError::check_user(user, self.n_users())?;
            out.dense.copy_from_slice(&self.users[user.ix() * self.width..][..self.width]);
            out.offset = self.user_bias[user.ix()];
        }
        if let Some(history) = &query.history {
            QueryError::check_history(history, self.n_items())?;
            for (item, value) in history.iter() {
                let row = &self.items[item.ix() * self.width..][..self.width];
                out.dense.iter_mut().zip(row).for_each(|(x, y)| *x += value * y);
            }
        }
        Ok(())
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        for (item, out) in (first.ix()..).zip(out) {
            let Some(row) = self.items.get(item * self.width..(item + 1) * self.width) else {
                *out = f32::NEG_INFINITY;
                continue;
            };
            let terms = row.iter().zip(&profile.dense).map(|(y, x)| y * x);
            *out = match self.sum {
                Sum::Forward => terms.sum::<f32>() + self.bias(item) + profile.offset,
                Sum::Backward => terms.rev().fold(self.bias(item) + profile.offset, |sum, term| sum + term),
                Sum::Kernel => {
                    let (row, mut score) = (Rows::new(row, self.width, self.width).unwrap(), [0.0]);
                    let bias = [self.bias(item)];
                    products(Level::detect(), row, 0, &profile.dense, &bias, profile.offset, &mut score)
                        .unwrap();
                    score[0]
                }
            };
        }
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.seen.get(user.ix()).map_or(&[], |seen| seen)
    }

    fn inner_product(&self) -> Option<Factors<'_>> {
        let (stride, factors) = (self.width, self.width);
        Some(Factors { rows: &self.items, stride, factors, bias: &self.item_bias })
    }
}

/// Numbers of one temper.
fn number(temper: u8) -> BoxedStrategy<f32> {
    let tame = (-8..9_i32).prop_map(|x| x as f32 / 4.0);
    match temper {
        0 => tame.boxed(),
        1 => (-1.0..1.0_f32).boxed(),
        // Rounding decides.
        2 => prop_oneof![-1.0..1.0_f32, (-1.0..1.0_f32).prop_map(|x| 1.0 + x * 3e-7)].boxed(),
        3 => prop_oneof![3 => Just(0.0), 1 => Just(-0.0), 1 => (-1.0..1.0_f32).prop_map(|x| x * 1e-38), 1 => Just(1e-45)]
            .boxed(),
        4 => prop_oneof![4 => -1.0..1.0_f32, 1 => (-1.0..1.0_f32).prop_map(|x| x * 1e19), 1 => any::<f32>()].boxed(),
        _ => prop_oneof![
            40 => tame,
            1 => Just(f32::NAN),
            1 => Just(f32::INFINITY),
            1 => Just(f32::NEG_INFINITY),
            1 => Just(f32::MAX),
        ]
        .boxed(),
    }
}

/// Rows of one temper, of which some stand several times, and some are long or short.
fn rows(count: usize, width: usize) -> impl Strategy<Value = Vec<f32>> {
    let scales = prop::collection::vec(
        prop_oneof![3 => Just(1.0_f32), 1 => Just(0.0), 1 => Just(30.0), 1 => 0.0..1.0_f32],
        count,
    );
    (0..6_u8).prop_flat_map(move |temper| prop::collection::vec(number(temper), count * width)).prop_flat_map(
        move |rows| {
            let copies = prop::collection::vec((0..count.max(1), 0..count.max(1)), 0..count / 4 + 1);
            (Just(rows), copies, scales.clone()).prop_map(move |(mut rows, copies, scales)| {
                for (row, scale) in rows.chunks_exact_mut(width).zip(scales) {
                    row.iter_mut().for_each(|x| *x *= scale);
                }
                for (from, to) in copies {
                    if count > 0 {
                        rows.copy_within(from * width..(from + 1) * width, to * width);
                    }
                }
                rows
            })
        },
    )
}

fn biases(count: usize) -> impl Strategy<Value = Vec<f32>> {
    (0..6_u8).prop_flat_map(move |temper| prop::collection::vec(number(temper), count))
}

fn some_items(most: u32) -> impl Strategy<Value = Vec<ItemIx>> {
    prop::collection::vec((0..most + 5).prop_map(ItemIx::new), 0..most as usize + 1)
}

fn model() -> impl Strategy<Value = Mf> {
    let width = prop_oneof![2 => 1..6_usize, 3 => 6..20_usize, 1 => Just(33), 1 => Just(64)];
    let count = prop_oneof![1 => 0..40_usize, 6 => 150..500_usize];
    let sum = prop_oneof![Just(Sum::Kernel), Just(Sum::Forward), Just(Sum::Backward)];
    (width, count, 1..19_usize, sum, any::<bool>()).prop_flat_map(|(width, n_items, n_users, sum, biased)| {
        let item_bias = biases(if biased { n_items } else { 0 });
        let seen = prop::collection::vec(some_items(20), n_users);
        (rows(n_users, width), rows(n_items, width), biases(n_users), item_bias, seen).prop_map(
            move |(users, items, user_bias, item_bias, mut seen)| {
                seen.iter_mut().for_each(|seen| {
                    seen.sort_unstable();
                    seen.dedup();
                });
                Mf { width, users, items, user_bias, item_bias, seen, sum }
            },
        )
    })
}

#[derive(Clone, Debug)]
struct Asked {
    n: usize,
    include_seen: bool,
    deny: Vec<u32>,
    allow: Option<Vec<u32>>,
    modulus: u32,
}

fn asked() -> impl Strategy<Value = Asked> {
    let n = prop_oneof![8 => 0..12_usize, 2 => 12..30_usize, 1 => Just(300), 1 => Just(usize::MAX)];
    let some = |most: usize| prop::collection::vec(prop_oneof![9 => 0..500_u32, 1 => any::<u32>()], 0..most);
    let allow = prop_oneof![3 => Just(None), 1 => some(20).prop_map(Some), 1 => some(900).prop_map(Some)];
    (n, any::<bool>(), some(60), allow, 1..4_u32).prop_map(|(n, include_seen, deny, allow, modulus)| Asked {
        n,
        include_seen,
        deny,
        allow,
        modulus,
    })
}

impl Asked {
    fn admits(&self, index: u32) -> bool {
        !self.deny.contains(&index)
            && self.allow.as_ref().is_none_or(|allow| allow.contains(&index))
            && index.is_multiple_of(self.modulus)
    }

    /// The oracle: every eligible score, sorted, cut.
    fn list(&self, scores: impl Iterator<Item = (u32, f32)>) -> Vec<(u32, u32)> {
        let mut all: Vec<_> = scores.filter(|&(index, _)| self.admits(index)).collect();
        all.retain(|&(_, score)| score > f32::NEG_INFINITY);
        all.sort_by(|a, b| b.1.partial_cmp(&a.1).expect("no NaN is left").then(a.0.cmp(&b.0)));
        all.truncate(self.n);
        // Zeros of both signs are one score.
        all.into_iter().map(|(index, score)| (index, (score + 0.0).to_bits())).collect()
    }
}

fn bits(hits: &[Hit]) -> Vec<(u32, u32)> {
    hits.iter().map(|hit| (hit.item.get(), hit.score.to_bits())).collect()
}

fn user_bits(hits: &[UserHit]) -> Vec<(u32, u32)> {
    hits.iter().map(|hit| (hit.user.get(), hit.score.to_bits())).collect()
}

fn scores(model: &Mf, query: &Query<'_>) -> Vec<f32> {
    let (mut profile, mut scores) = (Profile::new(), vec![0.0; model.n_items() as usize]);
    model.profile(query, &mut profile).unwrap();
    model.score_block(&profile, ItemIx::new(0), &mut scores);
    scores
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn lists_of_items_equal_their_naive_twins(model in model(), asked in asked(), mine in some_items(30)) {
        let n_items = model.n_items();
        let (deny, keep) = (items(&asked.deny), |item: ItemIx| item.get().is_multiple_of(asked.modulus));
        let allow = asked.allow.as_deref().map(items);
        let mut request = TopN::new(asked.n).deny(&deny).filter(&keep);
        if let Some(allow) = &allow {
            request = request.allow(allow);
        }
        if asked.include_seen {
            request = request.include_seen();
        }
        let mine: Vec<_> = mine.into_iter().filter(|item| item.get() < n_items).collect();
        let values = vec![0.5; mine.len()];
        let somebody = Query::user(UserIx::new(0)).with_history(History::new(&mine, &values).unwrap());
        let users = (0..model.n_users()).map(|user| Query::user(UserIx::new(user)));
        let queries: Vec<_> = users.chain([Query::anyone(), somebody]).collect();
        let expected: Vec<_> = queries.iter().map(|query| {
            let seen = |item: u32| {
                let item = ItemIx::new(item);
                query.user.is_some_and(|user| model.seen(user).contains(&item))
                    || query.history.is_some_and(|history| history.ids.contains(&item))
            };
            let scores = (0..).zip(scores(&model, query));
            asked.list(scores.filter(|&(item, _)| asked.include_seen || !seen(item)))
        }).collect();
        let (mut workspace, mut hits) = (Workspace::new(), Vec::new());
        for level in Level::available() {
            let scanner = Scanner::at_level(&model, level).unwrap();
            for (query, expected) in queries.iter().zip(&expected) {
                scanner.top_n_into(query, &request, &mut workspace, &mut hits).unwrap();
                prop_assert_eq!(&bits(&hits), expected, "{} alone", level);
            }
            let lists = scanner.top_n_batch(&queries, &request, 1).unwrap();
            let lists: Vec<_> = lists.iter().map(|hits| bits(hits)).collect();
            prop_assert_eq!(&lists, &expected, "{} in a batch", level);
        }
    }

    #[test]
    fn lists_for_vectors_equal_their_naive_twins(model in model(), asked in asked(), gap in 0..6_usize) {
        let (deny, keep) = (items(&asked.deny), |item: ItemIx| item.get().is_multiple_of(asked.modulus));
        let allow = asked.allow.as_deref().map(items);
        let mut request = TopN::new(asked.n).deny(&deny).filter(&keep);
        if let Some(allow) = &allow {
            request = request.allow(allow);
        }
        // The same rows without a model, apart: what lies between them belongs to nobody. The last ends with itself.
        let (factors, stride) = (model.width, model.width + gap);
        let mut apart = Vec::new();
        for row in model.items.chunks_exact(factors) {
            apart.resize(apart.len().next_multiple_of(stride), f32::NAN);
            apart.extend_from_slice(row);
        }
        let vectors = Vectors::new(Factors { rows: &apart, stride, factors, bias: &model.item_bias }).unwrap();
        prop_assert_eq!(vectors.n_items(), model.n_items());
        let twin = Mf { sum: Sum::Kernel, ..model.clone() };
        let users = (0..model.n_users()).map(|user| Query::user(UserIx::new(user)));
        let queries: Vec<_> = users.chain([Query::anyone()]).collect();
        // Nobody asks: nothing is seen.
        let expected = |model: &Mf, query| asked.list((0..).zip(scores(model, query)));
        let (mut workspace, mut hits, mut asker) = (Workspace::new(), Vec::new(), Profile::new());
        for level in Level::available() {
            let by_model = Scanner::at_level(&model, level).unwrap();
            let by_rows = Scanner::at_level(&vectors, level).unwrap();
            for query in &queries {
                model.profile(query, &mut asker).unwrap();
                by_model.top_n_for(&asker, &request, &mut workspace, &mut hits).unwrap();
                prop_assert_eq!(bits(&hits), expected(&model, query), "{} model", level);
                by_rows.top_n_for(&asker, &request, &mut workspace, &mut hits).unwrap();
                prop_assert_eq!(bits(&hits), expected(&twin, query), "{} rows", level);
            }
        }
    }

    #[test]
    fn lists_of_users_equal_their_naive_twins(model in model(), asked in asked(), many in 1..40_usize) {
        // Users by the hundred: the model's own, again and again, a little longer each time.
        let mut model = model;
        let (width, users, bias) = (model.width, model.users.clone(), model.user_bias.clone());
        for round in 1..many {
            model.users.extend(users.iter().map(|x| x * (1.0 + round as f32 / 8.0).floor()));
            model.user_bias.extend_from_slice(&bias);
        }
        model.seen.resize(model.user_bias.len(), items(&[0, 2]));
        prop_assert_eq!(model.users.len(), model.user_bias.len() * width);
        let ix = |users: &[u32]| users.iter().copied().map(UserIx::new).collect::<Vec<_>>();
        let (deny, keep) = (ix(&asked.deny), |user: UserIx| user.get().is_multiple_of(asked.modulus));
        let allow = asked.allow.as_deref().map(ix);
        let mut request = TopN::users(asked.n).deny(&deny).filter(&keep);
        if let Some(allow) = &allow {
            request = request.allow(allow);
        }
        if asked.include_seen {
            request = request.include_seen();
        }
        let all: Vec<_> = (0..model.n_users()).map(|user| scores(&model, &Query::user(UserIx::new(user)))).collect();
        let asked_for: Vec<_> = (0..model.n_items()).step_by(29).map(ItemIx::new).collect();
        let expected: Vec<_> = asked_for.iter().map(|&item| {
            let seen = |user: u32| model.seen(UserIx::new(user)).contains(&item);
            let scores = (0..).zip(all.iter().map(|scores| scores[item.ix()]));
            asked.list(scores.filter(|&(user, _)| asked.include_seen || !seen(user)))
        }).collect();
        for level in Level::available() {
            let scanner = UserScanner::at_level(&model, level).unwrap();
            for (&item, expected) in asked_for.iter().zip(&expected) {
                prop_assert_eq!(&user_bits(&scanner.top_n(item, &request).unwrap()), expected, "{} {}", level, item);
            }
            let lists = scanner.top_n_batch(&asked_for, &request, 1).unwrap();
            let lists: Vec<_> = lists.iter().map(|hits| user_bits(hits)).collect();
            prop_assert_eq!(&lists, &expected, "{} in a batch", level);
        }
    }

    /// What is like a row is measured in double precision here, and so is the bound on how far the two may be apart.
    #[test]
    fn similar_rows_are_the_closest(model in model(), n in 1..9_usize) {
        let cosine = |a: &[f32], b: &[f32]| {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
            let size = (dot(a, a) * dot(b, b)).sqrt();
            if size == 0.0 { 0.0 } else { dot(a, b) / size }
        };
        let row = |item: usize| &model.items[item * model.width..][..model.width];
        let mut lists = Vec::new();
        for level in Level::available() {
            let scanner = Scanner::at_level(&model, level).unwrap();
            for item in (0..model.n_items()).step_by(37) {
                let hits = scanner.similar_items(ItemIx::new(item), &TopN::new(n)).unwrap();
                let mut all: Vec<f64> = (0..model.n_items()).filter(|&other| other != item)
                    .map(|other| cosine(row(item as usize), row(other as usize))).filter(|x| !x.is_nan()).collect();
                all.sort_by(|a, b| b.total_cmp(a));
                prop_assert_eq!(hits.len(), n.min(all.len()));
                for (hit, best) in hits.iter().zip(all) {
                    prop_assert!(hit.item.get() != item && (-1.0..=1.0).contains(&hit.score));
                    prop_assert!((f64::from(hit.score) - best.clamp(-1.0, 1.0)).abs() < 1e-7, "{} {}", hit.score, best);
                }
                prop_assert!(hits.windows(2).all(|pair| {
                    pair[1].score < pair[0].score || (pair[1].score == pair[0].score && pair[0].item < pair[1].item)
                }), "{:?}", hits);
                lists.push(hits);
            }
        }
        let levels = Level::available().count();
        let per_level = lists.len() / levels;
        for level in 1..levels {
            prop_assert_eq!(&lists[level * per_level..][..per_level], &lists[..per_level], "the same bits at every level");
        }
    }
}

/// Items that look like noise, longer and shorter.
fn noise(n_users: usize, n_items: usize, width: usize) -> Mf {
    let unit = |at: usize, salt: u64| toy::unit(at as u64 ^ salt << 40) - 0.5;
    let row = |count: usize, salt| (0..count * width).map(move |at| unit(at, salt)).collect::<Vec<_>>();
    let mut items = row(n_items, 1);
    for (item, row) in items.chunks_exact_mut(width).enumerate() {
        row.iter_mut().for_each(|y| *y *= 1.2 + unit(item, 3));
    }
    Mf {
        width,
        users: row(n_users, 2),
        items,
        user_bias: (0..n_users).map(|user| unit(user, 4)).collect(),
        item_bias: (0..n_items).map(|item| unit(item, 5)).collect(),
        seen: (0..n_users).map(|user| toy::items(&[user as u32, 100 + user as u32])).collect(),
        sum: Sum::Kernel,
    }
}

#[test]
fn any_number_of_threads_and_any_batch_give_the_same_lists() {
    let model = noise(300, 5_000, 24);
    let users: Vec<_> = (0..300).map(UserIx::new).collect();
    let some: Vec<_> = (0..300).map(ItemIx::new).collect();
    let (deny, few) = (items(&[9, 10, 11]), (0..90).map(|item| ItemIx::new(item * 55)).collect::<Vec<_>>());
    let (scanner, audience) = (Scanner::new(&model).unwrap(), UserScanner::new(&model).unwrap());
    for request in [TopN::new(10).deny(&deny), TopN::new(10).allow(&few), TopN::new(2_000)] {
        let plain = model.top_n_batch(&users, &request, 1).unwrap();
        for threads in [1, 2, 3, 8] {
            assert_eq!(scanner.top_n_batch(&users, &request, threads).unwrap(), plain, "{request:?}");
        }
        for count in [0, 1, 2, 5, 8, 9, 13, 15, 113] {
            assert_eq!(scanner.top_n_batch(&users[..count], &request, 1).unwrap(), plain[..count]);
        }
        let alike = scanner.similar_items_batch(&some, &request, 1).unwrap();
        assert_eq!(scanner.similar_items_batch(&some, &request, 3).unwrap(), alike);
        assert_eq!(scanner.similar_items(some[7], &request).unwrap(), alike[7]);
    }
    let one = audience.top_n_batch(&some, &TopN::users(7), 1).unwrap();
    assert_eq!(audience.top_n_batch(&some, &TopN::users(7), 3).unwrap(), one);
    assert_eq!(audience.top_n(some[3], &TopN::users(7)).unwrap(), one[3]);
}

#[test]
fn similar_users_point_the_same_way() {
    let mut model = noise(400, 50, 16);
    let row: Vec<f32> = model.users[..16].to_vec();
    for (user, scale) in [(17, 2.0), (301, 0.5), (399, -1.0)] {
        for (to, from) in model.users[user * 16..][..16].iter_mut().zip(&row) {
            *to = scale * from;
        }
    }
    let scanner = UserScanner::new(std::sync::Arc::new(model)).unwrap();
    let listed = |n| scanner.similar_users(UserIx::new(0), &TopN::users(n)).unwrap();
    let twins: Vec<_> = listed(2).iter().map(|hit| (hit.user.get(), hit.score)).collect();
    assert_eq!(twins, [(17, 1.0), (301, 1.0)], "lengths do not count, ties go by index");
    let all = listed(1_000);
    assert_eq!((all.len(), all[398]), (399, UserHit { user: UserIx::new(399), score: -1.0 }));
    let stranger = UserIx::new(400);
    let unknown = QueryError::UnknownUser { user: stranger, n_users: 400 };
    assert_eq!(scanner.similar_users(stranger, &TopN::users(1)), Err(unknown));
}

/// Against the definition, in double precision, over all users.
#[test]
fn look_alikes_are_nearest_to_the_mean_direction_of_the_seeds() {
    let model = noise(400, 50, 16);
    let row = |user: usize| model.users[user * 16..][..16].iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let length = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
    let scanner = UserScanner::new(&model).unwrap();
    let seeds = [311, 5, 78, 5].map(UserIx::new);
    let mut middle = vec![0.0; 16];
    for seed in [5, 78, 311] {
        let row = row(seed);
        let length = length(&row);
        middle.iter_mut().zip(&row).for_each(|(sum, x)| *sum += x / length);
    }
    let cosine = |user: usize| {
        let (row, product) = (row(user), row(user).iter().zip(&middle).map(|(a, b)| a * b).sum::<f64>());
        product / (length(&row) * length(&middle))
    };
    let mut all: Vec<_> = (0..400).filter(|user| ![5, 78, 311].contains(user)).collect();
    all.sort_by(|&a, &b| cosine(b).total_cmp(&cosine(a)));
    for n in [0, 1, 10, 1_000] {
        let hits = scanner.look_alikes(&seeds, &TopN::users(n)).unwrap();
        let found: Vec<_> = hits.iter().map(|hit| hit.user.ix()).collect();
        assert_eq!(found, all[..n.min(all.len())]);
        assert!(hits.iter().all(|hit| (f64::from(hit.score) - cosine(hit.user.ix())).abs() < 1e-6));
    }
    let one = [UserIx::new(9)];
    let request = TopN::users(5);
    let users = |hits: Vec<UserHit>| hits.iter().map(|hit| hit.user).collect::<Vec<_>>();
    let similar = scanner.similar_users(one[0], &request).unwrap();
    assert_eq!(users(scanner.look_alikes(&one, &request).unwrap()), users(similar));
    assert_eq!(scanner.look_alikes(&[], &request), Err(QueryError::NoSeeds));
    let stranger = UserIx::new(400);
    let unknown = QueryError::UnknownUser { user: stranger, n_users: 400 };
    assert_eq!(scanner.look_alikes(&[one[0], stranger], &request), Err(unknown));
}

#[test]
fn a_predicate_is_asked_once_per_item_and_rarely() {
    let model = noise(1, 20_000, 16);
    let counts = std::sync::Mutex::new(std::collections::HashMap::new());
    let keep = |item: ItemIx| {
        *counts.lock().unwrap().entry(item).or_insert(0) += 1;
        item.get().is_multiple_of(2)
    };
    let scanner = Scanner::new(&model).unwrap();
    let hits = scanner.top_n(&Query::user(UserIx::new(0)), &TopN::new(5).filter(&keep)).unwrap();
    assert_eq!(
        hits,
        model.top_n(&Query::user(UserIx::new(0)), &TopN::new(5).filter(&|i| i.get() % 2 == 0)).unwrap()
    );
    let counts = counts.into_inner().unwrap();
    assert!(counts.values().all(|&count| count == 1));
    assert!(counts.len() < 1_000, "{} of 20,000 items were looked at closely", counts.len());
}

#[test]
fn what_cannot_be_scanned_or_asked_is_an_error_that_says_why() {
    let table = Table::new(3, vec![1.0; 6]);
    assert_eq!(Scanner::new(&table).unwrap_err(), ScanError::NotInnerProduct);
    assert_eq!(UserScanner::new(&table).unwrap_err(), ScanError::NotInnerProduct);
    let mut model = noise(3, 200, 8);
    let dynamic: &dyn Score = &model;
    let lists = Scanner::new(dynamic).unwrap().top_n_batch(&[UserIx::new(0)], &TopN::new(3), 1).unwrap();
    assert_eq!(lists, dynamic.top_n_batch(&[UserIx::new(0)], &TopN::new(3), 1).unwrap());

    let scanner = Scanner::new(&model).unwrap();
    let (users, mut hits) = ([0, 3].map(UserIx::new), vec![Hit { item: ItemIx::new(0), score: 1.0 }]);
    let unknown = QueryError::UnknownUser { user: users[1], n_users: 3 };
    let answer = scanner.top_n_into(&Query::user(users[1]), &TopN::new(1), &mut Workspace::new(), &mut hits);
    assert_eq!((answer, hits.len()), (Err(unknown.clone()), 0));
    let batch = scanner.top_n_batch(&users, &TopN::new(1), 2);
    assert_eq!(batch, Err(BatchError::Query { position: 1, source: unknown }));
    let item = ItemIx::new(200);
    let unknown = QueryError::UnknownItem { item, n_items: 200 };
    assert_eq!(scanner.similar_items(item, &TopN::new(1)), Err(unknown.clone()));
    let batch = scanner.similar_items_batch(&[ItemIx::new(1), item], &TopN::new(1), 2);
    assert_eq!(batch, Err(BatchError::Query { position: 1, source: unknown.clone() }));
    assert_eq!(UserScanner::new(&model).unwrap().top_n(item, &TopN::users(1)), Err(unknown));
    let narrow = Profile { dense: vec![1.0; 7], ..Profile::new() };
    let answer = scanner.top_n_for(&narrow, &TopN::new(1), &mut Workspace::new(), &mut hits);
    assert_eq!(answer, Err(QueryError::Profile { expected: 8, found: 7 }));

    model.item_bias.pop();
    let error = Scanner::new(&model).unwrap_err();
    assert_eq!(error, ScanError::Shape { what: "the biases", expected: 200, found: 199 });
    assert!(error.to_string().contains("200"), "{error}");
}
