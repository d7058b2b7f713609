//! What the users asked make of a title, each in all samples.

use super::title::TitleRows;
use crate::data::UserIx;
use crate::kernel::{dot, normal_cdf};
use crate::par::{Workers, chunks};
use crate::rating::bayes::BayesianMf;
use crate::rating::bayes::ratings::Ratings;

/// Users of one job.
const USERS: usize = 256;

/// What a crowd makes of a title.
#[derive(Default)]
pub(super) struct Crowd {
    /// The expected rating of each user.
    pub(super) expected: Vec<f32>,
    /// How far each may be off it.
    pub(super) deviation: Vec<f32>,
    /// How likely each is to like it.
    pub(super) probability: Vec<f32>,
    /// Sums over users.
    pub(super) sums: Sums,
}

/// Sums over users; vectors have a number for each sample.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) ratings: Vec<f64>,
    pub(super) likes: Vec<f64>,
    /// The number behind the rating, and its square.
    pub(super) score: Vec<f64>,
    pub(super) score_squares: Vec<f64>,
    /// The rows of the users: as wide as a row in all samples.
    pub(super) rows: Vec<f64>,
    /// What ratings and likes vary by where everything is known, in the mean over samples.
    pub(super) rating_noise: f64,
    pub(super) like_noise: f64,
    /// The variance about the number behind the rating.
    pub(super) noise: f64,
}

impl Sums {
    fn new(samples: usize, width: usize) -> Self {
        let each = || vec![0.0; samples];
        Self {
            ratings: each(),
            likes: each(),
            score: each(),
            score_squares: each(),
            rows: vec![0.0; width],
            ..Self::default()
        }
    }

    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.ratings, &other.ratings),
            (&mut self.likes, &other.likes),
            (&mut self.score, &other.score),
            (&mut self.score_squares, &other.score_squares),
            (&mut self.rows, &other.rows),
        ];
        for (to, from) in pairs {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
        self.rating_noise += other.rating_noise;
        self.like_noise += other.like_noise;
        self.noise += other.noise;
    }
}

impl Crowd {
    /// Asks everybody.
    pub(super) fn ask(
        model: &BayesianMf,
        title: &TitleRows,
        users: &[UserIx],
        threshold: f32,
        workers: &Workers,
    ) -> Self {
        let (samples, width) = (model.parts.samples, model.parts.width());
        let jobs = chunks(users.len(), USERS).collect();
        let parts = workers.map(
            jobs,
            || (),
            |(), span| {
                let mut part = Self { sums: Sums::new(samples, width), ..Self::default() };
                users[span].iter().for_each(|&user| part.ask_one(model, title, user, threshold));
                part
            },
        );
        let mut all = Self { sums: Sums::new(samples, width), ..Self::default() };
        for part in parts {
            all.expected.extend(part.expected);
            all.deviation.extend(part.deviation);
            all.probability.extend(part.probability);
            all.sums.add(&part.sums);
        }
        all
    }

    fn ask_one(&mut self, model: &BayesianMf, title: &TitleRows, user: UserIx, threshold: f32) {
        let parts = &model.parts;
        let (dim, row) = (parts.dim(), parts.user(user.ix()));
        let noise = f64::from(parts.noise.all * parts.noise.users[user.ix()] * title.noise);
        let (sums, share) = (&mut self.sums, 1.0 / parts.samples as f64);
        let (mut mean, mut squares, mut likely, mut within) = (0.0, 0.0, 0.0, 0.0);
        let pairs = row.chunks_exact(dim).zip(title.drawn.chunks_exact(dim)).enumerate();
        for (sample, (x, y)) in pairs {
            let score = dot(model.level, &x[..dim - 1], &y[..dim - 1]) + x[dim - 1] + y[dim - 1];
            let score = f64::from(score);
            let outcome = Outcome::of(&parts.ratings, score, noise, threshold);
            sums.ratings[sample] += outcome.mean;
            sums.likes[sample] += outcome.likely;
            sums.score[sample] += score;
            sums.score_squares[sample] += score * score;
            sums.rating_noise += share * outcome.variance;
            sums.like_noise += share * outcome.likely * (1.0 - outcome.likely);
            mean += share * outcome.mean;
            squares += share * outcome.mean * outcome.mean;
            likely += share * outcome.likely;
            within += share * outcome.variance;
        }
        sums.rows.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
        sums.noise += noise;
        self.expected.push(parts.ratings.range().clip(mean as f32));
        let samples = parts.samples as f64;
        let between = (squares - mean * mean).max(0.0) * samples / (samples - 1.0).max(1.0);
        self.deviation.push((within + between).sqrt() as f32);
        self.probability.push(likely as f32);
    }
}

/// What is to be expected of one rating in one sample.
pub(super) struct Outcome {
    pub(super) mean: f64,
    pub(super) variance: f64,
    /// The probability of a rating of at least the threshold.
    pub(super) likely: f64,
}

impl Outcome {
    /// Of the number behind the rating, and the variance about it.
    pub(super) fn of(ratings: &Ratings, score: f64, noise: f64, threshold: f32) -> Self {
        let scale = 1.0 / noise.sqrt();
        if !ratings.is_ordinal() {
            let spread = f64::from(ratings.scaling.spread);
            let likely = normal_cdf((score - f64::from(ratings.standardised(threshold))) * scale);
            return Self {
                mean: f64::from(ratings.scaling.center) + spread * score,
                variance: spread * spread * noise,
                likely,
            };
        }
        let lowest = f64::from(ratings.levels[0]);
        let (mut rise, mut squares) = (0.0, 0.0);
        let mut likely = if threshold <= ratings.levels[0] { 1.0 } else { 0.0 };
        for (pair, &cut) in ratings.levels.windows(2).zip(&ratings.cuts) {
            let above = normal_cdf((score - f64::from(cut)) * scale);
            let (low, high) = (f64::from(pair[0]) - lowest, f64::from(pair[1]) - lowest);
            rise += (high - low) * above;
            squares += (high * high - low * low) * above;
            if pair[0] < threshold && threshold <= pair[1] {
                likely = above;
            }
        }
        Self { mean: lowest + rise, variance: (squares - rise * rise).max(0.0), likely }
    }
}
