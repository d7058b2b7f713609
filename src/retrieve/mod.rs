//! Room: retrieve.
