//! What can be typed of galleries.

use std::str::FromStr;

use clap::{Args, Subcommand};
use footlight_artifacts::Reference;
use footlight_pipeline::Place;

use super::{ArtifactArgs, HostArgs};

const PUSH_EXAMPLES: &str = "\
Examples:
  footlight keygen --site site.key                       once; every host of the site gets this file
  footlight run guests/members.toml --site-key site.key  where members are enrolled
  footlight gallery push members registry.example/site/members:current
  footlight run guests/members.toml --site-key site.key --gallery registry.example/site/members:current

The host encrypts: neither this command nor the registry sees a template or a name. Hosts that follow a tag take
what is pushed there within some ten seconds, between two frames.";

const PULL_EXAMPLES: &str = "\
Examples:
  footlight gallery pull registry.example/site/members:current
  footlight gallery pull registry.example/site/members:current --to oci:members.tar

Fetches the gallery into the store as it is, encrypted, and says what may be known of it. With --to it is copied to
another place: a folder or tar to carry to where there is no network, or another registry.";

/// What can be done with a gallery.
#[derive(Debug, Subcommand)]
pub enum GalleryCommand {
    /// Publish the gallery of a running host, encrypted with its site's key
    Push(GalleryPushArgs),
    /// Fetch a gallery, encrypted as it is
    Pull(GalleryPullArgs),
}

/// `footlight gallery push`.
#[derive(Debug, Args)]
#[command(after_help = PUSH_EXAMPLES)]
pub struct GalleryPushArgs {
    /// The pipeline whose gallery it is
    #[arg(value_name = "PIPELINE")]
    pub pipeline: String,
    /// Where it goes
    #[arg(value_name = "REFERENCE")]
    pub target: Reference,
    #[command(flatten)]
    pub host: HostArgs,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `footlight gallery pull`.
#[derive(Debug, Args)]
#[command(after_help = PULL_EXAMPLES)]
pub struct GalleryPullArgs {
    /// What to fetch
    #[arg(value_name = "REFERENCE")]
    pub reference: Reference,
    /// Copy it there as well
    #[arg(long, value_name = "REFERENCE")]
    pub to: Option<Reference>,
    #[command(flatten)]
    pub artifacts: ArtifactArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Where the members are, of all pipelines or of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GalleryPlace {
    /// The pipeline; none for all.
    pub pipeline: Option<String>,
    /// A folder, or a gallery that is enrolled on another host.
    pub place: Place,
}

/// `NAME=REFERENCE`, or what a [`Place`] is. A folder may have `=` in its path.
impl FromStr for GalleryPlace {
    type Err = footlight_artifacts::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((name, rest)) = text.split_once('=')
            && name
                .chars()
                .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'))
            && let Some(reference) = Reference::recognise(rest)
        {
            return Ok(Self {
                pipeline: Some(name.to_owned()),
                place: Place::Artifact(reference?),
            });
        }
        Ok(Self {
            pipeline: None,
            place: text.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gallery_is_a_folder_or_a_reference_of_one_pipeline_or_of_all() {
        for (text, pipeline, place) in [
            ("/var/lib/members", None, "/var/lib/members"),
            ("a=b/members", None, "a=b/members"),
            ("oci:site:members", None, "oci:site:members"),
            ("r.example/s/m:1", None, "r.example/s/m:1"),
            ("door-2=r.example/s/m:1", Some("door-2"), "r.example/s/m:1"),
        ] {
            let gallery: GalleryPlace = text.parse().unwrap();
            assert_eq!(gallery.pipeline.as_deref(), pipeline, "{text}");
            assert_eq!(gallery.place.to_string(), place);
            let artifact = matches!(gallery.place, Place::Artifact(_));
            assert_eq!(artifact, place.contains(':'), "{text}");
        }
        assert!("door=r.example/S/m:1".parse::<GalleryPlace>().is_err());
    }
}
