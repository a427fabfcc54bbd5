//! A host that is killed while it pulls, compiles or changes its version leaves nothing broken behind.

use crate::needs::{self, trial};
use crate::published::{Site, answer};
use libtest_mimic::Trial;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often it is killed.
const TIMES: u64 = 200;
/// Longer than a start takes: some are killed when they serve.
const LONGEST: u64 = 900;

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "killed: 200 times while it pulls, compiles or serves; the next start serves and the store is whole",
        needs::MEMBERS,
        killed,
    )]
}

fn killed() {
    let site = Site::new();
    let digest = site.push("1.0", "0.42");
    let reference = format!("{}@{digest}", site.reference("1.0"));
    let (store, compiled) = (site.path("node/store"), site.path("node/compiled"));
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos() as u64;
    println!("seed {seed}");
    let mut state = seed | 1;
    for round in 0..TIMES {
        // Each fifth start has everything to do again.
        if round % 5 == 0 {
            let _ = std::fs::remove_dir_all(&store);
            let _ = std::fs::remove_dir_all(&compiled);
        }
        // Xorshift, as Marsaglia has it.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let mut command = site.run(&reference, &[]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        thread::sleep(Duration::from_millis(state % LONGEST));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let host = site.start(&reference, &[]);
    assert_eq!(answer(&host)["version"]["pipeline"], digest);
    assert_eq!(host.log().matches("WARN").count(), 0, "{}", host.log());
    site.author(&["store", "check", "--store", store.to_str().unwrap()], 0);
}
