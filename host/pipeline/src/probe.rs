//! Whether every stage works, found out before the first frame.

use crate::class::Class;
use crate::error::FrameError;
use crate::open::Pipeline;
use crate::parts::OpenStage;
use footlight_media::Image;
use footlight_nn::Tensor;
use footlight_sandbox::{ErrorKind, Fields, Item, Payload};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The sides of a probe image whose class has no size.
const SIDE: (u32, u32) = (128, 128);

impl Pipeline {
    /// Runs every stage on a probe item of its input class: a grey image, a tensor of zeros, an empty
    /// document. A stage that calls its probe unsuitable has run and knows what it wants, which is all
    /// that is asked.
    ///
    /// # Errors
    /// What went wrong in the first stage that does not work.
    pub fn probe(&self) -> Result<(), FrameError> {
        self.probe_those(|_| true)
    }

    /// The same for the stages that differ from those of the versions it was opened beside: the others have
    /// been found to work there, with the same graphs.
    ///
    /// # Errors
    /// As [`Pipeline::probe`].
    pub fn probe_new(&self) -> Result<(), FrameError> {
        self.probe_those(|stage| !stage.proven)
    }

    fn probe_those(&self, wanted: impl Fn(&OpenStage) -> bool) -> Result<(), FrameError> {
        let models = self.registry.snapshot();
        for stage in self.stages.iter().filter(|stage| wanted(stage)) {
            let Some(item) = self.probe_item(&stage.section.input) else {
                continue;
            };
            match self.run_item(stage, item, &models) {
                Ok(_) => {}
                Err(FrameError::Stage { source, .. }) if source.kind() == ErrorKind::Unsuitable => {
                }
                Err(error) => return Err(error),
            }
        }
        self.probed.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn probe_item(&self, class: &str) -> Option<Item> {
        let payload = match self.file.classes.get(class)? {
            Class::Image { size } => {
                let (width, height) = size.unwrap_or(SIDE);
                let pixels = (width as usize)
                    .checked_mul(height as usize)?
                    .checked_mul(3)?;
                Payload::Image(Arc::new(Image::new(width, height, vec![128; pixels]).ok()?))
            }
            Class::Tensor { element, shape } => {
                let shape: Vec<u32> = shape.iter().map(|&side| side.max(1)).collect();
                let count = shape
                    .iter()
                    .try_fold(element.size(), |n, &side| n.checked_mul(side as usize))?;
                Payload::Tensor(Arc::new(Tensor::new(shape, *element, vec![0; count]).ok()?))
            }
            Class::Document => Payload::Document(Fields::default()),
        };
        Some(Item {
            class: class.to_owned(),
            payload,
            attributes: Fields::default(),
        })
    }
}
