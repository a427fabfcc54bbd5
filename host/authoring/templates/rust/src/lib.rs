//! How bright a picture is.

use footlight_stage::{
    Channels, Encoding, Failure, Fields, Filter, Item, Layout, Stage, View, export, settings,
};

/// What goes from white as 255 to white as 1.
const SCALE: f32 = 1.0 / 255.0;

struct Brightness;

impl Stage for Brightness {
    fn process(input: Item) -> Result<Vec<Item>, Failure> {
        let dark_below: f64 = settings::get("dark-below")?.unwrap_or(0.25);

        // The host reduces the picture to 32 x 32 means of grey; only those come here.
        let view = View::whole(32, 32).filtered(Filter::Area);
        let grey = Encoding::floats(Channels::Luma, Layout::Nchw).scaled(SCALE);
        let values = input.image()?.tensor(view, grey)?.floats()?;

        let mean = mean(&values);
        let answer = Fields::new()
            .with("mean", mean)
            .with("dark", mean < dark_below);
        Ok(vec![Item::new("brightness", answer)])
    }
}

export!(Brightness);

/// The mean; 0 of no values.
fn mean(values: &[f32]) -> f64 {
    let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
    sum / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    #[test]
    fn half_black_and_half_white_is_half_bright() {
        assert_eq!(super::mean(&[0.0, 1.0, 1.0, 0.0]), 0.5);
    }
}
