//! Files nobody has seen: layouts, quotes, encodings, faults with their places.
#![cfg(feature = "csv")]

use foldin::data::{
    Column, DataError, Dataset, Duplicates, Encoding, InteractionsBuilder, Layout, ReadError, Reason,
    TableLayout, TextTable,
};
use proptest::prelude::*;

fn read_with(builder: InteractionsBuilder, text: &[u8], layout: &Layout) -> Result<Dataset, ReadError> {
    Ok(builder.add_reader("test", "file.csv", text, layout)?.build()?)
}

fn read(text: &str) -> Result<Dataset, ReadError> {
    read_with(InteractionsBuilder::new(), text.as_bytes(), &Layout::new())
}

type Row = (String, String, f32, Option<i64>);

fn rows(set: &Dataset) -> Vec<Row> {
    let ids = &set.ids;
    let row = |event: foldin::data::Event| {
        let (user, item) = (ids.user_id(event.user).unwrap(), ids.item_id(event.item).unwrap());
        (user.clone(), item.clone(), event.value, event.time)
    };
    set.interactions.events().map(row).collect()
}

fn row(user: &str, item: &str, value: f32, time: Option<i64>) -> Row {
    (user.into(), item.into(), value, time)
}

/// The place and the fault of a strict reading.
fn fault(error: ReadError) -> (u64, Reason, String) {
    match error {
        ReadError::Data(DataError::Record { ref fault, .. }) => (fault.line, fault.reason, error.to_string()),
        other => panic!("{other}"),
    }
}

#[test]
fn every_layout_gives_the_same_events() {
    let expected = vec![row("1", "10", 4.5, Some(100)), row("2", "10", 3.0, Some(200))];
    for text in [
        "1::10::4.5::100\n2::10::3::200\n",
        "1\t10\t4.5\t100\n2\t10\t3\t200",
        "1,10,4.5,100\r\n2,10,3,200\r\n",
        "1;10;4.5;100\n\n2;10;3;200\n\n",
        "1 10 4.5 100\n2 10 3.0 200\n",
        "1|10|4.5|100\n2|10|+3|200\n",
        "\u{feff}userId,movieId,rating,timestamp\n1,10,4.5,100\n2,10,3,200\n",
        "timestamp;Rating;MOVIE_ID;user id\n100;4.5;10;1\n200;3;10;2\n",
        "\"user\",\"item\",\"rating\",\"time\"\n\"1\",\"10\",\"4.5\",\"100\"\n2,10,\"3\",200\n",
        "title,movieId,userId,rating,timestamp\n\"A \"\"good\"\" film,\n really\",10,1,4.5,100\nB,10,2,3,200\n",
        "1 , 10, 4.5 ,100\n2,10,3,200\n",
    ] {
        assert_eq!(rows(&read(text).unwrap()), expected, "{text}");
    }
}

#[test]
fn columns_by_number_name_and_list() {
    let text = "a,b,c,d,e\n9,10,x,1,4.5\n9,11,y,1,2\n";
    let expected = vec![row("1", "10", 4.5, None), row("1", "11", 2.0, None)];
    for layout in [
        Layout::new().user("d").item("B").value("e").without_time(),
        Layout::new().user(4).item(2).value(5),
        Layout::new().columns("d,b,e").unwrap(),
        Layout::new().columns("4, 2, 5").unwrap(),
    ] {
        let set = read_with(InteractionsBuilder::new(), text.as_bytes(), &layout).unwrap();
        assert_eq!(rows(&set), expected, "{layout:?}");
    }
    for list in ["", "a", "a,,b", "1,2,3,4,5"] {
        assert!(matches!(Layout::new().columns(list), Err(ReadError::ColumnList { .. })), "{list}");
    }
}

#[test]
fn columns_that_cannot_be_found_are_listed() {
    let error = read("a,b,c\n1,2,3\n").unwrap_err().to_string();
    assert!(error.contains("user") && error.contains("`a`, `b`, `c`"), "{error}");
    let layout = Layout::new().user("nobody").item(2);
    let error = read_with(InteractionsBuilder::new(), b"user,item\n1,2\n", &layout).unwrap_err();
    assert!(matches!(error, ReadError::NoColumn { .. }), "{error}");
    let layout = Layout::new().user(Column::Number(0)).item(2);
    let error = read_with(InteractionsBuilder::new(), b"user,item\n1,2\n", &layout).unwrap_err();
    assert!(matches!(error, ReadError::NoColumn { .. }), "{error}");
    assert!(matches!(read("1,2,3,4,5\n1,2,3,4,5\n"), Err(ReadError::UnclearColumn { .. })));
    assert!(matches!(read("12\n13\n14\n"), Err(ReadError::NoDelimiter { .. })));
    assert!(matches!(read("user,item\nrow1,1,2\nrow2,1,3\n"), Err(ReadError::HeaderWidth { .. })));
    let layout = Layout::new().delimiter("ab");
    let error = read_with(InteractionsBuilder::new(), b"1,2\n", &layout).unwrap_err();
    assert!(matches!(error, ReadError::Delimiter { .. }), "{error}");
}

#[test]
fn without_values_every_record_counts_one() {
    let set = read("user,item\nann,lamp\nbob,rug\n").unwrap();
    assert_eq!(rows(&set), [row("ann", "lamp", 1.0, None), row("bob", "rug", 1.0, None)]);
    let set = read("ann,lamp\nbob,rug\n").unwrap();
    assert_eq!(set.report.events, 2);
    let layout = Layout::new().without_value();
    let set = read_with(InteractionsBuilder::new(), b"u1,i1,5\nu1,i2,2\n", &layout).unwrap();
    assert_eq!(set.interactions.value_range(), Some((1.0, 1.0)));
}

#[test]
fn scales_with_halves_and_negative_numbers() {
    let set = read("viewer;film;stars\nann;x;-10\nbob;x;0.5\n").unwrap();
    assert_eq!(set.interactions.value_range(), Some((-10.0, 0.5)));
}

#[test]
fn dates_are_times() {
    let set = read("movie,user,rating,date\n8,6,3,2005-09-06\n").unwrap();
    assert_eq!(rows(&set), [row("6", "8", 3.0, Some(1_125_964_800))]);
}

#[test]
fn a_fault_names_file_line_field_found_and_expected() {
    let mut text = String::from("user,item,rating\n");
    for line in 2..=80_000 {
        let value = if line == 70_000 { "NaN".into() } else { (line % 5 + 1).to_string() };
        text.push_str(&format!("{},{},{value}\n", line / 20, line % 977));
    }
    let (line, reason, message) = fault(read(&text).unwrap_err());
    assert_eq!((line, reason), (70_000, Reason::NotFinite));
    assert_eq!(message, "file.csv:70000: column 3 `rating`: found `NaN`, expected a finite number");
    let set = read_with(InteractionsBuilder::new().lenient(), text.as_bytes(), &Layout::new()).unwrap();
    let source = &set.report.sources[0];
    assert_eq!(source.dropped.iter().collect::<Vec<_>>(), [(Reason::NotFinite, 1)]);
    assert_eq!(source.examples[0].line, 70_000);
    assert_eq!(set.report.events + set.report.merged, 79_998);
}

#[test]
fn each_reason_is_found_and_placed() {
    for (bad, reason) in [
        ("u,i", Reason::FieldCount),
        ("u,i,3,4,5", Reason::FieldCount),
        ("u,i,abc,4", Reason::Value),
        ("u,i,,4", Reason::Value),
        ("u,i,\"3,5\",4", Reason::Value),
        ("u,i,1e60,4", Reason::NotFinite),
        ("u,i,-inf,4", Reason::NotFinite),
        ("u,i,7,4", Reason::OutOfRange),
        ("u,i,3,soon", Reason::Time),
        (",i,3,4", Reason::Id),
        ("u,\"\",3,4", Reason::Id),
        ("u,\"i\"x,3,4", Reason::Quoting),
        ("u,\"i,3,4", Reason::Quoting),
    ] {
        let text = format!("a,b,1,1\n\r\n\"c\nd\",b,2,2\n{bad}\ne,f,3,3\n");
        let builder = InteractionsBuilder::new().rating_range(0.5, 5.0);
        let error = read_with(builder.clone(), text.as_bytes(), &Layout::new()).unwrap_err();
        let (line, found, message) = fault(error);
        assert_eq!((line, found), (5, reason), "{bad}: {message}");
        let set = read_with(builder.lenient(), text.as_bytes(), &Layout::new()).unwrap();
        assert_eq!((set.report.records(), set.report.dropped(), set.report.events), (4, 1, 3), "{bad}");
        assert_eq!(set.report.sources[0].dropped.count(reason), 1, "{bad}");
    }
}

#[test]
fn a_decimal_comma_is_named() {
    let (line, _, message) = fault(read("u1;i1;3\nu2;i2;3,5\n").unwrap_err());
    assert_eq!(line, 2);
    assert!(message.contains("decimal point instead of the comma"), "{message}");
}

#[test]
fn ids_of_any_type_and_what_is_not_one() {
    let builder = InteractionsBuilder::<u32, String>::new();
    let text = "7,a,1\n007,b,2\n8,a,3\n";
    let set = builder.clone().add_reader("x", "f", text.as_bytes(), &Layout::new()).unwrap().build().unwrap();
    assert_eq!(set.ids.users.keys(), [7, 8]);
    assert_eq!(set.interactions.user(set.ids.user(&7).unwrap()).unwrap().len(), 2);
    let error = builder.add_reader("x", "f", &b"7,a,1\nx7,b,2\n"[..], &Layout::new()).unwrap_err();
    assert_eq!(fault(error).1, Reason::Id);
}

#[test]
fn encodings() {
    let text = b"caf\xe9,x,1\nbar,x,2\n";
    let error = read_with(InteractionsBuilder::new(), text, &Layout::new()).unwrap_err();
    let (line, reason, message) = fault(error);
    assert_eq!((line, reason), (1, Reason::Encoding));
    assert!(message.contains("Latin1"), "{message}");
    for (encoding, name) in [(Encoding::Latin1, "café"), (Encoding::Utf8Lossy, "caf\u{fffd}")] {
        let layout = Layout::new().encoding(encoding);
        let set = read_with(InteractionsBuilder::new(), text, &layout).unwrap();
        assert_eq!(set.ids.users.keys()[0], name);
    }
    let utf16 = [0xFF, 0xFE, b'1', 0, b',', 0];
    let error = read_with(InteractionsBuilder::new(), &utf16, &Layout::new()).unwrap_err();
    assert!(matches!(error, ReadError::Utf16 { .. }));
}

#[test]
fn empty_files_and_missing_files() {
    for text in ["", "\n\n", "user,item,rating\n", "\u{feff}"] {
        assert!(read(text).unwrap().interactions.is_empty(), "{text:?}");
    }
    let error = InteractionsBuilder::new().from_csv_path("no/such/file.csv").unwrap_err();
    assert!(error.to_string().contains("no/such/file.csv"), "{error}");
}

#[test]
fn adjacency_lines() {
    let text = "0 5 6 7\n1\n2 5\n";
    let set = read_with(InteractionsBuilder::new(), text.as_bytes(), &Layout::adjacency()).unwrap();
    assert_eq!((set.report.records(), set.report.users, set.report.items), (4, 2, 3));
}

#[test]
fn the_architecture_example_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ratings.csv");
    let mut text = String::from("userId,movieId,rating\n");
    (0..6).for_each(|user| {
        (0..6).for_each(|item| text.push_str(&format!("u{user},m{item},{}\n", item % 5 + 1)))
    });
    text.push_str("lonely,m1,3\n");
    std::fs::write(&path, text).unwrap();
    let (data, ids) = InteractionsBuilder::new().min_interactions(5).from_csv_path(&path).unwrap();
    assert_eq!((data.n_users(), data.n_items(), data.len()), (6, 6, 36));
    assert!(ids.user("u3").is_ok());
    assert!(ids.user("lonely").is_err());
}

#[test]
fn tables_of_text() {
    let latin = b"1|Toy Story (1995)|x\n2|Caf\xe9|y\n";
    assert!(TextTable::from_reader("u.item", &latin[..], &TableLayout::new()).is_err());
    let layout = TableLayout::new().encoding(Encoding::Latin1);
    let table = TextTable::from_reader("u.item", &latin[..], &layout).unwrap();
    assert_eq!(table.text("2", table.column(2).unwrap()), Some("Café"));
    let tsv = "movie_id\ttitle\tyear\n1\tToy Story\t1995\n";
    let table = TextTable::from_reader("m.tsv", tsv.as_bytes(), &TableLayout::new()).unwrap();
    assert_eq!(table.text("1", table.column("Title").unwrap()), Some("Toy Story"));
    assert!(matches!(table.column("director"), Err(ReadError::NoColumn { .. })));
    assert_eq!(table.row("9"), None);
}

/// Long lines and files beyond one block; every block border falls into some line.
#[test]
fn blocks_end_anywhere() {
    let mut text = String::new();
    for line in 0..60_000 {
        let name = format!("user-with-a-long-name-{}", line % 1_000);
        let quoted = if line % 777 == 0 { "\"a \"\"b\"\",\nc\"" } else { "plain" };
        text.push_str(&format!("{name},{line},{quoted},3\n"));
    }
    text.push_str(&format!("{},1,plain,3\n", "x".repeat(1_000_000)));
    let layout = Layout::new().columns("1,2,4").unwrap();
    let set = read_with(InteractionsBuilder::new(), text.as_bytes(), &layout).unwrap();
    assert_eq!((set.report.records(), set.report.events, set.report.users), (60_001, 60_001, 1_001));
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c\",;\n ]{0,6}[a-c]", "[0-9]{1,12}", "[a-zé€]{1,30}"]
}

proptest! {
    /// What the csv crate writes we read, and as it would read it itself.
    #[test]
    fn quoted_files_come_back(
        records in prop::collection::vec((field(), field(), -100i32..100, 0i64..1_000_000), 1..60),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        crlf: bool,
        always: bool,
    ) {
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter).terminator(terminator).quote_style(style).from_writer(Vec::new());
        writer.write_record(["time", "item", "rating", "user"]).unwrap();
        for (user, item, value, time) in &records {
            let value = f64::from(*value) / 4.0;
            writer.write_record([&time.to_string(), item, &value.to_string(), user]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let mut oracle = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(&bytes[..]);
        let oracle: Vec<csv::StringRecord> = oracle.records().map(Result::unwrap).collect();
        let layout = Layout::new().delimiter(char::from(delimiter).to_string());
        let builder = InteractionsBuilder::new().duplicates(Duplicates::Sum);
        let set = read_with(builder, &bytes, &layout).unwrap();
        prop_assert_eq!(set.report.records(), records.len() as u64);
        let trim = |text: &str, quoted: bool| if quoted { text.to_owned() } else { text.trim_matches(' ').to_owned() };
        for record in &oracle {
            let quoted = |text: &str| always || text.contains(['"', '\n', '\r', char::from(delimiter)]);
            let user = trim(&record[3], quoted(&record[3]));
            let item = trim(&record[1], quoted(&record[1]));
            let (user, item) = (set.ids.user(user.as_str()).unwrap(), set.ids.item(item.as_str()).unwrap());
            prop_assert!(set.interactions.get(user, item).is_some());
        }
        let total: f64 = records.iter().map(|record| f64::from(record.2) / 4.0).sum();
        let found: f64 = set.interactions.events().map(|event| f64::from(event.value)).sum();
        prop_assert!((total - found).abs() < 1e-3);
    }

    /// Hostile bytes: an answer or an error, never a panic, and every record accounted for.
    #[test]
    fn any_bytes_are_answered(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..400),
            "[0-9a,;:\"\n\r\t |.-]{0,300}".prop_map(String::into_bytes),
        ],
        delimiter in prop::sample::select(vec![None, Some(","), Some("::"), Some(" ")]),
        header in prop::option::of(any::<bool>()),
        given: bool,
    ) {
        let mut layout = Layout::new();
        if let Some(delimiter) = delimiter { layout = layout.delimiter(delimiter); }
        if let Some(header) = header { layout = layout.header(header); }
        if given { layout = layout.columns("1,2").unwrap(); }
        let _ = read_with(InteractionsBuilder::new(), &bytes, &layout);
        if let Ok(set) = read_with(InteractionsBuilder::new().lenient(), &bytes, &layout) {
            let report = &set.report;
            prop_assert_eq!(report.records(), report.events + report.merged + report.dropped());
        }
        let _ = read_with(InteractionsBuilder::new(), &bytes, &Layout::adjacency());
        let _ = TextTable::from_reader("table", &bytes[..], &TableLayout::new());
    }
}

#[test]
fn a_delimiter_that_stands_inside_a_field_of_every_line_is_not_taken_for_the_delimiter() {
    let set = read("ann;lee,lamp,3.5\nbob;roe,rug,4\nann;lee,rug,1\n").unwrap();
    assert_eq!(set.ids.users.keys(), ["ann;lee", "bob;roe"]);
    assert_eq!(set.interactions.value_range(), Some((1.0, 4.0)));
}
