//! How close the forecasts came.

use foldin::evaluate::{RatingErrors, RatingOptions, Resample};
use foldin::prelude::*;
use foldin::rating::{BayesianMf, BiasBaseline, Estimate, Forecast, ForecastRequest, Title};

use crate::Failure;
use crate::calibration::{self, NOMINAL};
use crate::films::{HeldOut, Parts};

/// The RMSE on all ratings of the films, against a baseline that knows who asks and nothing of the films.
pub fn against_baseline(
    model: &BayesianMf,
    baseline: &BiasBaseline,
    parts: &Parts,
    options: &RatingOptions,
) -> Result<(), Failure> {
    let options = options.clone().resample(Resample::Items);
    let ours = RatingErrors::measure(model, &parts.train, &parts.of_films, &options)?;
    let theirs = RatingErrors::measure(baseline, &parts.train, &parts.of_films, &options)?;
    let (a, b) = (ours.report(&options)?.rmse, theirs.report(&options)?.rmse);
    let margin = theirs.compare(&ours, &options)?;
    let interval = margin.rmse_interval.map_or(String::new(), |interval| {
        format!(" ({:.4} to {:.4}, 95 % bootstrap over films)", interval.low, interval.high)
    });
    println!("\nRMSE {a:.4}; of the mean and the user's bias {b:.4}; margin {:.4}{interval}", margin.rmse);
    Ok(())
}

/// What became of one film.
struct Outcome {
    /// Forecast and true mean rating.
    mean: (f64, f64),
    mean_inside: [bool; NOMINAL.len()],
    audience_inside: [bool; NOMINAL.len()],
    /// Likes of all raters, of the half and of the tenth most likely to like it: number and how many there are.
    likes: [(f64, f64); 3],
}

/// Asks those who rated each film, since of others it is not known what they would have said.
pub fn forecasts(
    model: &BayesianMf,
    baseline: &BiasBaseline,
    parts: &Parts,
    threads: usize,
) -> Result<(), Failure> {
    let outcomes =
        parts.films.iter().map(|film| outcome(model, parts, film, threads)).collect::<Result<Vec<_>, _>>()?;
    let (forecast, truth): (Vec<f64>, Vec<f64>) = outcomes.iter().map(|outcome| outcome.mean).unzip();
    println!("rank correlation of forecast and true mean rating: {:.3}", spearman(&forecast, &truth));
    let raters = parts.films.iter().map(|film| raters_mean(baseline, parts, film));
    let raters = raters.collect::<Result<Vec<f64>, Failure>>()?;
    println!("  of what the biases of the raters alone foretell: {:.3}", spearman(&raters, &truth));
    let n = outcomes.len() as f64;
    let share = |inside: &dyn Fn(&Outcome) -> bool| outcomes.iter().filter(|o| inside(o)).count() as f64 / n;
    calibration::print("mean ratings of the films", &std::array::from_fn(|at| share(&|o| o.mean_inside[at])));
    calibration::print(
        "sizes of the audiences",
        &std::array::from_fn(|at| share(&|o| o.audience_inside[at])),
    );
    let rate = |group: usize| {
        let rates = outcomes.iter().map(|o| o.likes[group].0 / o.likes[group].1);
        rates.sum::<f64>() / n
    };
    println!("\nlikes among those who rated a film, in the mean over films");
    println!("  all, or any of them at random  {:5.1} %", 100.0 * rate(0));
    for (group, name) in [(1, "the half forecast to like it"), (2, "the tenth forecast to like it")] {
        println!("  {name:<30} {:5.1} %, lift {:.2}", 100.0 * rate(group), rate(group) / rate(0));
    }
    Ok(())
}

fn outcome(model: &BayesianMf, parts: &Parts, film: &HeldOut, threads: usize) -> Result<Outcome, Failure> {
    let audience = parts.of_films.item(film.item).unwrap_or_default();
    let ask = |nominal: f64| {
        let request = ForecastRequest::new().interval(nominal).users(audience.ids);
        let request = request.top(audience.len()).neighbours(0).threads(threads);
        model.forecast(Title::Attributes(&film.attributes), &request)
    };
    let forecasts = NOMINAL.iter().map(|&nominal| ask(nominal)).collect::<Result<Vec<Forecast>, _>>()?;
    let forecast = &forecasts[0];
    let liked = |value: f32| value >= forecast.threshold;
    let mean = audience.values.iter().map(|&value| f64::from(value)).sum::<f64>() / audience.len() as f64;
    let likes = audience.values.iter().filter(|&&value| liked(value)).count() as f64;
    let of_top = |n: usize| {
        let likes = forecast.top[..n].iter().filter(|prospect| {
            parts.of_films.get(prospect.user, film.item).is_some_and(|event| liked(event.value))
        });
        (likes.count() as f64, n as f64)
    };
    let holds = |of: fn(&Forecast) -> Estimate, truth: f64| {
        std::array::from_fn(|at| {
            let estimate = of(&forecasts[at]);
            (estimate.low..=estimate.high).contains(&truth)
        })
    };
    let n = audience.len();
    Ok(Outcome {
        mean: (forecast.mean.value, mean),
        mean_inside: holds(|forecast| forecast.mean, mean),
        audience_inside: holds(|forecast| forecast.audience, likes),
        likes: [(likes, n as f64), of_top(n.div_ceil(2)), of_top(n.div_ceil(10))],
    })
}

/// The mean of what the baseline predicts for a film's raters.
fn raters_mean(baseline: &BiasBaseline, parts: &Parts, film: &HeldOut) -> Result<f64, Failure> {
    let audience = parts.of_films.item(film.item).unwrap_or_default();
    let mut sum = 0.0;
    for &user in audience.ids {
        sum += f64::from(baseline.predict_one(&Query::user(user), film.item)?.rating);
    }
    Ok(sum / audience.len() as f64)
}

/// The correlation of ranks.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

/// The rank of each number, from 0; equal numbers share theirs.
fn ranks(numbers: &[f64]) -> Vec<f64> {
    let below = |x: f64| numbers.iter().filter(|&&y| y < x).count() as f64;
    let same = |x: f64| numbers.iter().filter(|&&y| y == x).count() as f64;
    numbers.iter().map(|&x| below(x) + (same(x) - 1.0) / 2.0).collect()
}
