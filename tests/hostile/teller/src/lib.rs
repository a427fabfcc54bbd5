//! A stage that tells what its settings say: for each item a document of the class `yields`, with the text
//! `says`. It is so little work that thousands of versions of a pipeline can be tried.

use footlight_stage::{Failure, Fields, Item, Stage, export, settings};

struct Teller;

impl Stage for Teller {
    fn process(_: Item) -> Result<Vec<Item>, Failure> {
        let class: String = settings::require("yields")?;
        let says: String = settings::require("says")?;
        Ok(vec![Item::new(class, Fields::new().with("says", says))])
    }
}

export!(Teller);
