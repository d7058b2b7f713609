//! Room: rating.
