//! Every library comes to the same verdicts.

use crate::devices::members_on;
use crate::file;
use crate::host::{Host, run};
use crate::needs::{Need, trial};
use crate::places;
use libtest_mimic::Trial;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The first is what the others are compared with.
const DEVICES: [&str; 3] = ["openvino/cpu", "onnxruntime/cpu", "tract/cpu"];

pub fn trials() -> Vec<Trial> {
    const NEEDS: &[Need] = &[
        Need::Host,
        Need::OnnxRuntime,
        Need::Stages,
        Need::Models,
        Need::Faces,
    ];
    vec![trial(
        "backends: the same faces, features and verdicts on each, over 100 photos of 10 people",
        NEEDS,
        same_verdicts,
    )]
}

/// The photos, each with a name that can be a member's.
pub fn people() -> Vec<(String, Vec<u8>)> {
    let folders = |folder: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        paths
    };
    let people = folders(&places::shared_data().unwrap().join("lfw10"));
    let photos = people.iter().filter(|path| path.is_dir());
    let photos = photos.flat_map(|person| folders(person));
    photos
        .map(|photo| {
            let name = photo.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(photo).unwrap())
        })
        .collect()
}

/// A host with all models on this device and the gallery that was made on the first.
fn serve(folder: &Path, device: &str) -> Host {
    let pipeline = members_on(folder, &format!("device = \"{device}\""));
    // Here each photo becomes a member of its own.
    let text = fs::read_to_string(&pipeline).unwrap();
    let open = text.replace("max-similarity = 0.42", "max-similarity = 1.0");
    assert_ne!(open, text);
    let pipeline = file::write(folder, "members", &open);
    let host = Host::spawn(
        run(&[pipeline], &folder.join("gallery")),
        tempfile::tempdir().unwrap(),
    );
    host.wait_until_ready();
    let models = host.get("/v1/models").good();
    for model in models["models"].as_array().unwrap() {
        let runs = format!(
            "{}/{}",
            model["library"].as_str().unwrap(),
            model["device"].as_str().unwrap()
        );
        assert_eq!(runs, device, "{model}");
    }
    host
}

fn same_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let photos = people();
    assert_eq!(photos.len(), 100);
    // Half of the photos are templates; some are refused, as they show several faces. All are frames.
    let host = serve(folder.path(), DEVICES[0]);
    let members: Vec<&str> = photos
        .iter()
        .step_by(2)
        .filter(|(name, photo)| host.enrol(name, &[("photo.jpg", photo)]).status == 201)
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(members.len() > 35, "{members:?}");
    drop(host);

    let answers = |device: &str| -> Vec<Value> {
        let host = serve(folder.path(), device);
        let answer = |(_, photo): &(String, Vec<u8>)| host.frame("members", photo).good();
        photos.iter().map(answer).collect()
    };
    let first = answers(DEVICES[0]);
    let verdicts = |member: bool| {
        let faces = first.iter().flat_map(|answer| answer["faces"].as_array());
        let faces = faces.flatten();
        faces
            .filter(|face| face["verdict"]["member"] == member)
            .count()
    };
    assert!(
        verdicts(true) > 80 && verdicts(false) > 5,
        "{} members, {} strangers",
        verdicts(true),
        verdicts(false)
    );
    for device in DEVICES {
        for ((name, _), (answer, first)) in photos.iter().zip(answers(device).iter().zip(&first)) {
            let (faces, expected) = (&answer["faces"], &first["faces"]);
            let (faces, expected) = (faces.as_array().unwrap(), expected.as_array().unwrap());
            assert_eq!(faces.len(), expected.len(), "{name} on {device}");
            for (face, expected) in faces.iter().zip(expected) {
                let (verdict, expected) = (&face["verdict"], &expected["verdict"]);
                for key in ["member", "id"] {
                    assert_eq!(verdict[key], expected[key], "{name} on {device}: {verdict}");
                }
                let difference = number(&verdict["similarity"]) - number(&expected["similarity"]);
                assert!(difference.abs() < 1e-3, "{name} on {device}: {verdict}");
            }
            // The cosine of the feature as this device computes it with that of the first.
            if members.contains(&name.as_str()) {
                let verdict = &faces[0]["verdict"];
                assert_eq!(verdict["id"], *name, "on {device}: {verdict}");
                assert!(
                    number(&verdict["similarity"]) >= 0.9999,
                    "{name} on {device}: {verdict}"
                );
            }
        }
    }
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}
