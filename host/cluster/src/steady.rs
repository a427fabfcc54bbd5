//! A watch that lasts: begun anew before long, and tried again at a steady pace.

use std::fmt::Debug;
use std::time::Duration;

use futures_util::Stream;
use kube::Api;
use kube::core::Resource;
use kube::runtime::WatchStreamExt;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{Config, Event, Result, watcher};
use serde::de::DeserializeOwned;

/// A watch is begun anew after so many seconds at the latest: so long a connection that was cut goes unnoticed.
const RENEWED: u32 = 20;
/// How long to wait before an API server that is away is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// What happens to objects, for as long as somebody listens.
pub(crate) fn events<K>(api: Api<K>, config: Config) -> impl Stream<Item = Result<Event<K>>> + Send
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    watcher(api, config.timeout(RENEWED)).backoff(Steady)
}

/// The same pause each time: an API server that is back is to be noticed, and a host more or less is no load for it.
struct Steady;

impl Iterator for Steady {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(AGAIN)
    }
}

impl Backoff for Steady {
    fn reset(&mut self) {}
}
