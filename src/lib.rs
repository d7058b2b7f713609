//! Embedded recommendation library.

pub mod data;
pub mod evaluate;
pub mod kernel;
pub mod model;
pub mod persist;
pub mod rating;
pub mod retrieve;

mod par;
