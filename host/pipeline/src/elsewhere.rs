//! Stages that other hosts run, and work that is done for other hosts.
//!
//! A host that has items for a stage which it does not run sends them to one that does, as an [`Errand`]. That one
//! runs the stage and all after it, of which it may send some on in turn, and gives back what the errand's purpose
//! needs, as [`Worked`]. So an item and what is told of it take the same way, and each frame has one host that
//! answers it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use footlight_boundary::{Arrival, Departure, Frame, Parcel, Plan, Refusal, Zone};
use footlight_nn::Snapshot;
use footlight_sandbox::Item;
use serde::{Deserialize, Serialize};

use crate::border;
use crate::error::FrameError;
use crate::open::Pipeline;
use crate::run::StageTiming;

/// Where a host is, and what it runs of pipelines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// The zone that the host is in.
    pub zone: Zone,
    /// The stages that it runs, of those that a pipeline lets run in the zone; none stands for all of them.
    pub stages: Option<BTreeSet<String>>,
}

/// Other hosts.
pub trait Elsewhere: Sync {
    /// Has one of them work on items. Blocks until that is done.
    ///
    /// # Errors
    /// Why no host did.
    fn work(&self, errand: &Errand<'_>) -> Result<Worked, Failure>;
}

/// No other host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

impl Elsewhere for Nowhere {
    fn work(&self, errand: &Errand<'_>) -> Result<Worked, Failure> {
        Err(Failure::Nobody(format!(
            "this host does not run the stage `{}`, and knows no other host",
            errand.stage
        )))
    }
}

/// What items are worked on for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To answer a frame: all stages.
    Answer,
    /// To enrol: the stages that templates are made by.
    Templates,
}

/// Items for a stage that this host does not run.
pub struct Errand<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) models: &'a Snapshot,
    pub(crate) left: &'a Mutex<Frame>,
    pub(crate) stage: &'a str,
    pub(crate) purpose: Purpose,
    pub(crate) items: Vec<&'a Item>,
}

impl Errand<'_> {
    /// The pipeline that they go through.
    pub fn pipeline(&self) -> &Pipeline {
        self.pipeline
    }

    /// The stage.
    pub fn stage(&self) -> &str {
        self.stage
    }

    /// What for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The items as they are: for a host in the same zone.
    pub fn items(&self) -> &[&Item] {
        &self.items
    }

    /// What may be sent in the items' stead to a host in another zone. Whoever tries several hosts of a zone sends
    /// the same to all, and asks once: what leaves is counted.
    ///
    /// # Errors
    /// Why one of them does not leave.
    pub fn parcels(&self, to: &Zone) -> Result<Vec<Parcel>, Refusal> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let items = self.items.iter();
        items
            .map(|item| self.pipeline.pack(&mut left, item, to, self.models))
            .collect()
    }
}

/// What came of items that a host worked on for another.
#[derive(Debug, Clone, Default)]
pub struct Worked {
    /// Items that were made, makers before what they made.
    pub made: Vec<Made>,
    /// What each stage did, in the order in which they ran.
    pub stages: Vec<StageTiming>,
    /// The components of these stages, by digest.
    pub components: BTreeMap<String, String>,
    /// The models that were there, by digest.
    pub models: BTreeMap<String, String>,
}

/// An item that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// Which one it was made from, however many stages lie between: that place among the items that were sent, or,
    /// from their number on, among those that were made.
    pub parent: usize,
    /// The item.
    pub item: Item,
}

/// Why no other host worked on items.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// There is none that could be asked.
    #[error("{0}")]
    Nobody(String),
    /// Those that could be asked have too much to do.
    #[error("{0}")]
    Busy(String),
    /// It was not done in time.
    #[error("{0}")]
    Late(String),
    /// The items may not leave.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A host tried, and failed at it in a way that any other would, too.
    #[error("{detail}")]
    Told {
        /// What went wrong, as a code: lower case, words joined by hyphens.
        code: String,
        /// The stage where it went wrong.
        stage: Option<String>,
        /// What went wrong, in words.
        detail: String,
    },
}

impl Failure {
    /// What went wrong, as a stable code: lower case, words joined by hyphens.
    pub fn code(&self) -> &str {
        match self {
            Self::Nobody(_) => "stage-not-served",
            Self::Busy(_) => "stage-busy-elsewhere",
            Self::Late(_) => "deadline-passed",
            Self::Refused(refusal) => refusal.code(),
            Self::Told { code, .. } => code,
        }
    }
}

/// What a pipeline knows of the boundary that it is behind.
#[derive(Debug)]
pub(crate) struct Border {
    pub(crate) zone: Zone,
    pub(crate) plan: Arc<Plan>,
    pub(crate) departure: Mutex<Departure>,
    pub(crate) arrival: Arrival,
}

impl Border {
    pub(crate) fn new(plan: Arc<Plan>, zone: Zone) -> Result<Self, Refusal> {
        Ok(Self {
            departure: Mutex::new(Departure::new(plan.clone(), zone.clone())?),
            arrival: Arrival::new(plan.clone(), zone.clone())?,
            zone,
            plan,
        })
    }
}

impl Pipeline {
    /// Whether this host runs a stage.
    pub fn runs(&self, stage: &str) -> bool {
        self.stages.iter().any(|open| open.name == stage)
    }

    /// The stages that take what a stage yields, wherever they run.
    pub fn followers(&self, stage: &str) -> impl Iterator<Item = &str> {
        let yields = self.file.stages.get(stage).map(|stage| &stage.yields);
        let stages = self.file.stages.iter();
        stages
            .filter(move |(_, after)| yields.is_some_and(|yields| yields.contains(&after.input)))
            .map(|(name, _)| name.as_str())
    }

    /// The stages that frames enter by where this host is; none where frames enter in other zones.
    pub fn entrances(&self) -> impl Iterator<Item = &str> {
        let zones = self.file.zones.as_ref();
        let here = match (zones, self.zone()) {
            (Some(zones), Some(zone)) => zones.frames.contains(zone),
            _ => true,
        };
        let stages = self.file.stages.iter().filter(move |_| here);
        stages
            .filter(|(_, stage)| stage.input == self.file.source)
            .map(|(name, _)| name.as_str())
    }

    /// Where the stages may run, for whoever chooses among hosts; none where the file has no zones or this host none.
    pub fn plan(&self) -> Option<&Arc<Plan>> {
        self.border.as_ref().map(|border| &border.plan)
    }

    /// The zone that this host is in; none where nobody has said.
    pub fn zone(&self) -> Option<&Zone> {
        self.border.as_ref().map(|border| &border.zone)
    }

    /// Works on items for another host: its stage and those after it, as the purpose needs.
    ///
    /// # Errors
    /// The first thing that goes wrong in a stage.
    pub fn work(
        &self,
        stage: &str,
        purpose: Purpose,
        items: Vec<Item>,
        others: &dyn Elsewhere,
    ) -> Result<Worked, FrameError> {
        let sent = items.len();
        let trace = self.trace(items, Some(stage), purpose, others)?;
        let wanted = self.wanted(purpose);
        // Where each of the trace's items is in what is given back; those that are not are passed over.
        let mut places: Vec<Option<usize>> = Vec::with_capacity(trace.nodes.len());
        let mut made = Vec::new();
        for (index, node) in trace.nodes.iter().enumerate() {
            let above = node.parent.and_then(|parent| *places.get(parent)?);
            let Some(parent) = above.filter(|_| wanted.contains(&node.item.class)) else {
                places.push(if index < sent { Some(index) } else { above });
                continue;
            };
            places.push(Some(sent + made.len()));
            made.push(Made {
                parent,
                item: node.item.clone(),
            });
        }
        Ok(Worked {
            made,
            components: trace
                .stages
                .iter()
                .filter_map(|timing| {
                    let digest = self.version.stages.get(&timing.stage)?;
                    Some((timing.stage.clone(), digest.clone()))
                })
                .chain(trace.elsewhere.components)
                .collect(),
            models: self
                .version
                .with_models(&trace.models)
                .models
                .into_iter()
                .chain(trace.elsewhere.models)
                .collect(),
            stages: trace.stages,
        })
    }

    /// What may be sent in the stead of items that were made for a host in another zone.
    ///
    /// # Errors
    /// Why one of them does not leave.
    pub fn parcels(&self, worked: &Worked, to: &Zone) -> Result<Vec<(usize, Parcel)>, Refusal> {
        let (models, mut left) = (self.models(), Frame::default());
        let made = worked.made.iter();
        made.map(|made| Ok((made.parent, self.pack(&mut left, &made.item, to, &models)?)))
            .collect()
    }

    /// The item in a parcel that a host in another zone has sent.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn unpack(&self, sender: &str, parcel: &Parcel) -> Result<Item, Refusal> {
        let border = self.border()?;
        let arrived = border.arrival.admit(sender, parcel)?;
        border::item(arrived).map_err(|found| Refusal::Form {
            class: parcel.class.clone(),
            from: border.zone.clone(),
            to: border.zone.clone(),
            expected: "what can be an item".to_owned(),
            found,
        })
    }

    /// Whether an item that another host has sent is one of its class.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn check_item(&self, item: &Item) -> Result<(), String> {
        let class = self.file.classes.get(&item.class);
        let class = class.ok_or_else(|| "it is of no class of the pipeline".to_owned())?;
        class.check(item).map_err(|misfit| misfit.to_string())
    }

    /// What is to be told of items of this purpose: the classes of what is given back.
    pub(crate) fn wanted(&self, purpose: Purpose) -> BTreeSet<String> {
        match (purpose, &self.file.gallery) {
            (Purpose::Answer, _) => self.file.told(),
            (Purpose::Templates, Some(gallery)) => {
                BTreeSet::from([gallery.template.clone(), gallery.face.clone()])
            }
            (Purpose::Templates, None) => BTreeSet::new(),
        }
    }

    pub(crate) fn pack(
        &self,
        left: &mut Frame,
        item: &Item,
        to: &Zone,
        models: &Snapshot,
    ) -> Result<Parcel, Refusal> {
        let mut departure = self
            .border()?
            .departure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        border::pack(&mut departure, left, item, to, models)
    }

    fn border(&self) -> Result<&Border, Refusal> {
        self.border.as_ref().ok_or_else(|| Refusal::Zone {
            zone: "(none)".to_owned(),
            known: "none, as its file has no [zones]".to_owned(),
        })
    }
}
