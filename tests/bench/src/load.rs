//! Clients that send frames over HTTP.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;

use crate::frames::Frame;
use crate::measure::milliseconds;

/// What came of it.
pub struct Load {
    /// Frames a second, of all clients together.
    pub rate: f64,
    /// How long each frame took, in milliseconds, in order.
    pub times: Vec<f64>,
}

/// Sends `count` frames by this many clients, each of which waits for an answer before it sends the next.
pub fn send(url: &str, clients: usize, frames: &[Frame], count: usize) -> Result<Load> {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let times = thread::scope(|scope| {
        let workers: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let agent = agent();
                    let mut times = Vec::new();
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= count {
                            return Ok::<_, anyhow::Error>(times);
                        }
                        let frame = frames.get(index % frames.len()).context("no frames")?;
                        let began = Instant::now();
                        post(&agent, url, frame)?;
                        times.push(milliseconds(began.elapsed()));
                    }
                })
            })
            .collect();
        let mut times = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(done) => times.extend(done?),
                Err(_) => bail!("a client panicked"),
            }
        }
        Ok(times)
    })?;
    let rate = count as f64 / began.elapsed().as_secs_f64();
    let mut times = times;
    times.sort_by(f64::total_cmp);
    Ok(Load { rate, times })
}

/// Sends a frame; the answer.
pub fn post(agent: &Agent, url: &str, frame: &Frame) -> Result<Value> {
    let mut answer = agent
        .post(url)
        .header("content-type", "image/jpeg")
        .send(frame.bytes.as_slice())?;
    Ok(answer.body_mut().read_json()?)
}

/// Sends a frame again and again until it is answered; the answer.
pub fn first(url: &str, frame: &Frame, within: Duration) -> Result<Value> {
    let agent = agent();
    let began = Instant::now();
    loop {
        match post(&agent, url, frame) {
            Ok(answer) => return Ok(answer),
            Err(error) if began.elapsed() > within => {
                return Err(error).with_context(|| format!("{url} gave no answer for {within:?}"));
            }
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Waits until a host says that it is ready.
pub fn until_ready(base: &str, within: Duration) -> Result<()> {
    let agent = agent();
    let began = Instant::now();
    while agent.get(format!("{base}/readyz")).call().is_err() {
        if began.elapsed() > within {
            bail!("{base} did not become ready for {within:?}");
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// A client that keeps its connection.
pub fn agent() -> Agent {
    let config = Agent::config_builder()
        .proxy(None)
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(Duration::from_secs(60)));
    config.build().into()
}
