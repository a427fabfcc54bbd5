//! A cache that several processes use, are killed at, or may only read. This program is also those processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{names, warnings};
use footlight_sealed::{Error, Sealed};
use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::tempdir;

/// Says what this process is to do, and with which folder.
const ROLE: &str = "FOOTLIGHT_TEST_SEALED_ROLE";
const FOLDER: &str = "FOOTLIGHT_TEST_SEALED_FOLDER";

/// The user that has nothing on a usual system.
const NOBODY: u32 = 65534;

fn main() {
    if let Ok(role) = env::var(ROLE) {
        return act(&role, Path::new(&env::var(FOLDER).unwrap()));
    }
    let arguments = Arguments::from_args();
    let root = rustix::process::geteuid().is_root();
    let as_root = |name: &str, run| match root {
        true => trial(name, run),
        false => trial(&format!("{name} (only root has files of other users)"), run)
            .with_ignored_flag(true),
    };
    let trials = vec![
        trial("processes_that_start_at_once_agree_on_a_key", agree),
        trial(
            "a_process_killed_at_any_moment_leaves_the_folder_whole",
            killed,
        ),
        as_root("a_folder_that_may_only_be_read_is_read", only_read),
        as_root("a_key_of_another_user_is_refused", foreign),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(name: &str, run: fn()) -> Trial {
    Trial::test(name, move || {
        run();
        Ok::<(), Failed>(())
    })
}

/// Another process that does `role`.
fn other(role: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.env(ROLE, role).env(FOLDER, folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn act(role: &str, folder: &Path) {
    match role {
        // Waits for the others, to open the folder at the same moment.
        "agree" => {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).unwrap();
            let cache = Sealed::open(folder).unwrap();
            cache.put(line.trim(), b"code");
        }
        "write" => {
            let cache = Sealed::open(folder).unwrap().with_limit(100_000);
            for round in 0.. {
                for entry in 0..20 {
                    // A parent that has seen enough is gone.
                    if writeln!(std::io::stdout(), "{round} {entry}").is_err() {
                        return;
                    }
                    cache.put(&format!("e{entry}"), &content(entry));
                    let found = cache.get(&format!("e{entry}"));
                    assert!(found.is_none_or(|bytes| bytes == content(entry)));
                }
            }
        }
        "read" => {
            let cache = Sealed::open(folder).unwrap();
            let (bytes, said) = warnings(|| cache.get("stage"));
            assert_eq!(bytes.as_deref(), Some(&b"code"[..]), "{said}");
            assert_eq!(said, "");
            let (bytes, said) = warnings(|| cache.get("bad"));
            assert_eq!(bytes, None);
            assert!(said.contains("cannot be removed"), "{said}");
            let ((), said) = warnings(|| cache.put("new", b"code"));
            assert!(said.contains("not cached"), "{said}");
        }
        other => panic!("no role: {other}"),
    }
}

fn content(entry: usize) -> Vec<u8> {
    vec![entry as u8; 5000 + 1000 * entry]
}

fn agree() {
    for _ in 0..10 {
        let folder = tempdir().unwrap();
        let folder = folder.path().join("cache");
        let mut children: Vec<Child> = (0..8)
            .map(|_| other("agree", &folder).spawn().unwrap())
            .collect();
        for (number, child) in children.iter_mut().enumerate() {
            let mut stdin = child.stdin.take().unwrap();
            writeln!(stdin, "e{number}").unwrap();
        }
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let cache = Sealed::open(&folder).unwrap();
        let (found, said) = warnings(|| (0..8).filter_map(|n| cache.get(&format!("e{n}"))).count());
        assert_eq!((found, said.as_str()), (8, ""));
        assert_eq!(names(&folder).len(), 9, "{:?}", names(&folder));
    }
}

fn killed() {
    let folder = tempdir().unwrap();
    for kill in 0..100 {
        let mut child = other("write", folder.path()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        // Each time after another number of entries; where in the next one it is by then, nobody knows.
        for _ in 0..kill % 23 {
            said.next().unwrap().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let cache = Sealed::open(folder.path()).unwrap();
        // One killed before it wrote leaves an empty file, which stays for a minute.
        let strange = |name: &&String| {
            let length = || fs::metadata(folder.path().join(name)).unwrap().len();
            *name != "key" && !name.ends_with(".sealed") && length() > 0
        };
        let left = names(folder.path());
        assert_eq!(left.iter().find(strange), None, "after kill {kill}");
        let ((), said) = warnings(|| {
            for entry in 0..20 {
                if let Some(bytes) = cache.get(&format!("e{entry}")) {
                    assert_eq!(bytes, content(entry), "after kill {kill}");
                }
            }
        });
        assert_eq!(said, "", "after kill {kill}");
    }
    assert!(names(folder.path()).len() > 2);
}

/// As a user to whom the whole folder is closed to writing; the key must be that user's or root's.
fn only_read() {
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    let folder = tempdir().unwrap();
    let cache = Sealed::open(folder.path()).unwrap();
    cache.put("stage", b"code");
    fs::write(
        folder.path().join("bad.sealed"),
        "something else, that is long enough to be an entry",
    )
    .unwrap();
    for name in ["key", "stage.sealed", "bad.sealed"] {
        chown(folder.path().join(name), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // Where that user can run it.
    let program = folder.path().join("program");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(&program);
    command.env(ROLE, "read").env(FOLDER, folder.path());
    let output = command.uid(NOBODY).gid(NOBODY).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(folder.path().join("bad.sealed").exists());
}

fn foreign() {
    let folder = tempdir().unwrap();
    Sealed::open(folder.path()).unwrap();
    let key = folder.path().join("key");
    std::os::unix::fs::chown(&key, Some(NOBODY), None).unwrap();
    let error = Sealed::open(folder.path()).unwrap_err();
    assert!(
        matches!(
            error,
            Error::ForeignKey {
                owner: NOBODY,
                user: 0,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("name another cache folder"),
        "{error}"
    );
}
