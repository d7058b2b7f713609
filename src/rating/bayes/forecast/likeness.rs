//! Titles that are liked by the same people.
//!
//! Two titles are as alike as the ratings that all users of the model are predicted to give them: the correlation of
//! these over users and samples, what all titles share (the user's bias) and what all users share (the title's) taken
//! out. In a sample the predictions of title y are X y, so their covariance is y' G z with the covariance G of the users'
//! rows, and no prediction has to be made.

use super::report::Neighbour;
use super::title::TitleRows;
use crate::data::{ItemIx, UserIx};
use crate::kernel::dot;
use crate::par::{Workers, chunks};
use crate::rating::bayes::BayesianMf;
use crate::rating::bayes::chain::times;

/// Items of one job.
const ITEMS: usize = 64;

/// The titles with ratings that are most like a title, the most alike first. `O((users + items) * samples * factors^2)`.
pub(super) fn neighbours(
    model: &BayesianMf,
    title: &TitleRows,
    (users, probability): (&[UserIx], &[f32]),
    n: usize,
    workers: &Workers,
) -> Vec<Neighbour> {
    let parts = &model.parts;
    let spreads = workers.map((0..parts.samples).collect(), || (), |(), sample| spread(model, sample));
    let turned = turn(model, &spreads, &title.expected);
    let own = product(model, &turned, &title.expected);
    let jobs = chunks(model.item_known.len(), ITEMS).collect();
    let found = workers.map(
        jobs,
        || (),
        |(), items| {
            let of_item = |item: usize| {
                let row = parts.item(item);
                let square = product(model, &turn(model, &spreads, row), row);
                let alike = product(model, &turned, row) / (own * square).sqrt();
                (ItemIx::new(item as u32), alike)
            };
            let other =
                |&item: &usize| model.item_known[item] && title.item.is_none_or(|own| own.ix() != item);
            items.filter(other).map(of_item).filter(|(_, alike)| alike.is_finite()).collect::<Vec<_>>()
        },
    );
    let mut found: Vec<(ItemIx, f64)> = found.into_iter().flatten().collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    found.truncate(n);
    let neighbour = |(item, similarity)| {
        let (audience, likes) = overlap(model, item, users, probability);
        let overlap = (audience > 0).then(|| likes / f64::from(audience));
        Neighbour { item, similarity, audience, overlap }
    };
    found.into_iter().map(neighbour).collect()
}

/// The covariance of the users' factors in a sample, a square matrix.
fn spread(model: &BayesianMf, sample: usize) -> Vec<f32> {
    let parts = &model.parts;
    let (dim, n) = (parts.dim(), parts.noise.users.len());
    let factors = dim - 1;
    let row = |user: usize| &parts.user(user)[sample * dim..][..factors];
    let mut mean = vec![0.0f64; factors];
    for user in 0..n {
        mean.iter_mut().zip(row(user)).for_each(|(m, &x)| *m += f64::from(x) / n as f64);
    }
    let (mut squares, mut apart) = (vec![0.0f64; factors * factors], vec![0.0f64; factors]);
    for user in 0..n {
        apart.iter_mut().zip(row(user)).zip(&mean).for_each(|((to, &x), m)| *to = f64::from(x) - m);
        for (to, &x) in squares.chunks_exact_mut(factors).zip(&apart) {
            to.iter_mut().zip(&apart).for_each(|(to, y)| *to += x * y);
        }
    }
    squares.into_iter().map(|x| (x / n as f64) as f32).collect()
}

/// A title's factors times the covariance, sample by sample, without gaps.
fn turn(model: &BayesianMf, spreads: &[Vec<f32>], row: &[f32]) -> Vec<f32> {
    let dim = model.parts.dim();
    let samples = row.chunks_exact(dim).zip(spreads);
    samples.flat_map(|(y, spread)| times(&y[..dim - 1], spread)).collect()
}

/// The sum over samples of the products of turned factors with those of a row.
fn product(model: &BayesianMf, turned: &[f32], row: &[f32]) -> f64 {
    let dim = model.parts.dim();
    let samples = turned.chunks_exact(dim - 1).zip(row.chunks_exact(dim));
    samples.map(|(a, y)| f64::from(dot(model.level, a, &y[..dim - 1]))).sum()
}

/// How many of the users rated an item, and how many of these are expected to like the title.
fn overlap(model: &BayesianMf, item: ItemIx, users: &[UserIx], probability: &[f32]) -> (u32, f64) {
    let rated = users
        .iter()
        .zip(probability)
        .filter(|(user, _)| model.parts.seen.of(**user).binary_search(&item).is_ok());
    rated.fold((0, 0.0), |(n, sum), (_, &likely)| (n + 1, sum + f64::from(likely)))
}
