use crate::bindings::StagePre;
use crate::inspect::Inspection;
use crate::state::State;
use std::sync::Arc;

/// A compiled component that is a stage, ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    pub(crate) pre: StagePre<State>,
    inspection: Arc<Inspection>,
}

impl Component {
    pub(crate) fn new(pre: StagePre<State>, inspection: Inspection) -> Self {
        Self {
            pre,
            inspection: Arc::new(inspection),
        }
    }

    /// What it imports, exports and may do.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }
}
