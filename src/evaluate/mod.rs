//! Room: evaluate.
