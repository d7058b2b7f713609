//! Raw ids and metadata, beside the model in the same file.

use std::collections::BTreeMap;
use std::hash::Hash;

use super::{LoadError, LoadFault, SaveError, SaveFault, SectionReader, Sections};
use crate::data::{IdMap, Ids};
use crate::model::Score;

/// Free-form names and values that travel with a model: the library's version, parameters as text,
/// the time of training. Nothing is put in unasked, so that the same model gives the same bytes.
pub type Metadata = BTreeMap<String, String>;

const METADATA: &str = "metadata";
/// What the container calls its own; not for the sections of a model.
pub(super) const RESERVED: [&str; 3] = ["ids.", "metadata.", "live."];
const USERS: Names = Names { whose: "user", ids: "ids.users", rows: "ids.rows.users" };
const ITEMS: Names = Names { whose: "item", ids: "ids.items", rows: "ids.rows.items" };

/// What errors and sections are called.
#[derive(Clone, Copy)]
struct Names {
    whose: &'static str,
    /// The ids; the type follows.
    ids: &'static str,
    /// The index of each id, where some are vacant.
    rows: &'static str,
}

/// An id that can be saved: `String`, `u64`, `u32` and `i64` can, and so can a type of yours.
///
/// ```
/// use foldin::persist::{LoadError, PersistId, SectionReader, Sections};
///
/// #[derive(PartialEq, Eq, Hash)]
/// struct Isbn(u64);
///
/// impl PersistId for Isbn {
///     const TYPE: &'static str = "isbn";
///     fn write_ids<'a>(ids: &'a [Self], name: &str, out: &mut Sections<'a>) {
///         out.put_owned(name, ids.iter().map(|isbn| isbn.0).collect::<Vec<u64>>());
///     }
///     fn read_ids(from: &SectionReader<'_>, name: &str, n: usize) -> Result<Vec<Self>, LoadError> {
///         Ok(from.values::<u64>(name, &[n])?.into_iter().map(Isbn).collect())
///     }
/// }
/// ```
pub trait PersistId: Hash + Eq + Sized {
    /// The type's name in files, for ever. 1 to 14 characters of `a-z 0-9 _ -`.
    const TYPE: &'static str;

    /// Puts the ids into the section `name`, or into sections whose names begin with `name` and a dot.
    fn write_ids<'a>(ids: &'a [Self], name: &str, out: &mut Sections<'a>);

    /// Takes `n` ids back. That no id stands twice is checked by the caller.
    ///
    /// # Errors
    /// [`LoadError`] when there are not `n`, or when they are not such ids.
    fn read_ids(from: &SectionReader<'_>, name: &str, n: usize) -> Result<Vec<Self>, LoadError>;
}

macro_rules! number_ids {
    ($($t:ident)*) => {$(
        impl PersistId for $t {
            const TYPE: &'static str = stringify!($t);

            fn write_ids<'a>(ids: &'a [Self], name: &str, out: &mut Sections<'a>) {
                out.put(name, ids);
            }

            fn read_ids(from: &SectionReader<'_>, name: &str, n: usize) -> Result<Vec<Self>, LoadError> {
                from.values(name, &[n])
            }
        }
    )*};
}

number_ids!(u32 u64 i64);

impl PersistId for String {
    const TYPE: &'static str = "string";

    fn write_ids<'a>(ids: &'a [Self], name: &str, out: &mut Sections<'a>) {
        out.put_strings(name, ids.iter().map(String::as_str));
    }

    fn read_ids(from: &SectionReader<'_>, name: &str, n: usize) -> Result<Vec<Self>, LoadError> {
        from.strings(name, Some(n))
    }
}

/// Puts both id maps into sections, if they are those of the model.
pub(super) fn put_ids<'a, U: PersistId, I: PersistId>(
    ids: &'a Ids<U, I>,
    model: &impl Score,
    out: &mut Sections<'a>,
) -> Result<(), SaveError> {
    put_map(USERS, &ids.users, model.n_users(), out)?;
    put_map(ITEMS, &ids.items, model.n_items(), out)
}

fn put_map<'a, K: PersistId>(
    names: Names,
    map: &'a IdMap<K>,
    expected: u32,
    out: &mut Sections<'a>,
) -> Result<(), SaveError> {
    let (found, expected) = (map.n_indices(), expected as usize);
    if found != expected {
        return Err(SaveFault::Ids { whose: names.whose, found, expected }.into());
    }
    K::write_ids(map.keys(), &format!("{}.{}", names.ids, K::TYPE), out);
    if map.len() < map.n_indices() {
        out.put_owned(names.rows, map.indices().collect::<Vec<u32>>());
    }
    Ok(())
}

/// Takes both id maps back, as many ids as the model has users and items.
pub(super) fn ids<U: PersistId, I: PersistId>(
    from: &SectionReader<'_>,
    (n_users, n_items): (u32, u32),
) -> Result<Ids<U, I>, LoadError> {
    Ok(Ids { users: map(from, USERS, n_users)?, items: map(from, ITEMS, n_items)? })
}

/// Whether there are ids of these types; they are not read.
#[cfg(feature = "mmap")]
pub(super) fn check_types<U: PersistId, I: PersistId>(from: &SectionReader<'_>) -> Result<(), LoadError> {
    section_of_type::<U>(from, USERS)?;
    section_of_type::<I>(from, ITEMS).map(drop)
}

fn map<K: PersistId>(from: &SectionReader<'_>, names: Names, n: u32) -> Result<IdMap<K>, LoadError> {
    let section = section_of_type::<K>(from, names)?;
    let indices: Vec<u32> = match from.has(names.rows) {
        true => from.values(names.rows, &[from.count(names.rows)?])?,
        false => (0..n).collect(),
    };
    let keys = K::read_ids(from, &format!("{}.{}", names.ids, K::TYPE), indices.len())?;
    IdMap::with_indices(keys, &indices, n).map_err(|at| {
        if from.has(names.rows) && (indices[at] >= n || indices[..at].contains(&indices[at])) {
            return from.invalid(names.rows, at, indices[at], format!("below {n}, and none before"));
        }
        from.invalid(&section, at, "an id that stands before", "a new one")
    })
}

/// The first section that holds the ids, if they are of the type asked for.
fn section_of_type<K: PersistId>(
    from: &SectionReader<'_>,
    Names { whose, ids: prefix, .. }: Names,
) -> Result<String, LoadError> {
    let tail = |name: &str| Some(name.strip_prefix(prefix)?.strip_prefix('.')?.to_owned());
    let Some(tail) = from.names().find_map(tail) else {
        return Err(LoadFault::NoIds { whose }.into());
    };
    let found = tail.split('.').next().unwrap_or_default();
    if found != K::TYPE {
        return Err(LoadFault::IdType { whose, found: found.to_owned(), expected: K::TYPE }.into());
    }
    Ok(format!("{prefix}.{tail}"))
}

/// Puts names and values in turn; nothing where there are none.
pub(super) fn put_metadata(metadata: &Metadata, out: &mut Sections<'_>) {
    if !metadata.is_empty() {
        out.put_strings(METADATA, metadata.iter().flat_map(|(name, value)| [&name[..], value]));
    }
}

pub(super) fn is_metadata(section: &str) -> bool {
    section.starts_with(RESERVED[1])
}

/// Takes names and values back: names in order, none twice.
pub(super) fn metadata(from: &SectionReader<'_>) -> Result<Metadata, LoadError> {
    if !from.names().any(is_metadata) {
        return Ok(Metadata::new());
    }
    let mut texts = from.strings(METADATA, None)?.into_iter();
    let wrong = |at, expected| Err(from.invalid("metadata.offsets", at, "another text", expected));
    let mut metadata = Metadata::new();
    while let Some(name) = texts.next() {
        let at = metadata.len() * 2;
        let Some(value) = texts.next() else {
            return wrong(at, "a name with a value");
        };
        if metadata.last_key_value().is_some_and(|(last, _)| *last >= name) {
            return wrong(at, "a name after the one before");
        }
        metadata.insert(name, value);
    }
    Ok(metadata)
}
