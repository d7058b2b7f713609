//! The items: titles, years, genres, people; and the factors and popularity these make.

use super::Synthetic;
use super::draw::{Draw, Stream};
use crate::data::AttributeRecord;

const GENRES: [&str; 16] = [
    "Action",
    "Adventure",
    "Animation",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Science Fiction",
    "Thriller",
    "War",
    "Western",
];
const ADJECTIVES: [&str; 32] = [
    "Silent",
    "Crimson",
    "Last",
    "Hidden",
    "Golden",
    "Broken",
    "Distant",
    "Burning",
    "Frozen",
    "Lonely",
    "Midnight",
    "Paper",
    "Restless",
    "Second",
    "Secret",
    "Seventh",
    "Silver",
    "Stolen",
    "Strange",
    "Velvet",
    "Wild",
    "Winter",
    "Wooden",
    "Electric",
    "Endless",
    "Falling",
    "Forgotten",
    "Gentle",
    "Hollow",
    "Iron",
    "Quiet",
    "Scarlet",
];
const NOUNS: [&str; 32] = [
    "Harbour",
    "Garden",
    "Letter",
    "Mirror",
    "Mountain",
    "Orchard",
    "Promise",
    "River",
    "Road",
    "Season",
    "Shadow",
    "Signal",
    "Summer",
    "Theatre",
    "Tower",
    "Train",
    "Voyage",
    "Window",
    "Kingdom",
    "Lantern",
    "Island",
    "Hour",
    "House",
    "Bridge",
    "Circus",
    "City",
    "Crossing",
    "Detective",
    "Dream",
    "Echo",
    "Fortune",
    "Guest",
];
const FIRST_NAMES: [&str; 32] = [
    "Ada", "Boris", "Clara", "Daniel", "Elena", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Leo",
    "Mara", "Nils", "Olga", "Pablo", "Quinn", "Rosa", "Samuel", "Tilda", "Ulla", "Victor", "Wanda", "Xavier",
    "Yara", "Zoe", "Anton", "Bella", "Carl", "Dora", "Emil", "Frida",
];
const LAST_NAMES: [&str; 32] = [
    "Almeida", "Bergman", "Costa", "Dahl", "Eriksen", "Fontana", "Garcia", "Hoffmann", "Ivanov", "Jansen",
    "Kowalski", "Lindgren", "Moreau", "Novak", "Okafor", "Petrov", "Quist", "Rossi", "Schmidt", "Tanaka",
    "Ueda", "Vargas", "Weber", "Yilmaz", "Zhang", "Abebe", "Bauer", "Campbell", "Duarte", "Eklund",
    "Fischer", "Grant",
];
/// The years of the oldest and the newest items.
const YEARS: (u16, u16) = (1940, 2005);

/// What is known of an item.
///
/// It is an [`AttributeRecord`] with the fields `year`, `genres`, `director` and `cast`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Film {
    /// The year in which it came out.
    pub year: u16,
    /// One to three genres.
    pub genres: Vec<String>,
    /// Who directed it.
    pub director: String,
    /// Three actors; seldom one of them twice.
    pub cast: Vec<String>,
}

impl From<&Film> for AttributeRecord {
    fn from(film: &Film) -> Self {
        let Film { year, genres, director, cast } = film;
        let record = Self::new().with("year", *year).with("genres", genres.clone());
        record.with("director", &director[..]).with("cast", cast.clone())
    }
}

/// The items with what is hidden of them. Row `i` of the factors is `i * n_factors ..`.
pub(super) struct Catalogue {
    pub(super) titles: Vec<String>,
    pub(super) attributes: Vec<Film>,
    pub(super) factors: Vec<f32>,
    /// How good an item is, standard normal.
    pub(super) quality: Vec<f32>,
    /// The logarithm of the weight with which an item is chosen.
    pub(super) popularity: Vec<f64>,
}

impl Catalogue {
    pub(super) fn draw(settings: &Synthetic) -> Self {
        let n = settings.items as usize;
        let mut catalogue = Self {
            titles: Vec::with_capacity(n),
            attributes: Vec::with_capacity(n),
            factors: Vec::with_capacity(n * settings.factors),
            quality: Vec::with_capacity(n),
            popularity: Vec::with_capacity(n),
        };
        let genres: Vec<f32> = (0..GENRES.len() as u64)
            .flat_map(|genre| Draw::new(settings.seed, Stream::Genre, genre).normals(settings.factors))
            .collect();
        (0..settings.items).for_each(|item| catalogue.add(settings, item, &genres));
        catalogue
    }

    fn add(&mut self, settings: &Synthetic, item: u32, genre_factors: &[f32]) {
        let (seed, n_factors) = (settings.seed, settings.factors);
        let Shares { genres: of_genres, director: of_director, cast: of_cast, own, quality, luck } =
            Shares::of(settings.told);
        let mut draw = Draw::new(seed, Stream::Item, u64::from(item));
        // Most items are recent.
        let age = draw.uniform().powi(2);
        let year = YEARS.1 - (age * f64::from(YEARS.1 - YEARS.0)) as u16;
        let mut genres: Vec<usize> = (0..1 + draw.below(3)).map(|_| draw.below(GENRES.len())).collect();
        genres.sort_unstable();
        genres.dedup();
        let (n_directors, n_actors) = (1 + settings.items as usize / 6, 3 + settings.items as usize / 3);
        let director = draw.below(n_directors);
        let cast = [(); 3].map(|()| draw.below(n_actors));
        let mut directing = Draw::new(seed, Stream::Director, director as u64);
        let mut acting = cast.map(|actor| Draw::new(seed, Stream::Actor, actor as u64));
        // Each part has the variance it says; together they have 1.
        let genre_scale = of_genres.sqrt() / (genres.len() as f64).sqrt();
        for factor in 0..n_factors {
            let of_genre = |&genre: &usize| f64::from(genre_factors[genre * n_factors + factor]);
            let genre: f64 = genres.iter().map(of_genre).sum();
            let cast: f64 = acting.iter_mut().map(Draw::normal).sum();
            let mut value = genre_scale * genre + (of_cast / 3.0).sqrt() * cast;
            value += of_director.sqrt() * directing.normal() + own.sqrt() * draw.normal();
            if factor == 0 {
                // The first factor leans towards the old or the new.
                value = 0.8 * value + 0.6 * (age - 1.0 / 3.0) / 0.298;
            }
            self.factors.push(value as f32);
        }
        let (by_director, by_cast) = (quality[0].sqrt(), (quality[1] / 3.0).sqrt());
        let mut quality = by_director * directing.normal() + quality[2].sqrt() * draw.normal();
        quality += by_cast * acting.iter_mut().map(Draw::normal).sum::<f64>();
        self.quality.push(quality as f32);
        // Good and recent items are chosen more often, but most of it is luck, or the director's name.
        let luck = luck[1].sqrt() * draw.normal() + luck[0].sqrt() * directing.normal();
        self.popularity.push(1.1 * luck + 0.5 * quality - 0.8 * age);
        self.titles.push(title(item, year));
        self.attributes.push(Film {
            year,
            genres: genres.iter().map(|&genre| GENRES[genre].to_owned()).collect(),
            director: person(director),
            cast: cast.iter().map(|&actor| person(n_directors + actor)).collect(),
        });
    }
}

/// Which part of the variance comes from what; the parts of each thing add up to 1.
struct Shares {
    genres: f64,
    director: f64,
    cast: f64,
    own: f64,
    /// Of the quality: from director, cast, nowhere.
    quality: [f64; 3],
    /// Of the luck in being chosen: from the director, nowhere.
    luck: [f64; 2],
}

impl Shares {
    fn of(told: Option<f32>) -> Self {
        let Some(told) = told.map(f64::from) else {
            let (quality, luck) = ([0.25, 0.0, 0.75], [0.0, 1.0]);
            return Self { genres: 0.40, director: 0.20, cast: 0.10, own: 0.30, quality, luck };
        };
        Self {
            genres: 0.40 * told,
            director: 0.35 * told,
            cast: 0.25 * told,
            own: 1.0 - told,
            quality: [0.7 * told, 0.3 * told, 1.0 - told],
            luck: [0.5 * told, 1.0 - 0.5 * told],
        }
    }
}

/// A title for each number: two words in a pattern, and a numeral when all are taken.
fn title(item: u32, year: u16) -> String {
    let pairs = ADJECTIVES.len() * NOUNS.len();
    let all = pairs * 4;
    // A prime step visits every title before it repeats one.
    let at = (item as usize % all) * 7919 % all;
    let (adjective, noun) = (ADJECTIVES[at % 32], NOUNS[at / 32 % 32]);
    let words = match at / pairs {
        0 => format!("The {adjective} {noun}"),
        1 => format!("{adjective} {noun}"),
        2 => format!("A {adjective} {noun}"),
        _ => format!("Return to the {adjective} {noun}"),
    };
    match item as usize / all {
        0 => format!("{words} ({year})"),
        part => format!("{words} {} ({year})", part + 1),
    }
}

fn person(number: usize) -> String {
    let all = FIRST_NAMES.len() * LAST_NAMES.len();
    let at = (number % all) * 7919 % all;
    let name = format!("{} {}", FIRST_NAMES[at % 32], LAST_NAMES[at / 32]);
    match number / all {
        0 => name,
        other => format!("{name} {}", other + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn titles_and_names_are_unique() {
        let n = 20_000;
        assert_eq!((0..n).map(|item| title(item, 2000)).collect::<HashSet<_>>().len(), n as usize);
        assert_eq!((0..n as usize).map(person).collect::<HashSet<_>>().len(), n as usize);
    }
}
