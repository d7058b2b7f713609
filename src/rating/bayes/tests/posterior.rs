//! Fold-ins against the posterior worked out densely, in double precision.

use super::super::asker::Asker;
use super::*;

/// Solves A x = b, A symmetric and positive definite, by Gauss and Jordan; returns x and the inverse.
fn solve(a: &[Vec<f64>], b: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = b.len();
    let mut rows: Vec<Vec<f64>> = a
        .iter()
        .enumerate()
        .map(|(i, row)| row.iter().copied().chain((0..n).map(|j| f64::from(u8::from(i == j)))).collect())
        .collect();
    for k in 0..n {
        let pivot = rows[k][k];
        rows[k].iter_mut().for_each(|x| *x /= pivot);
        for i in (0..n).filter(|&i| i != k) {
            let factor = rows[i][k];
            for j in 0..2 * n {
                rows[i][j] -= factor * rows[k][j];
            }
        }
    }
    let inverse: Vec<Vec<f64>> = rows.into_iter().map(|row| row[n..].to_vec()).collect();
    let x = inverse.iter().map(|row| row.iter().zip(b).map(|(a, b)| a * b).sum()).collect();
    (x, inverse)
}

/// The mean and the covariance of an asker's row in one sample, given plain ratings.
fn exact(model: &BayesianMf, sample: usize, history: History<'_>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let (parts, dim) = (&model.parts, model.parts.dim());
    let (of_asker, with_set) = model.prior_of_asker(history.len(), None);
    let root = &of_asker.root[sample * dim * dim..][..dim * dim];
    let mut precision: Vec<Vec<f64>> = (0..dim)
        .map(|i| {
            let product = |j: usize| {
                (0..dim).map(|k| f64::from(root[i * dim + k]) * f64::from(root[j * dim + k])).sum()
            };
            (0..dim).map(product).collect()
        })
        .collect();
    let mut prior: Vec<f64> = of_asker.mean[sample * dim..][..dim].iter().map(|&x| x.into()).collect();
    if with_set {
        let share = 1.0 / (history.len() as f64).sqrt();
        for item in history.ids {
            let weights = &of_asker.weights[item.ix() * parts.width() + sample * dim..][..dim];
            prior.iter_mut().zip(weights).for_each(|(x, &w)| *x += share * f64::from(w));
        }
    }
    let mut told: Vec<f64> =
        precision.iter().map(|row| row.iter().zip(&prior).map(|(a, b)| a * b).sum()).collect();
    for (item, value) in history.iter() {
        let row = &parts.item(item.ix())[sample * dim..][..dim];
        let mut y: Vec<f64> = row.iter().map(|&y| y.into()).collect();
        y[dim - 1] = 1.0;
        let exact = 1.0 / f64::from(parts.noise.all * parts.noise.items[item.ix()]);
        let target = f64::from(parts.ratings.standardised(value)) - f64::from(row[dim - 1]);
        for i in 0..dim {
            (0..dim).for_each(|j| precision[i][j] += exact * y[i] * y[j]);
            told[i] += exact * target * y[i];
        }
    }
    solve(&precision, &told)
}

#[test]
fn a_fold_in_is_the_exact_posterior() {
    let world = planted(80, 50, 0.5);
    for sets in [false, true] {
        let params = BayesianMfParams::new().factors(3).burn_in(20).samples(300).kept(300).user_sets(sets);
        let model = params.fit(&world.told).unwrap();
        let dim = model.parts.dim();
        // All askers draw the same numbers: what counts is how many samples there are.
        let (mut n, samples) = (0.0, model.samples() as f64);
        let (mut squares, mut sums) = (0.0, vec![0.0; dim]);
        for (_, history) in world.rest.users().step_by(9) {
            let asker = Asker::draw(&model, history, None, None).unwrap();
            for sample in 0..model.samples() {
                let (mean, covariance) = exact(&model, sample, history);
                let span = sample * dim..(sample + 1) * dim;
                let near = asker.means[span.clone()]
                    .iter()
                    .zip(&mean)
                    .all(|(a, b)| (f64::from(*a) - b).abs() < 2e-3);
                assert!(near, "sample {sample}: {:?}, not {mean:?}", &asker.means[span]);
                // Draws about their mean, in units of what they should differ by.
                let about: Vec<f64> =
                    asker.draws[span].iter().zip(&mean).map(|(&x, mean)| f64::from(x) - mean).collect();
                for k in 0..dim {
                    sums[k] += about[k] / covariance[k][k].sqrt();
                }
                squares += solve(&covariance, &about).0.iter().zip(&about).map(|(a, b)| a * b).sum::<f64>();
                n += 1.0;
            }
        }
        // A chi-squared number of dim degrees has a mean of dim and a deviation of sqrt(2 dim).
        let found = squares / n;
        let expected = dim as f64;
        assert!(
            (found - expected).abs() < 4.0 * (2.0 * expected / samples).sqrt(),
            "{found}, not {expected}"
        );
        for sum in sums {
            assert!((sum / n).abs() < 4.0 / samples.sqrt(), "draws are off by {} deviations", sum / n);
        }
    }
}

/// Without ratings a row is a draw from the prior.
#[test]
fn nobody_is_a_draw_from_the_prior() {
    let world = planted(80, 50, 0.5);
    let model =
        BayesianMfParams::new().factors(3).burn_in(20).samples(400).kept(400).fit(&world.told).unwrap();
    let dim = model.parts.dim();
    let asker = Asker::draw(&model, History::default(), None, None).unwrap();
    let prior = model.parts.newcomers.as_ref().expect("sets of users are on");
    assert_eq!(asker.means, prior.mean);
    let mut squares = vec![0.0; dim];
    for sample in 0..400 {
        let root = &prior.root[sample * dim * dim..][..dim * dim];
        let about = |k: usize| f64::from(asker.draws[sample * dim + k] - asker.means[sample * dim + k]);
        for j in 0..dim {
            let white: f64 = (0..dim).map(|k| about(k) * f64::from(root[k * dim + j])).sum();
            squares[j] += white * white / 400.0;
        }
    }
    // 200 pairs of opposite draws.
    assert!(squares.iter().all(|square| (square - 1.0).abs() < 4.0 * f64::sqrt(2.0 / 200.0)), "{squares:?}");
}
