//! The protocol of "Neural Collaborative Filtering", from its files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Candidates;
use crate::data::{
    DataError, Dataset, Fault, Ids, Interactions, InteractionsBuilder, ItemIx, Layout, ReadError, Reason,
    Source, UserIx,
};

/// One positive and 99 negatives: the protocol of He et al., Neural Collaborative Filtering, 2017, as its authors'
/// `evaluate.py` computes it, for [`ranking_among`](fn@super::ranking_among) with
/// [`HitRate(10)`](super::HitRate) and [`Ndcg(10)`](super::Ndcg).
///
/// The folder holds three files with one name before the first part named here:
///
/// | file | lines |
/// |---|---|
/// | `*.train.rating` or `*.train.no_timestamp.rating` | user, item, rating and perhaps a time, by tabs |
/// | `*.test.rating` | user, item: the last item of each user |
/// | `*.test.negative` | `(user,item)`, then the items it is ranked among |
///
/// - A training rating above 0 is an event of value 1; how many stars there are does not matter.
/// - Of equal scores the item that stands first in the line comes first, the test item after all. So does the
///   reference, which takes `heapq.nlargest` of a dictionary in the order of insertion (Python 3.7 or later; before,
///   ties fell by the dictionary's hashes).
/// - 156 of the 6,040 lines for MovieLens 1M hold the test item itself among the negatives. In a dictionary it keeps
///   that first place and is ranked among 98 others; here too.
///
/// ```no_run
/// use foldin::evaluate::{HitRate, Ncf, Ndcg, RankingOptions, ranking_among};
/// use foldin::implicit::PopularityParams;
/// use foldin::model::Fit;
/// # fn main() -> Result<(), foldin::Error> {
/// let ncf = Ncf::read("ncf-ml-1m")?;
/// let model = PopularityParams::new().fit(&ncf.train)?;
/// let report = ranking_among(&model, &ncf.train, &ncf.candidates, &RankingOptions::new(10))?;
/// println!("HR@10 {:?}, NDCG@10 {:?}", report.mean(&HitRate(10)), report.mean(&Ndcg(10)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ncf {
    /// To fit on; every value is 1. Items that only candidates name have no events.
    pub train: Interactions,
    /// One case per line of the negatives, in their order.
    pub candidates: Candidates,
    /// The numbers of the files behind the indices.
    pub ids: Ids<u32, u32>,
}

/// One line of the negatives.
struct Case {
    /// Which line of the file, from 0.
    line: usize,
    user: u32,
    item: u32,
    others: Vec<u32>,
}

impl Ncf {
    /// Reads the three files of a folder.
    ///
    /// # Errors
    /// [`ReadError`] for files that are missing, name the folder wrongly or do not agree line by line.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self, ReadError> {
        let folder = folder.as_ref();
        let negatives = find(folder, &[".test.negative"])?;
        let cases = cases(&negatives)?;
        check_test(&find(folder, &[".test.rating"])?, &negatives, &cases)?;
        let train = find(folder, &[".train.rating", ".train.no_timestamp.rating"])?;
        Self::number(&train, &cases)
    }

    /// The training part alone, for choosing parameters: the test is not opened.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_train(folder: impl AsRef<Path>) -> Result<Interactions, ReadError> {
        let train = find(folder.as_ref(), &[".train.rating", ".train.no_timestamp.rating"])?;
        Ok(Self::number(&train, &[])?.train)
    }

    /// Numbers what training and cases name by one set of ids.
    fn number(train: &Path, cases: &[Case]) -> Result<Self, ReadError> {
        let rated: Dataset<u32, u32> =
            InteractionsBuilder::new().add_file("train", train, &Layout::new())?.build()?;
        let (user_id, item_id) = (rated.ids.users.keys(), rated.ids.items.keys());
        let likes = rated.interactions.events().filter(|event| event.value > 0.0);
        let asked = cases
            .iter()
            .flat_map(|case| case.others.iter().chain([&case.item]).map(|&item| (case.user, item, 1.0)));
        let set = InteractionsBuilder::new()
            .add("train", likes.map(|event| (user_id[event.user.ix()], item_id[event.item.ix()], 1.0)))?
            .add(Source::new("candidates").held_out(), asked)?
            .build()?;
        let mut candidates = Candidates::new();
        for Case { user, item, others, .. } in cases {
            let items =
                |ids: &[u32]| ids.iter().map(|id| set.ids.item(id)).collect::<Result<Vec<ItemIx>, _>>();
            let user: UserIx = set.ids.user(user)?;
            candidates.add(user, &items(&[*item])?, &items(others)?);
        }
        Ok(Self { train: set.interactions, candidates, ids: set.ids })
    }
}

/// The one file in the folder that ends so.
fn find(folder: &Path, ends: &[&str]) -> Result<PathBuf, ReadError> {
    let failed = |source| ReadError::Io { file: folder.display().to_string(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if ends.iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
    match found.pop() {
        Some(path) if found.is_empty() => Ok(path),
        other => {
            let n = found.len() + usize::from(other.is_some());
            let wanted = ends.join(" or ");
            let what =
                format!("{n} files end with {wanted}; name a folder with one, as NCF publishes its data");
            Err(failed(io::Error::new(io::ErrorKind::NotFound, what)))
        }
    }
}

fn cases(path: &Path) -> Result<Vec<Case>, ReadError> {
    lines(
        path,
        |at, line| {
            let mut fields = line.split('\t');
            let pair = fields.next()?.strip_prefix('(')?.strip_suffix(')')?;
            let (user, item) = pair.split_once(',')?;
            let others = fields.map(|field| field.trim().parse().ok()).collect::<Option<Vec<u32>>>()?;
            let (user, item) = (user.trim().parse().ok()?, item.trim().parse().ok()?);
            Some(Case { line: at, user, item, others })
        },
        "`(user,item)` and the items it is ranked among, all whole numbers, by tabs",
    )
}

/// Fails unless the test ratings are those that the negatives go with.
fn check_test(path: &Path, negatives: &Path, cases: &[Case]) -> Result<(), ReadError> {
    let expected = "user and item, whole numbers, by tabs";
    let pairs = lines(
        path,
        |at, line| {
            let mut fields = line.split('\t').map(|field| field.trim().parse::<u32>().ok());
            Some((at, fields.next()??, fields.next()??))
        },
        expected,
    )?;
    let differs =
        pairs.iter().zip(cases).position(|(&(_, user, item), case)| (user, item) != (case.user, case.item));
    let at = differs.unwrap_or(pairs.len().min(cases.len()));
    if at == pairs.len().max(cases.len()) {
        return Ok(());
    }
    let found = pairs.get(at).map_or("nothing".into(), |(_, user, item)| format!("user {user}, item {item}"));
    let expected = cases.get(at).map_or("the end, as in".into(), |case| {
        format!("user {}, item {}, as in line {} of", case.user, case.item, case.line + 1)
    });
    let after = pairs.last().map_or(0, |(line, ..)| line + 1);
    let line = pairs.get(at).map_or(after, |&(line, ..)| line);
    Err(fault(path, line, found, format!("{expected} {}", negatives.display())))
}

/// What `parse` makes of each line that is not blank, given how many lines stand before it.
fn lines<T>(
    path: &Path,
    parse: impl Fn(usize, &str) -> Option<T>,
    expected: &str,
) -> Result<Vec<T>, ReadError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ReadError::Io { file: path.display().to_string(), source })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            let shown = || format!("`{}`", line.chars().take(40).collect::<String>());
            parse(at, line.trim_end()).ok_or_else(|| fault(path, at, shown(), expected.into()))
        })
        .collect()
}

fn fault(path: &Path, at: usize, found: String, expected: String) -> ReadError {
    let (line, reason, field) = (at as u64 + 1, Reason::Id, "line".into());
    let fault = Fault { line, reason, field, found, expected };
    DataError::Record { origin: path.display().to_string(), fault }.into()
}
