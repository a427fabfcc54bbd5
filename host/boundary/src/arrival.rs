//! Items that arrive at a host.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Element, Parcel, Plan, Refusal, Sent, Zone};

/// What lets items into a host, or not. It believes no sender: what arrives is checked as if nothing had been before.
#[derive(Debug, Clone)]
pub struct Arrival {
    plan: Arc<Plan>,
    zone: Zone,
}

/// What came in a parcel.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    /// The item's class.
    pub class: String,
    /// What it holds.
    pub content: Content,
    /// What is known of it.
    pub attributes: BTreeMap<String, Sent>,
}

/// What an item holds that has arrived. It is of the class's own type and shape again.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Numbers.
    Tensor {
        /// The type of each.
        element: Element,
        /// The dimensions.
        shape: Vec<u32>,
        /// The numbers, little endian, in row-major order.
        data: Vec<u8>,
    },
    /// Named values.
    Document(BTreeMap<String, Sent>),
}

impl Arrival {
    /// That of a host in this zone.
    ///
    /// # Errors
    /// [`Refusal::Zone`] where the plan does not have the zone.
    pub fn new(plan: Arc<Plan>, zone: Zone) -> Result<Self, Refusal> {
        plan.know(zone.as_str())?;
        Ok(Self { plan, zone })
    }

    /// The item in a parcel, from a host whose certificate names `sender` as its zone.
    ///
    /// # Errors
    /// A [`Refusal`], for the audit log.
    pub fn admit(&self, sender: &str, parcel: &Parcel) -> Result<Arrived, Refusal> {
        let from = self.plan.know(sender)?;
        let (form, _) = self.plan.way(&parcel.class, &from, &self.zone)?;
        let content = form.unpack(parcel).map_err(|found| Refusal::Form {
            class: parcel.class.clone(),
            from,
            to: self.zone.clone(),
            expected: form.to_string(),
            found,
        })?;
        Ok(Arrived {
            class: parcel.class.clone(),
            content,
            attributes: parcel.attributes.clone(),
        })
    }
}
