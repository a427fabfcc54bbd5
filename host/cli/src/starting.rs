//! Being told to stop before there is anything to finish.
//!
//! A process that is the first of its container is not ended by SIGTERM unless it asks to be, and what a host does
//! before it serves, fetching and compiling, may take minutes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_shutdown;

/// While a host starts, SIGTERM and Ctrl-C end it at once, and well: it holds nothing.
pub struct Starting(Arc<AtomicBool>);

impl Starting {
    /// From now on.
    pub fn begin() -> io::Result<Self> {
        let starting = Arc::new(AtomicBool::new(true));
        for signal in [SIGTERM, SIGINT] {
            register_conditional_shutdown(signal, 0, starting.clone())?;
        }
        Ok(Self(starting))
    }

    /// Until now: somebody else listens to signals.
    pub fn over(self) {
        self.0.store(false, Ordering::SeqCst);
    }
}
