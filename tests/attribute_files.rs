//! Guards files of attributes: layouts, headers, quotes, lists, encodings, and faults with their places.

#![cfg(feature = "csv")]

use foldin::data::{
    AttributeRecord, AttributesReport, DataError, Encoding, FieldKind, Ids, ItemAttributes, ReadError,
    Reason, TableLayout, UserAttributes,
};

fn ids(ids: &[&str]) -> Ids {
    let both = || ids.iter().map(|&id| id.to_owned()).collect();
    Ids { users: both(), items: both() }
}

fn try_read(text: &[u8], layout: &TableLayout) -> Result<(ItemAttributes, AttributesReport), ReadError> {
    let builder = ItemAttributes::builder().min_rows(1).add_reader("films.txt", text, layout)?;
    Ok(builder.build(&ids(&["1", "2", "3"]))?)
}

fn read(text: &str) -> (ItemAttributes, AttributesReport) {
    try_read(text.as_bytes(), &TableLayout::new()).unwrap()
}

fn names(items: &ItemAttributes) -> Vec<String> {
    items.features().iter().map(ToString::to_string).collect()
}

#[test]
fn one_table_in_every_layout() {
    let header = "id,director,genres\n1,Ann,Drama|War\n2,Ann,War\n3,Bob,Drama\n";
    let expected = ["director = Ann", "director = Bob", "genres = Drama", "genres = War"];
    for (from, to) in [(",", ","), (",", "\t"), (",", ";"), ("\n", "\r\n"), ("Ann", "\"Ann\"")] {
        let text = header.replace(from, to);
        assert_eq!(names(&read(&text).0), expected, "{text}");
    }
    // Without a header columns have numbers.
    let expected = ["column 2 = Ann", "column 2 = Bob", "column 3 = Drama", "column 3 = War"];
    for delimiter in [",", "\t", "::"] {
        let text = "1,Ann,Drama|War\n2,Ann,War\n3,Bob,Drama\n".replace(',', delimiter);
        assert_eq!(names(&read(&text).0), expected, "{text}");
    }
    // Where a bar parts the columns, it parts no lists.
    assert_eq!(names(&read("1|Ann|x\n2|Bob|x\n3|Bob|y\n").0).len(), 4);
}

#[test]
fn a_header_is_told_by_the_name_of_the_id() {
    for id in ["id", "ID", "movie_id", "itemId", "user"] {
        let (items, report) = read(&format!("{id},colour\n1,red\n2,red\n3,blue\n"));
        assert_eq!(names(&items), ["colour = blue", "colour = red"]);
        assert_eq!((report.records(), report.unknown_ids), (3, 0));
    }
    let words = "name,colour\nfilm,red\n".as_bytes();
    let headless = try_read(words, &TableLayout::new().header(false)).unwrap().1;
    assert_eq!((headless.records(), headless.unknown_ids), (2, 2));
    let headed = try_read(words, &TableLayout::new().header(true)).unwrap().1;
    assert_eq!(headed.records(), 1);
}

#[test]
fn the_id_may_be_anywhere_and_names_may_be_missing() {
    let text = "colour,film,,colour\nred,1,a,x\nblue,2,b,y\nblue,3,a,y\n";
    let (items, _) = try_read(text.as_bytes(), &TableLayout::new().id("film")).unwrap();
    let fields: Vec<&str> = items.schema().fields().iter().map(|field| &field.name[..]).collect();
    assert_eq!(fields, ["colour", "column 3", "column 4"]);
    assert!(matches!(try_read(text.as_bytes(), &TableLayout::new().id(9)), Err(ReadError::NoColumn { .. })));
}

#[test]
fn quoted_fields_hold_delimiters_and_line_ends() {
    let (items, report) = read("id,director\n1,\"Mann, Michael\"\n2,\"two\nlines\"\n3,\"Mann, Michael\"\n");
    assert_eq!(names(&items), ["director = Mann, Michael", "director = two\nlines"]);
    assert_eq!(report.sources[0].layout.as_deref(), Some("delimiter `,`, id = column 1 `id`"));
}

#[test]
fn faults_have_their_place() {
    let fault = |text: &[u8]| match try_read(text, &TableLayout::new()).unwrap_err() {
        ReadError::Data(DataError::Record { origin, fault }) => {
            assert_eq!(origin, "films.txt");
            (fault.line, fault.reason, fault.field)
        }
        other => panic!("{other}"),
    };
    assert_eq!(fault(b"id,f\n1,a\n2\n"), (3, Reason::FieldCount, "line".into()));
    assert_eq!(fault(b"id,f\n1,a\n,b\n"), (3, Reason::Id, "column 1 `id`".into()));
    assert_eq!(fault(b"id,f\n1,a\n2,\xFF\n"), (3, Reason::Encoding, "column 2 `f`".into()));
    assert_eq!(fault(b"id,f\n1,a\n2,\"a\"b\n"), (3, Reason::Quoting, "column 2 `f`".into()));

    let text = &b"id,f\n1,a\n2,\xE9\n"[..];
    let (items, _) = try_read(text, &TableLayout::new().encoding(Encoding::Latin1)).unwrap();
    assert_eq!(names(&items), ["f = a", "f = é"]);
    let lenient = ItemAttributes::builder().lenient().min_rows(1);
    let lenient = lenient.add_reader("films.txt", text, &TableLayout::new()).unwrap();
    let (items, report) = lenient.build(&ids(&["1", "2", "3"])).unwrap();
    assert_eq!((report.dropped(), report.records(), report.described), (1, 2, 1));
    assert_eq!(items.n_features(), 0, "the one value left is in every row");
    assert!(report.to_string().contains("films.txt:3: column 2 `f`: found"), "{report}");
}

#[test]
fn a_number_that_is_none_has_its_line() {
    let text = "id,price\n1,2.5\n\n2,cheap\n";
    let builder = ItemAttributes::builder().kind("price", FieldKind::Numeric);
    let builder = builder.add_reader("films.csv", text.as_bytes(), &TableLayout::new()).unwrap();
    let error = builder.build(&ids(&["1", "2"])).unwrap_err().to_string();
    assert!(error.starts_with("films.csv:4: price: found `cheap`, expected a number"), "{error}");
}

#[test]
fn empty_files_say_nothing() {
    for text in ["", "\n\n", "id,f\n"] {
        let (items, report) = read(text);
        assert_eq!((items.n_rows(), items.n_features(), report.undescribed), (3, 0, 3), "{text:?}");
    }
    assert!(matches!(
        ItemAttributes::builder::<String>().add_file("no such file", &TableLayout::new()),
        Err(ReadError::Io { .. })
    ));
    assert!(matches!(
        try_read(
            b"word
",
            &TableLayout::new()
        ),
        Err(ReadError::NoDelimiter { .. })
    ));
}

#[test]
fn ids_may_be_numbers() {
    let users = [7u32, 8].into_iter().collect();
    let ids: Ids<u32, String> = Ids { users, items: Default::default() };
    let people = UserAttributes::builder().min_rows(1);
    let people = people.add_reader("p", "id,sex\n007,F\n8,M\n".as_bytes(), &TableLayout::new()).unwrap();
    assert_eq!(people.build(&ids).unwrap().1.described, 2);
    let people = UserAttributes::builder::<u32>();
    let error = people.add_reader("p", "id,sex\nann,F\nbob,M\n".as_bytes(), &TableLayout::new()).unwrap_err();
    assert!(error.to_string().contains("u32"), "{error}");
}

/// The shapes of MovieLens, each in two lines; a line of another shape makes it an ordinary file.
#[test]
fn movielens_is_recognised_by_its_shape() {
    let flags =
        |set: &[usize]| (0..19).map(|at| if set.contains(&at) { "|1" } else { "|0" }).collect::<String>();
    let film = |id: u32, flags: String| format!("{id}|Caf\u{e9} ({id})|01-Jan-199{id}||http://x{flags}\n");
    let latin1 = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<u8>>();
    let text = latin1(&[film(1, flags(&[1, 5])), film(2, flags(&[5])), film(3, flags(&[]))].concat());
    let (items, report) = try_read(&text, &TableLayout::new()).unwrap();
    assert_eq!(report.sources[0].layout.as_deref(), Some("MovieLens u.item"));
    assert_eq!(names(&items), ["year", "genres = Action", "genres = Comedy"]);
    assert_eq!((report.fields[0].missing, report.fields[1].missing), (0, 1));
    assert_eq!(items.schema().fields()[0].scale.unwrap().low, 1991.0);
    let new = AttributeRecord::new().with("genres", ["Comedy", "Western"]).with("year", 1993);
    assert_eq!(items.encode(&new).unwrap().features, [0, 2]);

    let text = "1::Heat (1995)::Crime|Drama\n2::Alien (1979)::Drama\n";
    assert_eq!(read(text).1.sources[0].layout.as_deref(), Some("MovieLens movies.dat"));
    let text = "1|24|M|writer|85711\n2|53|F|other|94043\n";
    let (items, report) = read(text);
    assert_eq!(report.sources[0].layout.as_deref(), Some("MovieLens u.user"));
    assert_eq!(names(&items)[..3], ["age", "sex = F", "sex = M"]);
    assert_eq!(report.fields[3].kind, FieldKind::Prefix(1));
    let text = "1::F::1::10::48067\n2::M::56::16::70072\n";
    assert_eq!(read(text).1.sources[0].layout.as_deref(), Some("MovieLens users.dat"));
    let text = "1|24|M|writer|85711\n2|53|x|other|94043\n";
    assert_eq!(read(text).1.sources[0].layout.as_deref(), Some("delimiter `|`, id = column 1"));

    // What the caller says of a field goes before what is recognised.
    let text = "1|24|M|writer|85711\n2|53|F|other|94043\n".as_bytes();
    let people = ItemAttributes::builder().kind("zip", FieldKind::Ignore).kind("age", FieldKind::Numeric);
    let people = people.add_reader("u.user", text, &TableLayout::new()).unwrap();
    let (_, report) = people.build(&ids(&["1", "2"])).unwrap();
    assert_eq!((report.fields[0].kind, report.fields[3].kind), (FieldKind::Numeric, FieldKind::Ignore));
}

/// A flag that is neither 0 nor 1, behind the lines that were looked at.
#[test]
fn flags_are_0_or_1() {
    let line = |id: usize, flag: &str| format!("{id}|Heat (1995)|01-Jan-1995||x{}|{flag}\n", "|0".repeat(18));
    let text: String = (1..=60).map(|id| line(id, if id == 60 { "2" } else { "1" })).collect();
    let error = try_read(text.as_bytes(), &TableLayout::new()).unwrap_err().to_string();
    assert_eq!(error, "films.txt:60: column 24: found `2`, expected 0 or 1");
}
