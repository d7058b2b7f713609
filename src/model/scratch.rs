//! Working memory of a type that only the model knows.

use std::any::Any;
use std::fmt;

/// Working memory that a model keeps in a [`Profile`](super::Profile) from question to question, of whatever type it
/// needs. It is no part of an answer: a clone has none, and all are equal.
///
/// ```
/// let mut scratch = foldin::model::Scratch::default();
/// scratch.get::<Vec<f32>>().resize(100, 0.0);
/// assert_eq!(scratch.get::<Vec<f32>>().capacity(), 100);
/// assert_eq!(scratch.get::<String>(), "", "another model's, made anew");
/// ```
#[derive(Default)]
pub struct Scratch(Option<Box<dyn Any + Send + Sync>>);

impl Scratch {
    /// The memory of this type as it was left; made anew where there is none, or that of another type.
    pub fn get<T: Default + Send + Sync + 'static>(&mut self) -> &mut T {
        if !self.0.as_ref().is_some_and(|kept| kept.is::<T>()) {
            self.0 = Some(Box::new(T::default()));
        }
        self.0.as_mut().and_then(|kept| kept.downcast_mut()).expect("it is of this type")
    }
}

impl Clone for Scratch {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Scratch {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scratch")
    }
}
