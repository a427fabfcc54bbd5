//! Items that leave a host.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::bucket::Bucket;
use crate::pipeline::Class;
use crate::{Item, Labels, Parcel, Payload, Plan, Refusal, Zone};

/// What lets items out of a host, or not: one for each pipeline of a host, as it knows how many have left.
#[derive(Debug)]
pub struct Departure {
    plan: Arc<Plan>,
    zone: Zone,
    buckets: BTreeMap<String, Bucket>,
}

/// What has left of one frame.
#[derive(Debug, Clone, Default)]
pub struct Frame(BTreeMap<String, u32>);

impl Departure {
    /// That of a host in this zone.
    ///
    /// # Errors
    /// [`Refusal::Zone`] where the plan does not have the zone.
    pub fn new(plan: Arc<Plan>, zone: Zone) -> Result<Self, Refusal> {
        plan.know(zone.as_str())?;
        Ok(Self {
            plan,
            zone,
            buckets: BTreeMap::new(),
        })
    }

    /// What leaves in an item's stead, for a host in another zone. `now` is the time since any one beginning. What is
    /// refused is not counted.
    ///
    /// # Errors
    /// A [`Refusal`], for the audit log.
    pub fn admit(
        &mut self,
        frame: &mut Frame,
        item: &Item,
        to: &Zone,
        labels: &dyn Labels,
        now: Duration,
    ) -> Result<Parcel, Refusal> {
        let class = || {
            item.class
                .chars()
                .take(64)
                .flat_map(char::escape_default)
                .collect()
        };
        let (from, to) = (self.zone.clone(), to.clone());
        // Before any rule is looked at: whatever became of the plan, no image passes.
        let of_images = matches!(self.plan.classes.get(item.class), Some(Class::Image));
        if of_images || matches!(item.payload, Payload::Image) {
            let class = class();
            return Err(Refusal::Image { class, from, to });
        }
        let (form, rule) = self.plan.way(item.class, &from, &to)?;
        let parcel = form.pack(item, labels).map_err(|found| Refusal::Form {
            class: class(),
            from: from.clone(),
            to: to.clone(),
            expected: form.to_string(),
            found,
        })?;
        let sent = frame.0.entry(item.class.to_owned()).or_default();
        let limit = rule.per_frame.get();
        if *sent >= limit {
            let class = class();
            return Err(Refusal::Frame {
                class,
                from,
                to,
                limit,
            });
        }
        let limit = rule.per_second.get();
        let bucket = self.buckets.entry(item.class.to_owned());
        if !bucket.or_insert_with(|| Bucket::new(limit, now)).take(now) {
            let class = class();
            return Err(Refusal::Rate {
                class,
                from,
                to,
                limit,
            });
        }
        *sent += 1;
        Ok(parcel)
    }
}
