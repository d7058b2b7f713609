//! The whole forecast of one film.

use foldin::prelude::*;
use foldin::rating::{BayesianMf, Forecast, ForecastRequest, Reason, Title};

use crate::Failure;
use crate::films::Parts;
use crate::world::World;

/// Forecasts the held-out film with the most ratings, by everybody.
pub fn tell(world: &World, model: &BayesianMf, parts: &Parts, threads: usize) -> Result<(), Failure> {
    let raters = |item: ItemIx| parts.of_films.item(item).unwrap_or_default();
    let Some(film) = parts.films.iter().max_by_key(|film| raters(film.item).len()) else { return Ok(()) };
    let request = ForecastRequest::new().top(5).neighbours(5).threads(threads);
    let forecast = model.forecast(Title::Attributes(&film.attributes), &request)?;
    println!("\n{}, before anybody has seen it", world.titles[film.item.ix()]);
    show_figures(&forecast);
    show_reasons(&forecast);
    println!("\n  most like                                   alike   rated by   of whom will like it");
    for near in &forecast.neighbours {
        let overlap = near.overlap.map_or("-".into(), |share| format!("{:.0} %", 100.0 * share));
        let title: String = world.titles[near.item.ix()].chars().take(40).collect();
        println!("    {title:<40} {:>6.2} {:>10} {overlap:>14}", near.similarity, near.audience);
    }
    println!("\n  most likely to like it");
    for prospect in &forecast.top {
        let found = parts.of_films.get(prospect.user, film.item);
        let truth = found.map_or("did not rate it".into(), |event| format!("gave {}", event.value));
        let (likely, expected) = (100.0 * prospect.probability, prospect.expected);
        println!("    {:?}: {likely:.0} %, expected {expected:.2}; {truth}", prospect.user);
    }
    let truth = raters(film.item);
    let mean = truth.values.iter().map(|&value| f64::from(value)).sum::<f64>() / truth.len() as f64;
    println!("\n  in truth: {mean:.2} by the {} who rated it", truth.len());
    Ok(())
}

fn show_figures(forecast: &Forecast) {
    let (mean, audience) = (forecast.mean, forecast.audience);
    println!("\n  expected mean rating {:.2} ({:.2} to {:.2} in 90 %)", mean.value, mean.low, mean.high);
    println!(
        "  would be rated {} or more by {:.0} of {} users ({:.0} to {:.0})",
        forecast.threshold,
        audience.value,
        forecast.users.len(),
        audience.low,
        audience.high
    );
}

fn show_reasons(forecast: &Forecast) {
    println!("\n  what it rests on; a film of which nothing is known gets {:.2}", forecast.nothing_known);
    let line = |reason: &Reason, indent: &str| {
        let name = format!("{indent}{}", reason.feature.value.as_ref().unwrap_or(&reason.feature.field));
        println!("    {name:<40} {:>+6.2} +/- {:.2}", reason.effect, reason.deviation);
    };
    for field in &forecast.fields {
        line(field, "");
        let of_field = forecast.features.iter().filter(|reason| reason.feature.field == field.feature.field);
        of_field
            .filter(|reason| reason.feature.value.is_some())
            .take(4)
            .for_each(|reason| line(reason, "  "));
    }
}
