//! What the tests of the built host share, in `tests/behaviour` and `tests/cluster`, and the measurements with them.
#![forbid(unsafe_code)]

pub mod authority;
