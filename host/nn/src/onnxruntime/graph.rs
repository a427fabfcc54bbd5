//! A model that is ready to run.

use std::sync::Arc;
use std::time::Instant;

use ort::session::{RunOptions, Session};

use super::device::Device;
use super::run::Runner;
use super::turn::Turn;
use super::{alarm, convert, ports};
use crate::onnx::Names;
use crate::{Error, Graph, Tensor, TensorInfo, backend};

pub(super) struct OnnxGraph {
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    device: String,
    runner: Runner,
    /// For a GPU: its providers are not known to work on several inferences of a model at once, and the
    /// GPU would take them one after the other.
    turn: Option<Turn>,
}

impl OnnxGraph {
    pub(super) fn new(session: Session, names: &Names, device: Device) -> Result<Self, Error> {
        let inputs = ports::inputs(&session, &names.inputs)?;
        let outputs = ports::outputs(&session)?;
        Ok(OnnxGraph {
            runner: Runner::new(session, &inputs, &outputs)?,
            inputs,
            outputs,
            device: device.to_string(),
            turn: (device != Device::Cpu).then(Turn::default),
        })
    }

    fn run(
        &self,
        inputs: &mut [Tensor],
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let Some(deadline) = deadline else {
            let _mine = self.turn.as_ref().map(|turn| turn.take(None)).transpose()?;
            return self.runner.run(inputs, &self.outputs, None);
        };
        let late = || Instant::now() >= deadline;
        if late() {
            return Err(Error::late());
        }
        let _mine = self
            .turn
            .as_ref()
            .map(|turn| turn.take(Some(deadline)))
            .transpose()?;
        let options = RunOptions::new().map_err(|error| convert::runtime(&error))?;
        let options = Arc::new(options);
        let _alarm = alarm::set(deadline, &options)?;
        let outputs = self.runner.run(inputs, &self.outputs, Some(&options));
        match late() {
            true => Err(Error::late()),
            false => outputs,
        }
    }
}

impl Graph for OnnxGraph {
    fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    fn device(&self) -> &str {
        &self.device
    }

    fn infer(
        &self,
        inputs: Vec<(String, Tensor)>,
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let mut inputs = backend::arrange(&self.inputs, inputs)?;
        self.run(&mut inputs, deadline)
            .map_err(|error| error.context("the inference failed"))
    }

    fn copied(&self) -> u64 {
        self.runner.copied()
    }
}
