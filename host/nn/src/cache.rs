use std::env;
use std::path::PathBuf;

/// The folder where models and runtimes are kept between runs, outside of the source tree:
/// `$FOOTLIGHT_CACHE`, else `$XDG_CACHE_HOME/footlight`, else `.cache/footlight` in the user's home.
/// `models/<sha256>` holds models, `runtime/` inference libraries. It may not exist yet.
pub fn cache_dir() -> PathBuf {
    let path = |name| {
        env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    path("FOOTLIGHT_CACHE")
        .or_else(|| path("XDG_CACHE_HOME").map(|cache| cache.join("footlight")))
        .or_else(|| env::home_dir().map(|home| home.join(".cache/footlight")))
        // A user without a home, as in some containers, still gets a place that can be written to.
        .unwrap_or_else(|| env::temp_dir().join("footlight"))
}
