//! A camera: frames at a steady rate, whatever becomes of them, and what became of each.

use crate::machine;
use crate::members;
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between two frames.
const EVERY: Duration = Duration::from_millis(200);
/// A camera's own network is near: who does not take a connection by then is not there.
const TO_CONNECT: Duration = Duration::from_secs(2);
/// Three times what a frame may take. What is not answered by then never is.
const TO_ANSWER: Duration = Duration::from_secs(30);

/// A frame that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub began: Instant,
    pub ended: Instant,
    pub outcome: Outcome,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Answered, and the verdict is right.
    Right { frame: String, version: String },
    /// Answered, and the verdict is wrong.
    Wrong(String),
    /// Answered with an error.
    Refused { status: u16, reason: String },
    /// Nobody took the connection: the frame was not sent.
    NoConnection,
    /// The connection broke before there was an answer, which the sender sees at once.
    CutOff(String),
    /// Nothing came, and nothing broke.
    Unanswered,
    /// More than one answer.
    AnsweredTwice,
}

impl Sent {
    pub fn right(&self) -> bool {
        matches!(self.outcome, Outcome::Right { .. })
    }
}

/// Sends until it goes.
pub struct Flow {
    shared: Arc<Shared>,
    pacer: Option<JoinHandle<()>>,
}

struct Shared {
    /// From which node's network it sends.
    from: String,
    /// Where frames go, as far as is known.
    to: Box<dyn Fn() -> Option<SocketAddr> + Send + Sync>,
    sent: Mutex<Vec<Sent>>,
    under_way: AtomicUsize,
    over: AtomicBool,
}

impl Flow {
    /// Sends from a node's network to whoever is the host to send to at the time.
    pub fn start(from: &str, to: impl Fn() -> Option<SocketAddr> + Send + Sync + 'static) -> Flow {
        let shared = Arc::new(Shared {
            from: from.to_owned(),
            to: Box::new(to),
            sent: Mutex::new(Vec::new()),
            under_way: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let pacer = thread::spawn({
            let shared = Arc::clone(&shared);
            move || pace(&shared)
        });
        Flow {
            shared,
            pacer: Some(pacer),
        }
    }

    /// What became of all frames that are not under way.
    pub fn sent(&self) -> Vec<Sent> {
        let mut sent = self.shared.sent.lock().unwrap().clone();
        sent.sort_by_key(|sent| sent.began);
        sent
    }

    /// Ends, and waits for what is under way: what became of all frames.
    pub fn end(mut self) -> Vec<Sent> {
        self.stop();
        while self.shared.under_way.load(Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_millis(20));
        }
        self.sent()
    }

    fn stop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        if let Some(pacer) = self.pacer.take() {
            pacer.join().unwrap();
        }
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.stop();
    }
}

fn pace(shared: &Arc<Shared>) {
    let photos: Arc<Vec<_>> = Arc::new(members::shown().collect());
    let began = Instant::now();
    for (index, due) in (0..).map(|index| (index, began + EVERY * u32::try_from(index).unwrap())) {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        let Some(to) = (shared.to)() else {
            continue;
        };
        shared.under_way.fetch_add(1, Ordering::SeqCst);
        let (shared, photos) = (Arc::clone(shared), Arc::clone(&photos));
        // Frames do not wait for each other. A thread for each, as it stays on the network that it has gone to.
        thread::spawn(move || {
            machine::enter(&shared.from);
            let (body, expected) = &photos[index % photos.len()];
            let began = Instant::now();
            let outcome = send(to, body, expected);
            let ended = Instant::now();
            let mut sent = shared.sent.lock().unwrap();
            sent.push(Sent {
                began,
                ended,
                outcome,
            });
            shared.under_way.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// Sends one frame over a connection of its own, which nothing sends again.
pub fn send(to: SocketAddr, body: &[u8], expected: &[Option<&str>]) -> Outcome {
    let Ok(mut connection) = TcpStream::connect_timeout(&to, TO_CONNECT) else {
        return Outcome::NoConnection;
    };
    match exchange(&mut connection, body) {
        Ok(said) => read(&said, expected),
        Err(error) if late(&error) => Outcome::Unanswered,
        Err(error) => Outcome::CutOff(error.to_string()),
    }
}

/// The body of what a host says at an address, to who asks from a node's network.
pub fn get(from: &str, to: SocketAddr, path: &str) -> String {
    let (from, path) = (from.to_owned(), path.to_owned());
    let ask = move || {
        machine::enter(&from);
        let mut connection = TcpStream::connect_timeout(&to, TO_CONNECT).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: camera\r\nconnection: close\r\n\r\n");
        connection.write_all(head.as_bytes()).unwrap();
        let mut said = String::new();
        connection.read_to_string(&mut said).unwrap();
        let (_, body) = said.split_once("\r\n\r\n").unwrap();
        body.to_owned()
    };
    thread::spawn(ask).join().unwrap()
}

fn late(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// Everything that comes before the connection ends.
fn exchange(connection: &mut TcpStream, body: &[u8]) -> io::Result<Vec<u8>> {
    connection.set_read_timeout(Some(TO_ANSWER))?;
    connection.set_write_timeout(Some(TO_ANSWER))?;
    let kind = if body.starts_with(b"\x89PNG") {
        "image/png"
    } else {
        "image/jpeg"
    };
    let head = format!(
        "POST /v1/pipelines/members/frames HTTP/1.1\r\nhost: camera\r\ncontent-type: {kind}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes())?;
    connection.write_all(body)?;
    let mut said = Vec::new();
    connection.read_to_end(&mut said)?;
    Ok(said)
}

/// What an answer says.
fn read(said: &[u8], expected: &[Option<&str>]) -> Outcome {
    let end = said.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else {
        return Outcome::CutOff("the answer has no head".to_owned());
    };
    let head = String::from_utf8_lossy(&said[..end]).to_lowercase();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let lines = head.lines();
    let mut lengths = lines.filter_map(|line| line.strip_prefix("content-length:"));
    let length = lengths
        .next()
        .and_then(|length| length.trim().parse::<usize>().ok());
    let (Some(status), Some(length)) = (status, length) else {
        return Outcome::CutOff(format!("the answer's head is {head:?}"));
    };
    let body = &said[end + 4..];
    match body.len() {
        less if less < length => return Outcome::CutOff("the answer is cut off".to_owned()),
        more if more > length => return Outcome::AnsweredTwice,
        _ => {}
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |at: &str| {
        answer
            .pointer(at)
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned()
    };
    if status != 200 {
        let reason = text("/reason");
        return Outcome::Refused { status, reason };
    }
    let found = members::found(&answer);
    let right = found
        .iter()
        .map(Option::as_deref)
        .eq(expected.iter().copied());
    if right {
        Outcome::Right {
            frame: text("/frame"),
            version: text("/version/pipeline"),
        }
    } else {
        Outcome::Wrong(format!("{found:?} where {expected:?} is right"))
    }
}
