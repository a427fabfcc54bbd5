//! A registry of the tests: it serves what it is given, and lies, fails and falls silent as it is told.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use footlight_artifacts::{Artifact, Digest, Reference, media_type};

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn is_blob(&self) -> bool {
        self.path.contains("/blobs/sha256:")
    }

    pub fn is_manifest(&self) -> bool {
        self.path.contains("/manifests/")
    }

    /// The place of the first byte that is wanted.
    pub fn from(&self) -> Option<usize> {
        let range = self.headers.get("range")?;
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    end: End,
}

/// What happens after the body's bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// That was all.
    Whole,
    /// More was announced, and the connection is reset.
    Reset,
    /// More was announced, and nothing comes.
    Silence,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            end: End::Whole,
        }
    }

    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Only so many bytes of the body, then a reset.
    pub fn reset_after(self, length: usize) -> Self {
        self.cut(length, End::Reset)
    }

    /// Only so many bytes of the body, then nothing.
    pub fn silent_after(self, length: usize) -> Self {
        self.cut(length, End::Silence)
    }

    fn cut(mut self, length: usize, end: End) -> Self {
        self.headers
            .push(("content-length".to_owned(), self.body.len().to_string()));
        self.body.truncate(length);
        Self { end, ..self }
    }
}

type Behaviour = dyn Fn(&Seen, usize) -> Option<Answer> + Send + Sync;

/// A registry that runs as long as it is kept.
pub struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A registry with these artifacts under their tags, which answers as `behaviour` has it, and honestly where that
    /// has nothing. It is told how many requests of the same method and path came before.
    pub fn new(
        artifacts: &[(&str, &Artifact)],
        behaviour: impl Fn(&Seen, usize) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let content = Arc::new(Mutex::new(content(artifacts)));
        let behaviour: Arc<Behaviour> = Arc::new(behaviour);
        let all = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (all, content, behaviour) = (
                    Arc::clone(&all),
                    Arc::clone(&content),
                    Arc::clone(&behaviour),
                );
                thread::spawn(move || serve(stream, &all, &content, &*behaviour));
            }
        });
        Self { address, seen }
    }

    /// A registry that is honest.
    pub fn honest(artifacts: &[(&str, &Artifact)]) -> Self {
        Self::new(artifacts, |_, _| None)
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The artifact with this tag.
    pub fn reference(&self, tag: &str) -> Reference {
        format!("{}/test/repository:{tag}", self.host())
            .parse()
            .unwrap()
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many requests there were for blobs.
    pub fn blobs(&self) -> usize {
        self.seen().iter().filter(|seen| seen.is_blob()).count()
    }
}

/// What lies under which path.
type Content = HashMap<String, (String, Vec<u8>)>;

const BLOB: &str = "application/octet-stream";

fn content(artifacts: &[(&str, &Artifact)]) -> Content {
    let mut content = HashMap::new();
    for (tag, artifact) in artifacts {
        let manifest = artifact.manifest();
        let digest = artifact.digest();
        for name in [tag.to_string(), digest.to_string()] {
            let path = format!("/v2/test/repository/manifests/{name}");
            content.insert(path, (media_type::MANIFEST.to_owned(), manifest.clone()));
        }
        for blob in artifact.layers.iter().chain([&artifact.config]) {
            let path = format!("/v2/test/repository/blobs/{}", Digest::of(&blob.bytes));
            content.insert(path, (BLOB.to_owned(), blob.bytes.clone()));
        }
    }
    content
}

/// Takes what is pushed; none where nothing is.
fn take(seen: &Seen, content: &mut Content) -> Option<Answer> {
    let (repository, rest) = seen.path.split_once("/blobs/uploads/").unzip();
    match (seen.method.as_str(), repository, rest) {
        ("POST", Some(repository), Some(_)) => {
            let place = format!("{repository}/blobs/uploads/one");
            Some(Answer::new(202, "").header("location", place))
        }
        ("PUT", Some(repository), Some(rest)) => {
            let (_, digest) = rest.split_once("digest=").unwrap();
            let path = format!("{repository}/blobs/{digest}");
            content.insert(path, (BLOB.to_owned(), seen.body.clone()));
            Some(Answer::new(201, ""))
        }
        ("PUT", None, None) => {
            let (repository, _) = seen.path.split_once("/manifests/").unwrap();
            let by_digest = format!("{repository}/manifests/{}", Digest::of(&seen.body));
            for path in [by_digest, seen.path.clone()] {
                let media_type = seen.headers["content-type"].clone();
                content.insert(path, (media_type, seen.body.clone()));
            }
            Some(Answer::new(201, ""))
        }
        _ => None,
    }
}

/// The honest answer.
fn honestly(seen: &Seen, content: &mut Content) -> Answer {
    if let Some(answer) = take(seen, content) {
        return answer;
    }
    let Some((media_type, bytes)) = content.get(&seen.path) else {
        let error = r#"{"errors":[{"code":"NOT_FOUND","message":"no such thing"}]}"#;
        return Answer::new(404, error);
    };
    match seen.from() {
        Some(from) => Answer::new(206, &bytes[from..]).header(
            "content-range",
            format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()),
        ),
        None => Answer::new(200, bytes.as_slice()),
    }
    .header("content-type", media_type)
}

fn serve(
    stream: TcpStream,
    all: &Mutex<Vec<Seen>>,
    content: &Mutex<Content>,
    behaviour: &Behaviour,
) {
    let mut reader = BufReader::new(stream);
    while let Some(seen) = request(&mut reader) {
        let before = {
            let mut all = all.lock().unwrap();
            let same = |other: &&Seen| other.method == seen.method && other.path == seen.path;
            let before = all.iter().filter(same).count();
            all.push(seen.clone());
            before
        };
        let answer = behaviour(&seen, before)
            .unwrap_or_else(|| honestly(&seen, &mut content.lock().unwrap()));
        if !respond(reader.get_mut(), &seen, answer) {
            return;
        }
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|length| *length > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body).ok()?;
    Some(Seen {
        method,
        path,
        headers,
        body,
    })
}

/// Whether the connection goes on.
fn respond(stream: &mut TcpStream, seen: &Seen, answer: Answer) -> bool {
    let mut head = format!("HTTP/1.1 {} Test\r\n", answer.status);
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if answer.end == End::Whole
        && !answer
            .headers
            .iter()
            .any(|(name, _)| name == "content-length")
    {
        head += &format!("content-length: {}\r\n", answer.body.len());
    }
    head += "\r\n";
    let body: &[u8] = if seen.method == "HEAD" {
        &[]
    } else {
        &answer.body
    };
    let sent = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
    match answer.end {
        _ if sent.is_err() => false,
        End::Whole => true,
        // What was sent is read first: a reset would throw it away.
        End::Reset => {
            thread::sleep(std::time::Duration::from_millis(50));
            rustix::net::sockopt::set_socket_linger(&*stream, Some(std::time::Duration::ZERO))
                .unwrap();
            false
        }
        End::Silence => {
            let _ = stream.read(&mut [0]);
            false
        }
    }
}
