//! Takes in the body of a request: up to a size, within a time, and within what all bodies together
//! may hold of memory.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::kind::Kind;
use crate::problem::Problem;

/// One permit of the budget, in bytes.
const UNIT: usize = 1024;

/// Takes in bodies.
pub(crate) struct Intake {
    max_body: usize,
    within: Duration,
    budget: Arc<Semaphore>,
}

/// A body that was taken in. It counts as held until this is dropped.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Vec<u8>,
    _held: Option<OwnedSemaphorePermit>,
}

impl Intake {
    /// Bodies of up to `max_body` bytes, each within a time; `together` of that size at once.
    pub(crate) fn new(max_body: usize, within: Duration, together: usize) -> Self {
        let units = max_body
            .div_ceil(UNIT)
            .saturating_add(1)
            .saturating_mul(together);
        Self {
            max_body,
            within,
            budget: Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// The body of a request with these headers. Memory is taken for what has arrived, not for what
    /// was announced.
    pub(crate) async fn receive(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Received, Problem> {
        if announced(headers).is_some_and(|bytes| bytes > self.max_body as u64) {
            return Err(self.too_large());
        }
        if let Some(coding) = headers.get(header::CONTENT_ENCODING)
            && coding.as_bytes() != b"identity"
        {
            return Err(Problem::new(
                Kind::UnsupportedMediaType,
                "unsupported-encoding",
                "this operation takes no Content-Encoding; send the picture as it is",
            ));
        }
        match timeout(self.within, self.collect(body)).await {
            Ok(received) => received,
            Err(_) => Err(Problem::new(
                Kind::RequestTimeout,
                "body-timeout",
                format!(
                    "the body did not arrive within {} seconds",
                    self.within.as_secs_f32()
                ),
            )),
        }
    }

    async fn collect(&self, mut body: Body) -> Result<Received, Problem> {
        let mut received = Received {
            bytes: Vec::new(),
            _held: None,
        };
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let frame = frame.map_err(|error| {
                let detail = format!("the body broke off: {error}");
                Problem::new(Kind::MalformedRequest, "body-broke-off", detail)
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let total = received.bytes.len().saturating_add(data.len());
            if total > self.max_body {
                return Err(self.too_large());
            }
            self.charge(&mut received._held, total)?;
            received.bytes.extend_from_slice(&data);
        }
        Ok(received)
    }

    /// Raises what is held to a total of bytes.
    fn charge(&self, held: &mut Option<OwnedSemaphorePermit>, total: usize) -> Result<(), Problem> {
        let have = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = total.div_ceil(UNIT).saturating_sub(have);
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let Ok(permits) = Arc::clone(&self.budget).try_acquire_many_owned(more) else {
            return Err(Problem::new(
                Kind::Overloaded,
                "bodies-full",
                "too many requests are being received at once; send it again later",
            ));
        };
        match held {
            Some(held) => held.merge(permits),
            None => *held = Some(permits),
        }
        Ok(())
    }

    fn too_large(&self) -> Problem {
        Problem::new(
            Kind::TooLarge,
            "body-too-large",
            format!(
                "the body has more than {} bytes, the most that this server takes",
                self.max_body
            ),
        )
    }
}

/// How many bytes the headers say that the body has.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use hyper::body::Frame;
    use std::task::{Context, Poll};

    /// A body that never comes.
    struct Never;

    impl HttpBody for Never {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            Poll::Pending
        }
    }

    const MINUTE: Duration = Duration::from_secs(60);

    async fn receive(intake: &Intake, bytes: usize) -> Result<Received, Problem> {
        intake
            .receive(&HeaderMap::new(), Body::from(vec![7; bytes]))
            .await
    }

    #[tokio::test]
    async fn a_body_at_the_limit_is_taken_and_one_over_it_is_told_the_limit() {
        let intake = Intake::new(3000, MINUTE, 1);
        assert_eq!(receive(&intake, 3000).await.unwrap().bytes, vec![7; 3000]);
        let problem = receive(&intake, 3001).await.unwrap_err();
        assert_eq!(
            (problem.status, problem.reason.as_str()),
            (413, "body-too-large")
        );
        assert!(problem.detail.contains("3000"));
    }

    #[tokio::test]
    async fn what_all_bodies_hold_is_bounded_and_given_back() {
        let intake = Intake::new(4096, MINUTE, 1);
        let held = receive(&intake, 4096).await.unwrap();
        let problem = receive(&intake, 4096).await.unwrap_err();
        assert_eq!(
            (problem.status, problem.reason.as_str()),
            (503, "bodies-full")
        );
        drop(held);
        assert!(receive(&intake, 4096).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_does_not_arrive_ends() {
        let intake = Intake::new(10, Duration::from_millis(20), 1);
        let never = Body::new(Never);
        let problem = intake.receive(&HeaderMap::new(), never).await.unwrap_err();
        assert_eq!(
            (problem.status, problem.reason.as_str()),
            (408, "body-timeout")
        );
    }

    #[tokio::test]
    async fn a_compressed_body_is_refused_by_name() {
        let headers = [(header::CONTENT_ENCODING, "gzip".parse().unwrap())];
        let headers = HeaderMap::from_iter(headers);
        let intake = Intake::new(10, MINUTE, 1);
        let problem = intake.receive(&headers, Body::from("x")).await.unwrap_err();
        assert_eq!(
            (problem.status, problem.reason.as_str()),
            (415, "unsupported-encoding")
        );
    }
}
