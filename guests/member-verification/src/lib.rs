//! Member verification: a feature in, a verdict out.
//!
//! The graph `gallery` is the index of all members: the host builds it at each enrolment. Its input
//! `feature` takes one feature; `similarities` [1, k] are the cosines of the members most like it,
//! the most similar first, and `rows` [1, k] says which they are. The label of a row is the member's
//! id. An empty gallery has one row, of zeros and without a label.
//!
//! Yields one item of class `verdict`, a document:
//!
//! | field | kind | meaning |
//! |---|---|---|
//! | `member` | flag | whether the feature is a member's |
//! | `id` | text | who; only if `member` is true |
//! | `similarity` | number | cosine to the most similar member, -1 to 1; 0 where there are none |
//! | `margin` | number | how much the next member is less similar; absent where there is none |
//! | `threshold` | number | the least similarity that makes a member |
//!
//! Who the most similar member of a stranger is, a verdict does not say.
//!
//! # Settings
//!
//! | name | default | meaning |
//! |---|---|---|
//! | `threshold` | none: it must be given | from 0 to 1, measured for the feature model: see its card |

#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod verdict;

use footlight_stage::{Failure, Graph, Item, Stage, export, settings};

use verdict::Verdict;

/// The stage.
#[derive(Debug)]
pub struct MemberVerification;

impl Stage for MemberVerification {
    fn process(input: Item) -> Result<Vec<Item>, Failure> {
        let threshold = settings::within("threshold", settings::require("threshold")?, 0.0..=1.0)?;

        let gallery = Graph::named("gallery")?;
        let mut outputs = gallery.run([("feature", input.into_tensor()?)])?;
        let similarities = outputs.take("similarities")?.floats()?;
        let rows = outputs.take("rows")?.integers()?;

        let label = |row| u32::try_from(row).ok().and_then(|row| gallery.label(row));
        let verdict =
            Verdict::of(&similarities, &rows, threshold, label).map_err(Failure::Failed)?;
        Ok(vec![Item::new("verdict", verdict.fields())])
    }
}

export!(MemberVerification);
