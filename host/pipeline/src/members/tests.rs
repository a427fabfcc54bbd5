//! Hosts in two zones that share members.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use footlight_boundary::Quantise;
use footlight_gallery::{Gallery, MemberId, Quality, SealedMember, Template};
use footlight_nn::{Folders, Runtimes};
use footlight_sandbox::Sandbox;
use footlight_trust::SiteKey;

use super::{Members, MembersError};
use crate::{Definition, Deployment, EnrolError, Here, Locations, Pipeline, PipelineFile};

/// Where members are kept, as far as a test needs it.
#[derive(Debug, Default)]
struct Place {
    kept: Mutex<Vec<Arc<SealedMember>>>,
    away: Mutex<bool>,
}

impl Place {
    fn check(&self) -> Result<(), MembersError> {
        match *self.away.lock().unwrap() {
            true => Err(MembersError::Away("it is away".to_owned())),
            false => Ok(()),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<SealedMember>>)) {
        change(&mut self.kept.lock().unwrap());
    }
}

impl Members for Place {
    fn describe(&self) -> String {
        "a list".to_owned()
    }

    fn all(&self) -> Vec<Arc<SealedMember>> {
        self.kept.lock().unwrap().clone()
    }

    fn put(&self, member: SealedMember) -> Result<(), MembersError> {
        self.check()?;
        self.change(|kept| {
            kept.retain(|other| other.name != member.name);
            kept.push(Arc::new(member));
        });
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool, MembersError> {
        self.check()?;
        let mut removed = false;
        self.change(|kept| {
            removed = kept.iter().any(|member| member.name == name);
            kept.retain(|member| member.name != name);
        });
        Ok(removed)
    }
}

/// A host, and the version that it runs.
struct Host {
    deployment: Deployment,
    pipeline: Pipeline,
}

/// Member verification over two zones. With no stage that asks for the gallery by name, every host looks into it.
fn across(change: impl Fn(&str) -> String) -> Definition {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests");
    let text = fs::read_to_string(guests.join("members-across-zones.toml")).unwrap();
    let text = text.replacen(
        "model = \"gallery\"\ndevice = \"cpu\"",
        "model = \"gallery\"\ndevice = \"tract/cpu\"",
        1,
    );
    let mut file = PipelineFile::parse(&change(&text)).unwrap();
    file.folder = guests;
    Definition {
        file,
        // One that is named need not be made of all components, which this needs none of.
        version: Some(format!("sha256:{}", "0".repeat(64))),
        origin: "a test".to_owned(),
    }
}

fn everybody_searches(text: &str) -> String {
    let asks = "models = { gallery = \"gallery\" }";
    assert!(text.contains(asks));
    text.replacen(asks, "", 1)
}

impl Host {
    fn new(zone: &str, place: &Arc<Place>, key: &SiteKey, definition: Definition) -> Self {
        let locations = Locations {
            members: Some(place.clone()),
            site_key: Some(Arc::new(key.clone())),
            here: Some(Here {
                zone: zone.parse().unwrap(),
                stages: Some(BTreeSet::new()),
            }),
            ..Locations::default()
        };
        let runtimes = Arc::new(Runtimes::new(Folders::default()));
        let sandbox = Arc::new(Sandbox::new().unwrap());
        let deployment = Deployment::new(sandbox, runtimes, locations);
        let pipeline = deployment.open(definition, &[]).unwrap();
        Self {
            deployment,
            pipeline,
        }
    }

    fn enrol(&self, id: &str, features: &[Vec<f32>]) -> Result<(), EnrolError> {
        let templates = features.iter().map(|feature| template(feature)).collect();
        let photos: Vec<String> = (0..features.len()).map(|n| n.to_string()).collect();
        self.pipeline
            .keep(&self::id(id), templates, &photos)
            .map(drop)
    }

    /// What a frame is judged with.
    fn graph(&self) -> (String, Vec<String>) {
        let models = self.pipeline.models();
        let gallery = models.get("gallery").unwrap();
        (gallery.digest.clone(), gallery.labels.to_vec())
    }

    fn labels(&self) -> Vec<String> {
        self.graph().1
    }

    fn take(&self) -> bool {
        self.deployment.take_members().unwrap()
    }
}

fn id(text: &str) -> MemberId {
    text.parse().unwrap()
}

/// Features of length 1; the same for the same seed, and unlike those of other seeds.
fn feature(seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..512).map(|_| random() + random() + random()).collect()
}

fn template(feature: &[f32]) -> Template {
    Template {
        feature: feature.to_vec(),
        quality: Quality {
            face_pixels: 93.7,
            turn: 0.123_4,
            sharpness: 160.5,
            score: 0.998_7,
        },
        enrolled: 7,
    }
}

#[test]
fn who_is_enrolled_at_the_site_is_known_in_the_cloud_and_forgotten_in_both() {
    let (place, key) = (Arc::default(), SiteKey::generate().unwrap());
    let site = Host::new("site", &place, &key, across(everybody_searches));
    let cloud = Host::new("cloud", &place, &key, across(everybody_searches));
    let empty = cloud.graph();
    site.enrol("ada", &[feature(1)]).unwrap();
    site.enrol("bob", &[feature(2), feature(2)]).unwrap();
    assert_eq!(site.labels(), ["ada", "bob"], "at once where it was done");
    assert_eq!(cloud.graph(), empty);
    assert!(cloud.take());
    assert!(!cloud.take(), "nothing new");
    assert_eq!(cloud.graph(), site.graph(), "the same verdicts");
    assert!(cloud.pipeline.forget(&id("ada")).unwrap());
    assert_eq!(cloud.labels(), ["bob"]);
    assert!(site.take());
    assert_eq!(site.graph(), cloud.graph());
    assert!(!site.pipeline.forget(&id("ada")).unwrap());
    // One that starts later has them when it starts.
    let late = Host::new("cloud", &place, &key, across(everybody_searches));
    assert_eq!(late.graph(), cloud.graph());
    assert_eq!(late.pipeline.members().unwrap().len(), 1);
    assert!(late.pipeline.seal_gallery().is_ok());
    assert_eq!(late.deployment.shared_in().as_deref(), Some("a list"));
    assert!(late.deployment.following().is_none());
}

#[test]
fn a_template_leaves_in_the_form_of_the_rule_and_as_often() {
    let (place, key) = (Arc::default(), SiteKey::generate().unwrap());
    let seldom = across(|text| {
        let text = everybody_searches(text);
        text.replacen("per-second = 100", "per-second = 2", 1)
    });
    let site = Host::new("site", &place, &key, seldom);
    let began = Instant::now();
    site.enrol("ada", &[feature(1), feature(1), feature(1)])
        .unwrap();
    // Two at once, and half a second for the third.
    assert!(began.elapsed() > Duration::from_millis(300));
    let rounded = Quantise::I8.pack(&feature(1)).unwrap();
    let rounded = Quantise::I8.unpack(&rounded).unwrap();
    let expected = Gallery::in_memory("x", 512).unwrap();
    expected.put(&id("ada"), vec![template(&rounded)]).unwrap();
    let expected = expected.member(&id("ada")).unwrap().unwrap();
    let kept = site.pipeline.member(&id("ada")).unwrap().unwrap();
    assert_eq!(kept.templates[0].digest, expected.templates[0].digest);
    let quality = kept.templates[0].quality;
    assert_eq!((quality.face_pixels, quality.score), (94.0, 1.0));
}

#[test]
fn members_stay_in_their_zone_where_no_rule_lets_them_out() {
    let stay = || {
        across(|text| {
            let text = everybody_searches(text);
            let end = text.find("# What may leave a zone").unwrap();
            text[..end].replacen("verify = [\"cloud\"]", "verify = [\"site\"]", 1)
        })
    };
    let (place, key) = (Arc::default(), SiteKey::generate().unwrap());
    let site = Host::new("site", &place, &key, stay());
    let cloud = Host::new("cloud", &place, &key, stay());
    site.enrol("ada", &[feature(1)]).unwrap();
    cloud.take();
    assert_eq!(
        (site.labels(), cloud.labels()),
        (vec!["ada".to_owned()], vec![])
    );
    // A host that is in no zone may have been anywhere: nobody with a boundary takes what it says.
    let kept = site.pipeline.member(&id("ada")).unwrap().unwrap();
    let other = Gallery::in_memory("x", 512).unwrap();
    other.put(&id("ada"), vec![template(&feature(1))]).unwrap();
    let plain = other.member(&id("ada")).unwrap().unwrap();
    assert_eq!(
        kept.templates[0].digest, plain.templates[0].digest,
        "not rounded"
    );
}

#[test]
fn members_are_held_to_the_boundary_of_the_version_that_runs() {
    let (place, key) = (Arc::default(), SiteKey::generate().unwrap());
    let site = Host::new("site", &place, &key, across(everybody_searches));
    let cloud = Host::new("cloud", &place, &key, across(everybody_searches));
    site.enrol("ada", &[feature(1)]).unwrap();
    cloud.take();
    assert_eq!(cloud.labels(), ["ada"]);
    let narrower = across(|text| {
        let text = everybody_searches(text);
        let end = text.find("# What may leave a zone").unwrap();
        text[..end].replacen("verify = [\"cloud\"]", "verify = [\"site\"]", 1)
    });
    let beside = cloud.deployment.open(narrower.clone(), &[&cloud.pipeline]);
    assert_eq!(cloud.labels(), ["ada"], "one that does not run yet");
    drop(beside);
    let narrower = cloud.deployment.open(narrower, &[&cloud.pipeline]).unwrap();
    assert!(cloud.deployment.hold_members_to(&narrower).unwrap());
    assert_eq!(cloud.labels(), [""; 0]);
    site.enrol("bob", &[feature(2)]).unwrap();
    assert!(!cloud.take(), "nothing of it may be here");
    // The narrower one is still there, to be rolled back to.
    assert!(cloud.deployment.hold_members_to(&cloud.pipeline).unwrap());
    assert_eq!(cloud.labels(), ["ada", "bob"]);
    drop(narrower);
    assert!(!cloud.take());
    assert_eq!(cloud.labels(), ["ada", "bob"]);
}

#[test]
fn the_gate_where_photos_enter_knows_all_members_and_nothing_is_searched_there() {
    let (place, key) = (Arc::default(), SiteKey::generate().unwrap());
    let same = |text: &str| text.to_owned();
    let one = Host::new("site", &place, &key, across(same));
    let other = Host::new("site", &place, &key, across(same));
    assert!(one.pipeline.has_gallery());
    assert!(one.pipeline.models().get("gallery").is_none());
    one.enrol("ada", &[feature(1)]).unwrap();
    other.take();
    let error = other.enrol("bob", &[feature(1)]).unwrap_err();
    let EnrolError::Refused(photos) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (photos[0].photo.as_str(), photos[0].reason),
        ("0", "too-like-another")
    );
    assert_eq!(place.all().len(), 1);
    other.enrol("ada", &[feature(3)]).unwrap();
    one.take();
    assert_eq!(
        one.pipeline.members().unwrap(),
        other.pipeline.members().unwrap()
    );
    // In the cloud no photo enters, and with nothing that searches there it has no members.
    let cloud = Host::new("cloud", &place, &key, across(same));
    assert!(!cloud.pipeline.has_gallery() && !cloud.take());
}

#[test]
fn what_cannot_be_opened_takes_no_other_with_it() {
    let (place, key) = (Arc::<Place>::default(), SiteKey::generate().unwrap());
    let site = Host::new("site", &place, &key, across(everybody_searches));
    let theirs = Host::new(
        "site",
        &Arc::default(),
        &SiteKey::generate().unwrap(),
        across(everybody_searches),
    );
    for (seed, id) in [(1, "ada"), (2, "bob"), (3, "eve")] {
        site.enrol(id, &[feature(seed)]).unwrap();
    }
    let altered = SealedMember::name_of(&key, "members", &id("bob"));
    place.change(|kept| {
        let bob = kept
            .iter_mut()
            .find(|member| member.name == altered)
            .unwrap();
        let mut bytes = bob.sealed.clone();
        *bytes.last_mut().unwrap() ^= 1;
        *bob = Arc::new(SealedMember {
            sealed: bytes,
            ..SealedMember::clone(bob)
        });
        // Somebody has all of another site's members put here.
        let other = &theirs;
        other.enrol("mallory", &[feature(4)]).unwrap();
        let shared = other.pipeline.enrolment.as_ref().unwrap();
        kept.extend(shared.gallery.shared().unwrap().members.all());
    });
    assert!(site.take());
    assert_eq!(site.labels(), ["ada", "eve"]);
    let cloud = Host::new("cloud", &place, &key, across(everybody_searches));
    assert_eq!(cloud.labels(), ["ada", "eve"]);
    // Enrolled anew, all is well.
    site.enrol("bob", &[feature(2)]).unwrap();
    cloud.take();
    assert_eq!(cloud.labels(), ["ada", "bob", "eve"]);
}

#[test]
fn what_was_forgotten_or_replaced_does_not_come_back_to_who_saw_it() {
    let (place, key) = (Arc::<Place>::default(), SiteKey::generate().unwrap());
    let site = Host::new("site", &place, &key, across(everybody_searches));
    site.enrol("ada", &[feature(1)]).unwrap();
    let old = place.all();
    site.enrol("ada", &[feature(2)]).unwrap();
    let newer = site.graph();
    place.change(|kept| *kept = old.clone());
    site.take();
    assert_eq!(site.labels(), [""; 0], "the old photos are not taken");
    site.enrol("ada", &[feature(2)]).unwrap();
    assert_eq!(site.graph(), newer);
    site.pipeline.forget(&id("ada")).unwrap();
    place.change(|kept| *kept = old.clone());
    site.take();
    assert_eq!(site.labels(), [""; 0]);
}

#[test]
fn with_the_place_away_nothing_is_changed_and_members_stay() {
    let (place, key) = (Arc::<Place>::default(), SiteKey::generate().unwrap());
    let site = Host::new("site", &place, &key, across(everybody_searches));
    site.enrol("ada", &[feature(1)]).unwrap();
    *place.away.lock().unwrap() = true;
    let before = site.graph();
    let error = site.enrol("bob", &[feature(2)]).unwrap_err();
    assert!(matches!(error, EnrolError::Away(_)), "{error:?}");
    let error = site.pipeline.forget(&id("ada")).unwrap_err();
    assert!(matches!(error, EnrolError::Away(_)), "{error:?}");
    assert_eq!(site.graph(), before);
}

#[test]
fn without_the_key_of_the_site_it_is_not_opened() {
    let place: Arc<Place> = Arc::default();
    let locations = Locations {
        members: Some(place),
        here: Some(Here {
            zone: "site".parse().unwrap(),
            stages: Some(BTreeSet::new()),
        }),
        ..Locations::default()
    };
    let runtimes = Arc::new(Runtimes::new(Folders::default()));
    let sandbox = Arc::new(Sandbox::new().unwrap());
    let deployment = Deployment::new(sandbox, runtimes, locations);
    let opened = deployment.open(across(everybody_searches), &[]);
    let error = opened.err().unwrap().to_string();
    assert!(
        error.contains("a list") && error.contains("no key of the site"),
        "{error}"
    );
}
