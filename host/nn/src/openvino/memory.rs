//! Tensors of OpenVINO's own, for inputs: written where they are computed with, and used again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::convert;
use crate::{Buffer, ElementType, Error, Memory, Tensor, tensor::byte_size};

/// How many are kept for another input when they are not in use. More may be in use.
const SPARE: usize = 16;

/// Gives out tensors, and keeps those that come back.
#[derive(Default)]
pub(super) struct Stock {
    spare: Mutex<Vec<Piece>>,
    copied: AtomicU64,
}

/// A tensor with its type and shape.
struct Piece {
    element: ElementType,
    shape: Vec<u32>,
    tensor: openvino::Tensor,
}

/// A tensor that somebody has. It goes back to the stock when it is dropped.
pub(super) struct Lent {
    piece: Option<Piece>,
    stock: Arc<Stock>,
}

// SAFETY: OpenVINO's tensor is not to be used by several threads at once because it can be given another
// shape and other contents. Through a shared reference only its address and its size are read, and
// nothing here changes its shape; its contents are written through an exclusive reference.
#[allow(unsafe_code)]
unsafe impl Sync for Lent {}

impl Stock {
    /// A tensor of this type and shape, which has at least one side, none of them 0. What is in it is
    /// left from before.
    pub(super) fn take(
        self: &Arc<Stock>,
        element: ElementType,
        shape: &[u32],
    ) -> Result<Lent, Error> {
        let mut spare = self.spare();
        let fitting = spare
            .iter()
            .position(|piece| piece.element == element && piece.shape == shape);
        let piece = fitting.map(|index| spare.swap_remove(index));
        drop(spare);
        let piece = match piece {
            Some(piece) => piece,
            None => Piece {
                element,
                shape: shape.to_vec(),
                tensor: allocate(element, shape)?,
            },
        };
        Ok(Lent {
            piece: Some(piece),
            stock: Arc::clone(self),
        })
    }

    /// A tensor with what is in this one: itself where it is from this library, else a copy.
    pub(super) fn adopt(self: &Arc<Stock>, tensor: Tensor) -> Result<Lent, Error> {
        let Tensor {
            shape,
            element,
            data,
        } = tensor;
        match data.claim::<Lent>() {
            Ok(lent) if lent.is(element, &shape) => Ok(lent),
            Ok(lent) => self.copy(element, &shape, lent.bytes()),
            Err(other) => self.copy(element, &shape, &other),
        }
    }

    fn copy(
        self: &Arc<Stock>,
        element: ElementType,
        shape: &[u32],
        data: &[u8],
    ) -> Result<Lent, Error> {
        let mut lent = self.take(element, shape)?;
        fill(lent.bytes_mut(), data)?;
        self.copied.fetch_add(data.len() as u64, Ordering::Relaxed);
        Ok(lent)
    }

    /// The bytes that were copied into tensors of this stock, ever.
    pub(super) fn copied(&self) -> u64 {
        self.copied.load(Ordering::Relaxed)
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Piece>> {
        // A panic cannot leave the list half changed.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    /// The tensor.
    pub(super) fn tensor(&self) -> Result<&openvino::Tensor, Error> {
        let piece = self.piece.as_ref();
        piece
            .map(|piece| &piece.tensor)
            .ok_or_else(|| Error::runtime("an input was given back before it was used"))
    }

    fn is(&self, element: ElementType, shape: &[u32]) -> bool {
        self.piece
            .as_ref()
            .is_some_and(|piece| piece.element == element && piece.shape == shape)
    }
}

impl Memory for Lent {
    fn bytes(&self) -> &[u8] {
        let data = self.piece.as_ref().map(|piece| piece.tensor.get_raw_data());
        data.and_then(Result::ok).unwrap_or_default()
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let data = self
            .piece
            .as_mut()
            .map(|piece| piece.tensor.get_raw_data_mut());
        data.and_then(Result::ok).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(piece) = self.piece.take() else {
            return;
        };
        let mut spare = self.stock.spare();
        // The oldest goes: with shapes that vary it is the one that is asked for least.
        let oldest = (spare.len() >= SPARE).then(|| spare.remove(0));
        spare.push(piece);
        drop(spare);
        drop(oldest);
    }
}

/// Memory as [`Graph::memory`](crate::Graph::memory) gives it out.
pub(super) fn buffer(stock: &Arc<Stock>, element: ElementType, shape: &[u32]) -> Option<Buffer> {
    if shape.is_empty() || shape.contains(&0) || byte_size(shape, element).is_err() {
        return None;
    }
    stock.take(element, shape).ok().map(Buffer::of_library)
}

/// Copies bytes into a tensor of as many.
pub(super) fn fill(target: &mut [u8], data: &[u8]) -> Result<(), Error> {
    // Checked when the inputs were arranged; `copy_from_slice` would end the host where that is wrong.
    if target.len() != data.len() {
        return Err(Error::runtime(format!(
            "OpenVINO made a tensor of {} bytes where {} are needed",
            target.len(),
            data.len()
        )));
    }
    target.copy_from_slice(data);
    Ok(())
}

fn allocate(element: ElementType, shape: &[u32]) -> Result<openvino::Tensor, Error> {
    let sides: Vec<i64> = shape.iter().copied().map(i64::from).collect();
    let shape = openvino::Shape::new(&sides).map_err(|error| convert::runtime(&error))?;
    openvino::Tensor::new(convert::to_openvino(element), &shape)
        .map_err(|error| convert::runtime(&error))
}
