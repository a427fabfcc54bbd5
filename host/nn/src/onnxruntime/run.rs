//! One inference: the only place where tensors pass into ONNX Runtime and out of it.

use std::ffi::CString;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};

use ort::AsPointer;
use ort::memory::MemoryInfo;
use ort::session::{RunOptions, Session};
use ort::sys::{ONNXTensorElementDataType, OrtStatusPtr, OrtValue};

use super::convert;
use crate::tensor::byte_size;
use crate::{Error, Tensor, TensorInfo, onnx};

/// A session with what is given to it at every inference.
pub(super) struct Runner {
    session: Session,
    memory: MemoryInfo<'static>,
    inputs: Vec<CString>,
    outputs: Vec<CString>,
    copied: AtomicU64,
}

/// A value of ONNX Runtime's, which may lie in bytes of ours.
struct Value<'a> {
    value: NonNull<OrtValue>,
    bytes: PhantomData<&'a mut [u8]>,
}

/// The names go to ONNX Runtime as texts that end in a null byte.
pub(super) fn check_names(names: &onnx::Names) -> Result<(), Error> {
    let mut all = names.inputs.iter().chain(&names.outputs);
    match all.find(|name| name.contains('\0')) {
        None => Ok(()),
        Some(name) => Err(Error::unsupported(format!(
            "the model has an input or output `{}`, and ONNX Runtime finds none by a name with a NUL \
             byte; give it another name",
            name.replace('\0', "\\0")
        ))),
    }
}

/// What a function of ONNX Runtime's ended with.
#[allow(unsafe_code)]
pub(super) fn done(status: OrtStatusPtr) -> Result<(), Error> {
    // SAFETY: a status is only ever had from such a function, and each is passed on to here once.
    unsafe { ort::Error::result_from_status(status) }.map_err(|error| convert::runtime(&error))
}

impl Runner {
    pub(super) fn new(
        session: Session,
        inputs: &[TensorInfo],
        outputs: &[TensorInfo],
    ) -> Result<Runner, Error> {
        let names = |infos: &[TensorInfo]| -> Result<Vec<CString>, Error> {
            infos
                .iter()
                .map(|info| {
                    CString::new(info.name.as_str())
                        .map_err(|_| Error::unsupported("a name has a NUL byte"))
                })
                .collect()
        };
        Ok(Runner {
            session,
            memory: MemoryInfo::default(),
            inputs: names(inputs)?,
            outputs: names(outputs)?,
            copied: AtomicU64::new(0),
        })
    }

    /// The bytes of inputs that were moved to another address, ever.
    pub(super) fn copied(&self) -> u64 {
        self.copied.load(Ordering::Relaxed)
    }

    /// Runs the model. The inputs fit what it takes and are in its order; on a device that works on one
    /// inference at a time, nobody else does this meanwhile.
    #[allow(unsafe_code)]
    pub(super) fn run(
        &self,
        inputs: &mut [Tensor],
        outputs: &[TensorInfo],
        options: Option<&RunOptions>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let values = inputs
            .iter_mut()
            .map(|tensor| self.input(tensor))
            .collect::<Result<Vec<_>, _>>()?;
        let given: Vec<*const OrtValue> = values
            .iter()
            .map(|value| value.value.as_ptr().cast_const())
            .collect();
        if given.len() != self.inputs.len() {
            return Err(Error::runtime(
                "inputs were given in another number than asked for",
            ));
        }
        let texts = |names: &[CString]| names.iter().map(|name| name.as_ptr()).collect::<Vec<_>>();
        let (taken, wanted) = (texts(&self.inputs), texts(&self.outputs));
        let mut made = vec![ptr::null_mut(); wanted.len()];
        // SAFETY: the lists are as long as is said, their texts end in null bytes and their values are
        // there until after the call. That threads do this at the same time, without the bindings'
        // `&mut Session`, is what ONNX Runtime documents for sessions, whose kernels are constant and
        // whose state of a run is the run's own; the bindings forbid it because providers for
        // accelerators have broken that. Those are not run at the same time here (`Turn`), the
        // processor's alone is.
        let status = unsafe {
            (ort::api().Run)(
                self.session.ptr().cast_mut(),
                options.map_or(ptr::null(), AsPointer::ptr),
                taken.as_ptr(),
                given.as_ptr(),
                given.len(),
                wanted.as_ptr(),
                wanted.len(),
                made.as_mut_ptr(),
            )
        };
        // What was made is released also where the rest was not.
        let made: Vec<Option<Value>> = made
            .into_iter()
            .map(|value| NonNull::new(value).map(Value::own))
            .collect();
        done(status)?;
        made.iter()
            .zip(outputs)
            .map(|(value, info)| {
                let value = value.as_ref().ok_or_else(|| {
                    Error::runtime(format!("the output `{}` did not come out", info.name))
                })?;
                Ok((info.name.clone(), value.read(info)?))
            })
            .collect()
    }

    /// A value that lies in the tensor's own bytes, which are moved where their address is not a
    /// multiple of an element's size.
    #[allow(unsafe_code)]
    fn input<'a>(&self, tensor: &'a mut Tensor) -> Result<Value<'a>, Error> {
        let (element, size) = (tensor.element, tensor.element.size());
        if !tensor.data.as_ptr().addr().is_multiple_of(size) {
            // The allocator gives out addresses that fit every element where it is asked for more than one.
            tensor.data = tensor.data.to_vec().into();
            self.copied
                .fetch_add(tensor.data.len() as u64, Ordering::Relaxed);
        }
        if !tensor.data.as_ptr().addr().is_multiple_of(size) {
            return Err(Error::runtime("there is no memory at a fitting address"));
        }
        let sides: Vec<i64> = tensor.shape.iter().copied().map(i64::from).collect();
        let bytes: &'a mut [u8] = &mut tensor.data;
        let mut value = ptr::null_mut();
        // SAFETY: the bytes are as many as is said, at an address that fits, and borrowed for as long as
        // the value is there; ONNX Runtime checks that they are as many as the shape needs. The shape
        // is copied.
        done(unsafe {
            (ort::api().CreateTensorWithDataAsOrtValue)(
                self.memory.ptr(),
                bytes.as_mut_ptr().cast(),
                bytes.len(),
                sides.as_ptr(),
                sides.len(),
                convert::to_onnx(element),
                &mut value,
            )
        })?;
        NonNull::new(value)
            .map(Value::own)
            .ok_or_else(|| Error::runtime("ONNX Runtime made no value for an input"))
    }
}

impl Value<'_> {
    fn own(value: NonNull<OrtValue>) -> Self {
        Value {
            value,
            bytes: PhantomData,
        }
    }

    /// A copy of the tensor in it.
    #[allow(unsafe_code)]
    fn read(&self, info: &TensorInfo) -> Result<Tensor, Error> {
        let api = ort::api();
        let mut element = ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
        let (mut sides, mut rank) = (ptr::null(), 0);
        // SAFETY: the value is there, and all three are written; the sides are the value's.
        done(unsafe {
            (api.GetTensorElementTypeAndShapeDataReference)(
                self.value.as_ptr(),
                &mut element,
                &mut sides,
                &mut rank,
            )
        })?;
        if element != convert::to_onnx(info.element) {
            return Err(Error::runtime(format!(
                "the output `{}` came out as another type than the {} that the model says",
                info.name, info.element
            )));
        }
        let sides: &[i64] = match sides.is_null() || rank == 0 {
            true => &[],
            // SAFETY: it is a list of this length, and the value's.
            false => unsafe { slice::from_raw_parts(sides, rank) },
        };
        let shape = sides
            .iter()
            .map(|side| u32::try_from(*side))
            .collect::<Result<Vec<u32>, _>>()
            .map_err(|_| {
                Error::runtime(format!(
                    "the output `{}` has a side beyond 32 bits",
                    info.name
                ))
            })?;
        let size = byte_size(&shape, info.element)?;
        let mut data = ptr::null_mut();
        // SAFETY: the value is there, and a pointer is written.
        done(unsafe { (api.GetTensorMutableData)(self.value.as_ptr(), &mut data) })?;
        let bytes = match size == 0 || data.is_null() {
            // Without any bytes there may be no buffer, and a slice of it must not be made.
            true => Vec::new(),
            // SAFETY: a tensor of this type and shape has so many bytes, which are the value's; outputs
            // that nobody has asked to have elsewhere are in the host's memory.
            false => {
                unsafe { slice::from_raw_parts(data.cast::<u8>().cast_const(), size) }.to_vec()
            }
        };
        Tensor::new(shape, info.element, bytes)
    }
}

impl Drop for Value<'_> {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the value is ours, and released nowhere else.
        unsafe { (ort::api().ReleaseValue)(self.value.as_ptr()) }
    }
}
