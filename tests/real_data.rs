//! The real files as their publishers lay them out; skipped without `FOLDIN_DATA`.
#![cfg(feature = "csv")]

mod real;

use foldin::data::{Dataset, Encoding, InteractionsBuilder, Layout, Source, TableLayout, TextTable, Times};
use real::folder;

#[test]
fn sizes_are_those_of_the_publishers() {
    let Some(folder) = folder("sizes_are_those_of_the_publishers") else { return };
    for (file, layout, users, items, events) in [
        ("ml-100k/u.data", Layout::new(), 943, 1_682, 100_000),
        ("ml-1m/ratings.dat", Layout::new(), 6_040, 3_706, 1_000_209),
        ("movietweetings-100k/ratings.dat", Layout::new(), 16_554, 10_506, 100_000),
        ("lastfm-2k/user_artists.dat", Layout::new(), 1_892, 17_632, 92_834),
        ("gowalla/train.txt", Layout::adjacency(), 29_858, 40_981, 810_128),
    ] {
        let set = InteractionsBuilder::new().read(folder.join(file), &layout).unwrap();
        let report = &set.report;
        assert_eq!((report.users, report.items, report.events), (users, items, events), "{file}");
        assert_eq!((report.merged, report.dropped()), (0, 0), "{file}");
        let timed = !(file.starts_with("lastfm") || file.starts_with("gowalla"));
        assert_eq!(report.times, if timed { Times::Kept } else { Times::Absent }, "{file}");
    }
}

#[test]
fn a_fold_and_its_test_share_their_numbering() {
    let Some(folder) = folder("a_fold_and_its_test_share_their_numbering") else { return };
    let set: Dataset = InteractionsBuilder::new()
        .add_file("train", folder.join("ml-100k/u1.base"), &Layout::new())
        .and_then(|b| {
            b.add_file(Source::new("test").held_out(), folder.join("ml-100k/u1.test"), &Layout::new())
        })
        .and_then(|builder| Ok(builder.build()?))
        .unwrap();
    let test = set.held_out.unwrap();
    assert_eq!((set.interactions.len(), test.len()), (80_000, 20_000));
    assert_eq!((test.n_users(), test.n_items()), (set.interactions.n_users(), set.interactions.n_items()));
    assert_eq!((test.n_users(), test.n_items()), (943, 1_682));
}

#[test]
fn titles_in_their_three_layouts() {
    let Some(folder) = folder("titles_in_their_three_layouts") else { return };
    let latin1 = TableLayout::new().encoding(Encoding::Latin1);
    for (file, layout, rows, id, title) in [
        ("ml-100k/u.item", latin1.clone(), 1_682, "543", "Misérables, Les (1995)"),
        ("ml-1m/movies.dat", latin1.clone(), 3_883, "1", "Toy Story (1995)"),
        ("ml-1m/movie_attributes.tsv", TableLayout::new(), 3_881, "1", "Toy Story"),
    ] {
        let table = TextTable::from_path(folder.join(file), &layout).unwrap();
        assert_eq!((table.len(), table.text(id, table.column(2).unwrap())), (rows, Some(title)), "{file}");
    }
}
