//! What is saved is what is loaded, to the bit; and what was not saved so is not taken for it.

mod persist_toy;

use foldin::data::{IdMap, Ids, ItemIx, UserIx};
use foldin::model::{Profile, Query, QueryError, Score};
use foldin::persist::{
    Archive, Checkpoint, ElementType, LoadError, LoadFault, Metadata, Persist, PersistId, SaveFault,
    SectionReader, Sections, from_bytes, inspect, load, load_model, model_from_bytes, model_to_bytes,
    read_from, save, save_model, write_to,
};
use persist_toy::{Toy, small_file, small_ids, small_metadata};

#[test]
fn a_model_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    for toy in [Toy::small(), Toy::empty()] {
        let bytes = model_to_bytes(&toy).unwrap();
        assert_eq!(model_from_bytes::<Toy>(&bytes).unwrap(), toy);
        assert_eq!(model_to_bytes(&toy).unwrap(), bytes);
        save_model(&path, &toy).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!(load_model::<Toy>(&path).unwrap(), toy);
    }
}

#[test]
fn a_model_with_ids_by_file_stream_and_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    let (toy, ids) = (Toy::small(), small_ids());
    save(&path, &toy, &ids).unwrap();
    let mut bytes = Vec::new();
    write_to(&mut bytes, &toy, &ids).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let all = [load(&path), read_from(&bytes[..]), from_bytes(&bytes)];
    for saved in all.map(Result::unwrap) {
        assert_eq!((&saved.model, &saved.ids), (&toy, &ids));
        assert!(saved.metadata.is_empty());
        assert_eq!(saved.ids.user("Zoë").unwrap(), UserIx::new(0));
        assert_eq!(saved.model.seen(UserIx::new(0)), [ItemIx::new(0), ItemIx::new(2)]);
    }
    assert_eq!(load_model::<Toy>(&path).unwrap(), toy);
}

#[test]
fn nobody_and_nothing() {
    let ids = Ids::<i64, String>::default();
    let bytes = Archive::of(&Toy::empty()).with_ids(&ids).unwrap().to_bytes().unwrap();
    assert_eq!(from_bytes::<Toy, i64, String>(&bytes).unwrap().ids, ids);
}

fn ids_come_back<K: PersistId + Clone + std::fmt::Debug>(users: [K; 2]) {
    let users: IdMap<K> = users.into_iter().collect();
    let ids = Ids { users, items: small_ids().items };
    let bytes = Archive::of(&Toy::small()).with_ids(&ids).unwrap().to_bytes().unwrap();
    assert_eq!(from_bytes::<Toy, K, u64>(&bytes).unwrap().ids, ids);
}

/// An id of the caller's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Uuid([u8; 16]);

impl PersistId for Uuid {
    const TYPE: &'static str = "uuid";

    fn write_ids<'a>(ids: &'a [Self], name: &str, out: &mut Sections<'a>) {
        out.put_owned(name, ids.iter().flat_map(|id| id.0).collect::<Vec<u8>>());
    }

    fn read_ids(from: &SectionReader<'_>, name: &str, n: usize) -> Result<Vec<Self>, LoadError> {
        let bytes: Vec<u8> = from.values(name, &[n, 16])?;
        Ok(bytes.as_chunks().0.iter().copied().map(Uuid).collect())
    }
}

#[test]
fn ids_of_every_type() {
    ids_come_back(["", "naïve \0 id"].map(str::to_owned));
    ids_come_back([0u64, u64::MAX]);
    ids_come_back([0u32, u32::MAX]);
    ids_come_back([i64::MIN, -1]);
    ids_come_back([Uuid([7; 16]), Uuid([0; 16])]);
}

#[test]
fn ids_of_another_type_or_none() {
    let error = from_bytes::<Toy, u64, u64>(&small_file()).unwrap_err();
    let LoadFault::IdType { whose: "user", found, expected: "u64" } = error.fault() else {
        panic!("{error}")
    };
    assert_eq!(found, "string");
    let error = from_bytes::<Toy, String, String>(&small_file()).unwrap_err();
    assert!(matches!(error.fault(), LoadFault::IdType { whose: "item", .. }), "{error}");
    let error = from_bytes::<Toy, String, u64>(&model_to_bytes(&Toy::small()).unwrap()).unwrap_err();
    assert!(matches!(error.fault(), LoadFault::NoIds { whose: "user" }), "{error}");
    assert!(error.to_string().contains("load_model"), "{error}");
}

#[test]
fn metadata_comes_back() {
    let saved = from_bytes::<Toy, String, u64>(&small_file()).unwrap();
    assert_eq!(saved.metadata, small_metadata());
}

#[test]
fn the_checkpoint_comes_back() {
    let plain = model_to_bytes(&Toy::small()).unwrap();
    assert_eq!(SectionReader::new(&plain).unwrap().checkpoint().unwrap(), None);
    let checkpoint = Checkpoint { model: u64::MAX, sequence: 1 << 40 };
    let bytes = Archive::of(&Toy::small()).with_checkpoint(checkpoint).to_bytes().unwrap();
    assert_eq!(SectionReader::new(&bytes).unwrap().checkpoint().unwrap(), Some(checkpoint));
    assert_eq!(model_from_bytes::<Toy>(&bytes).unwrap(), Toy::small());
}

#[test]
fn a_file_tells_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    Archive::of(&Toy::small())
        .with_ids(&small_ids())
        .unwrap()
        .with_metadata(&small_metadata())
        .save(&path)
        .unwrap();
    let summary = inspect(&path).unwrap();
    assert_eq!((&summary.kind[..], summary.version), ("toy", 1));
    assert_eq!(summary.file_length, std::fs::metadata(&path).unwrap().len());
    assert_eq!(summary.metadata, small_metadata());
    let factors = summary.sections.iter().find(|section| section.name == "factors").unwrap();
    assert_eq!((factors.element, factors.entries, factors.length), (ElementType::F32, 4, 16));
    for section in &summary.sections {
        assert_eq!(section.offset % 64, 0, "{}", section.name);
    }
    let shown = summary.to_string();
    assert!(shown.starts_with("toy (version 1), ") && shown.contains("foldin = 0.1.0"), "{shown}");
}

/// Only sections differ between the toy and what wraps it.
macro_rules! scores_as_its_toy {
    ([$($generic:tt)*] $wrapper:ty) => {
        impl<$($generic)*> Score for $wrapper {
            fn n_users(&self) -> u32 {
                self.0.n_users()
            }

            fn n_items(&self) -> u32 {
                self.0.n_items()
            }

            fn profile(&self, query: &Query<'_>, out: &mut Profile) -> Result<(), QueryError> {
                self.0.profile(query, out)
            }

            fn score_block(&self, profile: &Profile, first: ItemIx, out: &mut [f32]) {
                self.0.score_block(profile, first, out);
            }

            fn seen(&self, user: UserIx) -> &[ItemIx] {
                self.0.seen(user)
            }
        }
    };
}

/// The toy in another version, or under another name.
#[derive(Debug)]
struct As<const VERSION: u32>(Toy);

scores_as_its_toy!([const VERSION: u32] As<VERSION>);

impl<const VERSION: u32> Persist for As<VERSION> {
    const KIND: &'static str = if VERSION == 0 { "toy-0" } else { "toy" };
    const VERSION: u32 = VERSION;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        self.0.write_sections(out);
        out.put_owned("of-later", [VERSION]);
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        // Only the second version brought this section.
        assert_eq!(from.has("of-later"), from.version() > 1);
        Toy::read_sections(from).map(Self)
    }
}

#[test]
fn an_older_version_is_read_and_a_newer_is_named() {
    let old = model_to_bytes(&Toy::small()).unwrap();
    assert_eq!(model_from_bytes::<As<2>>(&old).unwrap().0, Toy::small());
    let new = model_to_bytes(&As::<2>(Toy::small())).unwrap();
    let error = model_from_bytes::<Toy>(&new).unwrap_err();
    let LoadFault::Version { kind, found: 2, newest: 1 } = error.fault() else { panic!("{error}") };
    assert_eq!(kind, "toy");
    assert!(error.to_string().contains("update the library"), "{error}");
}

#[test]
fn a_section_of_nobody_is_ignored() {
    let bytes = model_to_bytes(&As::<1>(Toy::small())).unwrap();
    assert_eq!(model_from_bytes::<Toy>(&bytes).unwrap(), Toy::small());
}

#[test]
fn another_model_is_named() {
    let bytes = model_to_bytes(&As::<0>(Toy::small())).unwrap();
    let error = model_from_bytes::<Toy>(&bytes).unwrap_err();
    assert!(
        matches!(error.fault(), LoadFault::Kind { found, expected: "toy" } if found == "toy-0"),
        "{error}"
    );
    // Versions begin with 1.
    assert!(matches!(
        model_from_bytes::<As<0>>(&bytes).unwrap_err().fault(),
        LoadFault::Version { found: 0, newest: 0, .. }
    ));
}

#[test]
fn a_format_of_the_future_is_named() {
    let mut bytes = small_file();
    persist_toy::bytes::put(&mut bytes, 8, 4, 2);
    persist_toy::bytes::seal(&mut bytes);
    let error = model_from_bytes::<Toy>(&bytes).unwrap_err();
    assert!(matches!(error.fault(), LoadFault::Format { found: 2, newest: 1 }), "{error}");
}

/// Sections as a careless author might name them.
struct Named(Toy, Vec<String>);

scores_as_its_toy!([] Named);

impl Persist for Named {
    const KIND: &'static str = "named";
    const VERSION: u32 = 1;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        for name in &self.1 {
            out.put_owned(name, [1u8]);
        }
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        Ok(Self(Toy::empty(), from.names().map(str::to_owned).collect()))
    }
}

fn save_named(names: &[&str]) -> Result<Vec<u8>, SaveFault> {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    model_to_bytes(&Named(Toy::empty(), names)).map_err(foldin::persist::SaveError::into_fault)
}

#[test]
fn names_a_file_cannot_hold() {
    let longest = "n".repeat(32);
    let bytes = save_named(&["a", &longest]).unwrap();
    assert_eq!(model_from_bytes::<Named>(&bytes).unwrap().1, ["a", &longest]);
    for bad in ["", "A", "a b", "ä", &"n".repeat(33)] {
        assert!(matches!(save_named(&[bad]), Err(SaveFault::Name { longest: 32, .. })), "{bad}");
    }
    assert!(
        matches!(save_named(&["a", "b", "a"]), Err(SaveFault::DuplicateSection { section }) if section == "a")
    );
    for reserved in ["ids.users", "metadata.utf8", "live.checkpoint"] {
        assert!(matches!(save_named(&[reserved]), Err(SaveFault::ReservedName { .. })), "{reserved}");
    }
    let names: Vec<String> = (0..1025).map(|n| format!("s{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(matches!(save_named(&names), Err(SaveFault::TooManySections { found: 1025, most: 1024 })));
    let bytes = save_named(&names[..1024]).unwrap();
    assert_eq!(model_from_bytes::<Named>(&bytes).unwrap().1, names[..1024]);
    assert_eq!(model_from_bytes::<Named>(&save_named(&[]).unwrap()).unwrap().1.len(), 0);
}

/// Numbers are written in pieces of 64 KiB: sections around that size, and of several pieces.
#[test]
fn sections_larger_than_a_piece() {
    for n in [8191, 8192, 8193, 16384, 30_001] {
        let mut toy = Toy::empty();
        toy.n_items = n;
        toy.neighbours = (0..n).rev().map(ItemIx::new).collect();
        let ids =
            Ids { users: IdMap::<u64>::new(), items: (0..n).map(|item| format!("item {item}")).collect() };
        let bytes =
            Archive::of(&toy).with_ids(&ids).unwrap().with_metadata(&Metadata::new()).to_bytes().unwrap();
        let saved = from_bytes::<Toy, u64, String>(&bytes).unwrap();
        assert_eq!((saved.model, saved.ids), (toy, ids));
    }
}
