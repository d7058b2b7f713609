//! Guards attributes among the sections of a model file: they come back as they were, and what was made up
//! is an error.

use foldin::data::{
    AttributeRecord, AttributeSchema, FieldKind, Ids, ItemAttributes, ItemIx, UserAttributes, UserIx,
};
use foldin::model::{Profile, Query, QueryError, Score};
use foldin::persist::{Archive, LoadError, LoadFault, Persist, SectionReader, Sections};

/// A model that knows attributes and nothing else.
#[derive(Debug, PartialEq)]
struct Knows {
    items: ItemAttributes,
    users: AttributeSchema,
}

impl Score for Knows {
    fn n_users(&self) -> u32 {
        0
    }

    fn n_items(&self) -> u32 {
        self.items.n_rows()
    }

    fn profile(&self, _: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        Ok(())
    }

    fn score_block(&self, _: &Profile, _: ItemIx, out: &mut [f32]) {
        out.fill(0.0);
    }

    fn seen(&self, _: UserIx) -> &[ItemIx] {
        &[]
    }
}

impl Persist for Knows {
    const KIND: &'static str = "knows";
    const VERSION: u32 = 1;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        out.put_owned("shape", [self.items.n_rows()]);
        out.put_attributes("items.attributes", &self.items);
        out.put_schema("users.attributes", &self.users);
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        let [n_items] = from.array("shape")?;
        let (items, users) =
            (from.attributes("items.attributes", n_items)?, from.schema("users.attributes")?);
        Ok(Self { items, users })
    }
}

fn ids(n: u32) -> Ids {
    let both = || (0..n).map(|at| at.to_string()).collect();
    Ids { users: both(), items: both() }
}

fn films() -> ItemAttributes {
    let film = |at: u32| {
        let film = AttributeRecord::new().with("director", ["Zoë", "Åsa", "Zoë"][at as usize % 3]);
        let film = film.with("genres", ["Drama", "War", "Crime"][..1 + at as usize % 3].to_vec());
        film.with("zip", format!("{at}x"))
            .with("year", 1950 + at)
            .with("price", f64::from(at) / 3.0)
            .with("title", "x")
    };
    let films = ItemAttributes::builder().kind("zip", FieldKind::Prefix(1)).kind("price", FieldKind::Numeric);
    let films = films.kind("director", FieldKind::Categorical).min_rows(1).list_separator('¦');
    // The last of them nothing is known of.
    films.add("films", (0..40).map(|at| (at.to_string(), film(at)))).unwrap().build(&ids(41)).unwrap().0
}

#[test]
fn attributes_come_back_as_they_were() {
    let nobody = UserAttributes::builder::<String>().build(&ids(0)).unwrap().0;
    let model = Knows { items: films(), users: nobody.schema().as_ref().clone() };
    let bytes = Archive::of(&model).to_bytes().unwrap();
    let back: Knows = SectionReader::new(&bytes).unwrap().model().unwrap();
    assert_eq!(back, model);
    assert_eq!(Archive::of(&back).to_bytes().unwrap(), bytes);
    let new = AttributeRecord::new().with("director", "Åsa").with("year", 1960);
    let (new, again) = (model.items.encode(&new).unwrap(), back.items.encode(&new).unwrap());
    assert!(new.features.len() == 3 && new == again, "{new:?}");
}

/// The sections of one list `f` with the values a and b, and one row that has both; one of them is a lie.
struct Forged(&'static str);

impl Score for Forged {
    fn n_users(&self) -> u32 {
        0
    }

    fn n_items(&self) -> u32 {
        1
    }

    fn profile(&self, _: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
        out.clear();
        Ok(())
    }

    fn score_block(&self, _: &Profile, _: ItemIx, out: &mut [f32]) {
        out.fill(0.0);
    }

    fn seen(&self, _: UserIx) -> &[ItemIx] {
        &[]
    }
}

impl Persist for Forged {
    const KIND: &'static str = "knows";
    const VERSION: u32 = 1;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        fn tell<T>(told: &str, lies: &mut Vec<&'static str>, name: &'static str, truth: T, lie: T) -> T {
            lies.push(name);
            if told == name { lie } else { truth }
        }
        let mut lies = Vec::new();
        let name = |part: &str| format!("a.{part}");
        out.put_owned(name("separator"), [tell(self.0, &mut lies, "separator", 124u32, 0xD800)]);
        out.put_strings("a.fields", ["f"]);
        out.put_owned(name("kinds"), tell(self.0, &mut lies, "kinds", [3u32, 0], [3, 1]));
        out.put_owned(name("scales"), tell(self.0, &mut lies, "scales", [0.0f64; 4], [1.0; 4]));
        out.put_owned(name("cuts.offsets"), tell(self.0, &mut lies, "cuts.offsets", [0u64, 0], [0, 9]));
        out.put_owned(name("cuts"), Vec::<f64>::new());
        out.put_owned(name("starts"), tell(self.0, &mut lies, "starts", [0u64, 2], [0, u64::MAX]));
        out.put_strings("a.values", tell(self.0, &mut lies, "values", ["a", "b"], ["b", "a"]));
        out.put_owned(name("row.offsets"), tell(self.0, &mut lies, "row.offsets", [0u64, 2], [1, 2]));
        out.put_owned(name("row.features"), tell(self.0, &mut lies, "row.features", [0u32, 1], [0, 2]));
        out.put_owned(
            name("row.values"),
            tell(self.0, &mut lies, "row.values", vec![0.5f32, 0.5], vec![0.5]),
        );
        assert!(self.0.is_empty() || lies.contains(&self.0), "{}", self.0);
    }

    fn read_sections(_: &SectionReader<'_>) -> Result<Self, LoadError> {
        Ok(Self(""))
    }
}

#[test]
fn what_was_made_up_is_an_error() {
    let lies = [
        "separator",
        "kinds",
        "scales",
        "cuts.offsets",
        "starts",
        "values",
        "row.offsets",
        "row.features",
        "row.values",
    ];
    for lie in std::iter::once("").chain(lies) {
        let bytes = Archive::of(&Forged(lie)).to_bytes().unwrap();
        let read = SectionReader::new(&bytes).unwrap().attributes::<ItemIx>("a", 1);
        match read {
            Ok(items) => assert_eq!((lie, items.row(ItemIx::new(0)).0), ("", &[0, 1][..])),
            Err(error) => {
                let sound = matches!(error.fault(), LoadFault::Value { .. } | LoadFault::Length { .. });
                assert!(!lie.is_empty() && sound, "{lie}: {error}");
            }
        }
    }
}
