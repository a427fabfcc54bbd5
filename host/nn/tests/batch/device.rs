//! A device under a test's control: it writes down what it is given, and waits where it is told to.

use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use footlight_nn::{
    Buffer, ElementType, Error, ErrorKind, Graph, Memory, Tensor, TensorInfo, arrange,
};

/// A row with this number cannot be computed, and takes its whole inference with it.
pub const BAD: f32 = -1000.0;
/// A row with this number makes the device panic.
pub const FATAL: f32 = -2000.0;

/// Gives `2 x + 1` for every number of `x`, `[rows, any]`.
#[derive(Default)]
pub struct Device {
    pub seen: Mutex<Vec<Seen>>,
    pub held: Mutex<bool>,
    pub released: Condvar,
    pub takes: Duration,
    pub infos: Infos,
    pub defect: Option<Defect>,
}

/// What it does with rows that a device fit for batches does not.
#[derive(Clone, Copy, PartialEq)]
pub enum Defect {
    /// Each row has something of the first one.
    Mixes,
    /// One row comes out, however many go in.
    Sums,
}

/// An inference.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub shape: Vec<u32>,
    pub numbers: Vec<f32>,
    pub deadline: Option<Instant>,
    pub place: usize,
    /// Whether the numbers came in memory that the device gave out.
    pub own: bool,
}

pub struct Infos {
    pub inputs: Vec<TensorInfo>,
    pub outputs: Vec<TensorInfo>,
}

impl Default for Infos {
    fn default() -> Infos {
        Infos {
            inputs: vec![info("x", &[None, None])],
            outputs: vec![info("y", &[None, None])],
        }
    }
}

pub fn info(name: &str, shape: &[Option<u32>]) -> TensorInfo {
    TensorInfo {
        name: name.to_owned(),
        element: ElementType::F32,
        shape: shape.to_vec(),
    }
}

pub struct Own(Vec<u8>);

impl Memory for Own {
    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Device {
    /// Inferences wait until they are let go.
    pub fn hold(&self) {
        *self.held.lock().unwrap() = true;
    }

    pub fn release(&self) {
        *self.held.lock().unwrap() = false;
        self.released.notify_all();
    }

    /// What it was given since it was last asked.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    pub fn busy(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn compute(&self, length: usize, numbers: &[f32]) -> Vec<f32> {
        let twice = numbers.iter().map(|number| 2.0 * number + 1.0);
        match self.defect {
            None => twice.collect(),
            Some(Defect::Mixes) => twice.map(|number| number + numbers[0]).collect(),
            Some(Defect::Sums) => (0..length)
                .map(|column| numbers.iter().skip(column).step_by(length).sum())
                .collect(),
        }
    }
}

impl Graph for Device {
    fn inputs(&self) -> &[TensorInfo] {
        &self.infos.inputs
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.infos.outputs
    }

    fn device(&self) -> &str {
        "test"
    }

    fn infer(
        &self,
        inputs: Vec<(String, Tensor)>,
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let tensor = arrange(&self.infos.inputs, inputs)?.remove(0);
        let numbers = tensor.to_f32()?;
        self.seen.lock().unwrap().push(Seen {
            shape: tensor.shape.clone(),
            numbers: numbers.clone(),
            deadline,
            place: tensor.data.as_ptr().addr(),
            own: tensor.data.claim::<Own>().is_ok(),
        });
        drop(
            self.released
                .wait_while(self.held.lock().unwrap(), |held| *held)
                .unwrap(),
        );
        thread::sleep(self.takes);
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(Error::new(ErrorKind::Deadline, "the device was too slow"));
        }
        assert!(!numbers.contains(&FATAL), "the device was told to panic");
        if numbers.contains(&BAD) {
            return Err(Error::new(ErrorKind::Runtime, "a bad number"));
        }
        let mut shape = tensor.shape;
        if self.defect == Some(Defect::Sums) {
            shape[0] = 1;
        }
        let computed = self.compute(shape[1] as usize, &numbers);
        Ok(vec![("y".to_owned(), Tensor::from_f32(shape, &computed)?)])
    }

    fn memory(&self, element: ElementType, shape: &[u32]) -> Option<Buffer> {
        let size = footlight_nn::byte_size(shape, element).ok()?;
        Some(Buffer::of_library(Own(vec![0; size])))
    }

    fn copied(&self) -> u64 {
        0
    }
}
