//! What a test needs beyond the source tree.

use crate::{places, registry};
use libtest_mimic::{Completion, Trial};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A thing that a test cannot do without.
#[derive(Clone, Copy)]
pub enum Need {
    /// The host's binary and the inference library.
    Host,
    /// ONNX Runtime's library, besides.
    OnnxRuntime,
    /// The stages that are shipped.
    Stages,
    /// The stages of these tests.
    Hostile,
    /// The models.
    Models,
    /// The feature model of 8-bit integers, which is made and not fetched.
    Quantized,
    /// The sample photos.
    Photos,
    /// Member verification in Python, and so what builds it.
    Python,
    /// Member verification in JavaScript, and so what builds it.
    JavaScript,
    /// A registry.
    Registry,
    /// The 100 photos of 10 people that errors are measured on.
    Faces,
}

use Need::{
    Faces, Host, Hostile, JavaScript, Models, OnnxRuntime, Photos, Python, Quantized, Registry,
    Stages,
};

/// All that the pipeline of members needs, and photos for it.
pub const MEMBERS: &[Need] = &[Host, Stages, Models, Photos];
/// What the hostile stages need.
pub const HOSTILE: &[Need] = &[Host, Hostile];

/// A test that is ignored, with the reason, where something it needs is not there. It fails by panicking.
pub fn trial(name: &str, needs: &'static [Need], test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || {
        match needs.iter().find_map(|need| need.missing()) {
            Some(reason) => Ok(Completion::ignored_with(reason)),
            None => {
                test();
                Ok(Completion::Completed)
            }
        }
    })
}

/// A test of what another tool makes of ours, and we of its; ignored where that is not here.
pub fn with(name: &str, tool: &'static str, test: fn(&Path)) -> Trial {
    Trial::ignorable_test(name, move || {
        let variable = format!("FOOTLIGHT_TEST_{}", tool.to_uppercase());
        let program = PathBuf::from(env::var_os(&variable).unwrap_or(tool.into()));
        let found = Command::new(&program).arg("version").output();
        let lacking = || {
            let found = found.is_ok_and(|output| output.status.success());
            (!found).then(|| format!("there is no {tool} in the PATH, and {variable} names none"))
        };
        let missing = HOSTILE.iter().find_map(|need| need.missing());
        match missing.or_else(registry::missing).or_else(lacking) {
            Some(reason) => Ok(Completion::ignored_with(reason)),
            None => {
                test(&program);
                Ok(Completion::Completed)
            }
        }
    })
}

/// Why there is no member verification in another language.
fn unbuilt(language: &str, tools: &str) -> Option<String> {
    let name = format!("languages/member-verification-{language}.wasm");
    let file = places::stages().join(name);
    let why = || {
        let file = file.display();
        format!("{file} is not there: `cargo xtask test` builds it, with {tools}")
    };
    (!file.exists()).then(why)
}

impl Need {
    fn missing(self) -> Option<String> {
        let cache = places::cache();
        let there = |paths: &[PathBuf]| {
            paths
                .iter()
                .find(|path| !path.exists())
                .map(|path| path.display().to_string())
        };
        let stage = |name: &str| places::stages().join(name);
        let lacking = match self {
            Registry => return registry::missing(),
            Host => there(&[places::program(), places::runtime()]),
            OnnxRuntime => there(&[cache.join("runtime/onnxruntime-1.32.0")]),
            Stages => there(
                &[
                    "face-detection.wasm",
                    "feature-extraction.wasm",
                    "member-verification.wasm",
                ]
                .map(stage),
            ),
            Hostile => there(
                &[
                    "hostile/hostile.wasm",
                    "hostile/not-a-stage.wasm",
                    "hostile/teller.wasm",
                    "hostile/wasi-stage.wasm",
                ]
                .map(stage),
            ),
            Python => return unbuilt("python", "python3 with pip"),
            JavaScript => return unbuilt("js", "node with npm"),
            Models => there(&[cache.join("models")]),
            Photos => there(&[cache.join("photos/people"), cache.join("photos/others")]),
            Quantized => {
                let digest = "b164744257134672aed6d644ef14d9e60b6a3bdcd2495009e480f9005573a43f";
                let made = cache.join("models").join(digest).is_file();
                return (!made).then(|| {
                    "the model fr-feature-int8 was not made: run `cargo xtask quantize`".to_owned()
                });
            }
            Faces => {
                let faces = places::shared_data()
                    .map(|data| data.join("lfw10"))
                    .filter(|faces| faces.is_dir());
                return faces
                    .is_none()
                    .then(|| "there is no folder lfw10 in FOOTLIGHT_SHARED_DATA".to_owned());
            }
        };
        lacking.map(|path| format!("{path} is not there: run `cargo xtask test`"))
    }
}
