//! What makes lists that people like, and what it costs: each step of re-ranking with its effect on accuracy (NDCG@10 of
//! held-out ratings), on how much of the catalogue is shown (coverage) and on how unevenly (Gini).
//!
//! ```text
//! cargo run --release --example crowd_pleasers -- --ratings ratings.dat --items movies.dat --field genres
//! ```
//!
//! | option | default |
//! |---|---|
//! | `--ratings FILE` | generated data, its items known by director |
//! | `--items FILE` | no attributes, and no line for quotas; any layout, UTF-8 or Latin-1 |
//! | `--field NAME` | director |
//! | `--liked VALUE` | 4: what makes a held-out rating relevant |

use std::path::PathBuf;

use foldin::data::synthetic::Synthetic;
use foldin::data::{Encoding, ItemAttributes, TableLayout};
use foldin::evaluate::{Ndcg, RankingOptions, RankingReport, Split, ranking_of};
use foldin::prelude::*;
use foldin::rating::BayesianMf;
use foldin::retrieve::{Freshness, Mmr, PopularityDiscount, Quota, Rerank, RerankError, Thompson};

type Failure = Box<dyn std::error::Error>;

/// The length of the lists.
const N: usize = 10;
/// What they are chosen from.
const POOL: usize = 100;
/// After so many seconds an item is half as new: two years.
const HALF_LIFE: f64 = 2.0 * 365.0 * 86_400.0;

struct Args {
    ratings: Option<PathBuf>,
    items: Option<PathBuf>,
    field: String,
    liked: f32,
}

fn main() -> Result<(), Failure> {
    let args = args(std::env::args().skip(1))?;
    let (data, attributes) = data(&args)?;
    let split = Split::random(&data, 0.1, 1)?;
    let table = Table { split: &split, options: RankingOptions::only(&[&Ndcg(N)]).relevant_from(args.liked) };
    println!(
        "{} ratings of {} people and {} items; lists of {N} from pools of {POOL}\n",
        data.len(),
        data.n_users(),
        data.n_items()
    );
    println!("{:<36} {:>8} {:>9} {:>6}", "", format!("NDCG@{N}"), "coverage", "Gini");
    let model = IalsParams::new().fit(&split.train)?;
    steps(&table, &Scanner::new(&model)?, attributes.as_ref(), &args.field)?;
    let model = BayesianMfParams::new().factors(8).burn_in(20).samples(60).kept(20).fit(&split.train)?;
    exploration(&table, &Scanner::new(&model)?)
}

fn args(mut words: impl Iterator<Item = String>) -> Result<Args, Failure> {
    let mut args = Args { ratings: None, items: None, field: "director".into(), liked: 4.0 };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--ratings" => args.ratings = Some(value()?.into()),
            "--items" => args.items = Some(value()?.into()),
            "--field" => args.field = value()?,
            "--liked" => args.liked = value()?.parse()?,
            _ => return Err(format!("`{word}` is none of --ratings, --items, --field, --liked").into()),
        }
    }
    Ok(args)
}

fn data(args: &Args) -> Result<(Interactions, Option<ItemAttributes>), Failure> {
    let Some(ratings) = &args.ratings else {
        let world = Synthetic::default().generate()?;
        let attributes = world.item_attributes()?;
        return Ok((world.interactions, Some(attributes)));
    };
    let (data, ids) = InteractionsBuilder::new().from_csv_path(ratings)?;
    let Some(path) = &args.items else { return Ok((data, None)) };
    let read = |encoding| ItemAttributes::builder().add_file(path, &TableLayout::new().encoding(encoding));
    let table = read(Encoding::Utf8).or_else(|_| read(Encoding::Latin1))?;
    Ok((data, Some(table.build(&ids)?.0)))
}

/// A line per way to make lists.
struct Table<'a> {
    split: &'a Split,
    options: RankingOptions<'a>,
}

impl Table<'_> {
    fn line(
        &self,
        name: &str,
        list: impl Fn(UserIx, usize) -> Result<Vec<Hit>, RerankError> + Sync,
    ) -> Result<(), Failure> {
        let report = ranking_of(list, &self.split.train, &self.split.test, &self.options)?;
        let RankingReport { coverage, gini, .. } = report;
        let ndcg = report.mean(&Ndcg(N)).unwrap_or(f64::NAN);
        println!("{name:<36} {ndcg:>8.4} {:>8.1}% {gini:>6.3}", 100.0 * coverage);
        Ok(())
    }

    /// The lists that one way of choosing makes of the pools of a scanner.
    fn chosen<M: Score>(&self, name: &str, from: &Scanner<&M>, rerank: &Rerank<'_>) -> Result<(), Failure> {
        self.line(name, |user, n| from.top_n_reranked(&Query::user(user), &TopN::new(n), rerank))
    }
}

/// Steps for any model whose scores are inner products.
fn steps<M: Score>(
    table: &Table<'_>,
    scanner: &Scanner<&M>,
    attributes: Option<&ItemAttributes>,
    field: &str,
) -> Result<(), Failure> {
    let (train, plain) = (&table.split.train, Rerank::new(POOL));
    println!("Ials");
    table.chosen("  as it is", scanner, &plain)?;
    for strength in [0.02, 0.05] {
        let discount = PopularityDiscount::logarithmic(train, strength)?;
        let name = format!("  popularity discount, log, {strength}");
        table.chosen(&name, scanner, &plain.clone().adjust(&discount))?;
    }
    let discount = PopularityDiscount::by_rank(train, 0.2)?;
    table.chosen("  popularity discount, rank, 0.2", scanner, &plain.clone().adjust(&discount))?;
    if let Some((_, now)) = train.time_range() {
        let times = Freshness::first_seen(train)?;
        let fresh = Freshness::new(&times, now, HALF_LIFE, 0.2)?;
        table.chosen("  freshness, two years, 0.2", scanner, &plain.clone().adjust(&fresh))?;
    }
    for lambda in [0.7, 0.3] {
        let mmr = Mmr::new(scanner.model(), lambda)?;
        let name = format!("  marginal relevance, lambda {lambda}");
        table.chosen(&name, scanner, &plain.clone().diverse(&mmr))?;
    }
    let (discount, mmr) = (PopularityDiscount::by_rank(train, 0.1)?, Mmr::new(scanner.model(), 0.9)?);
    let together = plain.clone().adjust(&discount).diverse(&mmr);
    let Some(attributes) = attributes else {
        return table.chosen("  discount 0.1 and lambda 0.9", scanner, &together);
    };
    let quota = Quota::new(attributes, field, 1)?;
    table.chosen(&format!("  at most one per {field}"), scanner, &plain.quota(&quota))?;
    table.chosen("  discount 0.1, lambda 0.9 and quota", scanner, &together.quota(&quota))
}

/// What a model that knows what it does not know can do besides.
fn exploration(table: &Table<'_>, scanner: &Scanner<&BayesianMf>) -> Result<(), Failure> {
    println!("BayesianMf");
    table.chosen("  as it is", scanner, &Rerank::new(POOL))?;
    let draw = Thompson::new(scanner.model(), 1);
    table.chosen("  Thompson sampling", scanner, &Rerank::new(POOL).adjust(&draw))
}
