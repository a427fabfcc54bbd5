//! `footlight:stage/media`: images live here, a stage holds handles to them.

use super::{HeldImage, HeldTensor};
use crate::bindings::media::{self as wit, Host, HostImage, Reason, Refusal};
use crate::bindings::nn::tensor::TensorType;
use crate::state::State;
use footlight_media::{self as media, Image};
use footlight_nn::{Buffer, ElementType, Tensor};
use std::sync::Arc;
use wasmtime::component::Resource;

impl Host for State {}

impl HostImage for State {
    fn width(&mut self, handle: Resource<HeldImage>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&handle)?.image.width())
    }

    fn height(&mut self, handle: Resource<HeldImage>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&handle)?.image.height())
    }

    fn view(
        &mut self,
        handle: Resource<HeldImage>,
        view: wit::View,
    ) -> wasmtime::Result<Result<Resource<HeldImage>, Refusal>> {
        self.check_deadline()?;
        let view = media::View::from(view);
        let charged = match self.charge(view.image_bytes()) {
            Ok(charged) => charged,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match self.table.get(&handle)?.image.view(&view) {
            Ok(image) => {
                let image = Arc::new(image);
                Ok(Ok(self.table.push(HeldImage { image, charged })?))
            }
            Err(error) => {
                self.budget.release(charged);
                Ok(Err(refusal(&error)))
            }
        }
    }

    fn tensor(
        &mut self,
        handle: Resource<HeldImage>,
        view: wit::View,
        encoding: wit::Encoding,
    ) -> wasmtime::Result<Result<Resource<HeldTensor>, Refusal>> {
        self.check_deadline()?;
        let (view, encoding) = match encode(view, encoding) {
            Ok(both) => both,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let charged = match self.charge(view.tensor_bytes(&encoding)) {
            Ok(charged) => charged,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let image = self.table.get(&handle)?.image.clone();
        match self.write(&image, &view, &encoding) {
            Ok(tensor) => {
                let held = HeldTensor {
                    tensor,
                    pixels: true,
                };
                Ok(Ok(self.table.push(held)?))
            }
            Err(error) => {
                self.budget.release(charged);
                Ok(Err(refusal(&error)))
            }
        }
    }

    fn drop(&mut self, handle: Resource<HeldImage>) -> wasmtime::Result<()> {
        let held = self.table.delete(handle)?;
        self.budget.release(held.charged);
        Ok(())
    }
}

impl State {
    /// A view as a tensor, in the memory of the graph that is going to compute with it, where there is
    /// one among the stage's that takes such a tensor.
    fn write(
        &self,
        image: &Image,
        view: &media::View,
        encoding: &media::Encoding,
    ) -> Result<Tensor, media::Error> {
        let element = match encoding.element {
            media::PixelType::U8 => ElementType::U8,
            media::PixelType::F16 => ElementType::F16,
            media::PixelType::F32 => ElementType::F32,
        };
        let shape = encoding.shape(view.width, view.height).to_vec();
        let data = match self.memory(element, &shape) {
            Some(mut memory) => {
                image.write_tensor(view, encoding, &mut memory)?;
                memory
            }
            None => Buffer::from(image.tensor(view, encoding)?.data),
        };
        self.budget.usage().count_written(data.len());
        Ok(Tensor {
            shape,
            element,
            data,
        })
    }

    /// Memory of a graph of this stage for such an input.
    fn memory(&self, element: ElementType, shape: &[u32]) -> Option<Buffer> {
        let models = self.configuration.models.values();
        models
            .filter_map(|name| self.models.get(name))
            .find_map(|model| model.graph.memory(element, shape))
    }

    /// Counts what a view is about to make, before any of it is made.
    fn charge(&mut self, bytes: Option<u64>) -> Result<u64, Refusal> {
        let bytes = bytes.unwrap_or(u64::MAX);
        self.budget.charge(bytes).map_err(|error| Refusal {
            reason: Reason::Limit,
            message: error.to_string(),
        })?;
        Ok(bytes)
    }
}

fn refusal(error: &media::Error) -> Refusal {
    Refusal {
        reason: match error {
            media::Error::TooLarge { .. } => Reason::Limit,
            _ => Reason::Invalid,
        },
        message: error.to_string(),
    }
}

fn encode(
    view: wit::View,
    encoding: wit::Encoding,
) -> Result<(media::View, media::Encoding), Refusal> {
    let element = match encoding.ty {
        TensorType::U8 => media::PixelType::U8,
        TensorType::Fp16 => media::PixelType::F16,
        TensorType::Fp32 => media::PixelType::F32,
        other => {
            return Err(Refusal {
                reason: Reason::Unsupported,
                message: format!("pixels are written as FP32, FP16 or U8, not as {other:?}"),
            });
        }
    };
    let encoding = media::Encoding {
        channels: match encoding.channels {
            wit::Channels::Rgb => media::Channels::Rgb,
            wit::Channels::Bgr => media::Channels::Bgr,
            wit::Channels::Luma => media::Channels::Luma,
        },
        layout: match encoding.layout {
            wit::Layout::Nchw => media::Layout::Nchw,
            wit::Layout::Nhwc => media::Layout::Nhwc,
        },
        element,
        mean: encoding.mean.into(),
        scale: encoding.scale.into(),
    };
    Ok((view.into(), encoding))
}

impl From<wit::View> for media::View {
    fn from(view: wit::View) -> Self {
        Self {
            region: match view.region {
                wit::Region::Whole => media::Region::Whole,
                wit::Region::Rect(rect) => media::Region::Rect(media::Rect {
                    x: rect.x,
                    y: rect.y,
                    width: rect.width,
                    height: rect.height,
                }),
                wit::Region::Affine(m) => media::Region::Affine(media::Affine {
                    a: m.a,
                    b: m.b,
                    c: m.c,
                    d: m.d,
                    e: m.e,
                    f: m.f,
                }),
            },
            width: view.width,
            height: view.height,
            filter: match view.filter {
                wit::Filter::Nearest => media::Filter::Nearest,
                wit::Filter::Bilinear => media::Filter::Bilinear,
                wit::Filter::Area => media::Filter::Area,
            },
            border: media::Colour {
                r: view.border.r,
                g: view.border.g,
                b: view.border.b,
            },
        }
    }
}
