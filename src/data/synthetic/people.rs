//! The users: who they are, and the taste these have in common.

use super::Synthetic;
use super::draw::{Draw, Stream};
use crate::data::AttributeRecord;

const SEXES: [&str; 2] = ["F", "M"];
const OCCUPATIONS: [&str; 12] = [
    "artist",
    "baker",
    "clerk",
    "driver",
    "engineer",
    "farmer",
    "lawyer",
    "nurse",
    "retired",
    "scientist",
    "student",
    "teacher",
];
/// Ages in years; people of one age are of one decade.
const AGES: (f64, f64) = (14.0, 74.0);
const DECADE: u8 = 10;

/// What is known of a user.
///
/// It is an [`AttributeRecord`] with the fields `age`, `sex` and `occupation`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Person {
    /// The age in years.
    pub age: u8,
    /// F or M.
    pub sex: String,
    /// One of twelve.
    pub occupation: String,
}

impl From<&Person> for AttributeRecord {
    fn from(person: &Person) -> Self {
        let Person { age, sex, occupation } = person;
        Self::new().with("age", *age).with("sex", &sex[..]).with("occupation", &occupation[..])
    }
}

/// Who everybody is, and what that says of them.
pub(super) struct People {
    pub(super) attributes: Vec<Person>,
    /// What each has in common with those of the same sex, age and occupation: a bias and then the
    /// factors, of variance 1 each. Empty where attributes tell nothing.
    common: Vec<f64>,
    width: usize,
}

impl People {
    pub(super) fn draw(settings: &Synthetic) -> Self {
        let width = settings.factors + 1;
        let mut people = Self { attributes: Vec::new(), common: Vec::new(), width };
        for user in 0..u64::from(settings.users) {
            let mut draw = Draw::new(settings.seed, Stream::Person, user);
            let (sex, occupation) = (draw.below(SEXES.len()), draw.below(OCCUPATIONS.len()));
            // More are young than old.
            let age = (AGES.0 + (AGES.1 - AGES.0) * draw.uniform().powi(2)) as u8;
            if settings.told.is_some() {
                let groups = [
                    (0.25f64, Stream::Sex, sex),
                    (0.35, Stream::Age, usize::from(age / DECADE)),
                    (0.40, Stream::Occupation, occupation),
                ];
                people.add_common(groups.map(|(share, stream, group)| {
                    (share.sqrt(), Draw::new(settings.seed, stream, group as u64))
                }));
            }
            let (sex, occupation) = (SEXES[sex].into(), OCCUPATIONS[occupation].into());
            people.attributes.push(Person { age, sex, occupation });
        }
        people
    }

    fn add_common(&mut self, mut groups: [(f64, Draw); 3]) {
        let sum = |_| groups.iter_mut().map(|(weight, draw)| *weight * draw.normal()).sum::<f64>();
        self.common.extend((0..self.width).map(sum));
    }

    /// The bias and then the factors of what a user has in common with others; 0 where attributes tell
    /// nothing.
    pub(super) fn common(&self, user: usize) -> impl Iterator<Item = f64> {
        let row = self.common.get(user * self.width..).unwrap_or_default();
        row.iter().copied().chain(std::iter::repeat(0.0)).take(self.width)
    }
}
