//! Pipeline files that the tests write.

use crate::places;
use std::fs;
use std::path::{Path, PathBuf};

/// Frames of this width make a stage of these tests do its act.
pub const AT_WIDTH: u32 = 200;

/// Limits that are reached soon.
pub const LIMITS: &str = r#"guest-memory = "32 MiB", host-memory = "64 MiB", time = "1 s", items = 16, item-bytes = "4 MiB""#;

/// A pipeline of one stage `guest`.
pub struct OneStage<'a> {
    pub name: &'a str,
    pub component: &'a str,
    pub settings: &'a str,
    pub limits: &'a str,
    /// More keys of the stage, and more tables after it.
    pub more: &'a str,
}

impl OneStage<'_> {
    /// A hostile stage that does what the pipeline is called.
    pub const HOSTILE: OneStage<'static> = OneStage {
        name: "trap",
        component: "hostile.wasm",
        settings: "",
        limits: LIMITS,
        more: "",
    };

    pub fn text(&self) -> String {
        let Self {
            name,
            component,
            settings,
            limits,
            more,
        } = self;
        format!(
            r#"
name = "{name}"
source = "frame"
[classes.frame]
kind = "image"
[classes.crop]
kind = "image"
[classes.note]
kind = "document"
[classes.feature]
kind = "tensor"
type = "f32"
shape = [1, 512]
[answer]
notes = "note"
[stages.guest]
component = "{component}"
input = "frame"
yields = ["note", "feature"]
settings = {{ {settings} }}
limits = {{ {limits} }}
{more}"#
        )
    }

    /// Writes the file.
    pub fn write(&self, folder: &Path) -> PathBuf {
        write(folder, self.name, &self.text())
    }
}

/// Writes a pipeline file.
pub fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(format!("{name}.toml"));
    fs::write(&path, text).unwrap();
    path
}

/// The pipeline of members as text, with the cards where they are.
pub fn members() -> String {
    let models = places::root().join("models");
    fs::read_to_string(places::members())
        .unwrap()
        .replace("../models", models.to_str().unwrap())
}

/// The table of the model of features.
pub fn features() -> String {
    let card = places::root().join("models/fr-feature.toml");
    format!(
        "models = {{ features = \"fr-feature\" }}\n[models.fr-feature]\ncard = \"{}\"\n",
        card.display()
    )
}
