//! What happens to connections: clients that are slow, that send too much, and a server that stops.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::time::Duration;

use footlight_server::{Error, Options, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Far longer than anything here takes: where it is reached, something hangs.
const HANG: Duration = Duration::from_secs(60);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), Error>>,
}

async fn run(options: Options) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = Server::new(Vec::new(), options).unwrap();
    let served = tokio::spawn(async move {
        let stopped = async {
            stopped.await.unwrap();
        };
        server.serve(listener, stopped).await
    });
    Running {
        address,
        stop,
        served,
    }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        let served = timeout(HANG, self.served).await.expect("the server stops");
        served.unwrap().unwrap();
        assert!(
            TcpStream::connect(self.address).await.is_err(),
            "it still accepts"
        );
    }
}

/// Reads what comes until some text has come.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut all = String::new();
    let mut buffer = [0; 4096];
    while !all.contains(text) {
        let read = timeout(HANG, stream.read(&mut buffer))
            .await
            .expect("an answer comes")
            .unwrap();
        assert_ne!(read, 0, "the connection ended after {all:?}");
        all.push_str(std::str::from_utf8(buffer.get(..read).unwrap()).unwrap());
    }
    all
}

/// Whether the connection ends, whatever is still said on it.
async fn ends(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    timeout(HANG, stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test]
async fn a_client_whose_body_is_not_wanted_still_gets_the_answer_and_keeps_its_connection() {
    let server = run(Options::default()).await;
    let mut stream = server.connect().await;
    let body = vec![b'x'; 8 << 20];
    let head = format!(
        "POST /v1/pipelines/nobody/frames HTTP/1.1\r\nhost: h\r\ncontent-type: image/png\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A client that reads only after it has sent everything, as most do.
    stream
        .write_all(&body)
        .await
        .expect("the server takes the body to its end");
    let answer = read_until(&mut stream, "unknown-pipeline").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");

    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n")
        .await
        .unwrap();
    let answer = read_until(&mut stream, "\"ok\"").await;
    assert!(answer.contains("HTTP/1.1 200"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_never_ends_its_head_is_cut_off() {
    let options = Options {
        head_timeout: Duration::from_millis(100),
        ..Options::default()
    };
    let server = run(options).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost:")
        .await
        .unwrap();
    assert!(ends(&mut stream).await);
    server.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_most_are_served_when_one_ends() {
    let options = Options {
        connections: 1,
        ..Options::default()
    };
    let server = run(options).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n";
    let mut first = server.connect().await;
    first.write_all(request).await.unwrap();
    read_until(&mut first, "\"ok\"").await;
    let mut second = server.connect().await;
    second.write_all(request).await.unwrap();
    drop(first);
    read_until(&mut second, "\"ok\"").await;
    server.stop().await;
}

#[tokio::test]
async fn neither_idle_nor_slow_clients_hold_a_server_that_stops() {
    let options = Options {
        head_timeout: HANG * 10,
        grace: Duration::from_millis(200),
        ..Options::default()
    };
    let server = run(options).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut idle, "\"ok\"").await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost:")
        .await
        .unwrap();
    let mut silent = server.connect().await;

    server.stop().await;
    for stream in [&mut idle, &mut slow, &mut silent] {
        assert!(ends(stream).await);
    }
}
