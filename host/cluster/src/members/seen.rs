//! What is known of members' objects: as the API server answered to a change, and as the watch tells, which may be behind.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use base64ct::{Base64, Encoding};
use footlight_gallery::SealedMember;
use kube::ResourceExt;
use kube::core::DynamicObject;
use kube::runtime::watcher::Event;
use serde_json::Value;

use crate::member_file::Line;

/// What is known of the objects.
#[derive(Default)]
pub(super) struct Seen {
    /// By name.
    objects: BTreeMap<String, Object>,
    /// The ids of objects that were removed from here, and that the watch may still tell of as if they were there.
    gone: HashSet<String>,
    /// Objects of a list that is not at its end.
    listed: Vec<DynamicObject>,
    /// Pipelines whose members have changed, and were not told of.
    pub(super) changed: BTreeSet<String>,
}

#[derive(Clone)]
struct Object {
    uid: String,
    /// None for one that is remembered from before.
    version: Option<u64>,
    pipeline: String,
    /// None where it is none, which was said.
    member: Option<Arc<SealedMember>>,
}

impl Seen {
    /// What was remembered from before.
    pub(super) fn remembered(lines: Vec<Line>) -> Self {
        let objects = lines.into_iter().map(|line| {
            let object = Object {
                uid: String::new(),
                version: None,
                member: member(&line.name, &line.pipeline, line.about, &line.sealed),
                pipeline: line.pipeline,
            };
            (line.name, object)
        });
        Self {
            objects: objects.collect(),
            ..Self::default()
        }
    }

    /// The members of a pipeline.
    pub(super) fn of(&self, pipeline: &str) -> Vec<Arc<SealedMember>> {
        let objects = self.objects.values();
        let own = objects.filter(|object| object.pipeline == pipeline);
        own.filter_map(|object| object.member.clone()).collect()
    }

    /// Notes what the watch tells.
    pub(super) fn saw(&mut self, event: Event<DynamicObject>) {
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(object) => self.listed.push(object),
            Event::InitDone => {
                let listed = std::mem::take(&mut self.listed);
                let ids: HashSet<String> = listed.iter().filter_map(ResourceExt::uid).collect();
                let names: HashSet<String> = listed.iter().map(ResourceExt::name_any).collect();
                self.gone.retain(|uid| ids.contains(uid));
                let lost = self.objects.keys().filter(|name| !names.contains(*name));
                for name in lost.cloned().collect::<Vec<_>>() {
                    self.remove(&name);
                }
                for object in &listed {
                    self.put(object);
                }
            }
            Event::Apply(object) => self.put(&object),
            Event::Delete(object) => {
                let uid = object.uid().unwrap_or_default();
                self.removed(&object.name_any(), uid.clone());
                self.gone.remove(&uid);
            }
        }
    }

    /// Notes an object as somebody has told of it: the API server in answer to a change, or the watch, which may be behind.
    pub(super) fn put(&mut self, told: &DynamicObject) {
        let (name, uid) = (told.name_any(), told.uid().unwrap_or_default());
        if told.metadata.deletion_timestamp.is_some() {
            // Somebody has given it a finalizer. It is not to be found any more than if it were gone.
            self.removed(&name, uid);
            return;
        }
        if self.gone.contains(&uid) {
            return;
        }
        let version = told.resource_version();
        let version = version.and_then(|version| version.parse().ok());
        let before = self.objects.get(&name);
        let behind = before.is_some_and(|before| before.uid == uid && version < before.version);
        if behind {
            return;
        }
        let text = |key: &str| {
            let spec = told.data.get("spec").and_then(|spec| spec.get(key));
            spec.and_then(Value::as_str).unwrap_or_default()
        };
        let pipeline = text("pipeline").to_owned();
        let member = member(&name, &pipeline, text("about").to_owned(), text("sealed"));
        // The same again stays the same thing, so that nobody looks at it anew.
        let member = match before.map(|before| &before.member) {
            Some(before) if *before == member => before.clone(),
            _ => member,
        };
        let other = before.filter(|before| before.pipeline != pipeline);
        self.changed
            .extend(other.map(|before| before.pipeline.clone()));
        self.changed.insert(pipeline.clone());
        let object = Object {
            uid,
            version,
            pipeline,
            member,
        };
        self.objects.insert(name, object);
    }

    /// Notes that the object with this id is gone. There may be another one under its name already; and the watch may be
    /// behind, and tell of this one as if it were there.
    pub(super) fn removed(&mut self, name: &str, uid: String) {
        let known = self.objects.get(name).map(|known| known.uid.as_str());
        if known.is_some_and(|known| known == uid || known.is_empty() || uid.is_empty()) {
            self.remove(name);
        }
        if !uid.is_empty() {
            self.gone.insert(uid);
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(object) = self.objects.remove(name) {
            self.changed.insert(object.pipeline);
        }
    }

    /// All that there is, to be remembered.
    pub(super) fn lines(&self) -> Vec<Line> {
        let objects = self.objects.iter();
        let lines = objects.filter_map(|(name, object)| {
            let member = object.member.as_ref()?;
            Some(Line {
                name: name.clone(),
                pipeline: object.pipeline.clone(),
                about: member.about.clone(),
                sealed: Base64::encode_string(&member.sealed),
            })
        });
        lines.collect()
    }
}

/// The member that an object has; none where it has none that could be opened, which is said.
fn member(name: &str, pipeline: &str, about: String, sealed: &str) -> Option<Arc<SealedMember>> {
    let refused = |reason: &str| {
        tracing::error!(
            object = name,
            pipeline,
            reason,
            "an object is no member, and is left out"
        );
    };
    // What is kept under another name than its own is not what it says; whether the name is its own, the key tells.
    let own = name
        .strip_prefix(pipeline)
        .and_then(|rest| rest.strip_prefix('-'));
    let Some(own) = own else {
        refused("its name does not begin with that of its pipeline");
        return None;
    };
    match Base64::decode_vec(sealed) {
        Ok(sealed) => Some(Arc::new(SealedMember {
            name: own.to_owned(),
            about,
            sealed,
        })),
        Err(error) => {
            refused(&format!("`sealed` is no base64: {error}"));
            None
        }
    }
}
