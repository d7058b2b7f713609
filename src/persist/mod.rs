//! Room: persist.
