//! Who runs it: fixed chunks, fixed order of reduction, cancellation.
