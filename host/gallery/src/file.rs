//! The database file: opening it, and telling whether it is a gallery that can be used.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use redb::backends::{FileBackend, InMemoryBackend};
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, ReadableTableMetadata, StorageError,
    TableDefinition, TableError, TableHandle,
};

use crate::Error;
use crate::store::MEMBERS;

/// The version of the file's layout that is written, and the newest that is read.
const LAYOUT: u32 = 1;

/// What is known of the gallery as a whole.
const ABOUT: TableDefinition<&str, &str> = TableDefinition::new("about");
const ABOUT_LAYOUT: &str = "layout";
const ABOUT_FEATURE_MODEL: &str = "feature-model";
const ABOUT_DIMENSION: &str = "dimension";

/// redb's own page cache. Galleries are a few megabytes; its default is a gigabyte.
const PAGE_CACHE: usize = 16 << 20;

/// Makes this crate's errors of redb's.
pub(crate) struct Failure;

impl Failure {
    /// For what failed in reading.
    pub fn read<E: Into<redb::Error>>(gallery: &str) -> impl Fn(E) -> Error {
        |error| Failure::of(gallery, "read", error.into())
    }

    /// For what failed in writing.
    pub fn write<E: Into<redb::Error>>(gallery: &str) -> impl Fn(E) -> Error {
        |error| Failure::of(gallery, "written", error.into())
    }

    fn of(gallery: &str, doing: &'static str, error: redb::Error) -> Error {
        let gallery = gallery.to_owned();
        match error {
            redb::Error::Corrupted(detail) => Error::Damaged { gallery, detail },
            // The file is shorter than what it says of itself.
            redb::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Error::Damaged {
                    gallery,
                    detail: "its end is missing".to_owned(),
                }
            }
            error => Error::Storage {
                gallery,
                doing,
                detail: error.to_string(),
            },
        }
    }
}

/// Opens or makes the database in a file.
pub(crate) fn open(path: &Path, name: &str) -> Result<Database, Error> {
    let fails = |error: io::Error| Error::Storage {
        gallery: name.to_owned(),
        doing: "opened",
        detail: error.to_string(),
    };
    if path.is_dir() {
        return Err(Error::NotAGallery {
            gallery: name.to_owned(),
            detail: "it is a folder".to_owned(),
        });
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(fails)?;
    }
    let backend =
        FileBackend::new(private(path).map_err(fails)?).map_err(|error| opening(name, error))?;
    builder()
        .create_with_backend(backend)
        .map_err(|error| opening(name, error))
}

/// A database in memory.
pub(crate) fn in_memory(name: &str) -> Result<Database, Error> {
    builder()
        .create_with_backend(InMemoryBackend::new())
        .map_err(|error| opening(name, error))
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    // A file that something else has altered is then an error; redb may panic on it otherwise.
    builder
        .set_check_integrity_on_open(true)
        .set_cache_size(PAGE_CACHE);
    builder
}

/// Opens a file to read and write; a new one is its owner's alone, as templates are personal data.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What redb says when it cannot open a file, in the words of a gallery.
fn opening(name: &str, error: DatabaseError) -> Error {
    let gallery = name.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => Error::InUse { gallery },
        DatabaseError::UpgradeRequired(version) => Error::NotAGallery {
            gallery,
            detail: format!("it is a redb database of the old file format {version}"),
        },
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() == io::ErrorKind::InvalidData =>
        {
            Error::NotAGallery {
                gallery,
                detail: "it is a file of another kind".to_owned(),
            }
        }
        error => Failure::of(name, "opened", error.into()),
    }
}

/// Checks that the database is a gallery of this feature model; makes one of an empty database.
pub(crate) fn admit(
    database: &Database,
    name: &str,
    feature_model: &str,
    dimension: usize,
) -> Result<(), Error> {
    let Some(about) = About::read(database, name)? else {
        return stamp(database, name, feature_model, dimension);
    };
    if about.layout > LAYOUT {
        return Err(Error::Newer {
            gallery: name.to_owned(),
            found: about.layout,
            known: LAYOUT,
        });
    }
    if about.feature_model == feature_model && about.dimension == dimension {
        return Ok(());
    }
    if about.members == 0 {
        tracing::info!(
            gallery = name,
            from = about.feature_model,
            to = feature_model,
            "the gallery is empty and now takes templates of another feature model"
        );
        return stamp(database, name, feature_model, dimension);
    }
    if about.feature_model == feature_model {
        return Err(Error::Damaged {
            gallery: name.to_owned(),
            detail: format!(
                "its features have {} numbers, those of the model that it names have {dimension}",
                about.dimension
            ),
        });
    }
    Err(Error::OtherFeatureModel {
        gallery: name.to_owned(),
        found: about.feature_model,
        wanted: feature_model.to_owned(),
        members: about.members,
    })
}

/// What a gallery says of itself.
struct About {
    layout: u32,
    feature_model: String,
    dimension: usize,
    members: u64,
}

impl About {
    /// Reads it; none where the database is empty, as one that was made a moment ago.
    fn read(database: &Database, name: &str) -> Result<Option<About>, Error> {
        let damaged = |detail: &str| Error::Damaged {
            gallery: name.to_owned(),
            detail: detail.to_owned(),
        };
        let foreign = || Error::NotAGallery {
            gallery: name.to_owned(),
            detail: "it is a redb database of another program".to_owned(),
        };
        let transaction = database.begin_read().map_err(Failure::read(name))?;
        let tables: Vec<String> = transaction
            .list_tables()
            .map_err(Failure::read(name))?
            .map(|table| table.name().to_owned())
            .collect();
        if tables.is_empty() {
            return Ok(None);
        }
        let about = match transaction.open_table(ABOUT) {
            Ok(table) => table,
            Err(TableError::Storage(error)) => return Err(Failure::read(name)(error)),
            Err(_) => return Err(foreign()),
        };
        let entry = |key: &str| {
            let value = about.get(key).map_err(Failure::read(name))?;
            Ok::<_, Error>(value.map(|value| value.value().to_owned()))
        };
        let layout = entry(ABOUT_LAYOUT)?.ok_or_else(foreign)?;
        let layout = layout
            .parse()
            .map_err(|_| damaged("its layout has no version"))?;
        if layout > LAYOUT {
            // What else such a file holds is not known here.
            let unknown = About {
                layout,
                feature_model: String::new(),
                dimension: 0,
                members: 0,
            };
            return Ok(Some(unknown));
        }
        let feature_model = entry(ABOUT_FEATURE_MODEL)?
            .ok_or_else(|| damaged("it does not name its feature model"))?;
        let dimension = entry(ABOUT_DIMENSION)?
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| damaged("it does not say how many numbers a feature has"))?;
        let members = match transaction.open_table(MEMBERS) {
            Ok(table) => table.len().map_err(Failure::read(name))?,
            Err(TableError::Storage(error)) => return Err(Failure::read(name)(error)),
            Err(_) => return Err(damaged("it has no table of members")),
        };
        Ok(Some(About {
            layout,
            feature_model,
            dimension,
            members,
        }))
    }
}

/// Writes what the gallery is, in one transaction with the table that it needs.
fn stamp(
    database: &Database,
    name: &str,
    feature_model: &str,
    dimension: usize,
) -> Result<(), Error> {
    let transaction = database.begin_write().map_err(Failure::write(name))?;
    {
        let mut about = transaction
            .open_table(ABOUT)
            .map_err(Failure::write(name))?;
        let entries = [
            (ABOUT_LAYOUT, LAYOUT.to_string()),
            (ABOUT_FEATURE_MODEL, feature_model.to_owned()),
            (ABOUT_DIMENSION, dimension.to_string()),
        ];
        for (key, value) in entries {
            about
                .insert(key, value.as_str())
                .map_err(Failure::write(name))?;
        }
        transaction
            .open_table(MEMBERS)
            .map_err(Failure::write(name))?;
    }
    transaction.commit().map_err(Failure::write(name))
}
