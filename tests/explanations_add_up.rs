//! Guards explanations: base and contributions are the score, for any parameters and any history.

use foldin::data::{Event, History, Interactions, ItemIx, UserIx};
use foldin::implicit::{Confidence, IalsParams, Negatives, Objective};
use foldin::model::{Explain, Explanation, Factors, Fit, FitContext, Profile, Query, QueryError};
use foldin::rating::{BiasedMfParams, ItemKnnParams};
use foldin::retrieve::ScoreExt;
use proptest::prelude::*;

/// Questions per model; with as many models as proptest makes cases these are 10,000.
const QUESTIONS: usize = 100;
const MODELS: u32 = 100;

/// How far the parts may be from the score, as a share of it.
const NEAR: f64 = 1e-4;

/// Numbers that look random (SplitMix64).
struct Draw(u64);

impl Draw {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, end: u32) -> u32 {
        (self.bits() % u64::from(end)) as u32
    }

    fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u32 << 24) as f32
    }

    /// Between two numbers above 0, all sizes alike.
    fn size(&mut self, from: f32, to: f32) -> f32 {
        from * (to / from).powf(self.unit())
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u32) as usize]
    }
}

/// A small world of a random shape, values made by `value`.
fn world(draw: &mut Draw, value: impl Fn(&mut Draw) -> f32) -> Interactions {
    let (users, items) = (4 + draw.below(50), 3 + draw.below(90));
    let density = draw.size(0.03, 0.9);
    let mut events = vec![Event { user: UserIx::new(0), item: ItemIx::new(0), value: 1.0, time: None }];
    for pair in 1..users * items {
        if draw.unit() < density {
            let (user, item) = (UserIx::new(pair / items), ItemIx::new(pair % items));
            events.push(Event { user, item, value: value(draw), time: None });
        }
    }
    Interactions::from_events(users, items, &events).unwrap()
}

/// A history of any length up to three times the catalogue, in any order, with repetitions; or that of a user.
fn history(
    draw: &mut Draw,
    data: &Interactions,
    value: impl Fn(&mut Draw) -> f32,
) -> (Vec<ItemIx>, Vec<f32>) {
    if draw.below(3) == 0 {
        let row = data.user(UserIx::new(draw.below(data.n_users()))).unwrap();
        return (row.ids.to_vec(), row.values.to_vec());
    }
    let most = draw.of(&[1, 4, 20, data.n_items(), 3 * data.n_items()]);
    (0..draw.below(most + 1)).map(|_| (ItemIx::new(draw.below(data.n_items())), value(draw))).unzip()
}

/// The gap between a score and its parts, as a share of the score; or of a hundredth of the lengths of the two rows it is
/// the product of, where the score is so small that its own rounding shows.
fn gap<M: Explain>(model: &M, query: &Query<'_>, why: &Explanation) -> f64 {
    let mut profile = Profile::new();
    model.profile(query, &mut profile).unwrap();
    let length = |row: &[f32]| row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let row = |rows: Factors<'_>| length(&rows.rows[why.item.ix() * rows.stride..][..rows.factors]);
    let lengths = model.inner_product().map_or(0.0, row) * length(&profile.dense);
    let sum: f64 = why.reasons.iter().map(|reason| f64::from(reason.contribution)).sum();
    let gap = (f64::from(why.base) + sum - f64::from(why.score)).abs();
    if gap == 0.0 { 0.0 } else { gap / f64::from(why.score.abs()).max(0.01 * lengths) }
}

/// Asks `QUESTIONS` times and holds each explanation against the score.
fn check<M: Explain>(
    model: &M,
    data: &Interactions,
    draw: &mut Draw,
    value: impl Fn(&mut Draw) -> f32 + Copy,
) -> Result<(), TestCaseError> {
    for _ in 0..QUESTIONS {
        let (ids, values) = history(draw, data, value);
        let query = Query::history(History::new(&ids, &values).unwrap());
        let item = ItemIx::new(draw.below(data.n_items()));
        let why = model.explain(&query, item).unwrap();
        prop_assert_eq!(why.score.to_bits(), model.score(&query, item).unwrap().to_bits());
        let gap = gap(model, &query, &why);
        prop_assert!(gap <= NEAR, "{gap}: {why:?} from {} events", ids.len());
        prop_assert!(why.reasons.windows(2).all(|pair| pair[0].contribution >= pair[1].contribution));
        prop_assert!(why.reasons.iter().all(|reason| ids.contains(&reason.item)));
    }
    Ok(())
}

fn fitted<P: Fit>(params: &P, data: &Interactions, seed: u64) -> P::Model {
    params.fit_with(data, &mut FitContext::new().seed(seed).threads(1)).unwrap().model
}

/// Likes of all sizes, dislikes, and values that say nothing.
fn liking(draw: &mut Draw) -> f32 {
    match draw.below(8) {
        0 => 0.0,
        1 => -draw.size(0.1, 20.0),
        2 | 3 => draw.size(0.1, 20.0),
        _ => 1.0,
    }
}

fn stars(draw: &mut Draw) -> f32 {
    1.0 + draw.below(5) as f32
}

fn ials(draw: &mut Draw) -> IalsParams {
    let confidence = match draw.below(3) {
        0 => Confidence::Equal,
        1 => Confidence::Linear { alpha: draw.size(0.1, 40.0) },
        _ => Confidence::Logarithmic { alpha: draw.size(0.1, 10.0), epsilon: draw.size(0.1, 10.0) },
    };
    IalsParams::new()
        .factors(draw.of(&[1, 2, 3, 8, 16, 17, 40, 70]))
        .epochs(2)
        .confidence(confidence)
        .objective(draw.of(&[Objective::Rendle, Objective::HuKoren]))
        .negatives(draw.of(&[Negatives::Dislike, Negatives::Ignore]))
        .unobserved_weight(draw.size(0.01, 1.0))
        .regularization(draw.size(0.003, 3.0))
        .nu(draw.of(&[0.0, 0.5, 1.0]))
        .activity_exponent(draw.of(&[0.0, 0.5, 1.0]))
        .popularity_discount(draw.of(&[0.0, 0.25, 1.0]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: MODELS, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn of_ials(seed: u64) {
        let draw = &mut Draw(seed);
        let data = world(draw, liking);
        let model = fitted(&ials(draw), &data, seed);
        check(&model, &data, draw, liking)?;
    }

    #[test]
    fn of_biased_mf(seed: u64) {
        let draw = &mut Draw(seed);
        let data = world(draw, stars);
        let params = BiasedMfParams::new().factors(draw.of(&[1, 2, 7, 15, 16, 31, 40, 63])).epochs(3)
            .regularization(draw.size(0.1, 10.0));
        check(&fitted(&params, &data, seed), &data, draw, stars)?;
    }

    #[test]
    fn of_item_knn(seed: u64) {
        let draw = &mut Draw(seed);
        let data = world(draw, stars);
        let params = ItemKnnParams::new().neighbours(1 + draw.below(20) as usize).candidates(40)
            .min_overlap(1).regularization(draw.size(1e-3, 1.0));
        check(&fitted(&params, &data, seed), &data, draw, stars)?;
    }
}

#[test]
fn a_known_user_is_explained_by_their_events() {
    let draw = &mut Draw(11);
    let data = world(draw, stars);
    let (user, item) = (UserIx::new(0), ItemIx::new(1));
    let (ials, mf) = (IalsParams::new().factors(4).epochs(2), BiasedMfParams::new().factors(4).epochs(2));
    let (ials, mf) = (fitted(&ials, &data, 1), fitted(&mf, &data, 1));
    let missing = QueryError::NoHistory { user };
    assert!(missing.to_string().contains("with_history"));
    assert_eq!(ials.explain(&Query::user(user), item), Err(missing.clone()));
    assert_eq!(mf.explain(&Query::user(user), item), Err(missing));
    let history = data.user(user).unwrap();
    let told = Query::user(user).with_history(history);
    assert_eq!(ials.explain(&told, item), ials.explain(&Query::history(history), item));

    // The neighbourhoods keep what they need.
    let knn = fitted(&ItemKnnParams::new().min_overlap(1), &data, 1);
    let (kept, given) = (knn.explain(&Query::user(user), item).unwrap(), knn.explain(&told, item).unwrap());
    assert_eq!((kept.score, kept.reasons.len()), (given.score, given.reasons.len()));
    for (kept, given) in kept.reasons.iter().zip(&given.reasons) {
        assert!((kept.value - given.value).abs() < 1e-5 && kept.item == given.item);
        assert!((kept.contribution - given.contribution).abs() < 1e-5);
    }
}

/// What the contributions of `Ials` mean: without an event's target the score is that much lower.
#[test]
fn a_dislike_adds_nothing_and_takes_from_others() {
    let events: Vec<_> = (0..64)
        .filter(|n| (n / 8 + n) % 2 == 0)
        .map(|n| Event { user: UserIx::new(n / 8), item: ItemIx::new(n % 8), value: 1.0, time: None })
        .collect();
    let data = Interactions::from_events(8, 8, &events).unwrap();
    let model = fitted(&IalsParams::new().factors(2), &data, 3);
    let (ids, item) = ([0, 2].map(ItemIx::new), ItemIx::new(4));
    let explained = |values: &[f32]| {
        model.explain(&Query::history(History::new(&ids[..values.len()], values).unwrap()), item).unwrap()
    };
    let (liked, torn) = (explained(&[1.0]), explained(&[1.0, -1.0]));
    let of =
        |why: &Explanation, item| why.reasons.iter().find(|reason| reason.item == item).copied().unwrap();
    assert_eq!(of(&torn, ids[1]).contribution, 0.0);
    assert!(of(&torn, ids[0]).contribution < of(&liked, ids[0]).contribution);
    assert_eq!(torn.because(9).len(), 1);
    let disliked = explained(&[-1.0]);
    assert_eq!(
        (disliked.base, disliked.because(9).len()),
        (disliked.score, 0),
        "nothing speaks for anything"
    );
}
