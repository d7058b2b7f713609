//! Guards the commands as people type them: what goes in, what comes out, what is refused and why.

use std::path::Path;

use serde_json::Value;

use crate::args::{Command, parse};
use crate::run;
use crate::runs::runs;

fn words(line: &str) -> impl Iterator<Item = String> {
    line.split_whitespace().map(str::to_string)
}

fn output(line: &str) -> String {
    let mut out = Vec::new();
    run(words(line), &mut out).unwrap_or_else(|failure| panic!("{line}: {failure}"));
    String::from_utf8(out).expect("text")
}

fn objects(line: &str) -> Vec<Value> {
    output(&format!("{line} --json --threads 1"))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn refused(line: &str, expected: &str) {
    let failure = run(words(line), &mut Vec::new()).expect_err(line).to_string();
    assert!(failure.contains(expected), "{line}: {failure}");
}

/// A folder with the files named.
fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| std::fs::write(folder.path().join(name), text).unwrap());
    let path = folder.path().display().to_string();
    (folder, path)
}

/// Item 0 has three users, 1 and 2 two, 3 one.
const TRAIN: &str = "0 0 1 2\n1 0 1\n2 0 2\n3 3\n";
/// User 4 is new: their list is 0 1, a hit at rank 2; user 0's is 3 alone, a hit; user 1's is 2 3, a hit; user 3's is
/// 0 1, none.
const TEST: &str = "0 3\n1 2\n3 2\n4 1\n";

#[test]
fn lists_of_one_line_per_user_by_hand() {
    let (_guard, path) = folder(&[("train.txt", TRAIN), ("test.txt", TEST)]);
    let line = format!(
        "topn --train {path}/train.txt --test {path}/test.txt --models popularity --metrics recall@2,recall-capped@2,ndcg@2,hr@1"
    );
    let [object] = &objects(&line)[..] else { panic!("one model, one line") };
    assert_eq!(
        (&object["model"], &object["recall@2"], &object["hr@1"]),
        (&"popularity".into(), &0.75.into(), &0.5.into())
    );
    assert_eq!(object["recall-capped@2"], 0.75);
    let ndcg = object["ndcg@2"].as_f64().unwrap();
    assert!((ndcg - (2.0 + 1.0 / 3_f64.log2()) / 4.0).abs() < 1e-12, "{ndcg}");
    assert_eq!(
        (&object["users"], &object["skipped_users"], &object["cold_users"]),
        (&4.into(), &1.into(), &1.into())
    );
    for key in ["fit_seconds", "users_per_second", "peak_rss_mib"] {
        assert!(object[key].is_number(), "{key}: {object}");
    }
    assert_eq!((&object["seconds_per_epoch"], &object["params"]["half_life"]), (&Value::Null, &0.into()));
    let table = output(&line);
    assert!(table.contains("recall-capped@2") && table.contains("0.7500"), "{table}");
    assert!(table.contains("4 measured (1 of them without a training event), 1 skipped"), "{table}");
}

/// As columns the same lines say something else; they are told apart by their lengths, or by `--layout`.
#[test]
fn layouts_are_recognised_or_named() {
    let same = "1 2 5\n1 3 4\n2 2 1\n2 3 5\n3 2 4\n";
    let (_guard, path) = folder(&[("train.txt", same), ("test.txt", "1 7 8\n")]);
    let files =
        format!("--train {path}/train.txt --test {path}/test.txt --models popularity --metrics precision@4");
    // User 1 has item 7 with value 8, or items 7 and 8.
    assert_eq!(objects(&format!("topn {files}"))[0]["precision@4"], 0.25);
    assert_eq!(objects(&format!("topn {files} --layout adjacency"))[0]["precision@4"], 0.5);
    refused(&format!("topn {files} --layout rows"), "none of auto, columns, adjacency");
}

/// Ratings of 4 and 5 are likes; 1 with 12 and 2 with 11 are not, and neither user 3 nor item 13 has any.
#[test]
fn the_threshold_makes_likes_of_ratings() {
    let ratings = "1,10,5\n1,11,4\n1,12,3\n2,10,4\n2,11,1\n2,12,5\n3,13,2\n";
    let (_guard, path) = folder(&[("train.csv", ratings), ("test.csv", "1,12,4\n2,11,2\n")]);
    let line = format!(
        "topn --train {path}/train.csv --test {path}/test.csv --threshold 4 --models popularity --metrics hr@1 --set popularity.sum_values=true"
    );
    let object = &objects(&line)[0];
    assert_eq!(
        (&object["users"], &object["skipped_users"], &object["hr@1"]),
        (&1.into(), &1.into(), &1.0.into())
    );
    refused(&format!("{line} --scale 3,5"), "train.csv:5");
    refused(&line.replace("--threshold 4", "--threshold 9"), "no event");
}

#[test]
fn every_split_of_the_generated_data() {
    for split in ["random:0.1", "per-user:0.2", "last:1", "time:0.1", "users:0.1", "users:0.1:0.5", "folds:2"]
    {
        let [object] = &objects(&format!("topn --split {split} --models popularity"))[..] else { panic!() };
        let (recall, capped) =
            (object["recall@20"].as_f64().unwrap(), object["recall-capped@20"].as_f64().unwrap());
        assert!(recall > 0.0 && capped >= recall && capped < 1.0, "{split}: {object}");
        assert_eq!(object["runs"], if split == "folds:2" { 2 } else { 1 });
    }
}

#[test]
fn seeds_are_averaged_and_repeat() {
    let line = "topn --models popularity --threshold 4";
    let of = |seeds: &str| objects(&format!("{line} --seed {seeds}"))[0]["ndcg@20"].as_f64().unwrap();
    let (one, two) = (of("1"), of("2"));
    assert_ne!(one, two);
    assert!((of("1,2") - (one + two) / 2.0).abs() < 1e-12);
    assert_eq!(of("1"), one);
}

/// Attributes are joined with the events before these are parted, and reach every part.
#[test]
fn attributes_reach_the_models() {
    let ratings: String = (0..40).map(|n| format!("{},{},{}\n", n / 8, 100 + n % 8, 1 + n % 5)).collect();
    let films: String = (0..9).map(|n| format!("{},{}\n", 100 + n, ["Ann", "Bob", "Eve"][n % 3])).collect();
    let people = "1|24|M|writer|85711\n2|53|F|writer|94043\n3|23|M|other|32067\n";
    let (_guard, path) = folder(&[
        ("all.csv", &ratings),
        ("films.csv", &films),
        ("u.user", people),
        ("test.csv", "1,100,3\n"),
    ]);
    let files = format!("--user-attributes {path}/u.user --item-attributes {path}/films.csv");
    for line in [
        format!("ratings --input {path}/all.csv {files}"),
        format!("ratings --input {path}/all.csv --split folds:3 {files}"),
        format!("ratings --train {path}/all.csv --test {path}/test.csv {files}"),
        format!("ratings {files}"),
    ] {
        let Command::Compare(args) = parse(words(&line)).unwrap() else { panic!("{line}") };
        for run in runs(&args).unwrap() {
            let train = &run.parts.train;
            let (users, items) = (train.user_attributes().unwrap(), train.item_attributes().unwrap());
            assert_eq!((users.n_rows(), items.n_rows()), (train.n_users(), train.n_items()), "{line}");
            // The generated data has other ids: nobody is described.
            assert_eq!(items.is_empty() && users.is_empty(), train.n_users() > 5, "{line}");
        }
    }
    let line = "ratings --models item-mean";
    assert!(objects(&format!("{line} --input {path}/all.csv {files}"))[0]["rmse"].is_number());
    refused(&format!("{line} --item-attributes {path}/none"), "none");
    std::fs::write(Path::new(&path).join("films.csv"), "100,Ann\n101\n").unwrap();
    refused(&format!("{line} --input {path}/all.csv --item-attributes {path}/films.csv"), "films.csv:2");
}

/// Validation reads nothing but the training part.
#[test]
fn validation_opens_no_test_file() {
    let (_guard, path) = folder(&[("train.txt", TRAIN)]);
    let missing = format!("topn --models popularity --train {path}/train.txt --test {path}/missing.txt");
    refused(&missing, "missing.txt");
    let object = &objects(&format!("{missing} --validate random:0.3"))[0];
    assert_eq!(object["users"].as_u64().unwrap() + object["skipped_users"].as_u64().unwrap(), 4);
    refused(&format!("{missing} --validate test:{path}/train.txt"), "takes no files");
    // A tenth of nine tenths.
    let whole = "topn --models popularity --metrics hr@1";
    assert_ne!(objects(whole)[0]["hr@1"], objects(&format!("{whole} --validate random:0.1"))[0]["hr@1"]);
    assert!(objects("ratings --models item-mean --validate random:0.1")[0]["rmse"].is_number());
}

const NCF_TRAIN: &str = "0\t0\t5\n0\t1\t3\n1\t0\t1\n1\t2\t4\n2\t0\t4\n";

#[test]
fn the_protocol_of_ncf_from_its_files() {
    let (_guard, path) = folder(&[
        ("toy.train.rating", NCF_TRAIN),
        ("toy.test.rating", "0\t2\n1\t1\n"),
        ("toy.test.negative", "(0,2)\t9\t8\n(1,1)\t0\t9\n"),
    ]);
    let object = &objects(&format!("topn --split ncf:{path} --models popularity"))[0];
    assert_eq!(object["hr@10"], 1.0);
    // Rank 1, and rank 2.
    let expected = (1.0 + 1.0 / 3_f64.log2()) / 2.0;
    assert!((object["ndcg@10"].as_f64().unwrap() - expected).abs() < 1e-12, "{object}");
    std::fs::remove_file(Path::new(&path).join("toy.test.negative")).unwrap();
    refused(&format!("topn --split ncf:{path}"), ".test.negative");
    let object = &objects(&format!("topn --split ncf:{path} --models popularity --validate random:0.4"))[0];
    assert_eq!(object["users"], 2);
    refused(&format!("topn --split ncf:{path} --validate users:0.5:0.5"), "validates on events");
    refused(&format!("topn --split ncf:{path} --input a.csv"), "leave --input");
}

#[test]
fn several_values_make_several_lines_and_the_best_is_named() {
    let line = "topn --models popularity --split last:1 --metrics hr@5";
    let grid =
        format!("{line} --set popularity.half-life=0,1000000,1e12 --set popularity.sum_values=false,true");
    let lines = objects(&grid);
    let values: Vec<_> = lines
        .iter()
        .map(|line| (line["params"]["half_life"].as_f64().unwrap(), line["params"]["sum_values"] == true))
        .collect();
    assert_eq!(values, [(0.0, false), (0.0, true), (1e6, false), (1e6, true), (1e12, false), (1e12, true)]);
    let best = lines.iter().map(|line| line["hr@5"].as_f64().unwrap()).fold(0.0, f64::max);
    let table = output(&grid);
    assert!(table.contains("half_life=1000000 sum_values=true"), "{table}");
    assert!(table.lines().last().unwrap().ends_with(&format!("with {best:.4}")), "{table}");
    assert!(!output(line).contains("best by"));
}

#[test]
fn every_model_and_every_number_of_factors_is_a_line() {
    let [bar, four, eight] = &objects("topn --factors 4,8 --set ials.epochs=3 --metrics ndcg@20")[..] else {
        panic!("popularity, and a line for each number of factors")
    };
    assert_eq!(
        (&bar["model"], &four["model"], &eight["model"]),
        (&"popularity".into(), &"ials".into(), &"ials".into())
    );
    assert_eq!((&four["params"]["factors"], &eight["params"]["factors"]), (&4.into(), &8.into()));
    assert_eq!((&bar["epochs"], &four["epochs"]), (&0.into(), &3.into()));
    assert!(four["seconds_per_epoch"].as_f64().unwrap() > 0.0);
    assert_ne!(four["ndcg@20"], eight["ndcg@20"]);
}

#[test]
fn lists_may_be_longer_than_the_catalogue() {
    let object = &objects("topn --models popularity --metrics recall@1000000,hr@18446744073709551615")[0];
    assert_eq!((&object["recall@1000000"], &object["hr@18446744073709551615"]), (&1.0.into(), &1.0.into()));
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (line, expected) in [
        ("topn --train a --train b", "given twice"),
        ("topn --train a --input b", "given twice"),
        ("topn --test a --split random:0.1", "given twice"),
        ("topn --test a", "1 test files for 0 inputs"),
        ("topn --input a,b", "several inputs"),
        ("topn --metrics recall", "recall-capped"),
        ("topn --metrics recall@0", "length of 1 or more"),
        ("topn --metrics ndcg@5,ndcg@5", "twice"),
        ("topn --metrics", "needs a value"),
        ("topn --models svd", "unknown model `svd`: one of popularity"),
        ("topn --models popularity --set ials.factors=3", "--models leaves it out"),
        ("topn --set popularity.half_life", "MODEL.PARAMETER=VALUE"),
        ("topn --set popularity.half_lives=3", "half_life, sum_values"),
        ("topn --set popularity.half_life=-3", "at least 0"),
        ("topn --models popularity --factors 3", "none of the models has factors"),
        ("topn --split users:1.5", "not between 0 and 1"),
        ("topn --split ncf:", "none of random:"),
        ("topn --threshold NaN", "no value"),
        ("topn --threshold high", "not such a number"),
        ("topn --seed 1,x", "`x` is not such a number"),
        ("topn --seed ,", "at least one seed"),
        ("topn --item-attributes u.item", "go with `ratings`"),
        ("ratings --item-attributes a --item-attributes b", "given twice"),
        ("ratings --metrics ndcg@10", "goes with `topn`"),
        ("ratings --threshold 4", "goes with `topn`"),
        ("ratings --split users:0.1", "goes with `topn`"),
        ("ratings --models popularity", "unknown model"),
        ("rank", "unknown command `rank`"),
        ("topn --fast", "unknown option `--fast`"),
        ("topn --input /no/such/file", "/no/such/file"),
    ] {
        refused(line, expected);
    }
}

#[test]
fn an_empty_test_is_refused() {
    let (_guard, path) = folder(&[("train.txt", TRAIN), ("test.txt", "\n")]);
    refused(&format!("topn --train {path}/train.txt --test {path}/test.txt"), "no event");
    let (_guard, path) = folder(&[("train.txt", "\n"), ("test.txt", TEST)]);
    refused(&format!("topn --train {path}/train.txt --test {path}/test.txt"), "no event");
}

/// Test items that nobody has in training are relevant all the same, and found last.
#[test]
fn items_of_the_test_alone() {
    let (_guard, path) = folder(&[("train.txt", TRAIN), ("test.txt", "1 77\n3 88 77 99\n")]);
    let line = format!(
        "topn --train {path}/train.txt --test {path}/test.txt --models popularity --metrics recall@1,recall@9"
    );
    let object = &objects(&line)[0];
    assert_eq!(
        (&object["users"], &object["recall@1"], &object["recall@9"]),
        (&2.into(), &0.0.into(), &1.0.into())
    );
}

#[test]
fn help_and_list() {
    assert!(output("--help").contains("recall-capped@K"));
    assert!(output("topn --split random:0.1 --help").contains("--validate"));
    assert_eq!(
        output("topn --models popularity --list"),
        "popularity.half_life=0\npopularity.sum_values=false\n"
    );
    assert!(output("ratings --list --factors 3").contains("biased-mf.factors=3"));
}

#[test]
fn ratings_still_say_how_models_compare() {
    let table = output("ratings --models item-mean,bias --threads 1");
    assert!(table.contains("bias is ") && table.contains("% below item-mean"), "{table}");
    let lines = objects("ratings --models biased-mf --factors 1,2");
    assert_eq!(
        lines.iter().map(|line| line["params"]["factors"].as_u64().unwrap()).collect::<Vec<_>>(),
        [1, 2]
    );
    assert!(lines[0]["seconds_per_epoch"].is_number() && lines[0]["rmse_runs"].is_array());
}

/// The squared errors on two halves of a test are those on the whole: no prediction depends on what else is tested.
#[test]
fn test_rows_change_no_prediction() {
    let rows: Vec<String> = (0..240)
        .map(|n| (n, n / 12, n * 7 % 12))
        .map(|(n, user, item)| {
            format!("{user},{item},{},{}\n", 1 + (user + item * n) % 5, 1_000_000 + n * 9000)
        })
        .collect();
    let pick = |of: &dyn Fn(usize) -> bool| -> String {
        rows.iter().enumerate().filter(|(n, _)| of(*n)).map(|(_, row)| row.as_str()).collect()
    };
    let films: String = (0..12).map(|n| format!("{n},{}\n", ["Ann", "Bob", "Eve"][n % 3])).collect();
    let (_guard, path) = folder(&[
        ("films.csv", &films),
        ("train.csv", &pick(&|n| n % 5 > 0)),
        ("whole.csv", &pick(&|n| n % 5 == 0)),
        ("one.csv", &pick(&|n| n % 10 == 0)),
        ("other.csv", &pick(&|n| n % 10 == 5)),
    ]);
    let squares = |test: &str| {
        let line = format!(
            "ratings --train {path}/train.csv --test {path}/{test} --item-attributes {path}/films.csv \
             --models bayesian-mf --set bayesian-mf.samples=10 --set bayesian-mf.burn_in=5 \
             --set bayesian-mf.factors=2"
        );
        let object = &objects(&line)[0];
        object["rmse"].as_f64().unwrap().powi(2) * object["n"].as_f64().unwrap()
    };
    let (whole, one, other) = (squares("whole.csv"), squares("one.csv"), squares("other.csv"));
    assert!(one > 0.0 && other > 0.0 && (whole - one - other).abs() < 1e-9 * whole, "{whole} {one} {other}");
}
