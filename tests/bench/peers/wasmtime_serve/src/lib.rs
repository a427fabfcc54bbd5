//! The detection stage's work as a component of `wasi:http`, for `wasmtime serve`: a JPEG in, faces out.
//!
//! What Footlight's host does for a stage is done in here: the picture is decoded, resampled and made a
//! tensor by the crate that the host uses, compiled to WebAssembly. What follows the inference is the
//! stage's own code. The model is one that `wasmtime serve` was started with.

#![forbid(unsafe_code)]

mod detect;
mod infer;

use std::io::Write as _;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::StreamError;

/// The most that is read of a request at once: a call of the host for each.
const PIECE: u64 = 1 << 20;

struct Server;

wasip2::http::proxy::export!(Server);

impl Guest for Server {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (status, text) = match answer(&request) {
            Ok(text) => (200, text),
            Err((status, why)) => (status, why),
        };
        respond(out, status, text.as_bytes());
    }
}

/// A status, and why it is not 200.
type Refusal = (u16, String);

fn answer(request: &IncomingRequest) -> Result<String, Refusal> {
    let path = request.path_with_query().unwrap_or_default();
    match (request.method(), path.as_str()) {
        (Method::Get, "/readyz") => {
            infer::prepare().map_err(|why| (500, why))?;
            Ok("ready\n".to_owned())
        }
        (Method::Post, "/frame") => {
            let photo = body(request).map_err(|why| (400, why))?;
            detect::faces(&photo).map_err(|why| (500, why))
        }
        _ => Err((404, "POST /frame or GET /readyz\n".to_owned())),
    }
}

fn body(request: &IncomingRequest) -> Result<Vec<u8>, String> {
    let body = request.consume().map_err(|()| "the body is gone")?;
    let stream = body.stream().map_err(|()| "the body has no stream")?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(PIECE) {
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
}

/// Answers. Whoever asked may have gone by now, and then nothing is left to do.
fn respond(out: ResponseOutparam, status: u16, text: &[u8]) {
    let length = text.len().to_string().into_bytes();
    let headers = Fields::from_list(&[
        ("content-type".to_owned(), b"application/json".to_vec()),
        ("content-length".to_owned(), length),
    ]);
    let response = OutgoingResponse::new(headers.unwrap_or_else(|_| Fields::new()));
    let _ = response.set_status_code(status);
    let body = response.body();
    ResponseOutparam::set(out, Ok(response));
    let Ok(body) = body else { return };
    if let Ok(mut stream) = body.write() {
        let _ = stream.write_all(text);
    }
    let _ = OutgoingBody::finish(body, None);
}
