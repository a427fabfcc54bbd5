//! What the kernel says of the machine. Facts only: whether a library can use a device is tried elsewhere.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use rustix::fs::{Access, access};

use super::finding::{Finding, Section, State};
use crate::table;

/// Processor, memory and devices.
pub fn findings() -> Vec<Finding> {
    let root = Path::new("/");
    vec![
        processor(root),
        memory(root),
        nvidia(root),
        nodes(root, "GPU", "dev/dri", "renderD", "sys/class/drm"),
        nodes(root, "NPU", "dev/accel", "accel", "sys/class/accel"),
    ]
}

fn processor(root: &Path) -> Finding {
    let text = read(root, "proc/cpuinfo");
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or(std::env::consts::ARCH, |rest| {
        rest.trim_start_matches([' ', '\t', ':'])
    });
    // As many as this process may use: a container's limit is in it.
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let detail = format!("{model}, {}", table::plural(cores as u64, "core", "cores"));
    Finding::ok(Section::Machine, "processor", detail)
}

fn memory(root: &Path) -> Finding {
    let text = read(root, "proc/meminfo");
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib.saturating_mul(1024))
    };
    let mut detail = match (field("MemTotal:"), field("MemAvailable:")) {
        (Some(total), Some(free)) => {
            format!(
                "{}, of which {} are free",
                table::size(total),
                table::size(free)
            )
        }
        _ => "/proc/meminfo does not say how much".to_owned(),
    };
    if let Some(limit) = memory_limit(root) {
        detail.push_str(&format!("; this process may use {}", table::size(limit)));
    }
    Finding::ok(Section::Machine, "memory", detail)
}

/// The limit of the control group, where there is one.
fn memory_limit(root: &Path) -> Option<u64> {
    let own = read(root, "proc/self/cgroup");
    let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let group = root.join("sys/fs/cgroup").join(own);
    // In a container, the group is mounted as the root of all.
    let text = fs::read_to_string(group.join("memory.max"))
        .or_else(|_| fs::read_to_string(root.join("sys/fs/cgroup/memory.max")));
    text.ok()?.trim().parse().ok()
}

fn nvidia(root: &Path) -> Finding {
    let driver = read(root, "proc/driver/nvidia/version");
    let driver = driver
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("NVRM version:"));
    let gpus = listed(&root.join("dev"), "nvidia");
    let name = "NVIDIA GPU";
    if !gpus.is_empty() {
        // Some containers have the device and not the version.
        let driver = driver.map_or("the driver does not say its version", str::trim);
        return Finding::ok(
            Section::Machine,
            name,
            format!("{}: {driver}", paths(&gpus)),
        );
    }
    Finding::new(
        Section::Machine,
        name,
        State::Absent,
        match driver {
            Some(_) => "the driver is loaded, and there is no device /dev/nvidia0",
            None => "there is no device /dev/nvidia0, and no driver (/proc/driver/nvidia/version)",
        },
        Some(
            "for cuda:N and tensorrt:N: install NVIDIA's driver; give a container the GPU (`--gpus all`)"
                .to_owned(),
        ),
    )
}

/// Devices of the kernel's own drivers, with whose they are and whether this user may use them.
fn nodes(root: &Path, name: &str, folder: &str, start: &str, class: &str) -> Finding {
    let devices = listed(&root.join(folder), start);
    if devices.is_empty() {
        let lower = name.to_lowercase();
        return Finding::new(
            Section::Machine,
            name,
            State::Absent,
            format!("there is no /{folder}/{start}*"),
            Some(format!(
                "for openvino/{lower}: load the kernel's driver; give a container the device (`--device /{folder}`)"
            )),
        );
    }
    let described: Vec<String> = devices
        .iter()
        .map(|device| {
            let node = device.file_name().unwrap_or_default();
            let vendor = fs::read_to_string(root.join(class).join(node).join("device/vendor"));
            format!(
                "{} ({})",
                device.display(),
                maker(vendor.unwrap_or_default().trim())
            )
        })
        .collect();
    let detail = described.join(", ");
    let usable = devices
        .iter()
        .all(|device| access(device, Access::READ_OK | Access::WRITE_OK).is_ok());
    match usable {
        true => Finding::ok(Section::Machine, name, detail),
        false => Finding::new(
            Section::Machine,
            name,
            State::Warning,
            format!("{detail}, which this user may not open"),
            Some("add the user to the device's group (`render`), and log in again".to_owned()),
        ),
    }
}

fn maker(vendor: &str) -> &str {
    match vendor {
        "0x8086" => "Intel",
        "0x10de" => "NVIDIA",
        "0x1002" => "AMD",
        "" => "of an unknown maker",
        other => other,
    }
}

/// Files of a folder whose name is `start` and a number, in order.
fn listed(folder: &Path, start: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let number = entry
                .file_name()
                .to_str()?
                .strip_prefix(start)?
                .parse()
                .ok()?;
            Some((number, entry.path()))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

fn paths(devices: &[PathBuf]) -> String {
    let shown: Vec<String> = devices
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    shown.join(", ")
}

/// A file of the kernel; nothing where it is not there.
fn read(root: &Path, file: &str) -> String {
    fs::read_to_string(root.join(file)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn an_nvidia_gpu_is_there_where_its_device_is() {
        let version = (
            "proc/driver/nvidia/version",
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15\nGCC version: 12\n",
        );
        let bare = nvidia(machine(&[]).path());
        assert_eq!(bare.state, State::Absent);
        assert!(bare.detail.contains("/proc/driver/nvidia/version"));
        let hidden = nvidia(machine(&[version, ("dev/nvidiactl", "")]).path());
        assert_eq!(hidden.state, State::Absent);
        assert!(hidden.detail.contains("the driver is loaded"), "{hidden:?}");
        let there = nvidia(machine(&[version, ("dev/nvidia0", "")]).path());
        assert_eq!(there.state, State::Ok);
        assert!(there.detail.contains("550.54.15") && there.detail.contains("/dev/nvidia0"));
        let alone = nvidia(machine(&[("dev/nvidia1", "")]).path());
        assert_eq!(alone.state, State::Ok);
        assert!(alone.detail.contains("/dev/nvidia1"));
    }

    #[test]
    fn a_gpu_is_shown_with_its_maker() {
        let root = machine(&[
            ("dev/dri/renderD128", ""),
            ("dev/dri/card0", ""),
            ("sys/class/drm/renderD128/device/vendor", "0x8086\n"),
        ]);
        let gpu = nodes(root.path(), "GPU", "dev/dri", "renderD", "sys/class/drm");
        assert_eq!(gpu.state, State::Ok);
        assert!(
            gpu.detail.ends_with("dev/dri/renderD128 (Intel)"),
            "{gpu:?}"
        );
    }

    #[test]
    fn memory_is_what_the_machine_has_and_what_a_container_may_use() {
        let has = (
            "proc/meminfo",
            "MemTotal: 2097152 kB\nMemFree: 1 kB\nMemAvailable: 1048576 kB\n",
        );
        let free = memory(machine(&[has]).path()).detail;
        assert_eq!(free, "2.0 GiB, of which 1.0 GiB are free");
        let group = ("proc/self/cgroup", "0::/a/b\n");
        let limit = ("sys/fs/cgroup/a/b/memory.max", "536870912\n");
        let limited = memory(machine(&[has, group, limit]).path()).detail;
        assert!(
            limited.ends_with("this process may use 512.0 MiB"),
            "{limited}"
        );
        let none = ("sys/fs/cgroup/a/b/memory.max", "max\n");
        assert_eq!(memory(machine(&[has, group, none]).path()).detail, free);
    }
}
