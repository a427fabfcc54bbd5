#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    missing_docs
)]
use footlight_nn::*;
use std::sync::Arc;
use std::time::Instant;
fn rss() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find(|l| l.starts_with("VmRSS"))
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}
fn input(h: u32, w: u32) -> Vec<(String, Tensor)> {
    let v: Vec<f32> = (0..3 * h * w).map(|n| (n % 255) as f32 - 120.0).collect();
    vec![(
        "input".into(),
        Tensor::from_f32(vec![1, 3, h, w], &v).unwrap(),
    )]
}
fn bench(name: &str, g: &dyn Graph, sizes: &[(u32, u32)]) {
    for s in sizes {
        for _ in 0..3 {
            g.infer(input(s.0, s.1)).unwrap();
        }
    }
    let mut t: Vec<f64> = (0..60)
        .map(|i| {
            let s = sizes[i % sizes.len()];
            let x = input(s.0, s.1);
            let t = Instant::now();
            g.infer(x).unwrap();
            t.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    t.sort_by(f64::total_cmp);
    println!(
        "{name}: min {:.1} median {:.1} p90 {:.1} ms, rss {} MB",
        t[0],
        t[30],
        t[54],
        rss() / 1024
    );
}
fn throughput(name: &str, g: &Arc<dyn Graph>, s: (u32, u32), threads: usize) {
    let n = 40;
    let t = Instant::now();
    std::thread::scope(|sc| {
        for _ in 0..threads {
            sc.spawn(|| {
                for _ in 0..n {
                    g.infer(input(s.0, s.1)).unwrap();
                }
            });
        }
    });
    println!(
        "{name}: {threads} threads {:.1}/s",
        (n * threads) as f64 / t.elapsed().as_secs_f64()
    );
}
fn main() {
    let o = OpenVino::load(None).unwrap();
    println!("{o:?} {:?}", o.devices());
    let c = std::env::home_dir()
        .unwrap()
        .join(".cache/footlight/models");
    let rf =
        std::fs::read(c.join("b7a7acab55e104dce6f32cdfff929bd83946da5cd869b9e2e9bdffafd1b7e4a5"))
            .unwrap();
    let fr =
        std::fs::read(c.join("87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581"))
            .unwrap();
    let what = std::env::args().nth(1).unwrap();
    if what == "bench" {
        for (t, s) in [(0, 0), (1, 0), (0, 1), (0, 2), (2, 1)] {
            let mut o = OpenVino::load(None).unwrap();
            if t > 0 {
                o = o.with_threads(t.try_into().unwrap()).unwrap();
            }
            if s > 0 {
                o = o.with_streams(s.try_into().unwrap()).unwrap();
            }
            println!("== threads {t} streams {s}");
            let i = Instant::now();
            let d = o.compile(&rf, "cpu").unwrap();
            println!("compile rf dynamic {:?}", i.elapsed());
            let i = Instant::now();
            let s3 = o
                .compile(&std::fs::read("/tmp/rf320.onnx").unwrap(), "cpu")
                .unwrap();
            println!("compile rf static {:?}", i.elapsed());
            let s6 = o
                .compile(&std::fs::read("/tmp/rf640.onnx").unwrap(), "cpu")
                .unwrap();
            let i = Instant::now();
            let f = o.compile(&fr, "cpu").unwrap();
            println!(
                "compile fr {:?}; outputs {} {}",
                i.elapsed(),
                d.outputs()[0],
                s3.outputs()[0]
            );
            bench("static 320", &*s3, &[(320, 320)]);
            bench("dynamic 320", &*d, &[(320, 320)]);
            bench("static 640x384", &*s6, &[(384, 640)]);
            bench("dynamic 640x384", &*d, &[(384, 640)]);
            bench("dynamic alternating", &*d, &[(320, 320), (384, 640)]);
            bench("fr", &*f, &[(112, 112)]);
            throughput("rf dyn 320", &d, (320, 320), 1);
            throughput("rf dyn 320", &d, (320, 320), 2);
            throughput("rf dyn 320", &d, (320, 320), 4);
            throughput("fr", &f, (112, 112), 1);
            throughput("fr", &f, (112, 112), 2);
            let (a, b) = (
                s3.infer(input(320, 320)).unwrap(),
                d.infer(input(320, 320)).unwrap(),
            );
            let worst = a
                .iter()
                .zip(&b)
                .flat_map(|(x, y)| {
                    x.1.to_f32()
                        .unwrap()
                        .into_iter()
                        .zip(y.1.to_f32().unwrap())
                        .map(|(p, q)| (p - q).abs())
                })
                .fold(0f32, f32::max);
            println!("static vs dynamic worst difference {worst}");
        }
    }
    if what == "compile-leak" {
        for i in 0..61 {
            drop(
                o.compile(&fr, "cpu")
                    .unwrap()
                    .infer(input(112, 112))
                    .unwrap(),
            );
            if i % 10 == 0 {
                println!("{i} rss {} kB", rss());
            }
        }
    }
    if what == "fail-leak" {
        let d = o.compile(&rf, "cpu").unwrap();
        for i in 0..4001 {
            let e = d.infer(input(33, 47));
            if i % 500 == 0 {
                println!("{i} rss {} kB {:?}", rss(), e.map(|_| ()));
            }
        }
    }
    if what == "odd" {
        let d = o.compile(&rf, "cpu").unwrap();
        for (h, w) in [
            (1, 1),
            (2, 3),
            (7, 7),
            (31, 31),
            (32, 32),
            (33, 47),
            (33, 32),
            (100, 1),
            (1, 5000),
            (32, 64),
            (48, 48),
        ] {
            println!(
                "{h}x{w}: {:?}",
                d.infer(input(h, w))
                    .map(|o| o.iter().map(|t| t.1.shape.clone()).collect::<Vec<_>>())
                    .map_err(|e| e.to_string())
            );
        }
    }
    if what == "infer-leak" {
        let d = o.compile(&rf, "cpu").unwrap();
        for i in 0..2001 {
            let s = if i % 2 == 0 { (320, 320) } else { (384, 640) };
            d.infer(input(s.0, s.1)).unwrap();
            if i % 200 == 0 {
                println!("{i} rss {} kB", rss());
            }
        }
    }
    if what == "shapes-leak" {
        let d = o.compile(&rf, "cpu").unwrap();
        for i in 0..801u32 {
            d.infer(input(32 + 32 * (i % 20), 32 + 32 * (i / 20 % 20)))
                .unwrap();
            if i % 100 == 0 {
                println!("{i} rss {} kB", rss());
            }
        }
    }
    if what == "dynrank" {
        println!(
            "{:?}",
            std::fs::read("/tmp/scalar.onnx").map(|b| o
                .compile(&b, "cpu")
                .map(|g| (g.inputs().to_vec(), g.outputs().to_vec())))
        );
    }
}
