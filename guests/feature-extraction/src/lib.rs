//! Feature extraction: an aligned face in, a feature out: 512 numbers that lie close together for
//! two pictures of one person, and far apart for two persons.
//!
//! The graph `features` sees the crop as 112 x 112 pixels, blue, green, red, each `(x - 127.5) / 128`,
//! under the name `input`; its only output, whatever it is called, is scaled to length 1, so that the
//! cosine of two features is the sum of their products. A crop of another size is stretched.
//!
//! Yields one item of class `feature`: a tensor FP32 [1, 512] (as many numbers as the graph gives).
//! There are no settings.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod length;

use footlight_stage::{
    Channels, Encoding, Failure, Graph, Item, Layout, Stage, Tensor, View, export,
};

/// Width and height of what the graph sees, in pixels.
const SIDE: u32 = 112;

/// The stage.
#[derive(Debug)]
pub struct FeatureExtraction;

impl Stage for FeatureExtraction {
    fn process(input: Item) -> Result<Vec<Item>, Failure> {
        let encoding = Encoding::floats(Channels::Bgr, Layout::Nchw)
            .less([127.5; 3])
            .scaled(1.0 / 128.0);
        let pixels = input.image()?.tensor(View::whole(SIDE, SIDE), encoding)?;

        let output = Graph::named("features")?
            .run([("input", pixels)])?
            .only()?
            .floats()?;
        let feature = length::normalised(output.to_vec()).map_err(Failure::Failed)?;

        let count = u32::try_from(feature.len())
            .map_err(|_| Failure::failed("the graph `features` gave too many numbers"))?;
        Ok(vec![Item::new(
            "feature",
            Tensor::from_floats(&[1, count], &feature)?,
        )])
    }
}

export!(FeatureExtraction);
