//! `footlight:stage/{settings, models, log}`: what a stage is told, and what it may say.

use super::convert::lower_value;
use crate::bindings::{log, models, settings, values};
use crate::state::State;

/// A longer message is cut: the log is the operator's, not a place to keep things.
pub(super) const MAX_MESSAGE: usize = 4096;
/// Messages that are kept of one item.
pub(super) const MAX_MESSAGES: u32 = 100;

impl values::Host for State {}

impl settings::Host for State {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<values::Value>> {
        let value = self.configuration.settings.get(&name);
        Ok(value.map(lower_value))
    }
}

impl models::Host for State {
    fn label(&mut self, graph: String, row: u32) -> wasmtime::Result<Option<String>> {
        let label = self
            .model(&graph)
            .and_then(|model| model.labels.get(row as usize));
        Ok(label.cloned())
    }
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.messages = self.messages.saturating_add(1);
        if self.messages > MAX_MESSAGES {
            return Ok(());
        }
        let message = printable(&message);
        let stage = &self.configuration.name;
        match level {
            log::Level::Debug => tracing::debug!(target: "footlight::stage", stage, "{message}"),
            log::Level::Info => tracing::info!(target: "footlight::stage", stage, "{message}"),
            log::Level::Warn => tracing::warn!(target: "footlight::stage", stage, "{message}"),
            log::Level::Error => tracing::error!(target: "footlight::stage", stage, "{message}"),
        }
        Ok(())
    }
}

/// A text as one message. Control characters could make it look like several of the host's own.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_MESSAGE)
        .collect()
}
