//! Messages for the operator of the host. They appear in its log with the stage's name and the frame.
//!
//! The host shortens a message of more than 4 KiB, and keeps at most 100 of an item.

use crate::bindings::footlight::stage::log::{Level, write};

/// For someone who looks for an error in the stage.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message.as_ref());
}

/// For someone who watches it.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message.as_ref());
}

/// Something that should not be, though the item could be worked on.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message.as_ref());
}

/// Why an item could not be worked on.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message.as_ref());
}
