//! Hears a client out.
//!
//! A request is often refused before its body was read. Were the connection then closed, a client that
//! is still sending would see it reset, and never read why. So what is left of a body is read and thrown
//! away in the background, up to a size and a time, while the answer is on its way.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::Frame;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// The most bytes that are thrown away of one body.
const MOST: usize = 64 << 20;

/// The longest that a body is read only to be thrown away.
const LONGEST: Duration = Duration::from_secs(5);

/// Sees to it that what a handler leaves of a body is read.
pub(crate) async fn hear_out(request: Request, next: Next) -> Response {
    // A client that waits to be told to send the body is told no by the answer itself.
    if request.headers().contains_key(header::EXPECT) || request.body().is_end_stream() {
        return next.run(request).await;
    }
    next.run(request.map(|body| Body::new(HeardOut(Some(body)))))
        .await
}

/// A body whose rest is read when it is dropped.
struct HeardOut(Option<Body>);

impl HttpBody for HeardOut {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.0.as_mut() {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(HttpBody::is_end_stream)
    }
}

impl Drop for HeardOut {
    fn drop(&mut self) {
        let Some(mut body) = self.0.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        runtime.spawn(timeout(LONGEST, async move {
            let mut left = MOST;
            while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                match left.checked_sub(bytes) {
                    Some(rest) => left = rest,
                    None => break,
                }
            }
        }));
    }
}
