//! Guards the reading of real attribute files: layouts are recognised, and every record and every field
//! is accounted for.

#![cfg(feature = "csv")]

mod real;

use std::path::{Path, PathBuf};

use foldin::data::{
    AttributeRecord, AttributesReport, Dataset, FieldKind, InteractionsBuilder, ItemAttributes, Layout,
    TableLayout, UserAttributes,
};

fn ratings(path: PathBuf) -> Dataset {
    InteractionsBuilder::new().read(path, &Layout::new()).unwrap()
}

fn items(set: &Dataset, path: &Path) -> (ItemAttributes, AttributesReport) {
    let films = ItemAttributes::builder().add_file(path, &TableLayout::new()).unwrap();
    films.build(&set.ids).unwrap()
}

fn users(set: &Dataset, path: &Path) -> (UserAttributes, AttributesReport) {
    let people = UserAttributes::builder().add_file(path, &TableLayout::new()).unwrap();
    people.build(&set.ids).unwrap()
}

/// Name, kind, rows without, values that are too rare, duplicates, features.
type Fate = (&'static str, FieldKind, u64, u32, u32, u32);

#[track_caller]
fn assert_fields(report: &AttributesReport, expected: &[Fate]) {
    let fields = report.fields.iter().map(|field| {
        let counts = (field.missing, field.rare, field.duplicate, field.features);
        assert_eq!(field.constant, 0, "{report}");
        (&field.name[..], field.kind, counts.0, counts.1, counts.2, counts.3)
    });
    assert_eq!(fields.collect::<Vec<_>>(), expected, "{report}");
    assert_eq!(report.features, expected.iter().map(|field| field.5).sum::<u32>());
    assert_eq!((report.repeated, report.dropped()), (0, 0));
}

#[test]
fn movielens_100k() {
    let Some(folder) = real::folder("movielens_100k") else { return };
    let folder = folder.join("ml-100k");
    let set = ratings(folder.join("u.data"));
    let (people, report) = users(&set, &folder.join("u.user"));
    assert_eq!(report.sources[0].layout.as_deref(), Some("MovieLens u.user"));
    assert_eq!((report.records(), report.described, report.undescribed), (943, 943, 0));
    assert_fields(
        &report,
        &[
            ("age", FieldKind::Banded, 0, 0, 0, 16),
            ("sex", FieldKind::Categorical, 0, 0, 0, 2),
            ("occupation", FieldKind::Categorical, 0, 0, 0, 21),
            ("zip", FieldKind::Prefix(1), 0, 3, 0, 16),
        ],
    );
    // 1|24|M|technician|85711
    let (features, _) = people.row(set.ids.user("1").unwrap());
    let names: Vec<String> = features.iter().map(|&at| people.features()[at as usize].to_string()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert_eq!(names[2..], ["sex = M", "occupation = technician", "zip = 8"]);

    let (films, report) = items(&set, &folder.join("u.item"));
    assert_eq!(report.sources[0].layout.as_deref(), Some("MovieLens u.item"));
    assert_eq!((report.records(), report.described, report.unknown_ids), (1682, 1682, 0));
    assert_fields(
        &report,
        &[("year", FieldKind::Year, 1, 0, 0, 10), ("genres", FieldKind::List, 0, 0, 0, 19)],
    );
    // 1|Toy Story (1995)|01-Jan-1995||...|0|0|0|1|1|1|0|...: Animation, Children's, Comedy.
    let (features, values) = films.row(set.ids.item("1").unwrap());
    let genres: Vec<_> =
        features.iter().filter_map(|&at| films.features()[at as usize].value.as_deref()).collect();
    assert_eq!(genres[1..], ["Animation", "Children's", "Comedy"]);
    assert_eq!(values[2..], [1.0 / 3f32.sqrt(); 3]);
}

#[test]
fn movielens_1m() {
    let Some(folder) = real::folder("movielens_1m") else { return };
    let folder = folder.join("ml-1m");
    let set = ratings(folder.join("ratings.dat"));
    let (_, report) = users(&set, &folder.join("users.dat"));
    assert_eq!(report.sources[0].layout.as_deref(), Some("MovieLens users.dat"));
    assert_eq!((report.records(), report.described, report.undescribed), (6040, 6040, 0));
    assert_fields(
        &report,
        &[
            ("sex", FieldKind::Categorical, 0, 0, 0, 2),
            ("age", FieldKind::Banded, 0, 0, 0, 8),
            ("occupation", FieldKind::Categorical, 0, 0, 0, 21),
            ("zip", FieldKind::Prefix(1), 0, 0, 0, 10),
        ],
    );

    let (_, report) = items(&set, &folder.join("movies.dat"));
    assert_eq!(report.sources[0].layout.as_deref(), Some("MovieLens movies.dat"));
    assert_eq!((report.records(), report.described, report.unknown_ids), (3883, 3706, 177));
    assert_fields(
        &report,
        &[("year", FieldKind::Year, 0, 0, 0, 15), ("genres", FieldKind::List, 0, 0, 0, 18)],
    );

    let (films, report) = items(&set, &folder.join("movie_attributes.tsv"));
    let counts = (report.records(), report.described, report.undescribed, report.unknown_ids);
    assert_eq!(counts, (3881, 3704, 2, 177));
    assert_fields(
        &report,
        &[
            ("title", FieldKind::Ignore, 0, 0, 0, 0),
            ("year", FieldKind::Year, 0, 0, 0, 15),
            ("mpaa", FieldKind::Categorical, 0, 0, 0, 6),
            ("genres", FieldKind::List, 3, 0, 0, 24),
            ("directors", FieldKind::List, 9, 1285, 9, 739),
            ("writers", FieldKind::List, 74, 3628, 168, 1345),
            ("actors", FieldKind::List, 6, 5234, 25, 2253),
        ],
    );

    // A film that is in no data set.
    let row = films
        .encode(
            &AttributeRecord::new()
                .with("directors", "Billy Wilder")
                .with("genres", "Comedy|Western|Podcast")
                .with("year", 2031)
                .with("budget", 1e6),
        )
        .unwrap();
    assert_eq!(row.unknown_fields, ["budget"]);
    assert_eq!(row.unknown_values.iter().map(ToString::to_string).collect::<Vec<_>>(), ["genres = Podcast"]);
    assert_eq!(row.missing, ["mpaa", "writers", "actors"]);
    let names: Vec<_> = row.features.iter().map(|&at| films.features()[at as usize].to_string()).collect();
    assert_eq!(names[2..], ["genres = Comedy", "genres = Western", "directors = Billy Wilder"]);
    assert_eq!(row.values[1..], [1.0, 1.0 / 3f32.sqrt(), 1.0 / 3f32.sqrt(), 1.0]);
}
