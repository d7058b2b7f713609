//! Lists against their naive twin: score everything, sort, cut.

use std::collections::BTreeMap;

use foldin::data::{History, ItemIx, UserIx};
use foldin::kernel::{Level, Rows, products};
use foldin::model::{Factors, Profile, Query, QueryError, Score};
use foldin::retrieve::{Hit, Scanner, ScoreExt, TopN, UserHit, UserScanner, Workspace};

use crate::bytes::Draw;

/// Rows and biases of any numbers.
struct Mf {
    width: usize,
    users: Vec<f32>,
    items: Vec<f32>,
    bias: Vec<f32>,
    seen: BTreeMap<u32, Vec<ItemIx>>,
    /// Whether it sums as the kernel does.
    kernel: bool,
}

impl Mf {
    fn draw(draw: &mut Draw<'_>) -> Self {
        let width = 1 + draw.below(20);
        let (n_users, n_items) = (1 + draw.below(12), draw.pick(&[0, 1, 5, 40, 127, 128, 129, 200, 300]));
        let (kernel, biased) = (draw.flag(), draw.flag());
        let seen = (0..draw.below(5)).map(|user| (user as u32, items(draw, n_items, 12))).collect();
        let users = numbers(draw, n_users * width);
        let bias = numbers(draw, if biased { n_items } else { 0 });
        Self { width, users, items: numbers(draw, n_items * width), bias, seen, kernel }
    }

    fn row(&self, user: UserIx) -> &[f32] {
        &self.users[user.ix() * self.width..][..self.width]
    }

    fn scores(&self, query: &Query<'_>) -> Vec<f32> {
        let (mut profile, mut scores) = (Profile::new(), vec![0.0; self.n_items() as usize]);
        self.profile(query, &mut profile).expect("a user of the model");
        self.score_block(&profile, ItemIx::new(0), &mut scores);
        scores
    }
}

/// A few numbers again and again, so that there are ties, now and then one that is its own.
fn numbers(draw: &mut Draw<'_>, n: usize) -> Vec<f32> {
    let period = 1 + draw.below(40);
    let base: Vec<f32> = (0..period).map(|_| draw.float()).collect();
    let mut all: Vec<f32> = (0..n).map(|at| base[at % period]).collect();
    if n > 0 {
        (0..draw.below(40)).for_each(|_| all[draw.below(n)] = draw.float());
    }
    all
}

/// Items, known or just beyond, ascending, each once.
fn items(draw: &mut Draw<'_>, n_items: usize, most: usize) -> Vec<ItemIx> {
    let mut all: Vec<_> =
        (0..draw.below(most)).map(|_| ItemIx::new(draw.below(n_items + 2) as u32)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Score for Mf {
    fn n_users(&self) -> u32 {
        (self.users.len() / self.width) as u32
    }

    fn n_items(&self) -> u32 {
        (self.items.len() / self.width) as u32
    }

    fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        let user = query.user.unwrap_or_default();
        QueryError::check_user(user, self.n_users())?;
        out.dense.extend_from_slice(self.row(user));
        out.offset = out.dense[0];
        Ok(())
    }

    fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
        for (item, out) in (first.ix()..).zip(out) {
            let Some(row) = self.items.get(item * self.width..(item + 1) * self.width) else {
                *out = f32::NEG_INFINITY;
                continue;
            };
            let bias = self.bias.get(item).copied().unwrap_or(0.0);
            if self.kernel {
                let rows = Rows::new(row, self.width, self.width).expect("a row");
                products(
                    Level::detect(),
                    rows,
                    0,
                    &profile.dense,
                    &[bias],
                    profile.offset,
                    std::slice::from_mut(out),
                )
                .expect("one score");
            } else {
                *out =
                    row.iter().zip(&profile.dense).map(|(y, x)| y * x).sum::<f32>() + bias + profile.offset;
            }
        }
    }

    fn seen(&self, user: UserIx) -> &[ItemIx] {
        self.seen.get(&user.get()).map_or(&[], |seen| seen)
    }

    fn inner_product(&self) -> Option<Factors<'_>> {
        Some(Factors { rows: &self.items, stride: self.width, factors: self.width, bias: &self.bias })
    }
}

/// What is asked for.
struct Asked {
    n: usize,
    include_seen: bool,
    deny: Vec<ItemIx>,
    allow: Option<Vec<ItemIx>>,
    modulus: u32,
    history: Vec<ItemIx>,
}

impl Asked {
    fn draw(draw: &mut Draw<'_>, n_items: usize) -> Self {
        Self {
            n: draw.pick(&[0, 1, 2, 3, 7, 12, 60, 300, usize::MAX]),
            include_seen: draw.flag(),
            deny: items(draw, n_items, 30),
            allow: draw.flag().then(|| items(draw, n_items, 80)),
            modulus: 1 + draw.below(3) as u32,
            history: items(draw, n_items.saturating_sub(2), 9),
        }
    }

    fn keeps(&self, index: u32) -> bool {
        index.is_multiple_of(self.modulus)
    }

    /// Every eligible score, sorted, cut. What is no number, or minus infinity, is in no list.
    fn list(&self, scores: impl Iterator<Item = (u32, f32)>, seen: impl Fn(u32) -> bool) -> Vec<(u32, u32)> {
        let among = |set: &[ItemIx], index: u32| set.contains(&ItemIx::new(index));
        let admits = |index: u32| {
            let allowed = self.allow.as_ref().is_none_or(|allow| among(allow, index));
            allowed && !among(&self.deny, index) && self.keeps(index) && (self.include_seen || !seen(index))
        };
        let mut all: Vec<_> = scores.filter(|&(at, score)| score > f32::NEG_INFINITY && admits(at)).collect();
        all.sort_by(|a, b| b.1.partial_cmp(&a.1).expect("numbers").then(a.0.cmp(&b.0)));
        all.truncate(self.n);
        // Zeros of both signs are one score.
        all.into_iter().map(|(at, score)| (at, (score + 0.0).to_bits())).collect()
    }
}

fn bits(hits: &[Hit]) -> Vec<(u32, u32)> {
    hits.iter().map(|hit| (hit.item.get(), (hit.score + 0.0).to_bits())).collect()
}

fn user_bits(hits: &[UserHit]) -> Vec<(u32, u32)> {
    hits.iter().map(|hit| (hit.user.get(), (hit.score + 0.0).to_bits())).collect()
}

/// A model and requests of any bytes: every road to a list gives the list of the twin, to the bit.
pub fn top_n(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let model = Mf::draw(&mut draw);
    for _ in 0..3 {
        let asked = Asked::draw(&mut draw, model.n_items() as usize);
        lists_of_items(&model, &asked);
        lists_of_users(&model, &asked);
    }
}

fn lists_of_items(model: &Mf, asked: &Asked) {
    let keep = |item: ItemIx| asked.keeps(item.get());
    let mut request = TopN::new(asked.n).deny(&asked.deny).filter(&keep);
    request = if asked.include_seen { request.include_seen() } else { request };
    request = asked.allow.as_ref().map_or(request, |allow| request.allow(allow));
    let values = vec![1.0; asked.history.len()];
    let somebody = History::new(&asked.history, &values).expect("as many values as items");
    let users = (0..model.n_users()).map(|user| Query::user(UserIx::new(user)));
    let queries: Vec<_> = users.chain([Query::anyone(), Query::history(somebody)]).collect();
    let expected = |query: &Query<'_>| {
        let seen = |item: u32| {
            let item = ItemIx::new(item);
            query.user.is_some_and(|user| model.seen(user).contains(&item))
                || query.history.is_some_and(|history| history.ids.contains(&item))
        };
        asked.list((0..).zip(model.scores(query)), seen)
    };
    let expected: Vec<_> = queries.iter().map(expected).collect();
    let (mut workspace, mut hits) = (Workspace::new(), Vec::new());
    for (query, expected) in queries.iter().zip(&expected) {
        model.top_n_into(query, &request, &mut workspace, &mut hits).expect("a user of the model");
        assert_eq!(&bits(&hits), expected, "by blocks");
    }
    for level in Level::available() {
        let scanner = Scanner::at_level(model, level).expect("rows that can be packed");
        for (query, expected) in queries.iter().zip(&expected) {
            scanner.top_n_into(query, &request, &mut workspace, &mut hits).expect("a user of the model");
            assert_eq!(&bits(&hits), expected, "{level}");
        }
        let lists = scanner.top_n_batch(&queries, &request, 1).expect("users of the model");
        assert!(lists.iter().map(|hits| bits(hits)).eq(expected.iter().cloned()), "{level} in a batch");
        alike(&scanner, &request, asked);
    }
}

/// Similar items: in order, no more alike than equal, the item itself left out.
fn alike(scanner: &Scanner<&Mf>, request: &TopN<'_>, asked: &Asked) {
    let n = scanner.model().n_items();
    for item in [0, n / 2, n.saturating_sub(1)].map(ItemIx::new) {
        let Ok(hits) = scanner.similar_items(item, request) else {
            assert_eq!(n, 0);
            continue;
        };
        assert!(hits.len() <= asked.n && hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
        for hit in hits {
            assert!(
                (-1.0..=1.0).contains(&hit.score) && hit.item != item && asked.keeps(hit.item.get()),
                "{hit:?}"
            );
        }
    }
}

fn lists_of_users(model: &Mf, asked: &Asked) {
    let ix = |items: &[ItemIx]| items.iter().map(|item| UserIx::new(item.get())).collect::<Vec<_>>();
    let (deny, allow) = (ix(&asked.deny), asked.allow.as_deref().map(ix));
    let keep = |user: UserIx| asked.keeps(user.get());
    let mut request = TopN::users(asked.n).deny(&deny).filter(&keep);
    request = if asked.include_seen { request.include_seen() } else { request };
    request = allow.as_ref().map_or(request, |allow| request.allow(allow));
    let all: Vec<_> =
        (0..model.n_users()).map(|user| model.scores(&Query::user(UserIx::new(user)))).collect();
    let items: Vec<_> = (0..model.n_items()).step_by(23).map(ItemIx::new).collect();
    let expected = |item: &ItemIx| {
        let seen = |user: u32| model.seen(UserIx::new(user)).contains(item);
        asked.list((0..).zip(all.iter().map(|scores| scores[item.ix()])), seen)
    };
    let expected: Vec<_> = items.iter().map(expected).collect();
    for level in Level::available() {
        let scanner = UserScanner::at_level(model, level).expect("rows that can be packed");
        for (&item, expected) in items.iter().zip(&expected) {
            let hits = scanner.top_n(item, &request).expect("an item of the model");
            assert_eq!(&user_bits(&hits), expected, "{level}");
        }
        let lists = scanner.top_n_batch(&items, &request, 1).expect("items of the model");
        assert!(lists.iter().map(|hits| user_bits(hits)).eq(expected.iter().cloned()), "{level} in a batch");
        let crowd: Vec<_> = [0, model.n_users() - 1].map(UserIx::new).into();
        for hit in scanner.look_alikes(&crowd, &request).expect("users of the model") {
            assert!((-1.0..=1.0).contains(&hit.score) && !crowd.contains(&hit.user), "{hit:?}");
        }
    }
}
