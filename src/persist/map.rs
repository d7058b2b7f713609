//! A model that answers from its file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::origin::Origin;
use super::{Checkpoint, LoadError, LoadFault, Metadata, Persist, PersistId, SectionReader, ids, load};
use crate::data::Ids;
use crate::numbers::Map;

/// What [`map`] opened: a model that owns its map, and what was saved beside it.
///
/// ```
/// # fn main() -> Result<(), foldin::Error> {
/// # use foldin::data::synthetic::Synthetic;
/// # use foldin::{persist::save, prelude::*};
/// # let data = Synthetic::tiny().generate()?.interactions;
/// # let ids = Ids {
/// #     users: (0..data.n_users()).map(|n| format!("u{n}")).collect(),
/// #     items: (0..data.n_items()).map(|n| format!("i{n}")).collect(),
/// # };
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("model.foldin");
/// # save(&path, &IalsParams::new().factors(8).fit(&data)?, &ids)?;
/// use foldin::implicit::Ials;
/// use foldin::persist::{Mapped, map};
/// let mapped: Mapped<Ials> = map(&path)?;
/// let query = Query::user(mapped.ids()?.user("u7")?);
/// for hit in mapped.model.top_n(&query, &TopN::new(10))? {
///     println!("{:?} {:.2}", mapped.ids()?.item_id(hit.item), hit.score);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Mapped<M, U: PersistId = String, I: PersistId = String> {
    /// The model. It may be taken out, and lives on without the rest.
    pub model: M,
    /// What else was put beside it; usually nothing. See [`Archive::with_metadata`](super::Archive::with_metadata).
    pub metadata: Metadata,
    /// What ties it to a log of events beside it, if there is one.
    pub checkpoint: Option<Checkpoint>,
    map: Arc<Map>,
    path: PathBuf,
    /// How many users and items there are.
    shape: (u32, u32),
    ids: OnceLock<Ids<U, I>>,
}

/// Opens a model where it lies, without reading what is large: a file of any size in milliseconds.
///
/// The model answers as the one that [`load`](super::load) returns, to the bit; it takes what it needs from the file as it
/// is asked, the system keeps it in memory as long as there is room, and processes that map one file share it. The
/// first list reads the rows of all items. The model owns its map, so it has no lifetime; a clone shares it, and a model
/// that is changed ([`Update`](crate::model::Update)) copies into memory what it changes.
///
/// *What is read.* Header and section table, and every section that a model does not leave in the file. [`Ials`] leaves
/// its users, its items and who has seen what, [`Popularity`] who has seen what; other models leave nothing, and are loaded.
/// [`Mapped::ids`] reads the ids when it is first called.
///
/// *What is checked* is what is read, as in loading, and that every section has its place, its type and its length. What
/// is left in the file is not checked: that would be to read it. [`Mapped::verify`] does it. Until then an answer
/// that a damaged file would make not a number is [`QueryError::Damaged`](crate::model::QueryError::Damaged), or an item
/// at the end of every list; other damage goes unnoticed.
///
/// *What may happen to the file.* Saving ([`save`](super::save)) puts another file in its place: an open map keeps the old
/// one, also once its name is gone (on Windows saving over an open map fails instead, and the old file stays). Nobody
/// may write *into* the file or cut it: what is read then is undefined, and where it was cut the process is ended (SIGBUS).
///
/// *Where.* Unix and Windows, 32 and 64 bits (a map must fit into the address space); elsewhere it is an error
/// ([`LoadFault::Io`]). On big-endian machines everything is read, and is checked, as in loading.
///
/// [`Ials`]: crate::implicit::Ials
/// [`Popularity`]: crate::implicit::Popularity
///
/// # Errors
/// [`LoadError`], as [`load`](super::load), for what is read.
pub fn map<M, U, I>(path: impl AsRef<Path>) -> Result<Mapped<M, U, I>, LoadError>
where
    M: Persist,
    U: PersistId,
    I: PersistId,
{
    let path = path.as_ref();
    let open = || {
        let map = open(path)?;
        let reader = reader(&map, false)?;
        ids::check_types::<U, I>(&reader)?;
        let (model, metadata, checkpoint) =
            (reader.model::<M>()?, ids::metadata(&reader)?, reader.checkpoint()?);
        let shape = (model.n_users(), model.n_items());
        let (path, ids) = (path.to_owned(), OnceLock::new());
        Ok(Mapped { model, metadata, checkpoint, shape, path, ids, map: Arc::clone(&map) })
    };
    open().map_err(|error: LoadError| error.at(path))
}

/// [Maps](map) a model and leaves the ids alone, if there are any.
///
/// # Errors
/// [`LoadError`], as [`map`].
pub fn map_model<M: Persist>(path: impl AsRef<Path>) -> Result<M, LoadError> {
    let path = path.as_ref();
    open(path).and_then(|map| reader(&map, false)?.model()).map_err(|error| error.at(path))
}

/// Reads a whole file and checks it as loading does, without taking memory for what a [mapped](map) model leaves in it:
/// every checksum, and every number of the model. Ids are read, but may be of any type: see [`Mapped::verify`].
///
/// # Errors
/// [`LoadError`], as [`load_model`](super::load_model).
pub fn verify<M: Persist>(path: impl AsRef<Path>) -> Result<(), LoadError> {
    let path = path.as_ref();
    open(path).and_then(|map| checked::<M>(&map).map(drop)).map_err(|error| error.at(path))
}

impl<M: Persist, U: PersistId, I: PersistId> Mapped<M, U, I> {
    /// The raw ids of its users and items. The first call reads and checks them and makes their hash tables, which takes
    /// as long as loading them, time and memory linear in the ids; the others look them up. Call it once beforehand where
    /// the first answer must not wait.
    ///
    /// # Errors
    /// [`LoadError`] for ids that cannot be, as [`load`](super::load).
    pub fn ids(&self) -> Result<&Ids<U, I>, LoadError> {
        if let Some(ids) = self.ids.get() {
            return Ok(ids);
        }
        let ids = reader(&self.map, false).and_then(|reader| ids::ids(&reader, self.shape));
        let ids = ids.map_err(|error| error.at(&self.path))?;
        Ok(self.ids.get_or_init(|| ids))
    }

    /// Reads the whole file and checks it as loading does, without taking memory for what the model leaves in it.
    /// It is the file that was opened, whatever has been saved under its name since.
    ///
    /// # Errors
    /// [`LoadError`], as [`load`](super::load).
    pub fn verify(&self) -> Result<(), LoadError> {
        let verify = || ids::ids::<U, I>(&checked::<M>(&self.map)?, self.shape);
        verify().map(drop).map_err(|error| error.at(&self.path))
    }
}

/// Maps a file that begins as a model does and is as long as it says.
fn open(path: &Path) -> Result<Arc<Map>, LoadError> {
    let (file, ..) = load::open(path)?;
    let map = Map::of(&file).map_err(LoadFault::io("map it"))?;
    Ok(Arc::new(map))
}

fn reader(map: &Arc<Map>, checked: bool) -> Result<SectionReader<'_>, LoadError> {
    SectionReader::unread(map, Origin::Map(Arc::clone(map), checked))
}

/// The reader of a file of which everything but the ids is sound.
fn checked<M: Persist>(map: &Arc<Map>) -> Result<SectionReader<'_>, LoadError> {
    let reader = reader(map, true)?;
    reader.check()?;
    reader.model::<M>()?;
    ids::metadata(&reader)?;
    reader.checkpoint()?;
    Ok(reader)
}
