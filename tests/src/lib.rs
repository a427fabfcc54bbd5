//! Nothing: the tests in `tests/behaviour` run the built host and speak to it as its users do.
