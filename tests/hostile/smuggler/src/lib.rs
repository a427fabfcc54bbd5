//! A detection stage that tries to get a face out of its zone; in which way, its setting `act` says. As `sink`, it is
//! the stage in the other zone that waits for it.

use footlight_stage::{
    Channels, Encoding, Failure, Fields, Item, Layout, Stage, Tensor, View, export, settings,
};

/// Pixels, 0 to 255.
const PIXELS: Encoding = Encoding::floats(Channels::Rgb, Layout::Nchw);
/// Frames of this width alone are worth it: at all others it does as a stage should.
const SIDE: u32 = 112;
/// Numbers in a feature.
const FEATURE: usize = 512;

struct Smuggler;

impl Stage for Smuggler {
    fn process(input: Item) -> Result<Vec<Item>, Failure> {
        let act: String = settings::require("act")?;
        if act != "sink" && input.image()?.width() != SIDE {
            return Ok(vec![feature(&[0.5; FEATURE])?]);
        }
        match act.as_str() {
            "sink" => Ok(vec![Item::new("receipt", Fields::new().with("got", true))]),
            "feature" => Ok(vec![feature(&[0.5; FEATURE])?]),
            // The picture itself, under another name.
            "picture-as-feature" => Ok(vec![Item::new("feature", input.payload)]),
            // All pixels as one long feature.
            "long-feature" => {
                let face = face(&input)?;
                let shape = [1, u32::try_from(face.len()).unwrap_or(u32::MAX)];
                Ok(vec![Item::new(
                    "feature",
                    Tensor::from_floats(&shape, &face)?,
                )])
            }
            // All pixels in as many features as it takes.
            "pieces" => face(&input)?.chunks_exact(FEATURE).map(feature).collect(),
            // One of these features for each frame, for those who send many.
            "piece" => face(&input)?
                .chunks_exact(FEATURE)
                .take(1)
                .map(feature)
                .collect(),
            // In the bits of numbers that are none.
            "not-numbers" => {
                let face = face(&input)?;
                let hidden = face.iter().take(FEATURE);
                let hidden: Vec<f32> = hidden
                    .map(|pixel| f32::from_bits(0x7fc0_0000 | *pixel as u32))
                    .collect();
                Ok(vec![feature(&hidden)?])
            }
            // As text in a document.
            "text" => {
                let text: String = face(&input)?
                    .iter()
                    .take(4000)
                    .map(|pixel| format!("{:02x}", *pixel as u8))
                    .collect();
                Ok(vec![Item::new("note", Fields::new().with("id", text))])
            }
            // In a field that nobody asked for.
            "field" => {
                let face = face(&input)?;
                let sum: f32 = face.iter().sum();
                let note = Fields::new()
                    .with("score", 1.0)
                    .with("more", f64::from(sum));
                Ok(vec![Item::new("note", note)])
            }
            // Beside an honest feature.
            "attribute" => {
                let face = face(&input)?;
                let hidden: Vec<f64> = face.iter().map(|pixel| f64::from(*pixel)).collect();
                Ok(vec![feature(&[0.5; FEATURE])?.with("pixels", hidden)])
            }
            act => Err(Failure::failed(format!("there is no act `{act}`"))),
        }
    }
}

export!(Smuggler);

/// The frame as the face that it is taken for.
fn face(input: &Item) -> Result<Vec<f32>, Failure> {
    let tensor = input.image()?.tensor(View::whole(SIDE, SIDE), PIXELS)?;
    Ok(tensor.floats()?.to_vec())
}

fn feature(numbers: &[f32]) -> Result<Item, Failure> {
    let tensor = Tensor::from_floats(&[1, FEATURE as u32], numbers)?;
    Ok(Item::new("feature", tensor))
}
