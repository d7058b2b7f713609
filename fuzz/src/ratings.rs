//! Reads a ratings file.

use std::collections::HashSet;
use std::hash::Hash;

use foldin::data::{
    AttributeRecord, Column, Dataset, Duplicates, Encoding, FieldKind, Ids, InteractionsBuilder,
    ItemAttributes, Layout, ReadError, Source, TableLayout, TextTable,
};

use crate::bytes::Draw;

const DELIMITERS: [&str; 9] = [",", ";", "\t", "|", " ", "::", "\"", "é", ""];
const DUPLICATES: [Duplicates; 5] =
    [Duplicates::Error, Duplicates::Last, Duplicates::Sum, Duplicates::Mean, Duplicates::Max];
const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf8Lossy, Encoding::Latin1];

/// The first bytes choose layout and rules, the rest is the file: of any bytes, or written by the `csv` crate, which is
/// the oracle of what stands in it.
pub fn ratings(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    if draw.below(4) == 0 {
        return written(&mut draw);
    }
    let (layout, table) = layouts(&mut draw);
    let rules = Rules::draw(&mut draw);
    let file = draw.rest();
    rules.hold(file, &layout);
    rules.hold(file, &Layout::new());
    attributes(file, &table);
    texts(file, &table);
    plain(file);
}

fn layouts(draw: &mut Draw<'_>) -> (Layout, TableLayout) {
    let encoding = draw.pick(&ENCODINGS);
    let (mut layout, mut table) = match draw.below(4) {
        0 => (Layout::adjacency(), TableLayout::new()),
        1 => (Layout::new().columns("2,1,3").expect("three columns"), TableLayout::new().id(2)),
        2 => (Layout::new().user("user").item(Column::Number(draw.below(4))), TableLayout::new().id("item")),
        _ => (Layout::new(), TableLayout::new()),
    };
    if draw.flag() {
        let delimiter = draw.pick(&DELIMITERS);
        (layout, table) = (layout.delimiter(delimiter), table.delimiter(delimiter));
    }
    if draw.flag() {
        let header = draw.flag();
        (layout, table) = (layout.header(header), table.header(header));
    }
    layout = match draw.below(6) {
        0 => layout.without_value(),
        1 => layout.without_time(),
        2 => layout.value(3),
        3 => layout.time("time"),
        _ => layout,
    };
    (layout.encoding(encoding), table.encoding(encoding))
}

/// The settings of a builder.
struct Rules {
    duplicates: Duplicates,
    range: Option<(f32, f32)>,
    half_life: Option<f64>,
    reference: Option<i64>,
    minimum: (usize, usize),
    weight: f32,
    held_out: bool,
}

impl Rules {
    fn draw(draw: &mut Draw<'_>) -> Self {
        Self {
            duplicates: draw.pick(&DUPLICATES),
            range: draw.flag().then(|| (draw.float(), draw.float())),
            half_life: (draw.below(4) == 0).then(|| f64::from(draw.float())),
            reference: draw.flag().then(|| draw.word() as i64),
            minimum: (draw.below(4), draw.below(4)),
            weight: if draw.below(4) == 0 { draw.float() } else { 1.0 },
            held_out: draw.below(4) == 0,
        }
    }

    fn builder<U: Hash + Eq, I: Hash + Eq>(&self) -> InteractionsBuilder<U, I> {
        let (users, items) = self.minimum;
        let mut builder =
            InteractionsBuilder::new().duplicates(self.duplicates).min_per_user(users).min_per_item(items);
        if let Some((low, high)) = self.range {
            builder = builder.rating_range(low, high);
        }
        if let Some(half_life) = self.half_life {
            builder = builder.half_life(half_life);
        }
        if let Some(time) = self.reference {
            builder = builder.reference_time(time);
        }
        builder
    }

    fn source(&self) -> Source {
        let source = Source::new("file").weight(self.weight);
        if self.held_out { source.held_out() } else { source }
    }

    /// Reads it strictly, leniently, and with ids that are numbers.
    fn hold(&self, file: &[u8], layout: &Layout) {
        let read = |builder: InteractionsBuilder| -> Result<Dataset, ReadError> {
            Ok(builder.add_reader(self.source(), "file", file, layout)?.build()?)
        };
        let strict = read(self.builder());
        let lenient = read(self.builder().lenient());
        if let Ok(strict) = &strict {
            check(strict);
            let lenient = lenient.as_ref().expect("what is read strictly is read leniently");
            assert_eq!(strict.interactions, lenient.interactions);
            assert_eq!(strict.report.dropped(), 0);
        }
        if let Ok(lenient) = &lenient {
            check(lenient);
            lenient.report.to_string();
            assert!(strict.is_ok() == (lenient.report.dropped() == 0), "{:?}", strict.err());
        }
        let numbers = || -> Result<Dataset<u32, i64>, ReadError> {
            Ok(self.builder().lenient().add_reader(self.source(), "file", file, layout)?.build()?)
        };
        if let Ok(numbers) = numbers() {
            check(&numbers);
        }
    }
}

/// Every record is accounted for, and what is there is sound.
fn check<U: Hash + Eq, I: Hash + Eq>(set: &Dataset<U, I>) {
    let Dataset { interactions, held_out, ids, report, .. } = set;
    let Ids { users, items } = ids;
    let kept = report.events + report.held_out;
    let lost = report.merged + report.below_minimum + report.dropped();
    assert_eq!(report.records(), kept + lost, "{report}");
    assert_eq!(
        (users.len(), items.len()),
        (interactions.n_users() as usize, interactions.n_items() as usize)
    );
    assert_eq!(interactions.len() as u64, report.events);
    for event in interactions.events().chain(held_out.iter().flat_map(|data| data.events())) {
        assert!(event.value.is_finite());
        assert!(event.user.ix() < users.len() && event.item.ix() < items.len());
    }
}

fn attributes(file: &[u8], table: &TableLayout) {
    let ids: Ids<String, String> = Ids { users: [].into_iter().collect(), items: names().collect() };
    let kinds =
        [FieldKind::Categorical, FieldKind::List, FieldKind::Banded, FieldKind::Year, FieldKind::Prefix(1)];
    for kind in [None].into_iter().chain(kinds.map(Some)) {
        for lenient in [false, true] {
            let builder = ItemAttributes::builder().min_rows(1);
            let builder = if lenient { builder.lenient() } else { builder };
            let builder = match kind {
                Some(kind) => builder.kind("column 2", kind).kind("b", kind),
                None => builder,
            };
            let Ok(builder) = builder.add_reader("file", file, table) else { continue };
            let Ok((attributes, report)) = builder.build(&ids) else { continue };
            report.to_string();
            assert_eq!(attributes.n_rows() as usize, ids.items.len());
            assert!(attributes.values().iter().all(|value| value.is_finite()));
            for row in 0..ids.items.len() as u32 {
                let (features, values) = attributes.row(foldin::data::ItemIx::new(row));
                assert_eq!(features.len(), values.len());
                assert!(features.windows(2).all(|pair| pair[0] < pair[1]));
                assert!(features.iter().all(|&feature| feature < attributes.n_features()));
            }
            let _ = attributes.encode(&AttributeRecord::new().with("column 2", "3.5").with("b", "x|y"));
        }
    }
}

fn names() -> impl Iterator<Item = String> {
    ["a", "b", "1", "2", "10", "é"].into_iter().map(str::to_owned)
}

fn texts(file: &[u8], layout: &TableLayout) {
    let Ok(table) = TextTable::from_reader("file", file, layout) else { return };
    for name in names() {
        table.row(&name);
        table.text(&name, 0);
        table.text(&name, 7);
    }
    let _ = (table.column(2), table.column("user"));
}

/// Where nothing is quoted, a file is its lines split by the delimiter.
fn plain(file: &[u8]) {
    let Ok(text) = std::str::from_utf8(file) else { return };
    let lines: Vec<Vec<&str>> =
        text.split('\n').filter(|line| !line.is_empty()).map(|line| line.split(';').collect()).collect();
    let odd =
        |c: char| c == '"' || c == '\u{feff}' || c == '\u{85}' || (c != '\n' && c.is_control()) || c == ' ';
    if text.contains(odd) || lines.iter().any(|line| line.len() != 2 || line.contains(&"")) {
        return;
    }
    let layout = Layout::new().delimiter(";").header(false).columns("1,2").expect("two columns");
    let read = InteractionsBuilder::<String, String>::new().add_reader("file", "file", file, &layout);
    let set = read.and_then(|builder| Ok(builder.build()?)).expect("two fields a line");
    let pairs: HashSet<(&str, &str)> = lines.iter().map(|line| (line[0], line[1])).collect();
    assert_eq!(set.interactions.len(), pairs.len());
    for (user, item) in pairs {
        let pair = (set.ids.user(user).expect("it is there"), set.ids.item(item).expect("it is there"));
        assert!(set.interactions.get(pair.0, pair.1).is_some());
    }
}

/// What the `csv` crate writes is read as it was meant.
fn written(draw: &mut Draw<'_>) {
    let delimiter = draw.pick(b",;\t| ");
    let crlf = if draw.flag() { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let style = if draw.flag() { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
    let header = draw.flag();
    let mut writer = csv::WriterBuilder::new();
    let mut writer = writer.delimiter(delimiter).terminator(crlf).quote_style(style).from_writer(Vec::new());
    if header {
        writer.write_record(["time", "item", "rating", "user"]).expect("memory");
    }
    let mut records = Vec::new();
    while !draw.is_empty() && records.len() < 50 {
        let [user, item] = [(); 2].map(|()| id(draw));
        let (value, time) = (draw.finite(), draw.word() as i64 >> draw.below(64));
        writer.write_record([&time.to_string(), &item, &value.to_string(), &user]).expect("memory");
        records.push((user, item, value, time));
    }
    let file = writer.into_inner().expect("memory");
    let layout = Layout::new().delimiter(char::from(delimiter).to_string()).header(header);
    let layout = layout.columns("4,2,3,1").expect("four columns");
    let read = InteractionsBuilder::<String, String>::new().add_reader("file", "file", &file[..], &layout);
    let set = read.and_then(|builder| Ok(builder.build()?)).expect("what was written can be read");
    assert_eq!(set.report.records(), records.len() as u64);
    // Of several events of a pair the latest stands, among equal times the last.
    for (user, item, ..) in &records {
        let same = records.iter().filter(|other| (&other.0, &other.1) == (user, item));
        let last = same.max_by_key(|record| record.3).expect("itself");
        let pair = (set.ids.user(user).expect("it is there"), set.ids.item(item).expect("it is there"));
        let event = set.interactions.get(pair.0, pair.1).expect("it is there");
        assert_eq!(
            (event.value.to_bits(), event.time),
            (last.2.to_bits(), Some(last.3)),
            "{user:?} {item:?}"
        );
    }
}

/// Any text that is not empty; without spaces at its ends, which are not part of a field that is not quoted.
fn id(draw: &mut Draw<'_>) -> String {
    let text = String::from_utf8_lossy(draw.some(6)).into_owned();
    let text = text.trim();
    if text.is_empty() { "x".to_owned() } else { text.to_owned() }
}
