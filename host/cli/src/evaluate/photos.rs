//! The photos of a folder, and the feature of the biggest face of each.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use footlight_media::{DecodeLimits, Image};
use footlight_pipeline::Pipeline;
use serde::Serialize;

/// A photo of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// The number of the person, by the order of the folders.
    pub person: usize,
    /// `FOLDER/FILE`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// A photo with the feature of its biggest face, of length 1.
#[derive(Debug, Clone)]
pub struct Featured {
    /// The number of the person.
    pub person: usize,
    /// `FOLDER/FILE`.
    pub name: String,
    /// The feature, of length 1.
    pub feature: Vec<f32>,
}

/// A photo that could not be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unusable {
    /// `FOLDER/FILE`.
    pub photo: String,
    /// Why.
    pub reason: String,
}

/// What became of the photos of a folder.
#[derive(Debug, Default)]
pub struct Collected {
    /// Those with a face.
    pub featured: Vec<Featured>,
    /// Those where no face was found.
    pub no_face: Vec<String>,
    /// Those that could not be read, or that a stage refused.
    pub unusable: Vec<Unusable>,
}

/// What became of one photo.
enum Found {
    Face(Vec<f32>),
    NoFace,
    Unusable(String),
}

/// The photos of a folder of folders, and how many people there are, all in the order of their names. Files beside
/// the folders are no photos, nor are hidden ones.
pub fn list(folder: &Path) -> Result<(Vec<Photo>, usize)> {
    let people: Vec<PathBuf> = entries(folder)?
        .into_iter()
        .filter(|path| path.is_dir())
        .collect();
    if people.is_empty() {
        bail!(
            "{} has no folders; put the photos of each person into a folder of their own",
            folder.display()
        );
    }
    let mut photos = Vec::new();
    for (person, directory) in people.iter().enumerate() {
        for path in entries(directory)?
            .into_iter()
            .filter(|path| path.is_file())
        {
            let name = path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .display()
                .to_string();
            photos.push(Photo { person, name, path });
        }
    }
    if photos.is_empty() {
        bail!("the folders in {} hold no photos", folder.display());
    }
    Ok((photos, people.len()))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                paths.push(entry.path());
            }
        }
        paths.sort();
        Ok(paths)
    };
    read().with_context(|| format!("cannot read the folder {}", folder.display()))
}

/// Takes each photo through the pipeline up to its feature, on `threads` threads; `done` is called after each.
pub fn collect(
    photos: &[Photo],
    pipeline: &Pipeline,
    threads: usize,
    done: impl Fn() + Sync,
) -> Result<Collected> {
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Vec::with_capacity(photos.len()));
    thread::scope(|scope| {
        let work = || {
            while let Some(photo) = photos.get(next.fetch_add(1, Ordering::Relaxed)) {
                let found = find(photo, pipeline);
                let mut all = all.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                all.push((photo, found));
                drop(all);
                done();
            }
        };
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().map_err(|_| {
                anyhow!("a thread that worked on photos failed; this is an error in footlight")
            })?;
        }
        anyhow::Ok(())
    })?;
    let mut all = all
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    all.sort_by(|(a, _), (b, _)| (a.person, &a.name).cmp(&(b.person, &b.name)));
    let mut collected = Collected::default();
    for (photo, found) in all {
        match found {
            Found::Face(feature) => collected.featured.push(Featured {
                person: photo.person,
                name: photo.name.clone(),
                feature,
            }),
            Found::NoFace => collected.no_face.push(photo.name.clone()),
            Found::Unusable(reason) => collected.unusable.push(Unusable {
                photo: photo.name.clone(),
                reason,
            }),
        }
    }
    Ok(collected)
}

fn find(photo: &Photo, pipeline: &Pipeline) -> Found {
    let image = fs::read(&photo.path)
        .map_err(|error| error.to_string())
        .and_then(|bytes| {
            Image::decode(&bytes, &DecodeLimits::default()).map_err(|error| error.to_string())
        });
    let faces = image.and_then(|image| pipeline.features(image).map_err(|error| error.to_string()));
    let biggest = match faces {
        Ok(faces) => faces.into_iter().max_by(|a, b| {
            let area = |face: &footlight_pipeline::Face| {
                face.candidate.bounds.width * face.candidate.bounds.height
            };
            area(a).total_cmp(&area(b))
        }),
        Err(reason) => return Found::Unusable(reason),
    };
    match biggest.map(|face| unit(face.feature)) {
        Some(Some(feature)) => Found::Face(feature),
        Some(None) => {
            Found::Unusable("its feature has no direction: all zero, or not finite".to_owned())
        }
        None => Found::NoFace,
    }
}

/// The vector with length 1; none where it has no direction.
fn unit(mut feature: Vec<f32>) -> Option<Vec<f32>> {
    let length = feature
        .iter()
        .map(|&x| f64::from(x) * f64::from(x))
        .sum::<f64>()
        .sqrt();
    if !length.is_finite() || length == 0.0 {
        return None;
    }
    for x in &mut feature {
        *x = (f64::from(*x) / length) as f32;
    }
    Some(feature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_a_person_and_nothing_beside_or_hidden() {
        let folder = tempfile::tempdir().unwrap();
        for person in ["b", "a", ".git"] {
            fs::create_dir(folder.path().join(person)).unwrap();
        }
        for file in [
            "b/2.jpg",
            "b/1.jpg",
            "a/x.png",
            "a/.hidden.jpg",
            ".git/HEAD",
            "LICENSE",
        ] {
            fs::write(folder.path().join(file), b"x").unwrap();
        }
        let (photos, people) = list(folder.path()).unwrap();
        let names: Vec<_> = photos
            .iter()
            .map(|photo| (photo.person, photo.name.as_str()))
            .collect();
        assert_eq!(people, 2);
        assert_eq!(names, [(0, "a/x.png"), (1, "b/1.jpg"), (1, "b/2.jpg")]);
    }

    #[test]
    fn a_folder_without_folders_says_what_it_should_have() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.jpg"), b"x").unwrap();
        let error = list(folder.path()).unwrap_err().to_string();
        assert!(error.contains("folder of their own"), "{error}");
        assert!(list(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn features_have_length_one_or_are_none() {
        let unit_of_3_4 = unit(vec![3.0, 4.0]).unwrap();
        assert!((unit_of_3_4[0] - 0.6).abs() < 1e-7 && (unit_of_3_4[1] - 0.8).abs() < 1e-7);
        assert_eq!(unit(vec![0.0; 4]), None);
        assert_eq!(unit(vec![f32::NAN, 1.0]), None);
    }
}
