//! The settings of a builder: what is clean?

use super::{DataError, Duplicates};

#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) duplicates: Duplicates,
    pub(super) half_life: Option<f64>,
    pub(super) reference: Option<i64>,
    pub(super) min_per_user: usize,
    pub(super) min_per_item: usize,
    pub(super) low: f32,
    pub(super) high: f32,
    pub(super) lenient: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            duplicates: Duplicates::default(),
            half_life: None,
            reference: None,
            min_per_user: 0,
            min_per_item: 0,
            low: f32::NEG_INFINITY,
            high: f32::INFINITY,
            lenient: false,
        }
    }
}

impl Rules {
    pub(super) fn check(&self) -> Result<(), DataError> {
        let (name, found, expected) = match self {
            Self { half_life: Some(half_life), .. } if !(half_life.is_finite() && *half_life > 0.0) => {
                ("half_life", half_life.to_string(), "finite and above 0")
            }
            Self { low, high, .. } if low.is_nan() || high.is_nan() || low > high => {
                ("rating_range", format!("{low} to {high}"), "a minimum that is not above the maximum")
            }
            _ => return Ok(()),
        };
        Err(DataError::Setting { name, found, expected })
    }
}
