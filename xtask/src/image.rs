//! The host's container image.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use footlight_authoring::process::output;
use footlight_authoring::{Cache, Progress};
use footlight_image::{Image, TAG, archive, host};
use indicatif::HumanBytes;

use crate::build;
use crate::folder;
use crate::tools;
use crate::workspace::Workspace;

/// What is asked of the image.
#[derive(Args)]
pub struct Options {
    /// Where the archive goes [default: footlight-image.tar in the folder of the build]
    #[arg(short, long, value_name = "FILE.tar")]
    output: Option<PathBuf>,
    /// Push it to a registry as well, with the credentials of `docker login`
    #[arg(long, value_name = "REGISTRY/REPOSITORY:TAG")]
    push: Option<String>,
    /// The registry of --push is spoken to without TLS
    #[arg(long, requires = "push")]
    plain_http: bool,
    /// Pack it a second time, and fail where the digest is another
    #[arg(long)]
    check: bool,
}

/// Builds the host and its image, and says how large it is.
pub fn run(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    options: &Options,
) -> Result<()> {
    build::host(workspace, progress)?;
    // Not in the cache: what is unfinished there goes when anything is fetched.
    let scratch = tempfile::Builder::new()
        .prefix("image-")
        .tempdir_in(&workspace.target)?;
    let image = make(workspace, cache, progress, &scratch.path().join("image"))?;
    if options.check {
        let again = make(workspace, cache, progress, &scratch.path().join("again"))?;
        if again.digest != image.digest {
            bail!(
                "packed twice, the image is {} and {}: something in it is not the same each time",
                image.digest,
                again.digest
            );
        }
        progress.line("same", &format!("packed twice, both are {}", image.digest));
    }
    let file = options
        .output
        .clone()
        .unwrap_or_else(|| workspace.target.join("footlight-image.tar"));
    archive::write(&image, &file)?;
    println!("{}  {}", image.digest, file.display());
    println!(
        "{} compressed, {} unpacked",
        HumanBytes(image.sizes.compressed),
        HumanBytes(image.sizes.unpacked)
    );
    if let Some(reference) = &options.push {
        push(
            cache,
            progress,
            &image.layout,
            reference,
            options.plain_http,
        )?;
        println!("pushed to {reference}");
    }
    Ok(())
}

/// Makes the image in a folder, of the host as it was built last.
pub fn make(
    workspace: &Workspace,
    cache: &Cache,
    progress: &Progress,
    layout: &Path,
) -> Result<Image> {
    let debian = tools::for_image(cache, progress)
        .context("the image's libraries come from Debian's packages")?;
    let step = progress.begin("packing", "the host's image", None);
    let parts = host::Parts {
        program: &workspace.host(),
        openvino: &folder::openvino(cache)?,
        debian: &debian,
        licence: &workspace.root.join("LICENSE"),
        version: env!("CARGO_PKG_VERSION"),
    };
    let image = host::build(&parts, layout)?;
    step.done("packed");
    Ok(image)
}

/// Puts an image, a layout or the archive of one, into a registry.
pub fn push(
    cache: &Cache,
    progress: &Progress,
    layout: &Path,
    reference: &str,
    plain_http: bool,
) -> Result<()> {
    let mut copy = Command::new(tools::oras(cache, progress)?);
    copy.args(["cp", "--from-oci-layout"]);
    if plain_http {
        copy.arg("--to-plain-http");
    }
    copy.arg(format!("{}:{TAG}", layout.display()))
        .arg(reference);
    output(&mut copy).with_context(|| format!("the image cannot be pushed to {reference}"))?;
    Ok(())
}
