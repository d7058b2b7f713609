//! Parameters: checked before a fit, and reachable by name.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

/// A parameter that cannot be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[error("`{name}` is {found}; it must be {expected}")]
pub struct ParamError {
    /// The parameter.
    pub name: Cow<'static, str>,
    /// Its value.
    pub found: String,
    /// What it must be.
    pub expected: Cow<'static, str>,
}

impl ParamError {
    /// An error unless `holds`.
    ///
    /// # Errors
    /// The error that names the parameter, its value and the range.
    pub fn require(
        holds: bool,
        name: &'static str,
        found: impl ToString,
        expected: &'static str,
    ) -> Result<(), Self> {
        if holds {
            return Ok(());
        }
        Err(Self { name: name.into(), found: found.to_string(), expected: expected.into() })
    }

    /// The error for a name that is none of `known`.
    pub fn unknown(name: &str, known: &[&'static str]) -> Self {
        Self {
            name: name.to_string().into(),
            found: "not a parameter of this model".into(),
            expected: format!("one of {}", known.join(", ")).into(),
        }
    }

    /// Reads a value written as text.
    ///
    /// # Errors
    /// The error that names the parameter and the type expected.
    pub fn parse<T: FromStr<Err: Display>>(name: &'static str, text: &str) -> Result<T, Self> {
        text.trim().parse().map_err(|error| Self {
            name: name.into(),
            found: format!("`{text}`"),
            expected: format!("a value of type {} ({error})", std::any::type_name::<T>()).into(),
        })
    }
}

/// Parameters of a model: checked as a whole, read and written by name, so that a command line, a
/// tuning run or a report needs to know no field.
///
/// ```
/// use foldin::model::Params;
/// use foldin::rating::BiasBaselineParams;
/// let mut params = BiasBaselineParams::new();
/// let names: Vec<_> = params.values().into_iter().map(|(name, _)| name).collect();
/// assert!(!names.is_empty());
/// assert!(params.set("no such parameter", "1").is_err());
/// ```
pub trait Params {
    /// Whether every parameter is in its range.
    ///
    /// # Errors
    /// The first that is not.
    fn check(&self) -> Result<(), ParamError>;

    /// Every parameter with its value, in the order of the documentation.
    fn values(&self) -> Vec<(&'static str, String)>;

    /// Sets one parameter by its name. The range is checked by [`check`](Self::check).
    ///
    /// # Errors
    /// [`ParamError`] for a name that does not exist or a text that is not such a value.
    fn set(&mut self, name: &str, value: &str) -> Result<(), ParamError>;
}

/// Writes [`Params::values`] and [`Params::set`] for the named fields, inside an `impl Params`.
macro_rules! by_name {
    ($($field:ident),+ $(,)?) => {
        fn values(&self) -> Vec<(&'static str, String)> {
            vec![$((stringify!($field), $crate::model::params::show(&self.$field))),+]
        }

        fn set(&mut self, name: &str, value: &str) -> Result<(), $crate::model::ParamError> {
            match name {
                $(stringify!($field) => {
                    self.$field = $crate::model::ParamError::parse(stringify!($field), value)?;
                })+
                _ => return Err($crate::model::ParamError::unknown(name, &[$(stringify!($field)),+])),
            }
            Ok(())
        }
    };
}
pub(crate) use by_name;

/// A value as text.
pub(crate) fn show(value: &impl Display) -> String {
    value.to_string()
}
