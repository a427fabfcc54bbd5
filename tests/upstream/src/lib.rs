//! Nothing: the tests in `tests/wasi_nn` show what `docs/wasi-nn.md` says of wasmtime-wasi-nn.
