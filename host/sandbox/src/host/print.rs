//! What a stage prints: lines in the host's log. Interpreters say there why they gave up, and it is how people look
//! for an error in any language.

use super::surroundings::{MAX_MESSAGE, MAX_MESSAGES, printable};
use bytes::Bytes;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// How many bytes a stage may print at once; it bounds what one call makes the host allocate.
const PERMIT: usize = 16 << 10;

/// An output of one instance. All its streams are of the same lines.
#[derive(Clone)]
pub(super) struct Printed(Arc<Mutex<Lines>>);

struct Lines {
    stage: String,
    unfinished: Vec<u8>,
    logged: u32,
}

impl Printed {
    pub(super) fn of(stage: &str) -> Self {
        Self(Arc::new(Mutex::new(Lines {
            stage: stage.to_owned(),
            unfinished: Vec::new(),
            logged: 0,
        })))
    }

    fn print(&self, bytes: &[u8]) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            // What is too long for a message is dropped, and so takes no memory.
            let room = MAX_MESSAGE.saturating_sub(lines.unfinished.len());
            let kept = piece.get(..room.min(piece.len())).unwrap_or_default();
            lines.unfinished.extend_from_slice(kept);
            if piece.ends_with(b"\n") {
                lines.finish();
            }
        }
    }
}

impl Lines {
    fn finish(&mut self) {
        let line = std::mem::take(&mut self.unfinished);
        let line = printable(String::from_utf8_lossy(&line).trim_end());
        if line.is_empty() || self.logged >= MAX_MESSAGES {
            return;
        }
        self.logged += 1;
        tracing::info!(target: "footlight::stage", stage = self.stage, "{line}");
    }
}

impl Drop for Lines {
    /// The last line may have no end.
    fn drop(&mut self) {
        self.finish();
    }
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.print(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

#[async_trait]
impl Pollable for Printed {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Printed {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.print(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
