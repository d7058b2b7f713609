//! Guards the protocol of NCF as its files say it: a line that is misread, a file that is not there.
#![cfg(feature = "csv")]

use std::fs;
use std::path::Path;

use foldin::evaluate::{HitRate, Ncf, RankingOptions, ranking_among};
use foldin::implicit::PopularityParams;
use foldin::model::Fit;

const TRAIN: &str = "0\t0\t5\n0\t1\t3\n1\t0\t1\n1\t2\t0\n2\t7\t4\n";
const TEST: &str = "0\t7\t5\t978824351\n1\t1\t3\t978300174\n";
/// The test item of the second line stands among its negatives.
const NEGATIVE: &str = "(0,7)\t2\t9\n(1,1)\t2\t1\t7\n";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    folder
}

fn whole() -> tempfile::TempDir {
    folder(&[
        ("toy.train.no_timestamp.rating", TRAIN),
        ("toy.test.rating", TEST),
        ("toy.test.negative", NEGATIVE),
        ("readme.txt", "nothing"),
    ])
}

fn fails(folder: &Path, expected: &[&str]) {
    let error = Ncf::read(folder).unwrap_err().to_string();
    assert!(expected.iter().all(|part| error.contains(part)), "{error}");
}

#[test]
fn what_the_files_say() {
    let ncf = Ncf::read(whole().path()).unwrap();
    // A rating of 0 is no event; all others count 1.
    assert_eq!(ncf.train.len(), 4);
    assert!(ncf.train.events().all(|event| event.value == 1.0));
    let users: Vec<u32> = ncf.candidates.iter().map(|case| ncf.ids.users.keys()[case.user.ix()]).collect();
    assert_eq!(users, [0, 1]);
    let raw = |items: &[foldin::data::ItemIx]| -> Vec<u32> {
        items.iter().map(|item| ncf.ids.items.keys()[item.ix()]).collect()
    };
    let cases: Vec<_> = ncf.candidates.iter().map(|case| (raw(case.items), raw(case.relevant))).collect();
    assert_eq!(cases, [(vec![2, 9, 7], vec![7]), (vec![2, 1, 7], vec![1])]);
    // Items 2 and 9 have no event and are numbered all the same.
    assert_eq!(ncf.train.n_items(), 5);
}

/// Audiences: 0 two, 1 one, 7 one, the others none. Line 1: 7 is before 2 and 9. Line 2: 1 and 7 tie, and 1 stands
/// first, because it stands among the negatives.
#[test]
fn most_popular_by_hand() {
    let ncf = Ncf::read(whole().path()).unwrap();
    let model = PopularityParams::new().fit(&ncf.train).unwrap();
    let report = ranking_among(&model, &ncf.train, &ncf.candidates, &RankingOptions::new(1)).unwrap();
    assert_eq!(report.mean(&HitRate(1)), Some(1.0));
}

#[test]
fn training_is_read_without_the_test() {
    let folder = folder(&[("toy.train.rating", TRAIN)]);
    let train = Ncf::read_train(folder.path()).unwrap();
    assert_eq!((train.len(), train.n_users(), train.n_items()), (4, 3, 3));
    fails(folder.path(), &["0 files end with .test.negative"]);
}

#[test]
fn what_is_missing_or_stands_twice_is_named() {
    fails(Path::new("/no such folder"), &["/no such folder"]);
    let without = whole();
    fs::remove_file(without.path().join("toy.test.rating")).unwrap();
    fails(without.path(), &["0 files end with .test.rating"]);
    let twice = whole();
    fs::write(twice.path().join("other.train.rating"), TRAIN).unwrap();
    fails(twice.path(), &["2 files end with .train.rating or .train.no_timestamp.rating"]);
}

#[test]
fn what_cannot_be_read_is_named_with_its_line() {
    let with = |name: &str, text: &str| {
        let folder = whole();
        fs::write(folder.path().join(name), text).unwrap();
        folder
    };
    for (negative, found) in [
        ("(0,7)\t2\n1,1\t2\n", "1,1"),
        ("(0,7)\t2\n(1,1)\t2\tx\n", "(1,1)"),
        ("(0,7)\t2\n(1,-1)\t2\n", "(1,-1)"),
        ("(0,7)\t2\n(1,99999999999)\t2\n", "99999999999"),
    ] {
        fails(with("toy.test.negative", negative).path(), &["toy.test.negative:2", found, "(user,item)"]);
    }
    fails(with("toy.test.rating", "0\t7\nx\n").path(), &["toy.test.rating:2", "`x`"]);
    let other = "user 1, item 2, expected user 1, item 1";
    fails(with("toy.test.rating", "0\t7\n1\t2\n").path(), &["toy.test.rating:2", other]);
    fails(with("toy.test.rating", "0\t7\n").path(), &["toy.test.rating:2", "nothing"]);
    fails(with("toy.test.rating", &format!("{TEST}2\t2\n")).path(), &["toy.test.rating:3", "the end"]);
    // Blank lines are skipped and counted.
    let blank = format!("\n{TEST}");
    fails(with("toy.test.rating", "\n0\t7\n\n1\t2\n").path(), &["toy.test.rating:4", other, "line 2 of"]);
    fails(with("toy.test.rating", "\n\n0\t7\n").path(), &["toy.test.rating:4", "nothing"]);
    fails(with("toy.test.rating", &format!("{blank}\n2\t2\n")).path(), &["toy.test.rating:5", "the end"]);
    fails(with("toy.test.negative", "(0,7)\t2\n\n(1,5)\t2\n").path(), &["toy.test.rating:2", "line 3 of"]);
    fails(with("toy.test.negative", "\n(0,7)\t2\n \nx\n").path(), &["toy.test.negative:4", "`x`"]);
    fails(with("toy.train.no_timestamp.rating", "0\t0\t5\n0\tx\t5\n0\t1\t1\n").path(), &["rating:2"]);
}

#[test]
fn empty_files_have_nothing_to_measure() {
    let folder = folder(&[("a.train.rating", ""), ("a.test.rating", ""), ("a.test.negative", "\n")]);
    let ncf = Ncf::read(folder.path()).unwrap();
    assert!(ncf.train.is_empty() && ncf.candidates.is_empty());
}
