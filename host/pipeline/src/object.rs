//! A pipeline as an object of Kubernetes: the same keys as in a file, in YAML or JSON, under `spec`.

use crate::deployment::Definition;
use crate::error::OpenError;
use crate::file::PipelineFile;
use crate::node::NodeFacts;
use crate::open::check_models;
use crate::order::order;
use crate::parts::check_gallery;
use crate::place::Place;
use footlight_boundary::Zone;
use footlight_nn::sha256_hex;
use serde_json::{Number, Value};

/// The version of the API that objects are of.
pub const API_VERSION: &str = "footlight.dev/v1alpha1";
/// The kind of objects that pipelines are.
pub const KIND: &str = "Pipeline";

/// Why an object is not taken.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{why}")]
pub struct Rejection {
    /// Which kind of reason.
    pub reason: Reason,
    /// The reason in the words of whoever wrote the object.
    pub why: String,
}

/// The kinds of reasons for which an object is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is not what a pipeline is.
    Invalid,
    /// A part of it is not named by its digest.
    NotPinned,
    /// Something could leave its zone that may not, or a frame would get stuck.
    BoundaryBroken,
}

impl Reason {
    /// The reason as conditions of Kubernetes have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "Invalid",
            Self::NotPinned => "NotPinned",
            Self::BoundaryBroken => "BoundaryBroken",
        }
    }
}

impl PipelineFile {
    /// Reads an object in YAML or JSON, as it lies in a file. What is not `metadata.name` and `spec` is left alone.
    ///
    /// # Errors
    /// [`OpenError`] for what is no such object, with the key that is wrong.
    pub fn parse_object(text: &str) -> Result<Self, OpenError> {
        let object: Value = serde_saphyr::from_str(text)
            .map_err(|error| OpenError::new(error.to_string().trim_end().to_owned()))?;
        let is = |key: &str, wanted: &str| match object.get(key).and_then(Value::as_str) {
            Some(found) if found == wanted => Ok(()),
            Some(found) => Err(OpenError::new(format!(
                "`{key}` is `{found}`, and that of a pipeline is `{wanted}`"
            ))),
            None => Err(OpenError::new(format!(
                "it is no object of Kubernetes: `{key}: {wanted}` is missing"
            ))),
        };
        is("apiVersion", API_VERSION)?;
        is("kind", KIND)?;
        let name = object.pointer("/metadata/name").and_then(Value::as_str);
        let name = name.ok_or_else(|| OpenError::new("`metadata.name` is missing"))?;
        let spec = object.get("spec");
        Self::from_spec(
            name,
            spec.ok_or_else(|| OpenError::new("`spec` is missing"))?,
        )
    }

    /// The pipeline of an object's name and `spec`.
    ///
    /// # Errors
    /// [`OpenError`] with the key that is wrong.
    pub fn from_spec(name: &str, spec: &Value) -> Result<Self, OpenError> {
        let Value::Object(spec) = spec else {
            return Err(OpenError::new("`spec` is not a table of keys"));
        };
        if spec.contains_key("name") {
            return Err(OpenError::new(
                "spec.name: the name of a pipeline is `metadata.name`",
            ));
        }
        let mut spec = spec.clone();
        spec.insert("name".to_owned(), Value::from(name));
        let spec = plain(&Value::Object(spec));
        let digest = sha256_hex(spec.to_string().as_bytes());
        let mut file: Self = serde_path_to_error::deserialize(spec).map_err(|error| {
            let path = error.path().to_string();
            OpenError::new(match path.as_str() {
                "." => format!("spec: {}", error.inner()),
                path => format!("spec.{path}: {}", error.inner()),
            })
        })?;
        file.digest = digest;
        Ok(file)
    }

    /// Whether a stage is placed where a host is: in the host's zone, where it is in one, and on its node.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn fits(&self, stage: &str, zone: Option<&Zone>, node: &NodeFacts) -> Result<(), String> {
        let Some(placement) = self.placement.get(stage) else {
            return Ok(());
        };
        if let (Some(zones), Some(zone)) = (&placement.zones, zone)
            && !zones.contains(zone)
        {
            let zones: Vec<String> = zones.iter().map(|zone| format!("`{zone}`")).collect();
            return Err(format!(
                "it is placed in {}, and the host is in `{zone}`",
                zones.join(" or ")
            ));
        }
        placement.fits(node)
    }

    /// Whether all that can be seen of the file without opening its parts is right.
    ///
    /// # Errors
    /// The first thing that is not.
    pub fn check(&self) -> Result<(), OpenError> {
        order(self)?;
        check_models(self)?;
        if let Some(gallery) = &self.gallery {
            check_gallery(self, gallery)?;
        }
        Ok(())
    }
}

impl Definition {
    /// The pipeline of an object on a cluster. Each part must be named by its digest, so that the object says exactly what
    /// runs: the digest of its `spec` is the version.
    ///
    /// # Errors
    /// [`Rejection`], with the reason that a condition gives.
    pub fn of_object(name: &str, spec: &Value, origin: String) -> Result<Self, Rejection> {
        let because = |reason| {
            move |why: OpenError| Rejection {
                reason,
                why: why.to_string(),
            }
        };
        let file = PipelineFile::from_spec(name, spec).map_err(because(Reason::Invalid))?;
        file.check().map_err(because(Reason::Invalid))?;
        pinned(&file).map_err(because(Reason::NotPinned))?;
        file.check_zones()
            .map_err(because(Reason::BoundaryBroken))?;
        Ok(Self {
            version: Some(format!("sha256:{}", file.digest)),
            file,
            origin,
        })
    }
}

/// Whether every part is an artifact by its digest.
fn pinned(file: &PipelineFile) -> Result<(), OpenError> {
    let stages = file.stages.iter();
    let stages = stages.map(|(name, stage)| (format!("stages.{name}.component"), &stage.component));
    let models = file.models.iter();
    let models = models.map(|(name, model)| (format!("models.{name}.card"), &model.card));
    for (key, place) in stages.chain(models) {
        let lacks = match place {
            Place::File(_) => "is a file, which hosts do not have",
            Place::Artifact(reference) if reference.digest().is_none() => {
                "has a tag and no digest, so that hosts could run different ones"
            }
            Place::Artifact(_) => continue,
        };
        return Err(OpenError::new(format!(
            "spec.{key}: `{place}` {lacks}: write REGISTRY/REPOSITORY@sha256:DIGEST; `footlight k8s pipeline REFERENCE` \
             does, for a pipeline that was pushed"
        )));
    }
    Ok(())
}

/// The same value, numbers written in one way: a whole number has no fraction, as the API server keeps it.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let map = map.iter();
            Value::Object(
                map.map(|(key, value)| (key.clone(), plain(value)))
                    .collect(),
            )
        }
        Value::Array(list) => Value::Array(list.iter().map(plain).collect()),
        Value::Number(number) => Value::Number(whole(number)),
        other => other.clone(),
    }
}

fn whole(number: &Number) -> Number {
    /// Below this, every whole f64 is an i64 of the same value.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole and small enough"
        )]
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
            (float as i64).into()
        }
        _ => number.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    /// The example across zones as an object, with all parts by digest.
    fn members() -> Value {
        let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests");
        let text = fs::read_to_string(guests.join("members-across-zones.toml")).unwrap();
        let mut spec = serde_json::to_value(toml::from_str::<toml::Table>(&text).unwrap()).unwrap();
        spec.as_object_mut().unwrap().remove("name").unwrap();
        let part = format!("r.example/members@sha256:{}", "a".repeat(64));
        for stage in spec["stages"].as_object_mut().unwrap().values_mut() {
            stage["component"] = part.clone().into();
        }
        for model in spec["models"].as_object_mut().unwrap().values_mut() {
            model["card"] = part.clone().into();
        }
        spec
    }

    fn take(spec: &Value) -> Result<Definition, Rejection> {
        Definition::of_object("members", spec, "here".to_owned())
    }

    #[test]
    fn an_object_is_the_file_in_another_notation() {
        let definition = take(&members()).unwrap();
        assert_eq!(definition.file.name, "members");
        assert_eq!(definition.file.stages.len(), 3);
        let object = serde_json::json!({
            "apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "members", "uid": "7"},
            "spec": members(), "status": {"hosts": []},
        });
        let read = PipelineFile::parse_object(&object.to_string()).unwrap();
        assert_eq!(Some(format!("sha256:{}", read.digest)), definition.version);
    }

    #[test]
    fn a_version_is_what_the_object_says_and_not_how_it_is_written() {
        let version = |spec: &Value| take(spec).unwrap().version.unwrap();
        let mut spec = members();
        let before = version(&spec);
        spec["gallery"]["gate"]["min-face"] = 60.into();
        assert_eq!(version(&spec), before, "60 and 60.0 are one number");
        spec["gallery"]["gate"]["min-face"] = 61.into();
        assert_ne!(version(&spec), before);
    }

    #[test]
    fn every_mistake_has_its_reason_and_says_where() {
        type Change = fn(&mut Value);
        let cases: [(Change, Reason, &str); 9] = [
            (
                |spec| spec["stages"]["detect"]["limits"]["tiem"] = "5 s".into(),
                Reason::Invalid,
                "spec.stages.detect.limits.tiem",
            ),
            (
                |spec| spec["source"] = "fram".into(),
                Reason::Invalid,
                "`fram`",
            ),
            (
                |spec| spec["name"] = "x".into(),
                Reason::Invalid,
                "metadata.name",
            ),
            (
                |spec| spec["gallery"]["template"] = "crop".into(),
                Reason::Invalid,
                "tensor of f32",
            ),
            (
                |spec| spec["stages"]["detect"]["models"]["detector"] = "retina".into(),
                Reason::Invalid,
                "`retina`",
            ),
            (
                |spec| spec["stages"]["detect"]["component"] = "r.example/members:1".into(),
                Reason::NotPinned,
                "spec.stages.detect.component",
            ),
            (
                |spec| spec["models"]["retinaface"]["card"] = "../card.toml".into(),
                Reason::NotPinned,
                "is a file",
            ),
            (
                |spec| spec["placement"]["features"]["zones"] = vec!["cloud"].into(),
                Reason::BoundaryBroken,
                "no image leaves its zone",
            ),
            (
                |spec| drop(spec.as_object_mut().unwrap().remove("zones")),
                Reason::BoundaryBroken,
                "no [zones]",
            ),
        ];
        for (change, reason, words) in cases {
            let mut spec = members();
            // As an object has it.
            for (_, placement) in spec["placement"].as_object_mut().unwrap().iter_mut() {
                *placement = serde_json::json!({"zones": placement.clone()});
            }
            take(&spec).unwrap();
            change(&mut spec);
            let said = take(&spec).unwrap_err();
            assert_eq!(said.reason, reason, "{said}");
            assert!(said.why.contains(words), "{said}");
        }
    }

    #[test]
    fn a_stage_fits_hosts_in_its_zones_on_its_nodes() {
        let mut spec = members();
        let placed = serde_json::json!({"zones": ["cloud"], "labels": {"tier": "big"}});
        spec["placement"]["verify"] = placed;
        let file = take(&spec).unwrap().file;
        let zone = |name: &str| -> Zone { name.parse().unwrap() };
        let (site, cloud) = (zone("site"), zone("cloud"));
        let big = NodeFacts {
            labels: [("tier".to_owned(), "big".to_owned())].into(),
            gpu: false,
        };
        assert_eq!(file.fits("verify", Some(&cloud), &big), Ok(()));
        assert_eq!(file.fits("verify", None, &big), Ok(()), "it is in no zone");
        let said = file.fits("verify", Some(&site), &big).unwrap_err();
        assert!(
            said.contains("placed in `cloud`") && said.contains("in `site`"),
            "{said}"
        );
        let small = NodeFacts::default();
        let said = file.fits("verify", Some(&cloud), &small).unwrap_err();
        assert!(said.contains("tier=big"), "{said}");
        assert_eq!(file.fits("nobody", Some(&site), &small), Ok(()));
    }

    #[test]
    fn the_example_is_a_pipeline_whose_boundary_holds() {
        let file = "../../k8s/examples/member-verification.yaml";
        let file = PipelineFile::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        file.check().unwrap();
        pinned(&file).unwrap();
        let plan = file.check_zones().unwrap().unwrap();
        assert_eq!(plan.may_run("verify", "cloud"), Ok(()));
        assert!(plan.may_run("detect", "cloud").is_err());
    }

    #[test]
    fn what_is_no_such_object_is_said() {
        for (text, words) in [
            ("name = 1", "apiVersion"),
            ("apiVersion: v1\nkind: Pod", "`v1`"),
            ("apiVersion: footlight.dev/v1alpha1\nkind: Pod", "`Pod`"),
            (
                "apiVersion: footlight.dev/v1alpha1\nkind: Pipeline\nspec: {}",
                "metadata.name",
            ),
            (
                "apiVersion: footlight.dev/v1alpha1\nkind: Pipeline\nmetadata: {name: x}",
                "`spec`",
            ),
            ("a: [", "line 1"),
        ] {
            let said = PipelineFile::parse_object(text).unwrap_err().to_string();
            assert!(said.contains(words), "{text}: {said}");
        }
    }
}
