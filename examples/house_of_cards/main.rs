//! Who will watch, and like, a film that nobody has rated yet, given who made it and who is in it?
//!
//! ```text
//! cargo run --release --example house_of_cards -- --ratings ratings.dat --item-attributes movie_attributes.tsv
//! ```
//!
//! Holds out whole films with their ratings, and of the other films' ratings a tenth; fits a Bayesian matrix factorization
//! on the rest; forecasts the films from their attributes alone; and reports how close the forecasts came.
//!
//! | option | default |
//! |---|---|
//! | `--ratings FILE` | generated data |
//! | `--item-attributes FILE` | none: needed to forecast films of a file |
//! | `--user-attributes FILE` | none |
//! | `--films SHARE` | 0.1 of the films with at least 20 ratings |
//! | `--factors K` | 8 |
//! | `--samples N` | 60, after half as many that are thrown away |
//! | `--seed N` | 0 |
//! | `--threads N` | 0: one per core |
//!
//! Without `--item-attributes`, ratings of a file are only tested for the intervals of ordinary held-out ratings.

mod args;
mod calibration;
mod films;
mod score;
mod story;
mod world;

use foldin::evaluate::{RatingErrors, RatingOptions};
use foldin::model::{FitContext, Score};
use foldin::prelude::*;
use foldin::rating::BayesianMfParams;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let args = args::parse(std::env::args().skip(1))?;
    let world = world::read(&args)?;
    let parts = films::hold_out(&world, &args)?;
    let params =
        BayesianMfParams::new().factors(args.factors).samples(args.samples).burn_in(args.samples / 2);
    let mut context = FitContext::new().seed(args.seed).threads(args.threads);
    let fitted = params.fit_with(&parts.train, &mut context)?;
    let model = fitted.model;
    println!(
        "{} ratings by {} users of {} films; fitted in {:.1} s",
        parts.train.len(),
        model.n_users(),
        model.n_items(),
        fitted.report.elapsed.as_secs_f64()
    );
    let options = RatingOptions::new().threads(args.threads);
    let ordinary =
        RatingErrors::measure(&model, &parts.train, &parts.ordinary, &options)?.report(&options)?;
    println!("RMSE of {} ratings held out of films with others: {:.4}", ordinary.n, ordinary.rmse);
    calibration::of_ratings("ordinary held-out ratings", &model, &parts.ordinary)?;
    if parts.films.is_empty() {
        println!(
            "\nno attributes of films are known: give --item-attributes to forecast films without ratings"
        );
        return Ok(());
    }
    println!(
        "\n{} films held out with {} ratings, forecast from attributes alone",
        parts.films.len(),
        parts.of_films.len()
    );
    calibration::of_ratings("ratings of held-out films", &model, &parts.of_films)?;
    let baseline = BiasBaselineParams::new().fit(&parts.train)?;
    score::against_baseline(&model, &baseline, &parts, &options)?;
    score::forecasts(&model, &baseline, &parts, args.threads)?;
    story::tell(&world, &model, &parts, args.threads)
}
