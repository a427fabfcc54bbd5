//! A pipeline file, and the files that it names, as a source that changes.

use crate::deployment::Definition;
use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::open::Locations;
use crate::source::Source;
use footlight_nn::sha256_hex;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// A file that was written this short a time before it was looked at is read again at the next look: what is
/// written right after would have the same time of writing.
const FRESH: Duration = Duration::from_secs(2);

/// A pipeline file. Its versions change with what is in it, and in the components and cards that it names.
pub struct FileSource {
    path: PathBuf,
    locations: Locations,
    seen: Mutex<Seen>,
}

/// What was there at the last look.
#[derive(Default)]
struct Seen {
    /// What the pipeline file named when it was last one.
    named: Vec<PathBuf>,
    /// Every file that matters; none where it was not there.
    files: BTreeMap<PathBuf, Option<Print>>,
}

/// What tells one content of a file from another.
#[derive(Clone)]
struct Print {
    /// Whichever of these changes, the content may have: size, file, seconds and nanoseconds of the change.
    stat: (u64, u64, i64, i64),
    /// Whether the content may change and all these stay.
    fresh: bool,
    digest: String,
}

impl FileSource {
    /// The source in a file. What is in it now is not a change.
    pub fn new(path: &Path, locations: Locations) -> Self {
        let source = Self {
            path: path.to_owned(),
            locations,
            seen: Mutex::default(),
        };
        source.changed();
        source
    }
}

impl Source for FileSource {
    fn describe(&self) -> String {
        self.path.display().to_string()
    }

    fn changed(&self) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(file) = PipelineFile::read(&self.path) {
            seen.named = file.names(&self.locations);
        }
        let paths = std::iter::once(&self.path).chain(&seen.named);
        let files: BTreeMap<_, _> = paths
            .map(|path| {
                let before = seen.files.get(path).and_then(Option::as_ref);
                (path.clone(), Print::of(path, before))
            })
            .collect();
        let changed = contents(&files).ne(contents(&seen.files));
        seen.files = files;
        changed
    }

    fn load(&self) -> Result<Definition, OpenError> {
        // Before it is read: what is written meanwhile may have been read or not, and is a change.
        self.changed();
        Definition::read(&self.path)
    }
}

/// Files with their digests.
fn contents(
    files: &BTreeMap<PathBuf, Option<Print>>,
) -> impl Iterator<Item = (&PathBuf, Option<&String>)> {
    files
        .iter()
        .map(|(path, print)| (path, print.as_ref().map(|print| &print.digest)))
}

impl Print {
    /// Looks at a file, and reads it where it may have another content than before.
    fn of(path: &Path, before: Option<&Self>) -> Option<Self> {
        let looked = SystemTime::now();
        let about = std::fs::metadata(path)
            .ok()
            .filter(|about| about.is_file())?;
        let stat = (about.len(), about.ino(), about.ctime(), about.ctime_nsec());
        if let Some(same) = before.filter(|before| before.stat == stat && !before.fresh) {
            return Some(same.clone());
        }
        let changed = u64::try_from(about.ctime()).unwrap_or_default();
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(changed);
        // A clock that was set back makes a file fresh for longer, which costs reading it.
        let settled = looked.duration_since(changed).is_ok_and(|age| age > FRESH);
        let digest = sha256_hex(&std::fs::read(path).ok()?);
        Some(Self {
            stat,
            fresh: !settled,
            digest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const TEXT: &str = "name = \"x\"\nsource = \"frame\"\nclasses.frame = {kind = \"image\"}\n\
        [stages.s]\ncomponent = \"s.wasm\"\ninput = \"frame\"\nyields = []\n";

    fn source(folder: &Path) -> FileSource {
        let later = folder.join("later");
        fs::create_dir(&later).unwrap();
        fs::write(folder.join("p.toml"), TEXT).unwrap();
        fs::write(later.join("s.wasm"), "one").unwrap();
        let locations = Locations {
            stages: vec![later],
            ..Locations::default()
        };
        FileSource::new(&folder.join("p.toml"), locations)
    }

    #[test]
    fn what_the_file_names_is_part_of_it_and_is_seen_once() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let source = source(folder);
        let other = TEXT.replace("[]", "[\"frame\"]");
        let changes = [
            ("the file", "p.toml", other.as_str()),
            ("of one length, at once", "later/s.wasm", "two"),
            ("one that comes before the other", "s.wasm", "two"),
            ("half a file", "p.toml", "name = \"x"),
            ("a part, while the file is none", "s.wasm", "three"),
        ];
        assert!(!source.changed());
        for (what, path, content) in changes {
            fs::write(folder.join(path), content).unwrap();
            assert!(source.changed(), "{what}");
            assert!(!source.changed(), "{what}");
        }
        fs::write(folder.join("beside.wasm"), "one").unwrap();
        assert!(!source.changed(), "what is not named");
        fs::remove_file(folder.join("s.wasm")).unwrap();
        assert!(source.changed());
    }

    #[test]
    fn what_was_loaded_is_no_change_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let source = source(folder.path());
        fs::write(folder.path().join("later/s.wasm"), "two").unwrap();
        assert_eq!(source.load().unwrap().file.name, "x");
        assert!(!source.changed());
    }

    #[test]
    fn a_file_that_is_only_touched_has_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let source = source(folder.path());
        fs::write(folder.path().join("p.toml"), TEXT).unwrap();
        assert!(!source.changed());
    }
}
