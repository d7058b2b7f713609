//! Guards the attributes: every record, value and column ends as a feature or in the report, and what was
//! learned describes somebody new just as it describes the data.

use std::sync::Arc;

use foldin::data::{
    AttributeRecord, AttributeSchema, AttributeValue, Attributes, AttributesReport, DataError, Dataset,
    Feature, Field, FieldKind, FieldReport, Interactions, InteractionsBuilder, ItemAttributes, ItemIx,
    Reason, UserAttributes, UserIx,
};
use foldin::evaluate::{Split, UserSplit};
use proptest::prelude::*;

type Set = Dataset<String, String>;

/// Every user touches every item once, at a moment of their own.
fn set(users: usize, items: usize) -> Set {
    let pairs = (0..users).flat_map(|user| (0..items).map(move |item| (user, item)));
    let records =
        pairs.map(|(user, item)| (format!("u{user}"), format!("i{item}"), 1.0, (user + item) as i64));
    InteractionsBuilder::new().add("events", records).unwrap().build().unwrap()
}

fn record(fields: &[(&str, &str)]) -> AttributeRecord {
    fields.iter().map(|&(name, value)| (name, value)).collect()
}

/// The attributes of items `i0`, `i1` and so on, each described by one field `f`.
fn of_values(values: &[&str], kind: Option<FieldKind>) -> (ItemAttributes, AttributesReport) {
    let mut builder = ItemAttributes::builder();
    if let Some(kind) = kind {
        builder = builder.kind("f", kind);
    }
    let records = values.iter().enumerate().map(|(at, value)| (format!("i{at}"), record(&[("f", value)])));
    builder.add("items", records).unwrap().build(&set(1, values.len()).ids).unwrap()
}

fn names(attributes: &ItemAttributes) -> Vec<String> {
    attributes.features().iter().map(ToString::to_string).collect()
}

fn row(attributes: &ItemAttributes, item: u32) -> Vec<(String, f32)> {
    let (features, values) = attributes.row(ItemIx::new(item));
    let name = |&at: &u32| attributes.features()[at as usize].to_string();
    features.iter().map(name).zip(values.iter().copied()).collect()
}

#[test]
fn ids_are_joined_and_counted() {
    let set = set(1, 4);
    let a = || record(&[("f", "a")]);
    let (items, report) = ItemAttributes::builder()
        .add("first", [("i0", a()), ("stranger", a()), ("i0", record(&[("f", "b")])), ("i2", a())])
        .unwrap()
        .add("second", [("i0", record(&[("f", "b"), ("g", "x")])), ("i3", record(&[("f", ""), ("g", "x")]))])
        .unwrap()
        .min_rows(1)
        .build(&set.ids)
        .unwrap();
    assert_eq!((report.records(), report.repeated, report.unknown_ids), (6, 1, 1));
    assert_eq!((report.described, report.undescribed, report.kind.as_str()), (3, 1, "item"));
    assert_eq!((items.n_rows(), items.n_features(), items.len()), (4, 2, 4));
    // The first record of a source counts, and the first source that has a value.
    assert_eq!(row(&items, 0), [("f = a".to_string(), 1.0), ("g = x".to_string(), 1.0)]);
    assert_eq!((row(&items, 1), row(&items, 2)), (vec![], vec![("f = a".to_string(), 1.0)]));
    assert_eq!(items.row(ItemIx::new(9)), (&[][..], &[][..]));
    let missing: Vec<u64> = report.fields.iter().map(|field| field.missing).collect();
    assert_eq!(missing, [1, 1]);
    let text = report.to_string();
    for part in
        ["6 records of items", "1 of an id that was described before", "2 features, 4 entries", "1 not"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn nothing_and_nobody_are_described_too() {
    let (nobody, report) = UserAttributes::builder::<String>().build::<String>(&set(2, 1).ids).unwrap();
    assert_eq!((nobody.n_rows(), nobody.n_features(), report.undescribed), (2, 0, 2));
    assert!(nobody.is_empty());
    let (strangers, report) = UserAttributes::builder()
        .add("people", [("who", record(&[("sex", "F")]))])
        .unwrap()
        .build(&set(2, 1).ids)
        .unwrap();
    assert_eq!((strangers.n_features(), report.unknown_ids, report.described), (0, 1, 0));
    let none = Dataset::<String, String>::clone(&InteractionsBuilder::new().build().unwrap());
    let (empty, _) = UserAttributes::builder().build(&none.ids).unwrap();
    assert_eq!((empty.n_rows(), empty.offsets()), (0, &[0][..]));
}

#[test]
fn columns_that_tell_nothing_are_left_out_and_counted() {
    let set = set(1, 4);
    let films = [("a", "x", "7"), ("a", "x", "7"), ("b", "y", "7"), ("c", "z", "7")];
    let films = films.iter().enumerate().map(|(at, &(director, writer, constant))| {
        let fields = [
            ("director", director),
            ("writer", writer),
            ("price", constant),
            ("genres", "Drama"),
            ("sold", "3.5"),
        ];
        (format!("i{at}"), record(&fields))
    });
    let builder = ItemAttributes::builder().kind("genres", FieldKind::List).kind("price", FieldKind::Numeric);
    let (items, report) = builder.add("films", films).unwrap().build(&set.ids).unwrap();
    // The writer of films 0 and 1 is known whenever the director is.
    assert_eq!(names(&items), ["director = a"]);
    let fate = |field: &FieldReport| (field.rare, field.constant, field.duplicate, field.features);
    let fates: Vec<_> = report.fields.iter().map(fate).collect();
    assert_eq!(fates, [(2, 0, 0, 1), (2, 0, 1, 0), (0, 1, 0, 0), (0, 1, 0, 0), (0, 1, 0, 0)]);
    // A value without a feature is unknown, not an error.
    let new = items.encode(&record(&[("director", "a"), ("writer", "x"), ("price", "9")])).unwrap();
    assert_eq!((new.features, new.values), (vec![0], vec![1.0]));
    assert_eq!(new.unknown_values, [Feature { field: "writer".into(), value: Some("x".into()) }]);
    assert_eq!(new.missing, ["genres", "sold"]);
}

#[test]
fn numbers_are_standardised_and_what_is_missing_is_the_mean() {
    let (items, report) = of_values(&["1", "", "3", "NA"], Some(FieldKind::Numeric));
    assert_eq!(names(&items), ["f"]);
    assert_eq!((row(&items, 0), row(&items, 2)), (vec![("f".into(), -1.0)], vec![("f".into(), 1.0)]));
    assert_eq!((row(&items, 1), row(&items, 3)), (vec![], vec![]));
    assert_eq!(report.fields[0].missing, 2);
    let scale = items.schema().fields()[0].scale.unwrap();
    assert_eq!((scale.mean, scale.deviation, scale.low, scale.high), (2.0, 1.0, 1.0, 3.0));
    // Beyond the range of the data counts its end; the mean itself is no entry.
    let encode = |value: f64| items.encode(&AttributeRecord::new().with("F", value)).unwrap();
    assert_eq!((encode(1e30).values, encode(2.5).values, encode(2.0).values), (vec![1.0], vec![0.5], vec![]));
    assert_eq!(encode(f64::NAN).missing, ["f"]);
}

#[test]
fn lists_weigh_the_same_however_long() {
    let (items, report) = of_values(&["a|b", "a", "b|c|a|a", "c", " | NA"], None);
    assert_eq!(report.fields[0].missing, 1);
    let third = 1.0 / 3f32.sqrt();
    assert_eq!(
        row(&items, 2),
        [("f = a", third), ("f = b", third), ("f = c", third)].map(|(f, v)| (f.into(), v))
    );
    for item in 0..4 {
        let square: f32 = row(&items, item).iter().map(|entry| entry.1 * entry.1).sum();
        assert!((square - 1.0).abs() < 1e-6);
    }
    let (items, _) = ItemAttributes::builder()
        .list_separator(';')
        .add("i", [("i0", record(&[("f", "a; b")]))])
        .unwrap()
        .min_rows(1)
        .add("j", [("i1", record(&[("f", "b")]))])
        .unwrap()
        .build(&set(1, 2).ids)
        .unwrap();
    assert_eq!(names(&items), ["f = a"]);
}

#[test]
fn bands_stand_beside_the_number() {
    let ages: Vec<String> = (0..64).map(|at| (20 + at / 2).to_string()).collect();
    let ages: Vec<&str> = ages.iter().map(String::as_str).collect();
    let (items, report) = of_values(&ages, None);
    assert_eq!(report.fields[0].kind, FieldKind::Banded);
    assert_eq!(report.fields[0].features, 9);
    assert_eq!(row(&items, 0)[1], ("f = to 23".into(), 1.0));
    assert_eq!(row(&items, 63)[1], ("f = above 47".into(), 1.0));
    assert_eq!(row(&items, 9)[1], ("f = above 23 to 27".into(), 1.0));
}

#[test]
fn values_that_are_no_numbers_are_errors_with_their_place() {
    let set = set(2, 1);
    let records = [("u0", record(&[("age", "31")])), ("u1", record(&[("age", "old")]))];
    let people = UserAttributes::builder().kind("age", FieldKind::Numeric).add("people", records).unwrap();
    let error = people.build(&set.ids).unwrap_err();
    assert!(
        matches!(&error, DataError::Record { fault, .. } if (fault.line, fault.reason) == (2, Reason::Value))
    );
    assert!(error.to_string().starts_with("people:2: age: found `old`, expected a number"), "{error}");

    for number in [f64::INFINITY, f64::NEG_INFINITY, 1e39, f64::MAX] {
        let record = AttributeRecord::new().with("age", number);
        let people =
            UserAttributes::builder().kind("age", FieldKind::Numeric).add("people", [("u0", record)]);
        assert!(matches!(people.unwrap().build(&set.ids), Err(DataError::Record { .. })), "{number}");
    }
    let (items, _) = of_values(&["1", "2", "3"], Some(FieldKind::Numeric));
    let error = items.encode(&record(&[("f", "many")])).unwrap_err();
    assert_eq!(error.to_string(), "attribute `f`: found `many`, expected a number");
    assert!(items.encode(&AttributeRecord::new().with("f", f64::INFINITY)).is_err());
}

#[test]
fn settings_out_of_range_are_errors() {
    let set = set(1, 1);
    let builder = || ItemAttributes::builder().add("items", [("i0", record(&[("f", "a")]))]).unwrap();
    let error = builder().kind("colour", FieldKind::Ignore).build(&set.ids).unwrap_err();
    assert_eq!(error.to_string(), "no record has a field `colour`; the fields are `f`");
    let error = builder().min_rows(0).build(&set.ids).unwrap_err();
    assert!(matches!(error, DataError::Setting { name: "min_rows", .. }));
    let error = builder().kind("F", FieldKind::Prefix(0)).build(&set.ids).unwrap_err();
    assert!(matches!(error, DataError::Setting { name: "kind", .. }));
}

#[test]
fn extremes_are_answered() {
    let huge = format!("{}", f32::MAX);
    for values in
        [&[huge.as_str(), &format!("-{huge}"), "0"][..], &["1e-320", "0", "2e-320"], &["-0", "0", "0"]]
    {
        let (items, _) = of_values(values, Some(FieldKind::Banded));
        assert!(items.values().iter().all(|value| value.is_finite()), "{values:?}");
    }
    let (items, _) = of_values(&["é|日本", "日本x", "日本", ""], Some(FieldKind::Prefix(1)));
    assert_eq!(names(&items), ["f = 日"]);
    let (items, _) = of_values(&["a"], Some(FieldKind::Prefix(u32::MAX)));
    assert_eq!(items.n_features(), 0);
}

fn films(n: usize) -> Arc<ItemAttributes> {
    let values: Vec<&str> = (0..n).map(|at| ["a", "b", "c"][at % 3]).collect();
    Arc::new(of_values(&values, Some(FieldKind::Categorical)).0)
}

fn people(n: usize) -> Arc<UserAttributes> {
    let records = (0..n).map(|at| (format!("u{at}"), record(&[("sex", ["F", "M"][at % 2])])));
    Arc::new(UserAttributes::builder().add("people", records).unwrap().build(&set(n, 1).ids).unwrap().0)
}

#[test]
fn parts_of_the_data_keep_what_is_known() {
    let data = set(10, 8).interactions;
    let error = data.clone().with_item_attributes(films(7)).unwrap_err();
    assert_eq!(error, DataError::AttributeRows { kind: "item", found: 7, expected: 8 });
    assert!(error.to_string().contains("build them with the ids of this data"), "{error}");
    assert!(data.clone().with_user_attributes(people(8)).is_err());
    assert!(data.user_attributes().is_none() && data.item_attributes().is_none());

    let (films, people) = (films(8), people(10));
    let data =
        data.with_item_attributes(films.clone()).unwrap().with_user_attributes(people.clone()).unwrap();
    let kept = |part: &Interactions| {
        assert!(part.user_attributes().is_some_and(|kept| Arc::ptr_eq(kept, &people)));
        assert!(part.item_attributes().is_some_and(|kept| Arc::ptr_eq(kept, &films)));
    };
    let mut splits = vec![
        Split::random(&data, 0.2, 1).unwrap(),
        Split::random_per_user(&data, 0.2, 1).unwrap(),
        Split::leave_last(&data, 1).unwrap(),
        Split::latest(&data, 0.3).unwrap(),
        Split::fixed(data.clone(), data.clone()).unwrap(),
    ];
    splits.extend(Split::folds(&data, 3, 1).unwrap());
    splits.iter().for_each(|split| (kept(&split.train), kept(&split.test)).0);
    let users = UserSplit::random(&data, 0.5, 0.5, 1).unwrap();
    [&users.train, &users.history, &users.test].into_iter().for_each(kept);
}

/// Items that nobody touched yet are part of the data, whatever the minimum says.
#[test]
fn what_nobody_touched_is_described() {
    let films = ItemAttributes::builder()
        .add("films", ["a", "b", "unreleased"].map(|id| (id, record(&[("director", "x")]))))
        .unwrap()
        .add("other", [("c", record(&[("director", "y")]))])
        .unwrap();
    let ratings = [("u", "a", 1.0), ("v", "a", 2.0), ("u", "b", 3.0), ("u", "c", 4.0), ("v", "d", 2.0)];
    let set = InteractionsBuilder::new()
        .add("ratings", ratings)
        .unwrap()
        .min_per_item(2)
        .also_items(films.ids()[1..3].iter().copied())
        .unwrap()
        .also_users(["newcomer"])
        .unwrap()
        .build()
        .unwrap();
    // Item b is kept with its one event; c and d are not, and user v stays with a.
    assert_eq!(set.ids.items.keys(), ["a", "b", "unreleased"]);
    assert_eq!(set.ids.users.keys(), ["u", "v", "newcomer"]);
    let audience = |item| set.interactions.item(set.ids.item(item).unwrap()).unwrap().len();
    assert_eq!((audience("a"), audience("b"), audience("unreleased")), (2, 1, 0));
    assert_eq!((set.report.items, set.report.items_removed, set.report.below_minimum), (3, 2, 2));
    assert_eq!((set.report.users, set.report.users_removed), (3, 0));
    let (films, report) = films.min_rows(1).build(&set.ids).unwrap();
    assert_eq!((report.described, report.undescribed, report.unknown_ids), (3, 0, 1));
    assert!(set.interactions.with_item_attributes(Arc::new(films)).is_ok());
}

fn field(kind: FieldKind, cuts: &[f64]) -> Field {
    Field { name: "f".into(), kind, scale: None, cuts: cuts.to_vec() }
}

fn features(values: &[Option<&str>]) -> Vec<Feature> {
    values.iter().map(|value| Feature { field: "f".into(), value: value.map(Into::into) }).collect()
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let list = || vec![field(FieldKind::List, &[])];
    for (fields, features) in [
        (list(), features(&[Some("b"), Some("a")])),
        (list(), features(&[Some("a"), Some("a")])),
        (list(), features(&[Some("")])),
        (list(), features(&[None])),
        (vec![], features(&[Some("a")])),
        (vec![field(FieldKind::List, &[]), field(FieldKind::List, &[])], vec![]),
        (vec![field(FieldKind::List, &[1.0])], vec![]),
        (vec![field(FieldKind::Banded, &[1.0, 1.0])], vec![]),
        (vec![field(FieldKind::Banded, &[f64::NAN])], vec![]),
        (vec![field(FieldKind::Prefix(0), &[])], vec![]),
        (vec![field(FieldKind::Ignore, &[])], features(&[Some("a")])),
    ] {
        let parts = format!("{fields:?} {features:?}");
        assert!(
            matches!(AttributeSchema::new(fields, features, '|'), Err(DataError::Schema { .. })),
            "{parts}"
        );
    }
    let schema = Arc::new(AttributeSchema::new(list(), features(&[Some("a"), Some("b")]), '|').unwrap());
    let matrix = |offsets: &[usize], features: &[u32], values: &[f32]| {
        Attributes::<UserIx>::from_parts(schema.clone(), offsets.to_vec(), features.to_vec(), values.to_vec())
    };
    assert!(matrix(&[0, 2, 2], &[0, 1], &[1.0, 1.0]).is_ok());
    assert!(matches!(matrix(&[0, 1], &[0], &[]), Err(DataError::Length { .. })));
    for (offsets, features, value, part, at) in [
        (&[][..], &[][..], 1.0, "offsets", 0),
        (&[1, 1], &[0], 1.0, "offsets", 1),
        (&[0, 2, 1], &[0], 1.0, "offsets", 2),
        (&[0, 1], &[2], 1.0, "features", 0),
        (&[0, 2], &[1, 0], 1.0, "features", 1),
        (&[0, 2], &[1, 1], 1.0, "features", 1),
        (&[0, 1], &[0], f32::NAN, "values", 0),
    ] {
        let found = matrix(offsets, features, &vec![value; features.len()]);
        assert_eq!(found.unwrap_err(), DataError::AttributeMatrix { part, at }, "{offsets:?} {features:?}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn what_is_written_as_json_is_read_back() {
    let (items, report) = of_values(&["1", "2.5", "9", "9"], Some(FieldKind::Banded));
    let text = serde_json::to_string(&items).unwrap();
    assert_eq!(serde_json::from_str::<ItemAttributes>(&text).unwrap(), items);
    assert!(
        serde_json::from_str::<ItemAttributes>(&text.replace("\"offsets\":[0", "\"offsets\":[1")).is_err()
    );
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<AttributesReport>(&text).unwrap(), report);
}

fn raw_value() -> impl Strategy<Value = AttributeValue> {
    prop_oneof![
        "[a-c]{0,2}(\\|[a-c]){0,2}".prop_map(AttributeValue::Text),
        prop::collection::vec("[a-c]{0,1}", 0..4).prop_map(AttributeValue::List),
        (-3i8..3).prop_map(|number| AttributeValue::Number(number.into())),
        "(19|20)[0-9][0-9]".prop_map(AttributeValue::Text),
    ]
}

fn any_kind() -> impl Strategy<Value = Option<FieldKind>> {
    let kinds =
        [FieldKind::Categorical, FieldKind::List, FieldKind::Prefix(1), FieldKind::Year, FieldKind::Ignore];
    prop::option::of(prop::sample::select(kinds.to_vec()))
}

proptest! {
    /// The data's own records, encoded as if they were new, give the rows of the matrix.
    #[test]
    fn the_new_are_described_like_the_known(
        rows in prop::collection::vec((raw_value(), raw_value()), 1..40),
        kinds in (any_kind(), any_kind()),
        min_rows in 1usize..4,
    ) {
        let records: Vec<_> = rows
            .iter()
            .map(|(a, b)| AttributeRecord::new().with("a", a.clone()).with("b", b.clone()))
            .collect();
        let mut builder = ItemAttributes::builder().min_rows(min_rows);
        for (name, kind) in [("a", kinds.0), ("b", kinds.1)] {
            if let Some(kind) = kind {
                builder = builder.kind(name, kind);
            }
        }
        let named = records.iter().enumerate().map(|(at, record)| (format!("i{at}"), record.clone()));
        let (items, report) = builder.add("items", named).unwrap().build(&set(1, rows.len()).ids).unwrap();
        prop_assert_eq!(report.described as usize, rows.len());
        for (at, record) in records.iter().enumerate() {
            let new = items.encode(record).unwrap();
            let (features, values) = items.row(ItemIx::new(at as u32));
            prop_assert_eq!((&new.features[..], &new.values[..]), (features, values));
        }
        // Each column has enough rows, and not all; no two are the same.
        let mut columns = vec![Vec::new(); items.n_features() as usize];
        for item in 0..rows.len() {
            let (features, values) = items.row(ItemIx::new(item as u32));
            for (&feature, &value) in features.iter().zip(values) {
                columns[feature as usize].push((item, value.to_bits()));
            }
        }
        for (at, column) in columns.iter().enumerate() {
            let number = items.features()[at].value.is_none();
            prop_assert!(number || (min_rows..rows.len()).contains(&column.len()), "{:?}", column);
            prop_assert!(!columns[..at].contains(column));
        }
        let left = |field: &FieldReport| field.values - field.rare;
        for field in &report.fields {
            let numbers = u32::from(items.features().iter().any(|f| f.field == field.name && f.value.is_none()));
            prop_assert!(field.features - numbers <= left(field));
        }
    }
}
