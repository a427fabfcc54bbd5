//! Members that several hosts share: kept in one place, encrypted, each by itself.
//!
//! Whoever enrols puts the member there; whoever sees a change takes what there is, all of it, as the place says. So
//! hosts differ for no longer than it takes to hear of a change, and none of them is the one that must not fail.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use footlight_boundary::{Plan, Zone};
use footlight_gallery::{
    Enrolled, EnrolmentError, Gallery, Gate, Member, MemberId, SealedMember, Template,
};
use footlight_trust::SiteKey;

use crate::enrol::EnrolError;

/// Where the members of a pipeline are kept that several hosts share. It sees nothing of them but what anybody may.
pub trait Members: fmt::Debug + Send + Sync {
    /// The place, as people are told.
    fn describe(&self) -> String;

    /// All members as far as they are known here; what was put or removed from here is known at once. Does not wait.
    fn all(&self) -> Vec<Arc<SealedMember>>;

    /// Keeps a member, in place of what is kept under the same name. Blocks until that is kept for good.
    ///
    /// # Errors
    /// Why it is not kept, or that nobody knows whether it is.
    fn put(&self, member: SealedMember) -> Result<(), MembersError>;

    /// Removes what is kept under a name; false where nothing is. Blocks until that is done.
    ///
    /// # Errors
    /// Why it is not removed, or that nobody knows whether it is.
    fn remove(&self, name: &str) -> Result<bool, MembersError>;
}

/// Why members could not be changed where they are kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MembersError {
    /// The place cannot be reached, or has too much to do. It may work a moment later.
    #[error("{0}")]
    Away(String),
    /// Somebody else has changed the same member at the same time.
    #[error("{0}")]
    Changed(String),
    /// It will not work like this.
    #[error("{0}")]
    Failed(String),
}

/// The members that a gallery has in common with those of other hosts.
pub(crate) struct Shared {
    members: Arc<dyn Members>,
    key: Arc<SiteKey>,
    pipeline: String,
    /// The zone that this host is in.
    zone: Option<Zone>,
    /// Held while a member is enrolled, so that two who look alike do not pass each other by.
    enrolling: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is kept, by name, as it was at the last look.
    known: HashMap<String, Known>,
    /// What of that is in the gallery.
    placed: BTreeMap<MemberId, Arc<SealedMember>>,
    /// When the newest that was seen under each name was sealed: whoever may write where members are kept and has no
    /// key can still put an old one back.
    newest: HashMap<String, u64>,
    /// The version that runs, as what it may receive.
    reader: Weak<Reader>,
    /// Whether the gallery was changed and its graphs are still to follow.
    stale: bool,
}

struct Known {
    sealed: Arc<SealedMember>,
    /// None where it is not taken, which was said.
    opened: Option<Opened>,
}

struct Opened {
    id: MemberId,
    zone: Option<Zone>,
}

/// What a version may receive of members: what the boundary lets go to where this host is.
pub(crate) struct Reader {
    /// The class of templates, and where they go by which plan; none for a host that is in no zone.
    border: Option<(String, Zone, Arc<Plan>)>,
}

impl Reader {
    pub(crate) fn new(border: Option<(String, Zone, Arc<Plan>)>) -> Self {
        Self { border }
    }

    /// Whether it may receive the templates of a member that was enrolled in a zone.
    fn may_have(&self, from: Option<&Zone>) -> bool {
        match &self.border {
            None => true,
            Some((class, here, plan)) => from.is_some_and(|from| plan.may_go(class, from, here)),
        }
    }
}

impl Shared {
    pub(crate) fn new(
        members: Arc<dyn Members>,
        key: Arc<SiteKey>,
        pipeline: &str,
        zone: Option<Zone>,
    ) -> Self {
        Self {
            members,
            key,
            pipeline: pipeline.to_owned(),
            zone,
            enrolling: Mutex::default(),
            state: Mutex::default(),
        }
    }

    /// Where they are kept, as people are told.
    pub(crate) fn place(&self) -> String {
        self.members.describe()
    }

    /// Has what comes be held to the boundary of the version that runs from now on.
    pub(crate) fn hold_to(&self, reader: &Arc<Reader>) {
        self.lock().reader = Arc::downgrade(reader);
    }

    /// The same where no version runs yet: one that is opened beside another changes nothing.
    pub(crate) fn hold_to_first(&self, reader: &Arc<Reader>) {
        let mut state = self.lock();
        if state.reader.strong_count() == 0 {
            state.reader = Arc::downgrade(reader);
        }
    }

    /// Whether what was changed is still to be put into the graphs, which could not be made.
    pub(crate) fn is_behind(&self) -> bool {
        self.lock().stale
    }

    /// Brings a gallery to what is kept. Only what was changed is decrypted; what cannot be taken is left out, and said
    /// once. Whether the gallery's graphs are to be made anew, after which [`settled`](Self::settled) is to be told.
    pub(crate) fn take(&self, gallery: &Gallery) -> Result<bool, footlight_gallery::Error> {
        let mut state = self.lock();
        // Asked for while nobody else takes: what comes later is never overtaken by what was there before.
        let all = self.members.all();
        let reader = state.reader.upgrade();
        let mut before = std::mem::take(&mut state.known);
        let mut fresh: HashMap<String, Enrolled> = HashMap::new();
        for sealed in all {
            let known = match before.remove(&sealed.name) {
                Some(known) if known.sealed == sealed => known,
                _ => {
                    let opened = self.open(&mut state.newest, gallery, &sealed);
                    let opened = opened.map(|(enrolled, zone)| {
                        let id = enrolled.id.clone();
                        fresh.insert(sealed.name.clone(), enrolled);
                        Opened { id, zone }
                    });
                    Known { sealed, opened }
                }
            };
            state.known.insert(known.sealed.name.clone(), known);
        }
        let allowed = state.known.values().filter_map(|known| {
            let opened = known.opened.as_ref()?;
            // With no version that runs there is nobody to have it.
            let reader = reader.as_ref()?;
            let may = reader.may_have(opened.zone.as_ref());
            may.then(|| (opened.id.clone(), known.sealed.clone()))
        });
        let wanted: BTreeMap<MemberId, Arc<SealedMember>> = allowed.collect();
        let placed = &state.placed;
        let gone = placed.keys().filter(|id| !wanted.contains_key(*id));
        let gone: Vec<MemberId> = gone.cloned().collect();
        let come = wanted
            .iter()
            .filter(|(id, sealed)| placed.get(*id) != Some(*sealed));
        let come: Vec<Enrolled> = come
            .filter_map(|(_, sealed)| {
                let opened = fresh.remove(&sealed.name);
                opened.or_else(|| self.decrypt(gallery, sealed).ok())
            })
            .collect();
        if !(gone.is_empty() && come.is_empty()) {
            let (put, removed) = (come.len(), gone.len());
            gallery.apply(come, &gone)?;
            state.placed = wanted;
            state.stale = true;
            tracing::info!(
                pipeline = self.pipeline,
                put,
                removed,
                "members were taken from where they are kept"
            );
        }
        Ok(state.stale)
    }

    /// Notes that the graphs are those of the gallery as it is.
    pub(crate) fn settled(&self) {
        self.lock().stale = false;
    }

    /// Enrols a member there. The gallery has the member once what is there was taken.
    pub(crate) fn enrol(
        &self,
        gallery: &Gallery,
        id: &MemberId,
        templates: &[Template],
        gate: &Gate,
    ) -> Result<Member, SharedError> {
        let _enrolling = self
            .enrolling
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let enrolled = gallery.admit(id, templates, gate)?;
        let name = SealedMember::name_of(&self.key, &self.pipeline, id);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        // The clocks of two hosts differ; what comes later is still to be the newer one.
        let newest = self.lock().newest.get(&name).copied();
        let when = newest.map_or(now, |newest| now.max(newest.saturating_add(1)));
        let zone = self.zone.as_ref().map(Zone::as_str);
        let sealed = gallery
            .seal_member(&enrolled, &self.key, &self.pipeline, zone, when)
            .map_err(|error| MembersError::Failed(error.to_string()))?;
        self.members.put(sealed)?;
        Ok(enrolled.member())
    }

    /// Removes a member there; false where there is none of that id.
    pub(crate) fn remove(&self, id: &MemberId) -> Result<bool, MembersError> {
        let name = SealedMember::name_of(&self.key, &self.pipeline, id);
        self.members.remove(&name)
    }

    /// Opens what is kept, if it is to be taken; says why it is not.
    fn open(
        &self,
        newest: &mut HashMap<String, u64>,
        gallery: &Gallery,
        sealed: &SealedMember,
    ) -> Option<(Enrolled, Option<Zone>)> {
        let opened = self.decrypt(gallery, sealed).and_then(|enrolled| {
            let about = sealed.about().map_err(|error| error.to_string())?;
            let newest = newest.entry(sealed.name.clone()).or_default();
            if about.sealed < *newest {
                return Err(
                    "it was encrypted before one that this host has seen in its place, and may be of somebody who was \
                     forgotten or enrolled anew since: enrol the member again, or start the hosts anew to go back to it"
                        .to_owned(),
                );
            }
            *newest = about.sealed;
            let zone = about.zone.map(Zone::try_from).transpose();
            Ok((enrolled, zone.map_err(|error| error.to_string())?))
        });
        let refused = |reason: &String| {
            tracing::error!(
                pipeline = self.pipeline,
                member = sealed.name,
                kept = self.place(),
                reason,
                "a member is left out"
            );
        };
        opened.inspect_err(refused).ok()
    }

    fn decrypt(&self, gallery: &Gallery, sealed: &SealedMember) -> Result<Enrolled, String> {
        let (made_by, dimension) = (gallery.feature_model(), gallery.dimension());
        sealed
            .open(&self.key, &self.pipeline, made_by, dimension)
            .map_err(|error| error.to_string())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why nobody was enrolled where members are shared.
pub(crate) enum SharedError {
    /// The gate, or the gallery here.
    Enrolment(EnrolmentError),
    /// Where members are kept.
    Members(MembersError),
}

impl From<EnrolmentError> for SharedError {
    fn from(error: EnrolmentError) -> Self {
        Self::Enrolment(error)
    }
}

impl From<MembersError> for SharedError {
    fn from(error: MembersError) -> Self {
        Self::Members(error)
    }
}

impl From<MembersError> for EnrolError {
    fn from(error: MembersError) -> Self {
        match error {
            MembersError::Away(why) => Self::Away(why),
            MembersError::Changed(why) => Self::Changed(why),
            MembersError::Failed(why) => Self::Gallery(why),
        }
    }
}

#[cfg(test)]
mod tests;
