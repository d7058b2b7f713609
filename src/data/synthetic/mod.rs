//! Realistic data with a known truth: for examples, tests and runs at scale.
//!
//! Ratings come from planted factors, biases, drift and noise:
//!
//! ```text
//! rating(u, i, t) = mean + trend c + b_u + d_u c + b_i + (p_u + c r_u) . q_i + noise, to whole stars
//! ```
//!
//! with `c` the time within the span, from -1/2 to 1/2. Item factors `q_i` are made of those of their
//! genres, director and cast, of the year, and of something of their own, so that attributes tell a
//! part. [`Synthetic::told`] says how much they tell, of users too. Activity of users and popularity of items are log-normal; people choose what is popular,
//! and of that what they like, so that what is missing is not missing at random.

mod catalogue;
mod draw;
mod events;
mod people;
mod truth;

pub use catalogue::Film;
pub use people::Person;
pub use truth::Truth;

use super::{
    AttributeRecord, DataError, FieldKind, IdMap, Ids, Interactions, ItemAttributes, UserAttributes,
};

/// The size and the shape of generated data.
///
/// | | default | [`tiny`](Self::tiny) | [`netflix`](Self::netflix) | range |
/// |---|---|---|---|---|
/// | [`users`](Self::users) | 2,000 | 100 | 480,189 | from 1 |
/// | [`items`](Self::items) | 1,000 | 60 | 17,770 | from 1 |
/// | [`ratings`](Self::ratings), about | 50 per user | 2,000 | 100,480,507 | up to half of users x items |
/// | [`factors`](Self::factors) | 8 | 4 | 16 | 1 to 256 |
/// | [`taste`](Self::taste) | 0.6 | 0.6 | 0.6 | 0 to 10 stars |
/// | [`noise`](Self::noise) | 0.6 | 0.6 | 0.6 | 0 to 10 stars |
/// | [`drift`](Self::drift) | 0.3 | 0.3 | 0.3 | 0 to 10 stars |
/// | [`told`](Self::told) | see there | | | 0 to 1 |
///
/// Time and memory are linear in users, items and ratings. Each user and each item is drawn from a
/// generator of its own, seeded by the seed and its number.
///
/// ```
/// use foldin::data::synthetic::Synthetic;
/// let world = Synthetic::tiny().seed(7).generate()?;
/// let event = world.interactions.events().next().unwrap();
/// let truth = world.truth.rating(event.user, event.item, event.time.unwrap()).unwrap();
/// println!("{}: {} stars, {truth:.2} without noise", world.titles[event.item.ix()], event.value);
/// # Ok::<(), foldin::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Synthetic {
    users: u32,
    items: u32,
    /// None: `PER_USER` for each user, or fewer in a small catalogue.
    ratings: Option<u64>,
    factors: usize,
    taste: f32,
    noise: f32,
    drift: f32,
    /// None: nothing of users, and of items what `Shares` says.
    #[cfg_attr(feature = "serde", serde(default))]
    told: Option<f32>,
    seed: u64,
}

/// Users or items: a mistyped number must not bring the machine down.
const MOST_ROWS: u32 = 100_000_000;
/// Ratings: a hundred times the Netflix Prize data.
const MOST_RATINGS: u64 = 10_000_000_000;

impl Default for Synthetic {
    fn default() -> Self {
        Self {
            users: 2_000,
            items: 1_000,
            ratings: None,
            factors: 8,
            taste: 0.6,
            noise: 0.6,
            drift: 0.3,
            told: None,
            seed: 0,
        }
    }
}

impl Synthetic {
    /// How many ratings a user has in the mean, where their number is not given.
    const PER_USER: u64 = 50;

    /// The default size: a fit takes a moment, and factors clearly beat biases.
    pub fn new() -> Self {
        Self::default()
    }

    /// For tests.
    pub fn tiny() -> Self {
        Self { users: 100, items: 60, ratings: Some(2_000), factors: 4, ..Self::default() }
    }

    /// The shape of the Netflix Prize data. The interactions take 3.3 GB.
    pub fn netflix() -> Self {
        Self { users: 480_189, items: 17_770, ratings: Some(100_480_507), factors: 16, ..Self::default() }
    }

    /// How many users.
    #[must_use]
    pub fn users(mut self, users: u32) -> Self {
        self.users = users;
        self
    }

    /// How many items.
    #[must_use]
    pub fn items(mut self, items: u32) -> Self {
        self.items = items;
        self
    }

    /// About how many ratings: users draw their activity each for themselves. Default: 50 per user, but
    /// at most a quarter of users x items.
    #[must_use]
    pub fn ratings(mut self, ratings: u64) -> Self {
        self.ratings = Some(ratings);
        self
    }

    /// How many planted factors.
    #[must_use]
    pub fn factors(mut self, factors: usize) -> Self {
        self.factors = factors;
        self
    }

    /// The standard deviation of what the factors add to a rating, in stars.
    #[must_use]
    pub fn taste(mut self, taste: f32) -> Self {
        self.taste = taste;
        self
    }

    /// The standard deviation of the noise, in stars; rounding to whole stars adds some.
    #[must_use]
    pub fn noise(mut self, noise: f32) -> Self {
        self.noise = noise;
        self
    }

    /// The size of the drift from the beginning of the time span to its end, in stars.
    #[must_use]
    pub fn drift(mut self, drift: f32) -> Self {
        self.drift = drift;
        self
    }

    /// Which part of the variance of factors and biases is told by attributes, of users (age, sex,
    /// occupation) and of items (genres, director, cast; the year leans on one factor besides): at 0
    /// they tell nothing, at 1 all. Films of one director are then alike in their ratings, in who
    /// chooses them and in how many do. Default: of users nothing; of items 0.7 of the factors, but
    /// 0.25 of the biases.
    #[must_use]
    pub fn told(mut self, part: f32) -> Self {
        self.told = Some(part);
        self
    }

    /// The seed. The same settings and seed give the same data.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    fn n_ratings(&self) -> u64 {
        let quarter = u64::from(self.users) * u64::from(self.items) / 4;
        self.ratings.unwrap_or_else(|| (u64::from(self.users) * Self::PER_USER).min(quarter))
    }

    fn check(&self) -> Result<(), DataError> {
        let most = u64::from(self.users) * u64::from(self.items) / 2;
        let stars = |value: f32| (0.0..=10.0).contains(&value);
        let (name, found, expected) = match self {
            _ if !(1..=MOST_ROWS).contains(&self.users) => {
                ("users", self.users.to_string(), "1 to 100 million")
            }
            _ if !(1..=MOST_ROWS).contains(&self.items) => {
                ("items", self.items.to_string(), "1 to 100 million")
            }
            _ if self.n_ratings() > most.min(MOST_RATINGS) => {
                let expected = "at most half of users x items, and at most 10 billion";
                ("ratings", self.n_ratings().to_string(), expected)
            }
            _ if !(1..=256).contains(&self.factors) => ("factors", self.factors.to_string(), "1 to 256"),
            _ if !stars(self.taste) => ("taste", self.taste.to_string(), "0 to 10"),
            _ if !stars(self.noise) => ("noise", self.noise.to_string(), "0 to 10"),
            _ if !stars(self.drift) => ("drift", self.drift.to_string(), "0 to 10"),
            Self { told: Some(told), .. } if !(0.0..=1.0).contains(told) => {
                ("told", told.to_string(), "0 to 1")
            }
            _ => return Ok(()),
        };
        Err(DataError::Setting { name, found, expected })
    }

    /// Draws items, users and ratings.
    ///
    /// # Errors
    /// [`DataError::Setting`] for a setting out of its range.
    pub fn generate(&self) -> Result<SyntheticData, DataError> {
        self.check()?;
        let items = catalogue::Catalogue::draw(self);
        let people = people::People::draw(self);
        let truth = Truth::draw(self, &items, &people);
        let rows = events::draw(self, &items, &truth);
        let ids = Ids {
            users: (0..self.users).map(|user| format!("u{user}")).collect::<IdMap<_>>(),
            items: (0..self.items).map(|item| format!("m{item}")).collect::<IdMap<_>>(),
        };
        let interactions = Interactions::from_sorted_rows(rows, self.items);
        let (titles, items, users) = (items.titles, items.attributes, people.attributes);
        Ok(SyntheticData { interactions, ids, titles, users, items, truth })
    }
}

/// Generated ratings from 1 to 5 whole stars, and everything about them that real data hides.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SyntheticData {
    /// The ratings, with times in Unix seconds. Some items may have none.
    pub interactions: Interactions,
    /// Raw ids: users "u0", "u1", ..., items "m0", "m1", ...
    pub ids: Ids,
    /// A title for each item, with the year; no two are the same.
    pub titles: Vec<String>,
    /// What is known of each user, in the order of the indices.
    pub users: Vec<Person>,
    /// What else is known of each item, in the order of the indices.
    pub items: Vec<Film>,
    /// Where the ratings come from.
    pub truth: Truth,
}

impl SyntheticData {
    /// What is known of the users as features.
    ///
    /// # Errors
    /// None that generated data can have; [`DataError`] as of
    /// [`AttributesBuilder`](super::AttributesBuilder).
    pub fn user_attributes(&self) -> Result<UserAttributes, DataError> {
        let records = self.ids.users.keys().iter().cloned().zip(self.users.iter().map(AttributeRecord::from));
        let builder = UserAttributes::builder().kind("age", FieldKind::Banded).add("users", records)?;
        Ok(builder.build(&self.ids)?.0)
    }

    /// What is known of the items as features.
    ///
    /// # Errors
    /// As [`user_attributes`](Self::user_attributes).
    pub fn item_attributes(&self) -> Result<ItemAttributes, DataError> {
        let records = self.ids.items.keys().iter().cloned().zip(self.items.iter().map(AttributeRecord::from));
        let builder =
            ItemAttributes::builder().kind("director", FieldKind::Categorical).add("items", records)?;
        Ok(builder.build(&self.ids)?.0)
    }
}
