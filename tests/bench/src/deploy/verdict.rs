//! The first right verdict, and what a right one is.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::contents::MEMBER;
use super::network::Namespace;
use crate::frames::Frame;
use crate::load;

/// Longer than an image takes to start on a busy machine.
pub const WITHIN: Duration = Duration::from_secs(300);

/// Sends a frame with the member's face from a namespace, again and again until it is answered.
///
/// # Errors
/// Where it is not answered for long, or wrongly.
pub fn first_right(namespace: &Namespace, url: &str, frame: &Frame) -> Result<Value> {
    let answer = namespace.within(|| load::first(url, frame, WITHIN))?;
    check(&answer)?;
    Ok(answer)
}

/// Whether the answer, of Footlight or of a peer, says that the member and nobody else is seen.
pub fn check(answer: &Value) -> Result<()> {
    let faces = answer
        .pointer("/answer/faces")
        .or_else(|| answer.get("faces"))
        .and_then(Value::as_array)
        .with_context(|| format!("an answer without faces: {answer}"))?;
    let ids: Vec<_> = faces
        .iter()
        .map(|face| {
            let verdict = face.get("verdict")?;
            verdict
                .get("id")
                .filter(|_| verdict.get("member") == Some(&Value::Bool(true)))?
                .as_str()
        })
        .collect();
    ensure!(
        ids == [Some(MEMBER.0)],
        "the frame shows {}, and the answer is {ids:?}",
        MEMBER.0
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_member_alone_is_right() {
        let face = |id: &str| json!({"verdict": {"member": true, "id": id}});
        let stranger = json!({"verdict": {"member": false}});
        let alike = json!({"verdict": {"member": false, "id": "obama"}});
        assert!(check(&json!({"faces": [face("obama")]})).is_ok());
        assert!(check(&json!({"answer": {"faces": [face("obama")]}})).is_ok());
        for wrong in [
            vec![],
            vec![stranger.clone()],
            vec![alike],
            vec![face("biden")],
            vec![face("obama"), stranger],
        ] {
            assert!(check(&json!({"faces": wrong})).is_err(), "{wrong:?}");
        }
        assert!(check(&json!({"error": "not ready"})).is_err());
    }
}
