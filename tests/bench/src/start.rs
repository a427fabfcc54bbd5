//! What an item costs before and after the work that is done for it: a store and an instance of its own,
//! every call of the host, and the end of all that. The graphs answer at once.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use footlight_media as media;
use footlight_nn::{
    DeviceSpec, ElementType, Error, Graph, Library, Model, Placement, Registry, Snapshot, Tensor,
    TensorInfo,
};
use footlight_sandbox::{Configuration, Fields, Item, Limits, Payload, Sandbox, Stage, Value};

use crate::frames;
use crate::measure::{Spread, in_turns, microseconds, quantile, time};
use crate::places::Places;
use crate::row::Row;

const SECTION: &str = "start";
const TIMES: usize = 4000;
const COMPILATIONS: usize = 9;

/// Measures.
pub fn run(places: &Places) -> Result<Vec<Row>> {
    let sandbox = Sandbox::new()?;
    let bytes = std::fs::read(places.stages.join("member-verification.wasm"))?;
    let verify = stage(&sandbox, &bytes, "gallery")?;
    let models = models()?;
    let feature = Arc::new(Tensor::from_f32(vec![1, 512], &[0.044; 512])?);
    let item = || Item {
        class: "feature".to_owned(),
        payload: Payload::Tensor(Arc::clone(&feature)),
        attributes: Fields::default(),
    };
    let yielded = verify.process(item(), Arc::clone(&models))?;
    anyhow::ensure!(
        yielded.len() == 1,
        "the stage yielded {} verdicts",
        yielded.len()
    );

    let instance = sorted(|| Ok(verify.rehearse()?))?;
    let whole = sorted(|| {
        verify.process(item(), Arc::clone(&models))?;
        Ok(())
    })?;
    let frame = frame(places)?;
    let mut rows = vec![
        Row::alone(
            SECTION,
            "store and instance, median",
            "us",
            spread(&instance),
        )
        .at_most(25.0),
        Row::alone(
            SECTION,
            "store and instance, 99th percentile",
            "us",
            Spread::exact(quantile(&instance, 0.99)),
        ),
        Row::alone(
            SECTION,
            "an item of verification, median",
            "us",
            spread(&whole),
        )
        .at_most(100.0)
        .noted("store, instance, every host call, drop; the graph answers at once"),
        Row::alone(
            SECTION,
            "an item of verification, 99th percentile",
            "us",
            Spread::exact(quantile(&whole, 0.99)),
        ),
        Row::alone(
            SECTION,
            "such an item, of a frame's time",
            "%",
            Spread::exact(quantile(&whole, 0.5) / frame * 100.0),
        )
        .at_most(0.5)
        .noted(format!(
            "a frame of one face took {:.1} ms, decoding included",
            frame / 1000.0
        )),
    ];
    rows.push(pixels(places, &sandbox, &models)?);
    rows.extend(ready(&sandbox, &bytes)?);
    Ok(rows)
}

/// An item of features, whose pixels are warped and written either way: the difference is the sandbox's.
fn pixels(places: &Places, sandbox: &Sandbox, models: &Arc<Snapshot>) -> Result<Row> {
    let bytes = std::fs::read(places.stages.join("feature-extraction.wasm"))?;
    let stage = stage(sandbox, &bytes, "features")?;
    let crop = frames::with_faces(places, 1, 0)?.decode()?;
    let crop = Arc::new(crop.view(&media::View::whole(112, 112))?);
    let item = || Item {
        class: "crop".to_owned(),
        payload: Payload::Image(Arc::clone(&crop)),
        attributes: Fields::default(),
    };
    let encoding = media::Encoding {
        channels: media::Channels::Bgr,
        mean: [127.5; 3],
        scale: [1.0 / 128.0; 3],
        ..media::Encoding::default()
    };
    let ours = |_| {
        Ok(microseconds(
            time(|| Ok(stage.process(item(), Arc::clone(models))?))?.0,
        ))
    };
    let theirs = |_| {
        Ok(microseconds(
            time(|| Ok(crop.tensor(&media::View::whole(112, 112), &encoding)?))?.0,
        ))
    };
    let spreads = in_turns(TIMES, ours, theirs)?;
    let [ours, theirs, _] = spreads;
    Ok(Row::both(
        SECTION,
        "an item of features, against writing its tensor alone",
        "us",
        spreads,
    )
    .noted(format!(
        "the sandbox's part is {:.0} us",
        ours.median - theirs.median
    )))
}

/// From a stage's bytes to one that can take an item.
fn ready(sandbox: &Sandbox, bytes: &[u8]) -> Result<Vec<Row>> {
    let compile = (0..COMPILATIONS)
        .map(|_| Ok(microseconds(time(|| Ok(sandbox.compile(bytes)?))?.0) / 1000.0))
        .collect::<Result<Vec<_>>>()?;
    let engine = wasmtime::Engine::default();
    let compiled = engine.precompile_component(bytes)?;
    let load = (0..COMPILATIONS * 10)
        .map(|_| Ok(microseconds(time(|| load(&engine, &compiled))?.0) / 1000.0))
        .collect::<Result<Vec<_>>>()?;
    Ok(vec![
        Row::alone(
            SECTION,
            "stage from its bytes to ready, compiled",
            "ms",
            Spread::of(compile),
        ),
        Row::alone(
            SECTION,
            "stage from its bytes to ready, compiled before",
            "ms",
            Spread::of(load),
        )
        .noted("what loading compiled code takes; the host keeps none yet"),
    ])
}

#[allow(unsafe_code)]
fn load(engine: &wasmtime::Engine, compiled: &[u8]) -> Result<wasmtime::component::Component> {
    // SAFETY: the bytes are what this engine has just compiled, and nobody else had them.
    Ok(unsafe { wasmtime::component::Component::deserialize(engine, compiled) }?)
}

/// What a frame of one face takes with the real models, in microseconds.
fn frame(places: &Places) -> Result<f64> {
    let pipeline = places.open(None)?;
    let frame = frames::with_faces(places, 1, 0)?;
    let times = (0..60)
        .map(|_| {
            Ok(microseconds(
                time(|| Ok(pipeline.process(frame.decode()?)?))?.0,
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Spread::of(times).median)
}

/// How long each of many took, in microseconds, in order.
fn sorted(work: impl Fn() -> Result<()>) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        work()?;
        times.push(microseconds(began.elapsed()));
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn spread(sorted: &[f64]) -> Spread {
    Spread::of(sorted.to_vec())
}

fn stage(sandbox: &Sandbox, bytes: &[u8], role: &str) -> Result<Stage> {
    let configuration = Configuration {
        name: role.to_owned(),
        models: [(role.to_owned(), role.to_owned())].into(),
        settings: [("threshold".to_owned(), Value::Number(0.42))].into(),
        limits: Limits::default(),
        load: None,
        usage: Arc::default(),
    };
    Ok(Stage::new(sandbox.compile(bytes)?, configuration))
}

/// Graphs that answer at once.
fn models() -> Result<Arc<Snapshot>> {
    let registry = Registry::new();
    let rows: Vec<u8> = [0_i64, 1].into_iter().flat_map(i64::to_le_bytes).collect();
    let gallery = vec![
        (
            "similarities".to_owned(),
            Tensor::from_f32(vec![1, 2], &[0.9, 0.1])?,
        ),
        (
            "rows".to_owned(),
            Tensor::new(vec![1, 2], ElementType::I64, rows)?,
        ),
    ];
    let features = vec![(
        "output".to_owned(),
        Tensor::from_f32(vec![1, 512], &[0.5; 512])?,
    )];
    for (name, answer) in [("gallery", gallery), ("features", features)] {
        registry.put(Model {
            name: name.to_owned(),
            digest: String::new(),
            graph: Arc::new(Ready(answer)),
            batched: None,
            placement: Placement {
                library: Library::Tract,
                device: "none".to_owned(),
                asked: DeviceSpec::CPU,
                passed_over: Vec::new(),
            },
            labels: ["obama", "biden"].map(str::to_owned).into(),
            card: None,
        });
    }
    Ok(registry.snapshot())
}

/// A graph whose answer is there already.
struct Ready(Vec<(String, Tensor)>);

impl Graph for Ready {
    fn inputs(&self) -> &[TensorInfo] {
        &[]
    }

    fn outputs(&self) -> &[TensorInfo] {
        &[]
    }

    fn device(&self) -> &str {
        "none"
    }

    fn infer(
        &self,
        _: Vec<(String, Tensor)>,
        _: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>, Error> {
        Ok(self.0.clone())
    }

    fn copied(&self) -> u64 {
        0
    }
}
