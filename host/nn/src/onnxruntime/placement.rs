//! Who computes which of a model's operations.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::{ptr, slice};

use ort::AsPointer;
use ort::session::Session;
use ort::session::builder::SessionBuilder;
use tracing::debug;

use super::convert;
use super::device::Device;
use super::run::done;
use crate::Error;

/// Has a session remember it.
pub(super) fn record(builder: SessionBuilder) -> Result<SessionBuilder, Error> {
    builder
        .with_config_entry("session.record_ep_graph_assignment_info", "1")
        .map_err(|error| convert::runtime(&error.into()))
}

/// Refuses a session that does not compute on its device at all. ONNX Runtime gives what a provider
/// cannot compute to the processor, without a word. That it computes the sizes of things there is
/// right, as they are needed there.
pub(super) fn check(session: &Session, device: Device) -> Result<(), Error> {
    let Device::Gpu(way, _) = device else {
        return Ok(());
    };
    let counts = counts(session)?;
    debug!(%device, ?counts, "operations of the model by who computes them");
    if counts.contains_key(way.provider()) || counts.is_empty() {
        return Ok(());
    }
    let others: Vec<&str> = counts.keys().map(String::as_str).collect();
    Err(Error::unsupported(format!(
        "none of the model's operations can be computed by {}, all are left to {}; ask for another \
         device",
        way.provider(),
        others.join(" and ")
    )))
}

/// How many operations each provider computes.
#[allow(unsafe_code)]
fn counts(session: &Session) -> Result<BTreeMap<String, usize>, Error> {
    let api = ort::api();
    let (mut parts, mut length) = (ptr::null(), 0);
    // SAFETY: the session is there, and both are written; the list and what it points to are the
    // session's, and stay as they are for as long as it is there.
    done(unsafe {
        (api.Session_GetEpGraphAssignmentInfo)(session.ptr(), &mut parts, &mut length)
    })?;
    let parts = match parts.is_null() {
        true => &[],
        // SAFETY: it is a list of this length.
        false => unsafe { slice::from_raw_parts(parts, length) },
    };
    let mut counts = BTreeMap::new();
    for &part in parts {
        let (mut name, mut nodes, mut count) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the part is one of the session's; all are written.
        done(unsafe { (api.EpAssignedSubgraph_GetEpName)(part, &mut name) })?;
        // SAFETY: the same.
        done(unsafe { (api.EpAssignedSubgraph_GetNodes)(part, &mut nodes, &mut count) })?;
        // SAFETY: it is a text that ends in a null byte, and the session's.
        let name = unsafe { CStr::from_ptr(name) };
        *counts
            .entry(name.to_string_lossy().into_owned())
            .or_insert(0) += count;
    }
    Ok(counts)
}
