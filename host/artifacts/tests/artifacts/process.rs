//! This binary as another process, which pulls.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use footlight_artifacts::{Artifacts, Options, Reference};

use crate::common::{options, reference};

const STORE: &str = "FOOTLIGHT_TEST_STORE";
const REFERENCE: &str = "FOOTLIGHT_TEST_REFERENCE";
/// A certificate to trust.
pub const ROOT: &str = "FOOTLIGHT_TEST_ROOT";

/// Whether this process was started by [`pull`].
pub fn is_another() -> bool {
    std::env::var_os(STORE).is_some()
}

/// Pulls a model, and says how many bytes it has, or what went wrong.
pub fn act() {
    let store = std::env::var_os(STORE).unwrap();
    let wanted = reference(std::env::var(REFERENCE).unwrap());
    let options = Options {
        // Docker's, as the environment has it.
        docker_config: None,
        extra_root_certificates: std::env::var_os(ROOT).into_iter().map(Into::into).collect(),
        ..options()
    };
    let artifacts = Artifacts::open(Path::new(&store), options);
    match artifacts.and_then(|artifacts| artifacts.model(&wanted)) {
        Ok(model) => println!("{} bytes", model.model.len()),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// A process that pulls a model into a store.
pub fn pull(store: &Path, reference: &Reference) -> Command {
    command(
        Command::new(std::env::current_exe().unwrap()),
        store,
        reference,
    )
}

/// The same, after a shell has prepared what it sees of the disk: in a namespace of its own, as its root.
pub fn pull_after(preparation: &str, store: &Path, reference: &Reference) -> Command {
    let mut shell = Command::new("unshare");
    shell
        .args(["--map-root-user", "--mount", "sh", "-c"])
        .arg(format!("{preparation} && exec \"$0\""))
        .arg(std::env::current_exe().unwrap());
    command(shell, store, reference)
}

/// Whether [`pull_after`] works here.
pub fn can_prepare() -> Result<(), String> {
    let probe = "mount -t tmpfs none \"$0\"";
    let tried = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", probe])
        .arg(std::env::temp_dir())
        .output();
    match tried {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "nothing can be mounted here: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Err(format!("unshare cannot be started: {error}")),
    }
}

fn command(mut command: Command, store: &Path, reference: &Reference) -> Command {
    command
        .env(STORE, store)
        .env(REFERENCE, reference.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a process said, if it went well, else what went wrong.
pub fn said(output: &Output) -> Result<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

/// The outcome of one that was started.
pub fn end(child: Child) -> Result<String, String> {
    said(&child.wait_with_output().unwrap())
}
