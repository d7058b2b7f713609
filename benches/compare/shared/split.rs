//! What every Rust driver does alike: arguments, the split file (see `harness/split.py`), the error.

use std::collections::HashMap;
use std::fs;
use std::str::FromStr;

/// `--name value` and `--flag`.
pub struct Arguments(HashMap<String, String>);

impl Arguments {
    pub fn from_env() -> Result<Self, String> {
        let mut map = HashMap::new();
        let mut words = std::env::args().skip(1).peekable();
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").ok_or(format!("`{word}` found, --NAME expected"))?;
            let value = words.next_if(|next| !next.starts_with("--")).unwrap_or_default();
            map.insert(name.to_string(), value);
        }
        Ok(Self(map))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn text(&self, name: &str) -> Result<String, String> {
        self.0.get(name).cloned().ok_or(format!("--{name} is missing"))
    }

    pub fn number<T: FromStr>(&self, name: &str) -> Result<T, String> {
        let text = self.text(name)?;
        text.parse().map_err(|_| format!("--{name} {text}: a number expected"))
    }

    #[allow(dead_code, reason = "not every driver has defaults")]
    pub fn number_or<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        if self.has(name) { self.number(name) } else { Ok(default) }
    }
}

/// One part of the split, as columns.
pub struct Part {
    pub users: Vec<u32>,
    pub items: Vec<u32>,
    pub values: Vec<f32>,
}

/// The same split for everybody.
#[allow(dead_code, reason = "not every driver needs the sizes")]
pub struct Split {
    pub n_users: u32,
    pub n_items: u32,
    pub train: Part,
    pub test: Part,
}

impl Split {
    pub fn read(path: &str) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        let mut words = bytes.chunks_exact(4).map(|word| [word[0], word[1], word[2], word[3]]);
        let mut column = |n: usize| -> Result<Vec<[u8; 4]>, String> {
            let column: Vec<_> = words.by_ref().take(n).collect();
            if column.len() == n { Ok(column) } else { Err(format!("{path} is too short")) }
        };
        let head: Vec<u32> = column(4)?.into_iter().map(u32::from_le_bytes).collect();
        let mut part = |n: u32| -> Result<Part, String> {
            Ok(Part {
                users: column(n as usize)?.into_iter().map(u32::from_le_bytes).collect(),
                items: column(n as usize)?.into_iter().map(u32::from_le_bytes).collect(),
                values: column(n as usize)?.into_iter().map(f32::from_le_bytes).collect(),
            })
        };
        Ok(Self { n_users: head[0], n_items: head[1], train: part(head[2])?, test: part(head[3])? })
    }

    /// The root mean squared error over all test ratings, predictions clipped to the range of the
    /// training ratings.
    pub fn rmse(&self, mut predict: impl FnMut(u32, u32) -> Result<f32, String>) -> Result<f64, String> {
        let low = self.train.values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = self.train.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for event in 0..self.test.values.len() {
            let rating = predict(self.test.users[event], self.test.items[event])?.clamp(low, high);
            if rating.is_nan() {
                return Err("a prediction is NaN".to_string());
            }
            sum += f64::from(rating - self.test.values[event]).powi(2);
        }
        Ok((sum / self.test.values.len() as f64).sqrt())
    }
}
