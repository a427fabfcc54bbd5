//! Asking for more than there is.

use footlight_stage::{Channels, Encoding, Failure, Item, Layout, Tensor, TensorType, View};
use std::hint::black_box;

const PIXELS: Encoding = Encoding::floats(Channels::Rgb, Layout::Nchw);

/// Memory of its own, a mebibyte at a time.
pub fn memory() -> ! {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// One tensor of 120 GB.
pub fn huge_tensor(input: &Item) -> Result<Vec<Item>, Failure> {
    input
        .image()?
        .tensor(View::whole(100_000, 100_000), PIXELS)?;
    Ok(Vec::new())
}

/// Views of a size, all kept.
pub fn views(input: &Item, side: u32) -> Result<Vec<Item>, Failure> {
    let mut kept = Vec::new();
    for _ in 0..100_000 {
        kept.push(input.image()?.view(View::whole(side, side))?);
    }
    Ok(Vec::new())
}

/// Views, one after the other, none kept.
pub fn without_end(input: &Item) -> Result<Vec<Item>, Failure> {
    loop {
        input.image()?.tensor(View::whole(1000, 1000), PIXELS)?;
    }
}

/// Tensors of its own bytes, all kept.
pub fn tensors() -> Result<Vec<Item>, Failure> {
    let bytes = vec![0_u8; 1 << 20];
    let mut kept = Vec::new();
    for _ in 0..100_000 {
        kept.push(Tensor::new(&[1 << 20], TensorType::U8, &bytes));
    }
    Ok(Vec::new())
}
