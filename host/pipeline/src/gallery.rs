//! The gallery that all versions of a pipeline share, and the graphs that are made of it.
//!
//! A gallery's file is open once, whichever versions there are. Each version has a registry of its own, for
//! it may want the graph on another device or under another name. So a change is stored once, and then put
//! into the registry of every version that still lives: frames of the old one see it as those of the new.

use crate::error::OpenError;
use crate::file::GallerySection;
use crate::followed::Followed;
use crate::members::Shared;
use crate::parts::placed;
use footlight_gallery::{Gallery, GalleryModel};
use footlight_nn::{Model, Registry, Runtimes};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

/// A gallery, and the graphs that follow it.
pub(crate) struct SharedGallery {
    /// Another one takes its place only where it is enrolled elsewhere.
    gallery: RwLock<Arc<Gallery>>,
    kept: Kept,
    runtimes: Arc<Runtimes>,
    /// Held while graphs are built and put in place, so that of two changes the later one wins.
    graphs: Mutex<Graphs>,
}

/// Whose a gallery is.
pub(crate) enum Kept {
    /// This host's own.
    Here,
    /// Another host's, from which it comes whole.
    Followed(Followed),
    /// That of several hosts, each of which may change it.
    Shared(Shared),
}

#[derive(Default)]
struct Graphs {
    followers: Vec<Weak<Follower>>,
    /// The graph of the gallery as it is, for each choice of devices that was asked for.
    made: Vec<(GallerySection, Model)>,
}

/// The graph in a version's registry, which follows the gallery for as long as this lives.
pub(crate) struct Follower {
    registry: Arc<Registry>,
    section: GallerySection,
}

impl SharedGallery {
    pub(crate) fn new(gallery: Gallery, kept: Kept, runtimes: Arc<Runtimes>) -> Self {
        Self {
            gallery: RwLock::new(Arc::new(gallery)),
            kept,
            runtimes,
            graphs: Mutex::default(),
        }
    }

    /// The gallery as it is.
    pub(crate) fn gallery(&self) -> Arc<Gallery> {
        let gallery = self.gallery.read().unwrap_or_else(PoisonError::into_inner);
        gallery.clone()
    }

    /// Where it is enrolled, if that is on another host.
    pub(crate) fn followed(&self) -> Option<&Followed> {
        match &self.kept {
            Kept::Followed(followed) => Some(followed),
            _ => None,
        }
    }

    /// Where its members are kept, if several hosts share them.
    pub(crate) fn shared(&self) -> Option<&Shared> {
        match &self.kept {
            Kept::Shared(shared) => Some(shared),
            _ => None,
        }
    }

    /// Takes members as they are kept now, between two frames. Whether anything was changed; never, where they are not
    /// shared.
    pub(crate) fn take_members(&self) -> Result<bool, OpenError> {
        let Some(shared) = self.shared() else {
            return Ok(false);
        };
        let changed = shared
            .take(&self.gallery())
            .map_err(|error| failed(&error))?;
        if changed {
            self.refresh()?;
            shared.settled();
        }
        Ok(changed)
    }

    /// Puts the gallery's graph into a registry, now and whenever it changes.
    pub(crate) fn follow(
        &self,
        registry: Arc<Registry>,
        section: &GallerySection,
    ) -> Result<Arc<Follower>, OpenError> {
        let follower = Arc::new(Follower {
            registry,
            section: section.clone(),
        });
        let mut graphs = self.lock();
        let model = match graphs.made_for(section) {
            Some(model) => model,
            None => self.make(&mut graphs, &self.read()?, section)?,
        };
        follower.put(model);
        graphs.followers.push(Arc::downgrade(&follower));
        Ok(follower)
    }

    /// Builds the graph anew and puts it in place everywhere, between two frames.
    pub(crate) fn refresh(&self) -> Result<(), OpenError> {
        let mut graphs = self.lock();
        // Where something fails, what is there now is not to be had for the gallery as it is.
        graphs.made.clear();
        let followers = graphs.living();
        if followers.is_empty() {
            // Members are kept here, and looked for elsewhere.
            return Ok(());
        }
        let built = self.read()?;
        let mut outcome = Ok(());
        for follower in followers {
            let section = &follower.section;
            let model = match graphs.made_for(section) {
                Some(model) => Ok(model),
                None => self.make(&mut graphs, &built, section),
            };
            outcome = outcome.and(model.map(|model| follower.put(model)));
        }
        outcome
    }

    /// Puts another gallery in this one's place, between two frames: in all versions, or in none.
    pub(crate) fn replace(&self, gallery: Gallery) -> Result<(), OpenError> {
        let mut graphs = self.lock();
        let built = gallery.model().map_err(|error| failed(&error))?;
        let before = graphs.made.clone();
        // The same members again are the same graph.
        graphs
            .made
            .retain(|(_, model)| model.digest == built.digest);
        let mut ready = Vec::new();
        for follower in graphs.living() {
            let section = &follower.section;
            let model = match graphs.made_for(section) {
                Some(model) => Ok(model),
                None => self.make(&mut graphs, &built, section),
            };
            match model {
                Ok(model) => ready.push((follower, model)),
                Err(error) => {
                    graphs.made = before;
                    return Err(error);
                }
            }
        }
        for (follower, model) in ready {
            follower.put(model);
        }
        *self.gallery.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(gallery);
        Ok(())
    }

    fn read(&self) -> Result<GalleryModel, OpenError> {
        self.gallery().model().map_err(|error| failed(&error))
    }

    fn make(
        &self,
        graphs: &mut Graphs,
        built: &GalleryModel,
        section: &GallerySection,
    ) -> Result<Model, OpenError> {
        let compiled = self
            .runtimes
            .compile(&built.onnx, &section.device, &section.fallback)
            .map_err(|error| failed(&error))?;
        let model = Model {
            name: section.model.clone(),
            digest: built.digest.clone(),
            graph: compiled.graph,
            batched: None,
            placement: compiled.placement,
            labels: built.labels.clone().into(),
            card: None,
        };
        tracing::info!(members = model.labels.len(), digest = %model.digest, "gallery in place");
        graphs.made.push((section.clone(), model.clone()));
        Ok(model)
    }

    fn lock(&self) -> MutexGuard<'_, Graphs> {
        self.graphs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Graphs {
    /// The graphs of versions that are open; the others are forgotten.
    fn living(&mut self) -> Vec<Arc<Follower>> {
        self.followers
            .retain(|follower| follower.strong_count() > 0);
        self.followers.iter().filter_map(Weak::upgrade).collect()
    }

    fn made_for(&self, section: &GallerySection) -> Option<Model> {
        let mut made = self.made.iter();
        let made =
            made.find(|(of, _)| (&of.device, &of.fallback) == (&section.device, &section.fallback));
        made.map(|(_, model)| model.clone())
    }
}

impl Follower {
    fn put(&self, model: Model) {
        let name = &self.section.model;
        // The gallery changes with every member; where it runs is said once.
        let snapshot = self.registry.snapshot();
        if snapshot.get(name).map(|before| &before.placement) != Some(&model.placement) {
            placed(name, &model.placement);
        }
        self.registry.put(Model {
            name: name.clone(),
            ..model
        });
    }
}

fn failed(why: &dyn std::fmt::Display) -> OpenError {
    OpenError::new(format!("[gallery] {why}"))
}
