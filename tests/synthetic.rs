//! Generated data is what it says: deterministic, long-tailed, and its structure can be learned.

use std::collections::BTreeMap;

use foldin::data::synthetic::{Synthetic, SyntheticData};
use foldin::data::{DataError, Interactions};

fn rmse(data: &Interactions, predict: impl Fn(usize, usize, i64) -> f32) -> f64 {
    let square = |event: foldin::data::Event| {
        let predicted = predict(event.user.ix(), event.item.ix(), event.time.unwrap());
        f64::from(event.value - predicted).powi(2)
    };
    (data.events().map(square).sum::<f64>() / data.len() as f64).sqrt()
}

fn default() -> SyntheticData {
    Synthetic::new().seed(1).generate().unwrap()
}

#[test]
fn the_same_seed_gives_the_same_data() {
    let (a, b) = (Synthetic::tiny().generate().unwrap(), Synthetic::tiny().generate().unwrap());
    assert_eq!((&a.interactions, &a.truth, &a.items), (&b.interactions, &b.truth, &b.items));
    let other = Synthetic::tiny().seed(1).generate().unwrap();
    assert_ne!(a.interactions, other.interactions);
}

#[test]
fn the_size_is_about_what_was_asked_for() {
    for settings in [Synthetic::new(), Synthetic::new().users(5_000).items(3_000).ratings(50_000)] {
        let world = settings.generate().unwrap();
        let asked = if world.interactions.n_users() == 5_000 { 50_000.0 } else { 100_000.0 };
        let found = world.interactions.len() as f64;
        assert!((found / asked - 1.0).abs() < 0.1, "{found} of {asked}");
        assert_eq!(world.ids.users.len(), world.interactions.n_users() as usize);
        assert_eq!(world.items.len(), world.interactions.n_items() as usize);
    }
}

#[test]
fn a_few_users_and_items_have_most_events() {
    let world = default();
    let share = |mut counts: Vec<usize>| {
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts.iter().take(counts.len() / 5).sum::<usize>() as f64 / counts.iter().sum::<usize>() as f64
    };
    let users = share(world.interactions.users().map(|(_, row)| row.len()).collect());
    let items = share(world.interactions.items().map(|(_, row)| row.len()).collect());
    assert!((0.4..0.8).contains(&users) && (0.45..0.85).contains(&items), "{users} {items}");
    assert_eq!(world.interactions.value_range(), Some((1.0, 5.0)));
}

#[test]
fn the_truth_explains_the_ratings() {
    let world = default();
    let truth = &world.truth;
    let ix = |user: usize, item: usize| {
        (foldin::data::UserIx::new(user as u32), foldin::data::ItemIx::new(item as u32))
    };
    let exact = rmse(&world.interactions, |user, item, time| {
        let (user, item) = ix(user, item);
        truth.rating(user, item, time).unwrap()
    });
    let biases =
        rmse(&world.interactions, |user, item, _| truth.mean + truth.user_bias[user] + truth.item_bias[item]);
    // Noise 0.6 and the rounding's 1/sqrt(12) make 0.67; the ends of the scale take some of it.
    assert!((0.55..0.70).contains(&exact), "{exact}");
    assert!(biases > exact * 1.25, "{biases} {exact}");
    assert_eq!(truth.rating(foldin::data::UserIx::new(u32::MAX), foldin::data::ItemIx::new(0), 0), None);
}

/// A plain matrix factorization by stochastic gradient, with or without factors, on a tenth held out.
fn learned(data: &Interactions, factors: usize) -> f64 {
    let chosen: Vec<bool> = (0..data.len()).map(|at| at * 7 % 10 == 3).collect();
    let (test, train) = data.partition(&chosen).unwrap();
    let mean = train.mean().unwrap() as f32;
    let row = factors + 1;
    let start = |n: u32| -> Vec<f32> {
        let pseudo = |at: usize| ((at * 2_654_435_761) % 1_000) as f32 / 1_000.0 - 0.5;
        (0..n as usize * row).map(|at| if at % row == 0 { 0.0 } else { 0.2 * pseudo(at) }).collect()
    };
    let (mut users, mut items) = (start(data.n_users()), start(data.n_items()));
    let predict = |users: &[f32], items: &[f32], user: usize, item: usize| -> f32 {
        let (p, q) = (&users[user * row..(user + 1) * row], &items[item * row..(item + 1) * row]);
        mean + p[0] + q[0] + p[1..].iter().zip(&q[1..]).map(|(p, q)| p * q).sum::<f32>()
    };
    for _ in 0..60 {
        for event in train.events() {
            let (user, item) = (event.user.ix(), event.item.ix());
            let error = event.value - predict(&users, &items, user, item);
            for at in 0..row {
                let (p, q) = (users[user * row + at], items[item * row + at]);
                let (to_p, to_q) = if at == 0 { (error, error) } else { (error * q, error * p) };
                users[user * row + at] += 0.01 * (to_p - 0.05 * p);
                items[item * row + at] += 0.01 * (to_q - 0.05 * q);
            }
        }
    }
    rmse(&test, |user, item, _| predict(&users, &items, user, item))
}

#[test]
fn factors_can_be_learned_and_beat_biases() {
    let world = default();
    let (biases, factors) = (learned(&world.interactions, 0), learned(&world.interactions, 8));
    eprintln!("held-out RMSE: biases {biases:.4}, factors {factors:.4}");
    assert!(factors < 0.93 * biases, "biases {biases:.4}, factors {factors:.4}");
}

#[test]
fn settings_out_of_range_are_refused() {
    for settings in [
        Synthetic::tiny().users(0),
        Synthetic::tiny().items(0),
        Synthetic::tiny().ratings(3_001),
        Synthetic::tiny().factors(0),
        Synthetic::tiny().noise(f32::NAN),
        Synthetic::tiny().taste(-1.0),
        Synthetic::tiny().drift(f32::INFINITY),
        Synthetic::tiny().told(1.1),
        Synthetic::tiny().told(f32::NAN),
    ] {
        assert!(matches!(settings.generate(), Err(DataError::Setting { .. })), "{settings:?}");
    }
    let small = Synthetic::new().users(300).items(120).generate().unwrap();
    assert!((7_000..11_000).contains(&small.interactions.len()));
    let single = Synthetic::new().users(1).items(1).ratings(0).generate().unwrap();
    assert!(single.interactions.len() <= 1);
}

/// The part of the variance that lies between groups, without what chance puts there (the intraclass
/// correlation).
fn between(values: &[f64], group: impl Fn(usize) -> String) -> f64 {
    let mut groups: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    values.iter().enumerate().for_each(|(at, &value)| groups.entry(group(at)).or_default().push(value));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let square =
        |values: &[f64], around: f64| values.iter().map(|value| (value - around).powi(2)).sum::<f64>();
    let (n, k, all) = (values.len() as f64, groups.len() as f64, mean(values));
    let inner = groups.values().map(|group| square(group, mean(group))).sum::<f64>() / (n - k);
    let outer = groups.values().map(|group| group.len() as f64 * (mean(group) - all).powi(2)).sum::<f64>();
    let outer = outer / (k - 1.0);
    (outer - inner) / (outer + (n / k - 1.0) * inner)
}

#[test]
fn attributes_tell_what_they_are_asked_to() {
    let settings = Synthetic::new().users(1_000).items(900).seed(3);
    for told in [0.0, 0.8] {
        let world = settings.clone().told(told).generate().unwrap();
        let director = |item: usize| world.items[item].director.clone();
        let occupation = |user: usize| world.users[user].occupation.clone();
        let rated: Vec<_> = world.interactions.items().filter(|(_, audience)| audience.len() >= 10).collect();
        let mean = |values: &[f32]| f64::from(values.iter().sum::<f32>()) / values.len() as f64;
        let means: Vec<f64> = rated.iter().map(|(_, audience)| mean(audience.values)).collect();
        let sizes: Vec<f64> = rated.iter().map(|(_, audience)| (audience.len() as f64).ln()).collect();
        let factor: Vec<f64> =
            world.truth.user_factors.chunks(8).map(|factors| f64::from(factors[1])).collect();
        let of_film = |at: usize| director(rated[at].0.ix());
        let found = [between(&means, of_film), between(&sizes, of_film), between(&factor, occupation)];
        eprintln!(
            "told {told}: mean rating {:.2}, audience {:.2}, factor {:.2}",
            found[0], found[1], found[2]
        );
        for (found, least) in found.into_iter().zip([0.3, 0.2, 0.15]) {
            assert!(if told > 0.0 { found > least } else { found.abs() < 0.1 }, "{told}: {found}");
        }
    }
}

#[test]
fn what_is_known_becomes_features() {
    let world = Synthetic::new().told(0.5).generate().unwrap();
    let (users, items) = (world.user_attributes().unwrap(), world.item_attributes().unwrap());
    for field in ["age", "sex", "occupation"] {
        assert!(!users.schema().features_of(users.schema().field(field).unwrap()).is_empty(), "{field}");
    }
    let director = items.schema().field("director").unwrap();
    let range = items.schema().features_of(director);
    for (item, film) in world.items.iter().enumerate() {
        let (features, _) = items.row(foldin::data::ItemIx::new(item as u32));
        let found = features.iter().find(|at| range.contains(at)).map(|&at| &items.features()[at as usize]);
        assert!(found.is_none_or(|found| found.value.as_deref() == Some(&film.director)));
        assert!(features.len() >= 2, "the year and its band at least");
    }
    let data = world.interactions.with_item_attributes(items.into()).unwrap();
    assert!(data.with_user_attributes(users.into()).is_ok());
}
