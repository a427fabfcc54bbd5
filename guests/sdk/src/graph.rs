//! Graphs: the inference models that the pipeline file gives to a stage.

use crate::bindings::footlight::stage::models;
use crate::bindings::wasi::nn::errors::Error;
use crate::bindings::wasi::nn::graph;
use crate::bindings::wasi::nn::inference::GraphExecutionContext;
use crate::{Failure, Tensor};

/// An inference model, under the name that the pipeline file gives it for this stage.
#[derive(Debug)]
pub struct Graph {
    name: String,
    context: GraphExecutionContext,
}

impl Graph {
    /// The graph of that name. The host has compiled it long before: this is cheap.
    ///
    /// # Errors
    ///
    /// The pipeline file gives this stage no graph of that name.
    pub fn named(name: &str) -> Result<Graph, Failure> {
        let context = graph::load_by_name(name)
            .and_then(|graph| graph.init_execution_context())
            .map_err(|error| failure(name, error))?;
        Ok(Graph {
            name: name.to_owned(),
            context,
        })
    }

    /// Runs the graph on its inputs, each under the model's own name for it. As often as is wanted.
    ///
    /// # Errors
    ///
    /// A name, type or shape is not what the model has; the text names it.
    pub fn run<'a>(
        &self,
        inputs: impl IntoIterator<Item = (&'a str, Tensor)>,
    ) -> Result<Outputs, Failure> {
        let inputs: Vec<_> = inputs
            .into_iter()
            .map(|(name, tensor)| (name.to_owned(), tensor))
            .collect();
        let tensors = self
            .context
            .compute(inputs)
            .map_err(|error| failure(&self.name, error))?;
        Ok(Outputs {
            graph: self.name.clone(),
            tensors,
        })
    }

    /// The label of a row of this graph's output: the name of a class, of an entry of an index. None
    /// where the graph has no labels or not that many.
    pub fn label(&self, row: u32) -> Option<String> {
        models::label(&self.name, row)
    }
}

fn failure(graph: &str, error: Error) -> Failure {
    Failure::Failed(format!(
        "graph `{graph}`: {}",
        Failure::from(error).message()
    ))
}

/// What a graph gave. The numbers are still in the host, until a tensor is read.
#[derive(Debug)]
pub struct Outputs {
    graph: String,
    tensors: Vec<(String, Tensor)>,
}

impl Outputs {
    /// The output of that name, by the model's own name for it. Once: it is taken out.
    ///
    /// # Errors
    ///
    /// There is none; the text says which there are.
    pub fn take(&mut self, name: &str) -> Result<Tensor, Failure> {
        match self.tensors.iter().position(|(has, _)| has == name) {
            Some(index) => Ok(self.tensors.swap_remove(index).1),
            None => Err(Failure::Failed(format!(
                "graph `{}` has no output `{name}`: {}",
                self.graph,
                self.names()
            ))),
        }
    }

    /// The only output, whatever it is called.
    ///
    /// # Errors
    ///
    /// There are several, or none.
    pub fn only(mut self) -> Result<Tensor, Failure> {
        match (self.tensors.pop(), self.tensors.len()) {
            (Some((_, tensor)), 0) => Ok(tensor),
            (last, _) => {
                self.tensors.extend(last);
                Err(Failure::Failed(format!(
                    "graph `{}` must have one output: {}",
                    self.graph,
                    self.names()
                )))
            }
        }
    }

    fn names(&self) -> String {
        let names: Vec<_> = self.tensors.iter().map(|(name, _)| name.as_str()).collect();
        format!("it gave [{}]", names.join(", "))
    }
}
