//! Frames made of sample photos.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use footlight_authoring::Cache;
use image::imageops::{self, FilterType};
use image::{ImageReader, RgbImage};

use super::scenes::{SCENES, Scene};

/// The height of a frame that is made of several photos.
const HEIGHT: u32 = 900;

/// One file for each scene, in the order of the table: the photo itself, or one made of several.
pub fn make_all(cache: &Cache, folder: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    SCENES
        .iter()
        .map(|scene| make(cache, folder, scene))
        .collect()
}

/// The frame's file is named after the scene, as the annotated picture takes its name from it.
fn make(cache: &Cache, folder: &Path, scene: &Scene) -> Result<PathBuf> {
    let photos: Vec<PathBuf> = scene
        .photos
        .iter()
        .map(|photo| cache.path("photos").join(photo))
        .collect();
    if let [photo] = photos.as_slice() {
        let ending = photo.extension().unwrap_or_default();
        let frame = folder.join(scene.name).with_extension(ending);
        fs::copy(photo, &frame).with_context(|| format!("cannot copy {}", photo.display()))?;
        return Ok(frame);
    }
    let parts = photos
        .iter()
        .map(|photo| at_height(photo))
        .collect::<Result<Vec<_>>>()?;
    let mut canvas = RgbImage::new(parts.iter().map(RgbImage::width).sum(), HEIGHT);
    let mut left = 0;
    for part in &parts {
        imageops::replace(&mut canvas, part, left, 0);
        left += i64::from(part.width());
    }
    let frame = folder.join(scene.name).with_extension("png");
    canvas
        .save(&frame)
        .with_context(|| format!("cannot write {}", frame.display()))?;
    Ok(frame)
}

fn at_height(photo: &Path) -> Result<RgbImage> {
    let reader = ImageReader::open(photo).and_then(ImageReader::with_guessed_format);
    let image = reader
        .map_err(anyhow::Error::from)
        .and_then(|reader| Ok(reader.decode()?));
    let image = image.with_context(|| format!("cannot read {}", photo.display()))?;
    Ok(image
        .resize(u32::MAX, HEIGHT, FilterType::Triangle)
        .into_rgb8())
}
