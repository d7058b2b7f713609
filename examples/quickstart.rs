//! The main job in one go: data, baselines, a model, a person's list, a file, and the same answers again.
//!
//! ```text
//! cargo run --release --example quickstart
//! ```

use foldin::data::synthetic::Synthetic;
use foldin::evaluate::{RatingErrors, RatingOptions, Split};
use foldin::persist;
use foldin::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = Synthetic::default().generate()?;
    let data = &world.interactions;
    println!("{} ratings of {} people for {} films\n", data.len(), data.n_users(), data.n_items());

    let split = Split::random(data, 0.1, 1)?;
    measure("biases", &BiasBaselineParams::new(), &split)?;
    measure("item-knn", &ItemKnnParams::new(), &split)?;
    measure("biased MF", &BiasedMfParams::new(), &split)?;

    let model = BiasedMfParams::new().fit(data)?;
    let query = Query::user(world.ids.user("u42")?);
    println!("\nu42 should watch next");
    list(&model, &query, &world.titles)?;

    // Somebody who arrived a second ago and liked the first two of these: nothing is trained again.
    let first = model.top_n(&query, &TopN::new(2))?;
    let items: Vec<ItemIx> = first.iter().map(|hit| hit.item).collect();
    let history = History::new(&items, &[5.0, 5.0])?;
    println!("\nsomebody new, who liked the first two of these, should watch");
    list(&model, &Query::history(history), &world.titles)?;

    let path = std::env::temp_dir().join(format!("foldin-quickstart-{}.model", std::process::id()));
    persist::save(&path, &model, &world.ids)?;
    let size = std::fs::metadata(&path)?.len();
    let loaded = persist::load::<foldin::rating::BiasedMf, String, String>(&path);
    std::fs::remove_file(&path)?;
    let loaded = loaded?;
    let same = loaded.model.top_n(&query, &TopN::new(5))? == model.top_n(&query, &TopN::new(5))?;
    println!(
        "\nsaved and loaded {} KiB: the answers are {}",
        size / 1024,
        if same { "the same" } else { "different" }
    );
    if same { Ok(()) } else { Err("a loaded model must answer like the one saved".into()) }
}

fn measure<P: Fit>(name: &str, params: &P, split: &Split) -> Result<(), Box<dyn std::error::Error>>
where
    P::Model: PredictRating,
{
    let fitted = params.fit_with(&split.train, &mut FitContext::new().seed(1))?;
    let options = RatingOptions::new();
    let report =
        RatingErrors::measure(&fitted.model, &split.train, &split.test, &options)?.report(&options)?;
    let interval =
        report.rmse_interval.map_or((f64::NAN, f64::NAN), |interval| (interval.low, interval.high));
    println!(
        "{name:>10}: RMSE {:.4} ({:.4} to {:.4}), fitted in {:.2} s",
        report.rmse,
        interval.0,
        interval.1,
        fitted.report.elapsed.as_secs_f64()
    );
    Ok(())
}

fn list(model: &impl PredictRating, query: &Query<'_>, titles: &[String]) -> Result<(), foldin::Error> {
    for hit in model.top_n(query, &TopN::new(5))? {
        let prediction = model.predict_one(query, hit.item)?;
        println!("  {:.2}  {}  ({:?})", prediction.rating, titles[hit.item.ix()], prediction.basis);
    }
    Ok(())
}
