//! What a registry and a node see of an image.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use flate2::read::GzDecoder;
use footlight_image::layer::Item;
use footlight_image::{Builder, Image, Program, archive};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A small system, whose files are written in the given order.
fn system(root: &Path, names: [&str; 2], age: u64) {
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    let then = SystemTime::now() - Duration::from_secs(age);
    for name in names {
        let file = root.join("usr/bin").join(name);
        fs::write(&file, name).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o700)).unwrap();
        File::open(&file).unwrap().set_modified(then).unwrap();
    }
    for name in ["a", "b", "c", "d", "e", "f"] {
        fs::write(root.join("usr/bin").join(name), name).unwrap();
    }
    symlink("usr/bin", root.join("bin")).unwrap();
}

fn built(root: &Path, layout: &Path) -> Image {
    let mut builder = Builder::new(layout).unwrap();
    builder.layer(&[Item::copy(root, "")]).unwrap();
    builder
        .layer(&[
            Item::copy(root.join("usr/bin/tool"), "app/tool"),
            Item::copy(root.join("usr"), "app/usr"),
            Item::text("etc/words", "words\n"),
            Item::folder("var/lib/app", 65532, 0o750),
        ])
        .unwrap();
    let program = Program {
        command: vec!["tool".to_owned()],
        folder: "/app",
        user: Some(65532),
        ..Program::default()
    };
    builder.finish(&program).unwrap()
}

/// What was found in a layer: mode, owner, time, and where a link leads.
type Entries = BTreeMap<String, (u32, u64, u64, Option<String>)>;

#[test]
fn a_layout_is_what_its_digests_say() {
    let folder = tempfile::tempdir().unwrap();
    let (root, layout) = (folder.path().join("root"), folder.path().join("layout"));
    system(&root, ["tool", "other"], 0);
    let image = built(&root, &layout);

    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap();
        let digest = digest.strip_prefix("sha256:").unwrap();
        let bytes = fs::read(layout.join("blobs/sha256").join(digest)).unwrap();
        assert_eq!(sha256(&bytes), digest);
        assert_eq!(descriptor["size"], bytes.len());
        bytes
    };
    let document = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    let index = document(&fs::read(layout.join("index.json")).unwrap());
    assert_eq!(index["manifests"][0]["digest"], image.digest.as_str());
    let manifest = document(&blob(&index["manifests"][0]));
    let config = document(&blob(&manifest["config"]));
    assert_eq!(config["config"]["User"], "65532:65532");
    let (mut compressed, mut unpacked) = (0, 0);
    let (mut entries, mut order) = (Entries::new(), Vec::new());
    for (number, layer) in manifest["layers"].as_array().unwrap().iter().enumerate() {
        let packed = blob(layer);
        let mut plain = Vec::new();
        GzDecoder::new(packed.as_slice())
            .read_to_end(&mut plain)
            .unwrap();
        let digest = format!("sha256:{}", sha256(&plain));
        assert_eq!(config["rootfs"]["diff_ids"][number], digest.as_str());
        (compressed, unpacked) = (compressed + packed.len(), unpacked + plain.len());
        for entry in tar::Archive::new(plain.as_slice()).entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            let link = header.link_name().unwrap();
            let about = (
                header.mode().unwrap(),
                header.uid().unwrap(),
                header.mtime().unwrap(),
                link.map(|link| link.display().to_string()),
            );
            let name = entry.path().unwrap().display().to_string();
            order.push(name.clone());
            entries.insert(name, about);
        }
    }
    assert_eq!(image.sizes.compressed, compressed as u64);
    assert_eq!(image.sizes.unpacked, unpacked as u64);
    let of_the_system = order.iter().take_while(|name| !name.starts_with("app"));
    assert!(of_the_system.clone().is_sorted(), "{order:?}");
    assert_eq!(of_the_system.count(), 11, "{order:?}");
    assert_eq!(entries["bin"], (0o777, 0, 0, Some("usr/bin".to_owned())));
    for file in ["usr/bin/tool", "app/tool", "app/usr/bin/other"] {
        assert_eq!(entries[file], (0o755, 0, 0, None), "{file}");
    }
    assert_eq!(entries["etc/words"].0, 0o644);
    let of_the_user = entries.iter().find(|(name, _)| name.starts_with("var/lib"));
    assert_eq!(of_the_user.unwrap().1, &(0o750, 65532, 0, None));
    assert_eq!(Image::read(&layout).unwrap().digest, image.digest);
}

#[test]
fn the_same_files_are_the_same_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    system(&path("one"), ["tool", "other"], 0);
    system(&path("two"), ["other", "tool"], 100_000);
    let one = built(&path("one"), &path("layout-one"));
    let two = built(&path("two"), &path("layout-two"));
    assert_eq!(one.digest, two.digest);
    archive::write(&one, &path("one.tar")).unwrap();
    archive::write(&two, &path("two.tar")).unwrap();
    let read = |name: &str| fs::read(path(name)).unwrap();
    assert_eq!(sha256(&read("one.tar")), sha256(&read("two.tar")));

    fs::write(path("two/usr/bin/tool"), "another").unwrap();
    let three = built(&path("two"), &path("layout-three"));
    assert_ne!(one.digest, three.digest);
}
