//! Runs it, and prints what came out.

use std::time::{Duration, Instant};

use foldin::data::{Change, Interactions};
use foldin::evaluate::{Ndcg, RankingOptions, Recall, ranking};
use foldin::implicit::Ials;
use foldin::live::Learner;
use foldin::model::{Fit, FitContext, FitFrom, Score, UpdateReport};

use crate::arrive::{World, world};
use crate::{Args, Failure, durable};

/// NDCG@20 and Recall@20.
#[derive(Clone, Copy)]
struct Quality(f64, f64);

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let world = world(args)?;
    if args.durable {
        let model = args.params.fit_with(&world.early, &mut context(args))?.model;
        return durable::run(learner(model, &world, args)?, &world, args);
    }
    println!("\n{:<44}{:>9}{:>11}{:>9}{:>10}", "", "NDCG@20", "Recall@20", "of full", "seconds");
    let start = Instant::now();
    let full = args.params.fit_with(&world.all, &mut context(args))?.model;
    let bar = quality(&full, &world, args)?;
    line(&format!("full fit, {} epochs", args.params.epochs), bar, bar, start.elapsed());

    let start = Instant::now();
    let model = args.params.fit_with(&world.early, &mut context(args))?.model;
    let elapsed = start.elapsed();
    let mut learner = learner(model, &world, args)?;
    let batches = apply(&mut learner, &world, args)?;
    line(
        "fit of nine tenths, the rest live",
        quality(&learner, &world, args)?,
        bar,
        elapsed + total(&batches),
    );
    speed(&batches, args);

    println!();
    warm(&learner, &world, args, bar)?;
    cold(&world, args, bar)
}

fn learner(model: Ials, world: &World, args: &Args) -> Result<Learner<Ials>, Failure> {
    Ok(Learner::new(model, world.early.clone())?.resolve(args.resolve).threads(args.threads))
}

fn context(args: &Args) -> FitContext<'static> {
    FitContext::new().seed(args.seed).threads(args.threads)
}

fn apply(learner: &mut Learner<Ials>, world: &World, args: &Args) -> Result<Vec<UpdateReport>, Failure> {
    learner.begin()?;
    let changes: Vec<Change> = world.late.iter().copied().map(Change::Add).collect();
    Ok(changes.chunks(args.batch).map(|batch| learner.apply(batch)).collect::<Result<_, _>>()?)
}

fn total(batches: &[UpdateReport]) -> Duration {
    batches.iter().map(|report| report.elapsed).sum()
}

/// How fast it was, and what the last report says.
fn speed(batches: &[UpdateReport], args: &Args) {
    let mut times: Vec<_> = batches.iter().map(|report| report.elapsed).collect();
    times.sort_unstable();
    let at = |share: f64| 1e3 * times[((times.len() - 1) as f64 * share) as usize].as_secs_f64();
    let events: usize = batches.iter().map(|report| report.added).sum();
    println!(
        "\napplied {events} events in batches of {}: {:.0} events/s; a batch {:.1} ms (median), {:.1} ms (p99)",
        args.batch,
        events as f64 / total(batches).as_secs_f64(),
        at(0.5),
        at(0.99)
    );
    let Some(last) = batches.last() else { return };
    let staleness = &last.staleness;
    println!(
        "the last: {} users and {} items solved anew, which moved by {:.3} and {:.3} of their length",
        last.users, last.items, staleness.user_movement, staleness.item_movement
    );
    println!(
        "since the fit: {:.1} % of the events changed; {} users and {} items are stale; drift {:.3}",
        100.0 * staleness.share,
        staleness.users,
        staleness.items,
        staleness.drift.unwrap_or_default()
    );
}

/// The weekly update, by its number of epochs.
fn warm(learner: &Learner<Ials>, world: &World, args: &Args, bar: Quality) -> Result<(), Failure> {
    for epochs in 1..=args.refit {
        let start = Instant::now();
        let params = args.params.clone().epochs(epochs);
        let model = params
            .fit_from(learner.model(), &learner.histories().to_interactions(), &mut context(args))?
            .model;
        let elapsed = start.elapsed();
        line(&format!("from where it is, {epochs} epochs"), quality(&model, world, args)?, bar, elapsed);
    }
    Ok(())
}

/// What a fit from nothing reaches with as few.
fn cold(world: &World, args: &Args, bar: Quality) -> Result<(), Failure> {
    let mut epochs = 1;
    while epochs <= args.params.epochs {
        let start = Instant::now();
        let params = args.params.clone().epochs(epochs);
        let model = params.fit_with(&world.all, &mut context(args))?.model;
        let elapsed = start.elapsed();
        line(&format!("from nothing, {epochs} epochs"), quality(&model, world, args)?, bar, elapsed);
        epochs += epochs.div_ceil(2);
    }
    Ok(())
}

fn quality(model: &dyn Score, world: &World, args: &Args) -> Result<Quality, Failure> {
    let (train, test): (&Interactions, &Interactions) = (&world.all, &world.test);
    let options = RankingOptions::only(&[&Ndcg(20), &Recall(20)]).threads(args.threads);
    let report = ranking(model, train, test, &options)?;
    let mean = |metric| report.mean(metric).ok_or("nobody was asked for");
    Ok(Quality(mean(&Ndcg(20))?, report.mean(&Recall(20)).unwrap_or_default()))
}

fn line(name: &str, found: Quality, bar: Quality, elapsed: Duration) {
    let Quality(ndcg, recall) = found;
    println!(
        "{name:<44}{ndcg:>9.4}{recall:>11.4}{:>8.2}%{:>10.2}",
        100.0 * ndcg / bar.0,
        elapsed.as_secs_f64()
    );
}
