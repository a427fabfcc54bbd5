//! What is in the container images: a Debian with Python, the packages of a peer, its code and the models.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, ensure};
use footlight_image::layer::Item;
use footlight_image::{Builder, Image, Program, host};
use footlight_nn::{Card, cache_dir, sha256_hex};
use tempfile::TempDir;

use crate::places::Places;
use crate::process::run as execute;

/// Where Debian's Python looks for packages.
const PACKAGES: &str = "usr/local/lib/python3.11/dist-packages";
/// The member that the service knows, and its photo.
pub const MEMBER: (&str, &str) = ("obama", "people/obama.jpg");
/// Where the service listens, in the network of the node.
pub const PORT: u16 = 8080;

const PATH: &str = "PATH=/usr/local/bin:/usr/bin:/bin";
/// The repository of the host's own image.
pub const HOST: &str = "footlight";
/// The root folders that images begin with.
const WITH_PYTHON: &str = "python-bookworm";
const WITH_LIBRARIES: &str = "image-bookworm";

/// A service of the peers that is made an image of.
pub struct Service {
    /// Its module.
    pub module: &'static str,
    /// What the image consists of.
    pub what: &'static str,
    /// Whether its models are made of the ONNX files by a `convert.py`.
    pub converts: bool,
}

/// The model files: how the service's argument is called, the card, and the side of the pictures.
const MODELS: [(&str, &str, &str); 2] = [
    ("detector", "retinaface-mobilenet-0.25", "320"),
    ("features", "fr-feature", "112"),
];

impl Service {
    /// Its image, built once for each content and kept where peers are installed.
    pub fn image(&self, places: &Places, bases: &Path) -> Result<Image> {
        let layout = places
            .peers
            .join(format!("image-{}-{}", self.module, self.digest(places)?));
        if let Some(image) = Image::read(&layout) {
            return Ok(image);
        }
        eprintln!("  building the image with {}", self.what);
        check_python()?;
        fs::create_dir_all(&places.peers)?;
        let scratch = tempfile::Builder::new()
            .prefix(".unfinished-")
            .tempdir_in(&places.peers)?;
        let packages = scratch.path().join("packages");
        install(&self.folder(places).join("requirements.txt"), &packages)?;
        let application = self.application(places, &packages, &scratch)?;

        let unfinished = scratch.path().join("layout");
        let mut builder = Builder::new(&unfinished)?;
        builder.layer(&[Item::copy(bases.join(WITH_PYTHON), "")])?;
        builder.layer(&[Item::copy(&packages, PACKAGES)])?;
        builder.layer(&[Item::copy(&application, "app")])?;
        builder.finish(&self.program())?;
        // One that could not be read: it is of another form.
        if layout.exists() {
            fs::remove_dir_all(&layout)?;
        }
        fs::rename(&unfinished, &layout)?;
        Image::read(&layout).context("the image was not finished")
    }

    /// The folder with the code and the models.
    fn application(&self, places: &Places, packages: &Path, scratch: &TempDir) -> Result<PathBuf> {
        let folder = scratch.path().join("application");
        for module in self.modules() {
            fs::create_dir_all(folder.join(module))?;
            for file in code(&peers(places).join(module))? {
                let name = file.file_name().context("a file without a name")?;
                fs::copy(&file, folder.join(module).join(name))?;
            }
        }
        fs::copy(places.photos.join(MEMBER.1), folder.join("member.jpg"))?;
        let tools = scratch.path().join("tools");
        if self.converts {
            install(
                &self.folder(places).join("convert-requirements.txt"),
                &tools,
            )?;
        }
        for (role, card, side) in MODELS {
            let model = model(places, card)?;
            if self.converts {
                execute(
                    Command::new("python3")
                        .arg(self.folder(places).join("convert.py"))
                        .arg(model)
                        .arg(folder.join(role))
                        .arg(side)
                        .env("PYTHONPATH", std::env::join_paths([packages, &tools])?)
                        .env("PYTHONDONTWRITEBYTECODE", "1"),
                )
                .with_context(|| format!("cannot convert {card}"))?;
            } else {
                fs::copy(model, folder.join(role))?;
            }
        }
        Ok(folder)
    }

    fn program(&self) -> Program {
        let words = [
            "python3",
            "-m",
            self.module,
            "--detector",
            "detector",
            "--features",
            "features",
            "--port",
        ];
        let mut command: Vec<String> = words.map(str::to_owned).into();
        command.extend([
            PORT.to_string(),
            "--threads".to_owned(),
            threads(),
            "--enroll".to_owned(),
            format!("{}=member.jpg", MEMBER.0),
        ]);
        Program {
            command,
            environment: vec![PATH.to_owned()],
            folder: "/app",
            ..Program::default()
        }
    }

    fn folder(&self, places: &Places) -> PathBuf {
        peers(places).join(self.module)
    }

    /// What its server is put together of.
    fn modules(&self) -> Vec<&'static str> {
        let mut modules = vec!["faces", "one_process", self.module];
        modules.dedup();
        modules
    }

    /// Of all that the image is made of.
    fn digest(&self, places: &Places) -> Result<String> {
        let mut all = self.program().command.join(" ").into_bytes();
        for module in self.modules() {
            for file in code(&peers(places).join(module))? {
                all.extend(fs::read(&file)?);
            }
        }
        all.extend(fs::read(self.folder(places).join("requirements.txt"))?);
        for (_, card, _) in MODELS {
            all.extend(fs::read(
                places.workspace.join(format!("models/{card}.toml")),
            )?);
        }
        Ok(sha256_hex(&all).chars().take(12).collect())
    }
}

/// The image of the host itself, as `cargo xtask image` makes it.
pub fn host_image(places: &Places, bases: &Path, folder: &Path) -> Result<Image> {
    let parts = host::Parts {
        program: &std::env::current_exe()?.with_file_name("footlight"),
        openvino: &super::node::openvino()?,
        debian: &bases.join(WITH_LIBRARIES),
        licence: &places.workspace.join("LICENSE"),
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(host::build(&parts, &folder.join("host-image"))?)
}

fn peers(places: &Places) -> PathBuf {
    places.workspace.join("tests/bench/peers")
}

fn model(places: &Places, card: &str) -> Result<PathBuf> {
    let card = Card::read(&places.workspace.join(format!("models/{card}.toml")))?;
    Ok(card.locate(&cache_dir())?)
}

fn threads() -> String {
    thread::available_parallelism().map_or_else(|_| "1".to_owned(), |cores| cores.to_string())
}

/// The Python files of a folder, in the order of their names.
fn code(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "py") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What pip takes and compiles here is for the image's Python.
fn check_python() -> Result<()> {
    let said = Command::new("python3").arg("--version").output();
    let said = said.context("there is no python3 here")?;
    let said = String::from_utf8_lossy(&said.stdout);
    ensure!(
        said.starts_with("Python 3.11."),
        "the image has Python 3.11, and its packages are fetched with the python3 here, which is {}",
        said.trim()
    );
    Ok(())
}

fn install(requirements: &Path, into: &Path) -> Result<()> {
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-cache-dir",
        "--target",
    ])
    .arg(into)
    .arg("--requirement")
    .arg(requirements);
    execute(&mut pip)
}
