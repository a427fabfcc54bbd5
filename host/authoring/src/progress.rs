//! What the user sees while waiting: bars on a terminal, plain lines elsewhere, always on standard error.

use std::io::IsTerminal;
use std::time::Instant;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// Where progress is shown.
#[derive(Debug)]
pub struct Progress {
    terminal: bool,
}

impl Progress {
    /// Looks at standard error, which all of it goes to.
    pub fn on_stderr() -> Progress {
        Progress {
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Says that something was there already.
    pub fn cached(&self, what: &str) {
        self.line("cached", what);
    }

    /// Says one thing, behind a word that says of which kind it is.
    pub fn line(&self, kind: &str, what: &str) {
        eprintln!("{kind:>10}  {what}");
    }

    /// Begins something that takes a while; `size` in bytes where it is known.
    pub fn begin(&self, kind: &str, what: &str, size: Option<u64>) -> Step {
        let bar = if self.terminal {
            let bar = size.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            let template = match size {
                Some(_) => "{prefix:>10}  {msg}  [{wide_bar}] {bytes}/{total_bytes}",
                None => "{prefix:>10}  {msg}  {spinner} {bytes}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(kind.to_owned());
            bar.set_message(what.to_owned());
            bar
        } else {
            let size = size
                .map(|size| format!(" ({})", HumanBytes(size)))
                .unwrap_or_default();
            self.line(kind, &format!("{what}{size}"));
            ProgressBar::hidden()
        };
        Step {
            bar,
            what: what.to_owned(),
            began: Instant::now(),
            size,
        }
    }
}

/// One thing that takes a while.
#[derive(Debug)]
pub struct Step {
    bar: ProgressBar,
    what: String,
    began: Instant,
    size: Option<u64>,
}

impl Step {
    /// So many bytes are there.
    pub fn at(&self, bytes: u64) {
        self.bar
            .set_position(self.size.map_or(bytes, |size| size.min(bytes)));
        self.bar.tick();
    }

    /// It is done.
    pub fn done(self, kind: &str) {
        self.bar.finish_and_clear();
        let seconds = self.began.elapsed().as_secs_f32();
        eprintln!("{kind:>10}  {} in {seconds:.1} s", self.what);
    }
}

impl Drop for Step {
    /// What failed leaves no bar behind.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
