//! Hosts in one process, for tests: real connections with certificates, and workers that say what they are told to.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use footlight_boundary::Zone;
use footlight_media::Image;
use footlight_nn::{Folders, Runtimes, Tensor};
use footlight_pipeline::{
    Definition, Deployment, Failure, FrameError, Here, Locations, Pipeline, Purpose, Worked,
};
use footlight_sandbox::{Fields, Item, Payload, Sandbox};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, SanType, date_time_ymd,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::identity::Identity;
use crate::metrics::Metrics;
use crate::trace::Trace;
use crate::wire;
use crate::{Listener, Options, Order, Peers, Refused, Runs, Status, Worker};

/// Far longer than anything here takes.
pub(crate) const HANG: Duration = Duration::from_secs(60);

const FILE: &str = r#"
name = "members"
source = "frame"
classes = { frame = { kind = "image" }, feature = { kind = "tensor", type = "f32", shape = [1, 4] }, note = { kind = "document" } }
stages.detect = { component = "a.wasm", input = "frame", yields = ["feature"] }
stages.verify = { component = "b.wasm", input = "feature", yields = ["note"] }
zones = { names = ["site", "cloud", "moon"], frames = ["site"] }
placement = { detect = ["site"], verify = ["cloud"] }
boundary.feature = { from = ["site"], to = ["cloud"], per-frame = 2, per-second = 9, quantise = "i8" }
"#;

/// A pipeline as a host in a zone has it which runs none of its stages.
pub(crate) fn pipeline(zone: &str) -> (Pipeline, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.wasm", "b.wasm"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let path = folder.path().join("members.toml");
    std::fs::write(&path, FILE).unwrap();
    let locations = Locations {
        here: Some(Here {
            zone: zone.parse().unwrap(),
            stages: Some([].into()),
        }),
        ..Locations::default()
    };
    let runtimes = Arc::new(Runtimes::new(Folders::default()));
    let deployment = Deployment::new(Arc::new(Sandbox::new().unwrap()), runtimes, locations);
    let definition = Definition::read(&path).unwrap();
    (deployment.open(definition, &[]).unwrap(), folder)
}

pub(crate) fn frame() -> Item {
    Item {
        class: "frame".to_owned(),
        payload: Payload::Image(Arc::new(Image::new(1, 1, vec![0; 3]).unwrap())),
        attributes: Fields::default(),
    }
}

pub(crate) fn feature() -> Item {
    Item {
        class: "feature".to_owned(),
        payload: Payload::Tensor(Arc::new(Tensor::from_f32(vec![1, 4], &[0.5; 4]).unwrap())),
        attributes: Fields::default(),
    }
}

/// Whoever vouches for hosts.
pub(crate) struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self {
            certificate: params.self_signed(&key).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Writes what a host needs; its certificate ends with this year.
    pub(crate) fn write(&self, folder: &Path, zone: &str, year: i32) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        let uri = format!("spiffe://footlight.test/zone/{zone}");
        params.subject_alt_names = vec![SanType::URI(uri.as_str().try_into().unwrap())];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.not_after = date_time_ymd(year, 12, 31);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
        std::fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
        std::fs::write(folder.join("ca.crt"), self.certificate.pem()).unwrap();
    }

    pub(crate) fn identity(&self, zone: &str) -> (Arc<Identity>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path(), zone, 4000);
        (Arc::new(Identity::read(folder.path()).unwrap()), folder)
    }
}

pub(crate) fn options() -> Options {
    Options {
        ask_every: Duration::from_millis(200),
        renew_after: Duration::from_millis(300),
        ..Options::default()
    }
}

/// What a host says to work, and what it was sent.
pub(crate) struct Stub {
    status: Mutex<Status>,
    says: Mutex<Option<Refused>>,
    hangs: AtomicBool,
    pub(crate) traces: Mutex<Vec<Trace>>,
    metrics: Arc<Metrics>,
}

impl Stub {
    /// Has it say that it is about to end.
    pub(crate) fn stops(&self) {
        self.status.lock().unwrap().stopping = true;
    }
}

impl Worker for Stub {
    fn status(&self) -> Status {
        self.status.lock().unwrap().clone()
    }

    fn work(&self, order: Order) -> impl Future<Output = Result<Vec<u8>, Refused>> + Send {
        self.traces.lock().unwrap().push(order.trace);
        let says = self.says.lock().unwrap().clone();
        let hangs = self.hangs.swap(false, Ordering::Relaxed);
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            says.map_or_else(
                || Ok(wire::write(&wire::reply(&Worked::default(), Vec::new())).unwrap()),
                Err,
            )
        }
    }

    fn metrics(&self) -> Arc<Metrics> {
        self.metrics.clone()
    }
}

/// Another host.
pub(crate) struct Other {
    pub(crate) stub: Arc<Stub>,
    pub(crate) address: String,
    identity: Arc<Identity>,
    folder: TempDir,
    serving: JoinHandle<()>,
}

impl Drop for Other {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Other {
    pub(crate) async fn start(authority: &Authority, zone: &str, node: &str) -> Self {
        let (identity, folder) = authority.identity(zone);
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap().to_string();
        let status = Status {
            node: node.to_owned(),
            ..Status::default()
        };
        let stub = Arc::new(Stub {
            status: Mutex::new(status),
            says: Mutex::default(),
            hangs: AtomicBool::new(false),
            traces: Mutex::default(),
            metrics: Arc::new(Metrics::new(zone.parse().unwrap(), node.to_owned())),
        });
        let serving = Listener::new(tcp, identity.clone(), options()).serve(stub.clone());
        Self {
            stub,
            address,
            identity,
            folder,
            serving: tokio::spawn(serving),
        }
    }

    /// Has it say that it runs these stages, and nothing else.
    pub(crate) fn runs(&self, pipeline: &Pipeline, stages: &[&str]) {
        self.stub.status.lock().unwrap().runs = vec![Runs {
            pipeline: pipeline.name().to_owned(),
            version: pipeline.version().pipeline.clone(),
            stages: stages.iter().map(|stage| (*stage).to_owned()).collect(),
        }];
    }

    /// Has its certificate be one that has expired.
    pub(crate) fn expires(&self, authority: &Authority) {
        authority.write(self.folder.path(), "site", 2020);
        assert!(self.identity.refresh().unwrap());
    }

    /// Has it refuse work, or do it.
    pub(crate) fn says(&self, refused: Option<Refused>) {
        *self.stub.says.lock().unwrap() = refused;
    }

    /// Has it not do the next piece of work, and not say so.
    pub(crate) fn hangs(&self) {
        self.stub.hangs.store(true, Ordering::Relaxed);
    }

    /// Cuts all its connections, and listens anew.
    pub(crate) async fn cut(&mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
        let tcp = TcpListener::bind(&self.address).await.unwrap();
        let listener = Listener::new(tcp, self.identity.clone(), options());
        self.serving = tokio::spawn(listener.serve(self.stub.clone()));
    }

    /// Of how many pieces of work it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.stub.traces.lock().unwrap().len()
    }
}

/// A host that sends.
pub(crate) struct Sender {
    pub(crate) peers: Arc<Peers>,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) certificate: TempDir,
    _folder: TempDir,
}

impl Sender {
    pub(crate) fn start(authority: &Authority, others: &[&Other]) -> Self {
        let (identity, certificate) = authority.identity("site");
        let (pipeline, folder) = pipeline("site");
        let peers = Peers::new(identity, "here".to_owned(), options());
        let addresses: BTreeSet<String> =
            others.iter().map(|other| other.address.clone()).collect();
        peers.set(&addresses);
        Self {
            peers,
            pipeline: Arc::new(pipeline),
            certificate,
            _folder: folder,
        }
    }

    /// Waits until something is so of the other hosts.
    pub(crate) async fn until(&self, so: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !so(self) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = timeout(HANG, waiting).await;
        assert!(waited.is_ok(), "{:#?}", self.peers.list());
    }

    /// Waits until so many hosts run a stage, as this one knows.
    pub(crate) async fn until_run(&self, stage: &str, hosts: usize) {
        let version = &self.pipeline.version().pipeline;
        let any = |_: &Zone| true;
        self.until(|sender| {
            sender
                .peers
                .candidates("members", version, stage, any)
                .len()
                == hosts
        })
        .await;
    }

    /// Sends an item to a stage.
    pub(crate) async fn send(&self, stage: &str, item: Item, trace: &Trace) -> Result<(), Failure> {
        let until = Instant::now() + HANG;
        let (of_frame, pipeline) = (
            self.peers.of_frame("frame-1", trace, until),
            self.pipeline.clone(),
        );
        let stage = stage.to_owned();
        let sent = tokio::task::spawn_blocking(move || {
            pipeline.work(&stage, Purpose::Answer, vec![item], &of_frame)
        });
        match sent.await.unwrap() {
            Ok(_) => Ok(()),
            Err(FrameError::Elsewhere { source, .. }) => Err(*source),
            Err(other) => panic!("{other}"),
        }
    }

    /// What is counted, by name and labels; what is 0 is left out.
    pub(crate) fn counted(&self) -> BTreeMap<String, f64> {
        let mut registry = Registry::with_prefix("footlight");
        self.peers.register(&mut registry);
        self.peers.measure();
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let lines = text.lines().filter_map(|line| line.rsplit_once(' '));
        let values = lines.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)));
        values.filter(|(_, value)| *value != 0.0).collect()
    }
}
