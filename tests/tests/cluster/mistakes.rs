//! Mistakes in a pipeline's object: each is said in one clear way, and what runs goes on.

mod foreign;
mod list;

use self::list::{BOUNDARY, INVALID, Mistake, NO_HOST, REFUSED, Said};
use crate::flow::Outcome;
use crate::kubectl;
use crate::machine::Machines;
use crate::members;
use crate::needs::{CannotBeDone, Need, trial};
use crate::objects::{self, Condition};
use crate::placement::{address, from_the_camera};
use crate::site::{until, within};
use crate::zones::{self, Zones};
use libtest_mimic::Trial;
use serde_json::Value;
use std::thread;
use std::time::{Duration, Instant};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "cluster: every mistake in a pipeline is said, and the version before goes on",
            &[Need::Cluster],
            each,
        ),
        trial(
            "cluster: a version that waits for a registry gives way to the next one",
            &[Need::Cluster],
            overtaken,
        ),
    ]
}

/// For hosts to say what they make of an object.
const PATIENCE: Duration = Duration::from_secs(30);

fn each() -> Result<(), CannotBeDone> {
    Machines::here()?;
    let zones = Zones::installed()?;
    let edge = address(&zones::host("edge"));
    let photos: Vec<_> = members::shown().collect();
    let answers = |index: usize| {
        let (body, expected) = &photos[index % photos.len()];
        match from_the_camera(edge, body, expected) {
            Outcome::Right { version, .. } => Ok(version),
            other => Err(format!("{other:?}")),
        }
    };
    let before = answers(0);
    before.as_ref().unwrap();
    let mistakes = list::all();
    let mut wrong = Vec::new();
    for (index, mistake) in mistakes.iter().enumerate() {
        let Mistake(what, make, said, words) = mistake;
        let mut object = zones::pipeline();
        make(&mut object);
        let began = Instant::now();
        match told(&object, *said, words) {
            Ok((how, message)) => {
                let took = began.elapsed().as_secs_f32();
                eprintln!("      {what}: {took:.1} s: {how}: {}", message.trim());
                let word = words.iter().find(|word| !message.contains(**word));
                if *said != how_of(&how) {
                    wrong.push(format!("{what}: {how}: {message}"));
                } else if let Some(word) = word {
                    wrong.push(format!("{what}: no `{word}` in: {message}"));
                }
            }
            Err(why) => wrong.push(format!("{what}: {why}")),
        }
        // What ran goes on, with what it was, and is said to.
        let answer = answers(index);
        if answer != before {
            wrong.push(format!("{what}: the version before is gone: {answer:?}"));
            objects::run(&zones::pipeline());
        } else if !goes_on()? {
            wrong.push(format!("{what}: nothing is said to be ready"));
        }
    }
    objects::run(&zones::pipeline());
    assert_eq!(answers(0), before);
    zones.whole();
    assert!(
        wrong.is_empty(),
        "of {} mistakes:\n{}",
        mistakes.len(),
        wrong.join("\n")
    );
    Ok(())
}

/// A registry that takes connections and answers none is waited for, for minutes; what is right meanwhile is not.
fn overtaken() -> Result<(), CannotBeDone> {
    let machines = Machines::here()?;
    let zones = Zones::installed()?;
    // Of parts that the host has.
    let mut right = zones::pipeline();
    list::set(
        &mut right,
        "/spec/stages/verify/settings/threshold",
        0.43.into(),
    );
    let mut absent = zones::pipeline();
    let digest = "3".repeat(64);
    let absent_component = list::inside("members-across-zones", &digest);
    list::set(
        &mut absent,
        "/spec/stages/verify/component",
        absent_component.into(),
    );
    let still = machines.still("registry");
    kubectl::apply(&absent).unwrap();
    until("the host that verifies is at it", || {
        let told = objects::told(zones::NAME)?;
        let hosts = told["status"]["hosts"].as_array();
        let mut hosts = hosts.into_iter().flatten();
        let on = hosts
            .find(|host| host["node"] == "cloud")
            .ok_or("it is not there")?;
        if on["wanted"] != on["version"] && on["state"] == "Starting" {
            Ok(())
        } else {
            Err(on.to_string())
        }
    });
    thread::sleep(Duration::from_secs(1));
    kubectl::apply(&right).unwrap();
    let ready = within(Duration::from_secs(15), || {
        let told = objects::told(zones::NAME)?;
        let ready = objects::condition(&told, "Ready").ok_or("nothing is said yet")?;
        if ready.reason == "Ready" {
            Ok(())
        } else {
            Err(told["status"].to_string())
        }
    });
    drop(still);
    objects::run(&zones::pipeline());
    zones.whole();
    ready.unwrap();
    Ok(())
}

/// Whether the pipeline is said to be served, in whatever version.
fn goes_on() -> Result<bool, CannotBeDone> {
    let current = objects::current(zones::NAME).map_err(CannotBeDone)?;
    let ready = objects::condition(&current, "Ready");
    Ok(ready.is_some_and(|ready| ready.holds))
}

/// How a mistake is said, and in which words.
fn told(object: &Value, expected: Said, words: &[&str]) -> Result<(String, String), String> {
    let name = object["metadata"]["name"].as_str().unwrap();
    if let Err(words) = kubectl::apply(object) {
        return Ok(("at once".to_owned(), words));
    }
    if expected == Said::AtOnce {
        return Err(format!(
            "it was taken: {:?}",
            objects::current(name)?["status"]
        ));
    }
    let mut last = None;
    let _ = within(PATIENCE, || {
        let told = objects::told(name)?;
        let condition = settled(&objects::conditions(&told)).ok_or("nothing is said yet")?;
        // Hosts say one after the other what they make of it.
        let said = words.iter().all(|word| condition.message.contains(word));
        let so = said && expected == Said::By(&condition.kind, &condition.reason);
        last = Some(condition);
        if so { Ok(()) } else { Err(String::new()) }
    });
    let condition = last.ok_or_else(|| format!("nothing is said: {:?}", objects::current(name)))?;
    Ok((
        format!("{} {}", condition.kind, condition.reason),
        condition.message,
    ))
}

/// The one that says what is wrong: the first that says so. Those after it name it.
fn settled(conditions: &[Condition]) -> Option<Condition> {
    let of = |kind: &str| conditions.iter().find(|condition| condition.kind == kind);
    let (accepted, placed, ready) = (of("Accepted")?, of("Placed")?, of("Ready")?);
    if !accepted.holds {
        return Some(accepted.clone());
    }
    if !placed.holds {
        return Some(placed.clone());
    }
    let on_its_way = ["Ready", "Starting"].contains(&ready.reason.as_str());
    (!on_its_way).then(|| ready.clone())
}

/// What `told` said, as a way of saying.
fn how_of(how: &str) -> Said<'static> {
    let known = [INVALID, BOUNDARY, NO_HOST, REFUSED];
    let mut known = known.into_iter();
    known
        .find(|said| matches!(said, Said::By(kind, reason) if how == format!("{kind} {reason}")))
        .unwrap_or(Said::AtOnce)
}
