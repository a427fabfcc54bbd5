//! Work that another host has sent, and doing it behind the boundary.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use footlight_boundary::{Refusal, Zone};
use footlight_pipeline::{Elsewhere, Failure, FrameError, Pipeline, Purpose};
use footlight_sandbox::{ErrorKind, Item};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use crate::errand::audit;
use crate::metrics::Metrics;
use crate::trace::Trace;
use crate::wire::{self, Cargo};

/// Work that another host has sent.
#[derive(Debug)]
pub struct Order {
    /// The zone of the host that sent it, as its certificate names it.
    pub sender: Zone,
    /// The frame that it is for.
    pub frame: String,
    /// The trace that it is part of.
    pub trace: Trace,
    /// When it is too late.
    pub until: Instant,
    pub(crate) body: Bytes,
    pub(crate) metrics: Arc<Metrics>,
}

/// Why an order was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The status of the answer.
    #[serde(skip)]
    pub status: u16,
    /// Why, as a code: lower case, words joined by hyphens.
    pub code: String,
    /// The stage where it went wrong.
    pub stage: Option<String>,
    /// Why, in words.
    pub detail: String,
}

/// What an order is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The pipeline.
    pub pipeline: String,
    /// Its version, as a digest.
    pub version: String,
    /// The stage that the items are for.
    pub stage: String,
    purpose: Purpose,
}

impl Refused {
    /// The version or the stage is not here: another host may have it.
    pub fn not_here(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "not-here", detail)
    }

    /// There is too much to do: another host may have less.
    pub fn busy(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// The time was over before it was begun.
    pub fn late() -> Self {
        let detail = "the frame's time was over before it was begun";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "deadline-passed", detail)
    }

    /// The host failed at it.
    pub fn failed(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, detail)
    }

    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status: status.as_u16(),
            code: code.to_owned(),
            stage: None,
            detail: detail.into(),
        }
    }

    fn of_boundary(refusal: &Refusal) -> Self {
        Self::new(StatusCode::FORBIDDEN, refusal.code(), refusal.to_string())
    }
}

impl About {
    /// The host does not run the stage, or no more.
    pub fn not_here(&self) -> Refused {
        Refused::not_here(format!(
            "this host does not run the stage `{}` of `{}` ({})",
            self.stage, self.pipeline, self.version
        ))
    }
}

impl From<&FrameError> for Refused {
    fn from(error: &FrameError) -> Self {
        let status = match error {
            FrameError::Stage { source, .. } if source.kind() == ErrorKind::Unsuitable => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            FrameError::Elsewhere { source, .. } => match &**source {
                Failure::Nobody(_) | Failure::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
                Failure::Late(_) => StatusCode::GATEWAY_TIMEOUT,
                Failure::Refused(_) => StatusCode::FORBIDDEN,
                Failure::Told { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            },
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            stage: error.stage().map(str::to_owned),
            ..Self::new(status, error.code(), error.to_string())
        }
    }
}

impl Order {
    /// What it is about.
    ///
    /// # Errors
    /// A message that is not one.
    pub fn about(&self) -> Result<About, Refused> {
        let request: wire::Request<'_> = wire::read(&self.body).map_err(malformed)?;
        Ok(About {
            pipeline: request.pipeline.to_owned(),
            version: request.version.to_owned(),
            stage: request.stage.to_owned(),
            purpose: request.purpose,
        })
    }

    /// Does the work with a pipeline of that name and version. Blocks.
    ///
    /// # Errors
    /// Why it was not done. What does not pass the boundary is in the audit log, too.
    pub fn carry_out(
        &self,
        pipeline: &Pipeline,
        others: &dyn Elsewhere,
    ) -> Result<Vec<u8>, Refused> {
        let about = self.about()?;
        let refuse = |refusal: Refusal| {
            let (of, stage) = (&about.pipeline, &about.stage);
            audit(&self.metrics, of, stage, &self.frame, &refusal);
            Refused::of_boundary(&refusal)
        };
        let near = pipeline.zone() == Some(&self.sender);
        let items = self.items(pipeline, &about, near, &refuse)?;
        if !pipeline.runs(&about.stage) {
            return Err(about.not_here());
        }
        let worked = pipeline
            .work(&about.stage, about.purpose, items, others)
            .map_err(|error| Refused::from(&error))?;
        let parcels;
        let made: Vec<(usize, Cargo<'_>)> = if near {
            let made = worked.made.iter();
            made.map(|made| (made.parent, Cargo::whole(&made.item)))
                .collect()
        } else {
            parcels = pipeline.parcels(&worked, &self.sender).map_err(refuse)?;
            let parcels = parcels.iter();
            parcels
                .map(|(parent, parcel)| (*parent, Cargo::parcel(parcel)))
                .collect()
        };
        wire::write(&wire::reply(&worked, made))
            .map_err(|why| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "host-failed", why))
    }

    fn items(
        &self,
        pipeline: &Pipeline,
        about: &About,
        near: bool,
        refuse: &dyn Fn(Refusal) -> Refused,
    ) -> Result<Vec<Item>, Refused> {
        let input = pipeline
            .file()
            .stages
            .get(&about.stage)
            .map(|stage| stage.input.as_str());
        let read = |cargo| {
            let item = match cargo {
                Cargo::Item(item) if near => item.read().map_err(malformed)?,
                Cargo::Item(_) => {
                    let refusal = Refusal::Image {
                        class: input.unwrap_or_default().to_owned(),
                        from: self.sender.clone(),
                        to: self.sender.clone(),
                    };
                    return Err(refuse(refusal));
                }
                Cargo::Parcel(parcel) => pipeline
                    .unpack(self.sender.as_str(), &parcel.read())
                    .map_err(refuse)?,
            };
            if Some(item.class.as_str()) != input {
                return Err(malformed(format!(
                    "the stage `{}` does not take items of class `{}`",
                    about.stage, item.class
                )));
            }
            pipeline.check_item(&item).map_err(malformed)?;
            Ok(item)
        };
        let request: wire::Request<'_> = wire::read(&self.body).map_err(malformed)?;
        request.cargo.into_iter().map(read).collect()
    }
}

/// A message that is none.
pub(crate) fn malformed(why: impl Into<String>) -> Refused {
    let detail = format!(
        "the message of the host that sent it is not read: {}",
        why.into()
    );
    Refused::new(StatusCode::BAD_REQUEST, "malformed-message", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use footlight_boundary::{Packed, Parcel};
    use footlight_nn::Tensor;
    use footlight_pipeline::Nowhere;
    use footlight_sandbox::Payload;
    use std::collections::BTreeMap;

    use crate::harness::{feature, frame, pipeline};

    fn written(stage: &str, cargo: Vec<Cargo<'_>>) -> Vec<u8> {
        wire::write(&wire::Request {
            pipeline: "members",
            version: "sha256:1",
            stage,
            purpose: Purpose::Answer,
            cargo,
        })
        .unwrap()
    }

    fn parcel(class: &str, bytes: &[u8]) -> Parcel {
        Parcel {
            class: class.to_owned(),
            content: Packed::Tensor(bytes.to_vec()),
            attributes: BTreeMap::new(),
        }
    }

    fn refused(cloud: &Pipeline, sender: &str, body: Vec<u8>) -> (u16, String) {
        let order = Order {
            sender: sender.parse().unwrap(),
            frame: "1".to_owned(),
            trace: Trace::default(),
            until: Instant::now(),
            body: body.into(),
            metrics: Arc::new(Metrics::new("cloud".parse().unwrap(), String::new())),
        };
        let refused = order.carry_out(cloud, &Nowhere).unwrap_err();
        (refused.status, refused.code)
    }

    fn says(cloud: &Pipeline, sender: &str, stage: &str, cargo: Vec<Cargo<'_>>) -> (u16, String) {
        refused(cloud, sender, written(stage, cargo))
    }

    fn whole(item: &Item) -> Vec<Cargo<'_>> {
        vec![Cargo::whole(item)]
    }

    #[test]
    fn what_arrives_is_checked_as_if_nothing_had_been_before() {
        let (cloud, _folder) = pipeline("cloud");
        let right = parcel("feature", &[127, 0, 0, 0]);
        // It passes, and then there is no stage for it.
        let passed = (409, "not-here".to_owned());
        assert_eq!(
            says(&cloud, "site", "verify", vec![Cargo::parcel(&right)]),
            passed
        );

        let (frame, feature) = (frame(), feature());
        let boundary = |code: &str| (403, format!("boundary-{code}"));
        assert_eq!(
            says(&cloud, "site", "detect", whole(&frame)),
            boundary("image")
        );
        // Only what was put into its form crosses, also of a class that may.
        assert_eq!(
            says(&cloud, "site", "verify", whole(&feature)),
            boundary("image")
        );
        let of = |class: &str, bytes: &[u8]| parcel(class, bytes);
        for (sender, parcel, code) in [
            ("site", of("feature", &[127, 0, 0, 0, 0]), "form"),
            ("site", of("feature", &[127, 127, 127, 127]), "form"),
            ("site", of("frame", &[1, 2, 3]), "no-way"),
            ("site", of("note", &[]), "no-way"),
            ("moon", right.clone(), "no-way"),
            ("mars", right.clone(), "unknown-zone"),
        ] {
            let said = says(&cloud, sender, "verify", vec![Cargo::parcel(&parcel)]);
            assert_eq!(said, boundary(code), "{sender} {parcel:?}");
        }
        // From its own zone it takes items whole, of the class that the stage takes.
        assert_eq!(says(&cloud, "cloud", "verify", whole(&feature)), passed);
        let malformed = (400, "malformed-message".to_owned());
        assert_eq!(says(&cloud, "cloud", "verify", whole(&frame)), malformed);
        let long = Item {
            payload: Payload::Tensor(Arc::new(Tensor::from_f32(vec![1, 5], &[0.5; 5]).unwrap())),
            ..feature
        };
        assert_eq!(says(&cloud, "cloud", "verify", whole(&long)), malformed);
        assert_eq!(says(&cloud, "cloud", "verifi", whole(&long)), malformed);
    }

    #[test]
    fn a_message_that_is_cut_off_altered_or_too_long_is_one_refusal() {
        let (cloud, _folder) = pipeline("cloud");
        let right = parcel("feature", &[127, 0, 0, 0]);
        let body = written("verify", vec![Cargo::parcel(&right)]);
        for length in 0..body.len() {
            let (status, _) = refused(&cloud, "site", body[..length].to_vec());
            assert_eq!(status, 400, "{length} of {} bytes", body.len());
        }
        let longer = [body.as_slice(), &[0]].concat();
        assert_eq!(refused(&cloud, "site", longer).0, 400);
        for place in 0..body.len() {
            for bit in 0..8 {
                let mut altered = body.clone();
                altered[place] ^= 1 << bit;
                let (status, _) = refused(&cloud, "site", altered);
                assert!([400, 403, 409].contains(&status), "{place} {bit}: {status}");
            }
        }
    }
}
