//! Instances share graphs, and nothing that one of them would have to wait for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use footlight_media::Image;
use footlight_nn::{
    DeviceSpec, Error, Graph, Library, Model, Placement, Registry, Snapshot, Tensor, TensorInfo,
};
use footlight_sandbox::{Configuration, ErrorKind, Fields, Item, Limits, Payload, Sandbox, Stage};
use libtest_mimic::{Arguments, Completion, Trial};
use std::env;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than it takes a thread to begin, on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    let arguments = Arguments::from_args();
    let trials = vec![
        trial(
            "a_short_inference_in_one_store_does_not_wait_for_a_long_one_in_another",
            nobody_waits,
        ),
        trial(
            "an_inference_beyond_the_time_limit_ends_the_item",
            deadline_reaches_the_graph,
        ),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

/// A test that is ignored where the stages were not built.
fn trial(name: &str, test: fn(&[u8])) -> Trial {
    Trial::ignorable_test(name, move || {
        let stages = env::var_os("FOOTLIGHT_STAGES").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/stages"),
            PathBuf::from,
        );
        let file = stages.join("feature-extraction.wasm");
        match std::fs::read(&file) {
            Ok(component) => {
                test(&component);
                Ok(Completion::Completed)
            }
            Err(_) => Ok(Completion::ignored_with(format!(
                "{} is not there: run `cargo xtask stages`",
                file.display()
            ))),
        }
    })
}

/// The stage that computes features, with at most this time for an item.
fn stage(component: &[u8], time: Duration) -> (Sandbox, Stage) {
    let sandbox = Sandbox::new().unwrap();
    let configuration = Configuration {
        name: "features".to_owned(),
        models: [("features".to_owned(), "model".to_owned())].into(),
        settings: [].into(),
        limits: Limits {
            time,
            ..Limits::default()
        },
        load: None,
        usage: Arc::default(),
    };
    let stage = Stage::new(sandbox.compile(component).unwrap(), configuration);
    (sandbox, stage)
}

fn models(graph: Arc<dyn Graph>) -> Arc<Snapshot> {
    let registry = Registry::new();
    registry.put(Model {
        name: "model".to_owned(),
        digest: String::new(),
        graph,
        batched: None,
        placement: Placement {
            library: Library::Tract,
            device: "none".to_owned(),
            asked: DeviceSpec::CPU,
            passed_over: Vec::new(),
        },
        labels: [].into(),
        card: None,
    });
    registry.snapshot()
}

fn crop() -> Item {
    let grey = Image::new(112, 112, vec![128; 112 * 112 * 3]).unwrap();
    Item {
        class: "crop".to_owned(),
        payload: Payload::Image(Arc::new(grey)),
        attributes: Fields::default(),
    }
}

/// What a graph gives, by the deadline that it was asked with.
type Outputs = Result<Vec<(String, Tensor)>, Error>;

/// A graph that does this for an inference.
struct Doing<F>(F);

impl<F: Fn(Option<Instant>) -> Outputs + Send + Sync> Graph for Doing<F> {
    fn inputs(&self) -> &[TensorInfo] {
        &[]
    }

    fn outputs(&self) -> &[TensorInfo] {
        &[]
    }

    fn device(&self) -> &str {
        "none"
    }

    fn infer(&self, _: Vec<(String, Tensor)>, deadline: Option<Instant>) -> Outputs {
        self.0(deadline)
    }

    fn copied(&self) -> u64 {
        0
    }
}

/// The first inference ends when the second has begun: with a lock held over an inference, by a store, a
/// context or the graph, the second never would.
fn nobody_waits(component: &[u8]) {
    let (_sandbox, stage) = stage(component, 2 * PATIENCE);
    let meeting = Arc::new((Mutex::new(0), Condvar::new()));
    let there = meeting.clone();
    let models = models(Arc::new(Doing(move |_| {
        let (begun, changed) = &*there;
        let mut count = begun.lock().unwrap();
        *count += 1;
        changed.notify_all();
        if *count == 1 {
            let (_count, waited) = changed
                .wait_timeout_while(count, PATIENCE, |count| *count < 2)
                .unwrap();
            assert!(!waited.timed_out(), "the second did not begin");
        }
        let feature = Tensor::from_f32(vec![1, 512], &[0.5; 512])?;
        Ok(vec![("output".to_owned(), feature)])
    })));
    thread::scope(|scope| {
        let first = scope.spawn(|| stage.process(crop(), models.clone()));
        while *meeting.0.lock().unwrap() == 0 {
            assert!(!first.is_finished(), "the first did not run its model");
            thread::sleep(Duration::from_millis(1));
        }
        let second = stage.process(crop(), models.clone()).unwrap();
        assert_eq!(second.len(), 1);
        assert_eq!(first.join().unwrap().unwrap().len(), 1);
    });
}

fn deadline_reaches_the_graph(component: &[u8]) {
    let limit = Duration::from_millis(300);
    let (_sandbox, stage) = stage(component, limit);
    let asked = Arc::new(Mutex::new(None));
    let told = asked.clone();
    let models = models(Arc::new(Doing(move |deadline: Option<Instant>| {
        *told.lock().unwrap() = deadline;
        let deadline = deadline.expect("an inference without a deadline");
        thread::sleep(deadline.saturating_duration_since(Instant::now()));
        // Whatever it says then, it was too late.
        Tensor::from_f32(vec![1], &[]).map(|_| Vec::new())
    })));
    let began = Instant::now();
    let error = stage.process(crop(), models).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(error.to_string().contains("300ms"), "{error}");
    let deadline = asked.lock().unwrap().expect("no inference");
    assert!(deadline >= began + limit && deadline <= Instant::now());
}
