//! The learner in files: the model's own sections, then its events.

use super::Learner;
use crate::data::{Columns, Histories, Interactions, ItemIx, UserIx, Vacancy};
use crate::model::Update;
use crate::persist::{LoadError, Persist, SectionReader, Sections};

impl<M: Persist + Update> Persist for Learner<M> {
    /// Whoever wants the model alone finds it.
    const KIND: &'static str = M::KIND;
    const VERSION: u32 = M::VERSION;

    fn write_sections<'a>(&'a self, out: &mut Sections<'a>) {
        self.model().write_sections(out);
        let rows = self.histories().by_user();
        out.put_owned("events.offsets", rows.offsets);
        out.put_owned("events.items", rows.ids);
        out.put_owned("events.values", rows.values);
        if let Some(times) = rows.times {
            out.put_owned("events.times", times);
        }
        out.put_owned("events.vacant.users", self.histories().vacant_users().collect::<Vec<_>>());
        out.put_owned("events.vacant.items", self.histories().vacant_items().collect::<Vec<_>>());
        out.put_owned("events.changes", [self.staleness().changes]);
    }

    fn read_sections(from: &SectionReader<'_>) -> Result<Self, LoadError> {
        let model = M::read_sections(from)?;
        let (n_users, n_items) = (model.n_users(), model.n_items());
        let offsets = from.offsets("events.offsets", n_users as usize)?;
        let n = offsets[n_users as usize];
        let items: Vec<ItemIx> = from.indices("events.items", &[n], n_items)?;
        let values = from.values("events.values", &[n])?;
        let times = from.has("events.times").then(|| from.values("events.times", &[n])).transpose()?;
        let mut users = Vec::with_capacity(n);
        for (user, row) in offsets.windows(2).enumerate() {
            users.resize(users.len() + row[1] - row[0], UserIx::new(user as u32));
        }
        let columns = Columns { users: &users, items: &items, values: &values, times: times.as_deref() };
        let data = Interactions::from_columns(n_users, n_items, columns)
            .map_err(|error| from.invalid("events.items", 0, error, "each pair once"))?;
        let vacant_users: Vec<UserIx> = vacancies(from, "events.vacant.users", n_users)?;
        let vacant_items: Vec<ItemIx> = vacancies(from, "events.vacant.items", n_items)?;
        let histories = Histories::with_vacancies(data, &vacant_users, &vacant_items).map_err(|place| {
            let (section, at) = match place {
                Vacancy::User(at) => ("events.vacant.users", at),
                Vacancy::Item(at) => ("events.vacant.items", at),
            };
            from.invalid(section, at, "an index with events", "one without")
        })?;
        let [changes] = from.array("events.changes")?;
        Self::with_histories(model, histories, changes)
            .map_err(|error| from.invalid("events.items", 0, error, "what the model has seen"))
    }
}

/// Indices, ascending.
fn vacancies<Ix: crate::persist::Element + Into<usize> + Ord>(
    from: &SectionReader<'_>,
    name: &str,
    below: u32,
) -> Result<Vec<Ix>, LoadError> {
    let vacant: Vec<Ix> = from.indices(name, &[from.count(name)?], below)?;
    match vacant.windows(2).position(|pair| pair[0] >= pair[1]) {
        None => Ok(vacant),
        Some(at) => Err(from.invalid(name, at + 1, "out of order", "more than the one before")),
    }
}
