//! A pipeline whose boundary holds.

use std::collections::{BTreeMap, BTreeSet};

use crate::pipeline::Class;
use crate::trace::list;
use crate::{Form, Refusal, Rule, Zone};

/// A pipeline in which every item can go where it must, and none can go where it may not. Only [`check`](crate::check)
/// makes one, so whoever has one need not ask again whether it is right.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(crate) zones: BTreeSet<Zone>,
    pub(crate) placement: BTreeMap<String, BTreeSet<Zone>>,
    pub(crate) classes: BTreeMap<String, Class>,
    /// What lets items of a class out, and the form that it gives them.
    pub(crate) rules: BTreeMap<String, (Form, Rule)>,
    /// The ways out of a zone: class, from, to.
    pub(crate) open: BTreeSet<(String, Zone, Zone)>,
}

impl Plan {
    /// Whether a stage may run in a zone.
    ///
    /// # Errors
    /// [`Refusal::Zone`] or [`Refusal::Placement`].
    pub fn may_run(&self, stage: &str, zone: &str) -> Result<(), Refusal> {
        let zone = self.know(zone)?;
        let allowed = self.placement.get(stage);
        if allowed.is_some_and(|allowed| allowed.contains(&zone)) {
            return Ok(());
        }
        Err(Refusal::Placement {
            stage: stage.chars().take(64).collect(),
            zone,
            allowed: allowed.map_or_else(|| "no zone, as it has no such stage".to_owned(), list),
        })
    }

    /// All zones.
    pub fn zones(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter()
    }

    /// Where a stage may run; nowhere, if there is no such stage.
    pub fn zones_of(&self, stage: &str) -> impl Iterator<Item = &Zone> {
        self.placement.get(stage).into_iter().flatten()
    }

    /// Whether items of a class may go from one zone to another: for whoever chooses among hosts.
    pub fn may_go(&self, class: &str, from: &Zone, to: &Zone) -> bool {
        from == to || self.way(class, from, to).is_ok()
    }

    /// The zone of this name.
    pub(crate) fn know(&self, zone: &str) -> Result<Zone, Refusal> {
        let known = self.zones.iter().find(|known| known.as_str() == zone);
        known.cloned().ok_or_else(|| Refusal::Zone {
            zone: zone
                .chars()
                .take(64)
                .flat_map(char::escape_default)
                .collect(),
            known: list(&self.zones),
        })
    }

    /// The rule by which items of a class may leave one zone for another.
    pub(crate) fn way(
        &self,
        class: &str,
        from: &Zone,
        to: &Zone,
    ) -> Result<(&Form, &Rule), Refusal> {
        let refused = |why: &str| Refusal::Way {
            class: class
                .chars()
                .take(64)
                .flat_map(char::escape_default)
                .collect(),
            from: from.clone(),
            to: to.clone(),
            why: why.to_owned(),
        };
        let (form, rule) = self
            .rules
            .get(class)
            .filter(|(_, rule)| rule.from.contains(from) && rule.to.contains(to))
            .ok_or_else(|| refused("no rule of the pipeline lets it"))?;
        let way = (class.to_owned(), from.clone(), to.clone());
        if !self.open.contains(&way) {
            return Err(refused("nothing of the pipeline that is there takes it"));
        }
        Ok((form, rule))
    }
}
