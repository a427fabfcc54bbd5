//! Which request something belongs to, on whatever host: the headers `traceparent` and `tracestate` of W3C Trace Context.
//!
//! Hosts make it and hand it on; a stage neither sees it nor has a say in it.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// The header with the trace and its part.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The header with what systems of other makers have added.
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// The most characters of that which are handed on: what the standard asks for.
const MOST_STATE: usize = 512;
/// Of the flags, those that have a meaning: that the caller may have recorded something.
const SAMPLED: u8 = 1;

/// A trace, and a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    part: u64,
    flags: u8,
    state: Option<String>,
}

impl Trace {
    /// A part of the trace that these headers name. Where they name none, or are not as the standard says, it is of a
    /// trace of its own.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut parents = headers.get_all(TRACEPARENT).iter();
        let parent = parents.next().filter(|_| parents.next().is_none());
        let parent = parent.and_then(|value| value.to_str().ok());
        match parent.and_then(parse) {
            Some((id, flags)) => Self {
                id,
                part: random_part(),
                flags: flags & SAMPLED,
                state: state(headers),
            },
            None => Self::default(),
        }
    }

    /// Another part of it: what is sent to another host has one of its own.
    pub fn part(&self) -> Self {
        Self {
            part: random_part(),
            ..self.clone()
        }
    }

    /// The same without what others have added, which does not leave its zone.
    pub fn bare(self) -> Self {
        Self {
            state: None,
            ..self
        }
    }

    /// The trace's id, as logs have it.
    pub fn id(&self) -> String {
        format!("{:032x}", self.id)
    }

    /// The part's id, as logs have it.
    pub fn part_id(&self) -> String {
        format!("{:016x}", self.part)
    }

    /// Adds the headers.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::try_from(self.to_string()) {
            headers.insert(TRACEPARENT, value);
        }
        if let Some(Ok(value)) = self.state.as_deref().map(HeaderValue::try_from) {
            headers.insert(TRACESTATE, value);
        }
    }
}

impl Default for Trace {
    /// A part of a trace that nobody has begun.
    fn default() -> Self {
        let id = u128::from(random_part()) << 64 | u128::from(random_part());
        Self {
            id,
            part: random_part(),
            flags: SAMPLED,
            state: None,
        }
    }
}

impl fmt::Display for Trace {
    /// As it is in `traceparent`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{:032x}-{:016x}-{:02x}",
            self.id, self.part, self.flags
        )
    }
}

/// The trace and the flags.
fn parse(text: &str) -> Option<(u128, u8)> {
    let mut fields = text.split('-');
    let mut field = |length| fields.next().filter(|field| is_hex(field, length));
    let (version, id, part, flags) = (field(2)?, field(32)?, field(16)?, field(2)?);
    // A later version may have more fields, and ff is none.
    if version == "ff" || (version == "00" && fields.next().is_some()) {
        return None;
    }
    let id = u128::from_str_radix(id, 16).ok().filter(|id| *id != 0)?;
    u64::from_str_radix(part, 16).ok().filter(|id| *id != 0)?;
    Some((id, u8::from_str_radix(flags, 16).ok()?))
}

fn is_hex(text: &str, length: usize) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == length && text.bytes().all(digit)
}

/// What others have added, where it is short enough and nothing else than text.
fn state(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(TRACESTATE).iter();
    let values: Option<Vec<&str>> = values.map(|value| value.to_str().ok()).collect();
    let state = values?.join(",");
    (!state.is_empty() && state.len() <= MOST_STATE).then_some(state)
}

/// Never 0, which stands for none. The standard library seeds this from the operating system's randomness.
fn random_part() -> u64 {
    RandomState::new().build_hasher().finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(all: &[(&HeaderName, &str)]) -> HeaderMap {
        let all = all.iter();
        all.map(|(name, value)| ((*name).clone(), value.parse().unwrap()))
            .collect()
    }

    fn of(parent: &str) -> Trace {
        Trace::of(&headers(&[(&TRACEPARENT, parent)]))
    }

    #[test]
    fn a_trace_is_gone_on_with_in_a_new_part() {
        let trace = of(RIGHT);
        assert_eq!(trace.id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(trace.part_id(), "00f067aa0ba902b7");
        let (written, sent) = (trace.to_string(), trace.part());
        assert_eq!(written.len(), RIGHT.len());
        assert!(written.starts_with(&RIGHT[..36]) && written.ends_with("-01"));
        assert_eq!(sent.id(), trace.id());
        assert_ne!(sent.part_id(), trace.part_id());
        // Flags without a meaning are not handed on; a later version may have more fields.
        let flags = |flags: &str| of(&RIGHT.replace("-01", flags)).to_string();
        assert!(flags("-fe").ends_with("-00"));
        let later = RIGHT.replacen("00", "cc", 1) + "-what-ever";
        assert_eq!(of(&later).id(), trace.id());
    }

    #[test]
    fn what_is_not_as_the_standard_says_begins_another_trace() {
        let id = of(RIGHT).id();
        for wrong in [
            "",
            "00",
            &RIGHT.to_uppercase(),
            &RIGHT.replacen("00", "ff", 1),
            &RIGHT.replacen("00-", "0-", 1),
            &format!("{RIGHT}-"),
            &format!("{RIGHT}-00"),
            &RIGHT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &RIGHT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &RIGHT.replace("4bf9", "4bg9"),
            &RIGHT.replace("4bf9", "+bf9"),
            &RIGHT.replace('-', "_"),
        ] {
            let trace = of(wrong);
            assert_ne!(trace.id(), id, "{wrong}");
            assert_ne!(trace.id(), of(wrong).id());
        }
        let twice = headers(&[(&TRACEPARENT, RIGHT), (&TRACEPARENT, RIGHT)]);
        assert_ne!(Trace::of(&twice).id(), id);
    }

    #[test]
    fn what_others_added_goes_along_unless_it_is_to_stay_or_too_long() {
        let written = |trace: &Trace| {
            let mut headers = HeaderMap::new();
            trace.write(&mut headers);
            let state = headers.get(TRACESTATE);
            state.map(|value| value.to_str().unwrap().to_owned())
        };
        let with = |state: &str| {
            Trace::of(&headers(&[
                (&TRACEPARENT, RIGHT),
                (&TRACESTATE, state),
                (&TRACESTATE, "b=2"),
            ]))
        };
        let trace = with("a=1");
        assert_eq!(written(&trace.part()).as_deref(), Some("a=1,b=2"));
        assert_eq!(written(&trace.bare()), None);
        assert_eq!(written(&with(&"a".repeat(509))), None);
        // Without a trace that it belongs to, it is nothing.
        let alone = headers(&[(&TRACESTATE, "a=1")]);
        assert_eq!(written(&Trace::of(&alone)), None);
    }
}
