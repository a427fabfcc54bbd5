//! wasi-nn 1, 3, 4: a panic where bytes are too few; one lock for all; copies of every tensor.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use footlight_nn::{Buffer, ElementType, ErrorKind, Memory, Tensor};

use crate::onnx::{Graph, constant, identity, node, value};
use crate::{Library, Subject, Test, allocations, assert_says, compile, floats, infer, output};

pub const TESTS: &[Test] = &[
    ("a_tensor_with_too_few_bytes_is_refused", too_few_bytes),
    ("a_shape_or_type_that_does_not_fit_is_refused", misfits),
    ("shapes_may_change_from_one_inference_to_the_next", dynamic),
    ("a_failed_inference_leaves_the_next_one_alone", failure),
    ("an_inference_leaves_nothing_to_the_next", no_trace),
    ("threads_get_each_their_own_answer", threads),
    ("a_short_inference_does_not_wait_for_a_long_one", overtakes),
    ("an_inference_allocates_its_output_and_no_copy_more", copies),
    ("an_input_may_lie_at_any_address", any_address),
    ("an_inference_ends_at_its_deadline", deadline),
    ("a_wait_for_others_ends_at_the_deadline", deadline_of_a_wait),
];

/// Of the libraries, OpenVINO alone computes with memory of its own.
pub const OPENVINO: &[Test] = &[("an_input_is_written_where_it_is_computed_with", own_memory)];

fn too_few_bytes(subject: &Subject) {
    let graph = compile(subject, &identity(ElementType::F32, &[0, 4]));
    for length in [0, 1, 31, 33] {
        let short = Tensor {
            shape: vec![2, 4],
            element: ElementType::F32,
            data: vec![0; length].into(),
        };
        let error = infer(&*graph, &[("given", short)]).unwrap_err();
        assert_says(
            &error,
            ErrorKind::InvalidArgument,
            &["needs 32 bytes", "`given`"],
        );
    }
}

fn misfits(subject: &Subject) {
    let graph = compile(subject, &identity(ElementType::F32, &[0, 4]));
    let refuse = |tensor: Tensor, words: &[&str]| {
        let error = infer(&*graph, &[("given", tensor)]).unwrap_err();
        assert_says(&error, ErrorKind::InvalidArgument, words);
    };
    refuse(floats(&[2, 5], &[0.0; 10]), &["f32 [2, 5]", "f32 [?, 4]"]);
    refuse(floats(&[4], &[0.0; 4]), &["f32 [4]"]);
    refuse(floats(&[0, 4], &[]), &["at least 1"]);
    let wrong = Tensor::new(vec![1, 4], ElementType::I32, vec![0; 16]).unwrap();
    refuse(wrong, &["i32 [1, 4]"]);
    let right = floats(&[1, 4], &[0.0; 4]);
    for inputs in [
        vec![],
        vec![("0", right.clone())],
        vec![("given", right.clone()), ("given", right.clone())],
        vec![("given", right.clone()), ("gi\0ven", right.clone())],
    ] {
        let error = infer(&*graph, &inputs).unwrap_err();
        assert_says(&error, ErrorKind::InvalidArgument, &["given"]);
    }
}

fn dynamic(subject: &Subject) {
    let graph = compile(subject, &identity(ElementType::F32, &[0, 2]));
    assert_eq!(graph.outputs()[0].to_string(), "returned f32 [?, 2]");
    // More than a backend keeps ready, and some again.
    for rows in [1_u32, 3, 1, 7, 3].into_iter().chain(1..20).chain(1..3) {
        let values: Vec<f32> = (0..rows * 2).map(|n| n as f32).collect();
        let given = floats(&[rows, 2], &values);
        let outputs = infer(&*graph, &[("given", given.clone())]).unwrap();
        assert_eq!(outputs[0].1, given);
    }
}

/// Two vectors of any length, which cannot be added where they differ.
fn adder() -> Vec<u8> {
    Graph {
        nodes: vec![node("Add", &["a", "b"], &["sum"])],
        inputs: vec![value("a", 1, &[0]), value("b", 1, &[0])],
        outputs: vec![value("sum", 1, &[0])],
        ..Graph::default()
    }
    .file()
}

fn failure(subject: &Subject) {
    let graph = compile(subject, &adder());
    for _ in 0..3 {
        let odd = [
            ("a", floats(&[2], &[1.0; 2])),
            ("b", floats(&[3], &[1.0; 3])),
        ];
        let error = infer(&*graph, &odd).unwrap_err();
        assert_says(&error, ErrorKind::Runtime, &["inference failed"]);
        let even = [
            ("a", floats(&[2], &[1.0, 2.0])),
            ("b", floats(&[2], &[3.0, 4.0])),
        ];
        assert_eq!(output(&infer(&*graph, &even).unwrap(), "sum"), [4.0, 6.0]);
    }
}

/// The buffers of a request are used again; a smaller tensor after a larger one must not show what was
/// there before.
fn no_trace(subject: &Subject) {
    let graph = compile(subject, &identity(ElementType::U8, &[0]));
    let large = Tensor::new(vec![4096], ElementType::U8, vec![0xaa; 4096]).unwrap();
    infer(&*graph, &[("given", large)]).unwrap();
    let small = Tensor::new(vec![7], ElementType::U8, vec![1; 7]).unwrap();
    let outputs = infer(&*graph, &[("given", small.clone())]).unwrap();
    assert_eq!(outputs[0].1, small);
}

fn threads(subject: &Subject) {
    let graph = compile(subject, &adder());
    let barrier = Arc::new(Barrier::new(8));
    let workers: Vec<_> = (0..8_u32)
        .map(|worker| {
            let (graph, barrier) = (Arc::clone(&graph), Arc::clone(&barrier));
            thread::spawn(move || {
                barrier.wait();
                for round in 0..50 {
                    let length = 1 + (worker + round) % 5;
                    let number = (worker * 1000 + round) as f32;
                    let values = vec![number; length as usize];
                    let inputs = [
                        ("a", floats(&[length], &values)),
                        ("b", floats(&[length], &values)),
                    ];
                    let outputs = infer(&*graph, &inputs).unwrap();
                    assert_eq!(output(&outputs, "sum"), vec![number * 2.0; length as usize]);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("every answer was right");
    }
}

/// Products with a large matrix one after the other, for as many rows as are given.
fn slow() -> Vec<u8> {
    let weights: Vec<f32> = (0..SIDE * SIDE).map(|n| (n % 7) as f32 / 3072.0).collect();
    let names: Vec<String> = (0..=24).map(|n| format!("t{n}")).collect();
    let sides = [i64::from(SIDE); 2];
    Graph {
        nodes: names
            .windows(2)
            .map(|pair| node("MatMul", &[&pair[0], "weights"], &[&pair[1]]))
            .collect(),
        constants: vec![constant("weights", &sides, &weights)],
        inputs: vec![value("t0", 1, &[0, sides[0]])],
        outputs: vec![value("t24", 1, &[0, sides[0]])],
        ..Graph::default()
    }
    .file()
}

const SIDE: u32 = 1024;

fn rows(count: u32) -> Tensor {
    floats(&[count, SIDE], &vec![1.0; (count * SIDE) as usize])
}

/// The long one is made so long that it is still on its way when the short one is through, on any
/// machine: what is asserted is which one is done first.
fn overtakes(subject: &Subject) {
    // OpenVINO has one group of threads by itself, and its processor then takes turns.
    let graph = compile(&subject.for_two(), &slow());
    let mut count = 128;
    while took(&*graph, rows(count)) < Duration::from_secs(1) && count < 1 << 17 {
        count *= 2;
    }
    let long = rows(count);
    let done = Arc::new(AtomicBool::new(false));
    let other = {
        let (graph, done) = (Arc::clone(&graph), Arc::clone(&done));
        thread::spawn(move || {
            took(&*graph, long);
            done.store(true, Ordering::SeqCst);
        })
    };
    thread::sleep(Duration::from_millis(100));
    took(&*graph, rows(1));
    let overtaken = !done.load(Ordering::SeqCst);
    other.join().expect("the long one went well");
    assert!(overtaken, "the short inference waited for the long one");
}

/// A graph, and as many rows as keep it busy for a second.
fn busy(subject: &Subject) -> (Arc<dyn footlight_nn::Graph>, u32, Duration) {
    let graph = compile(subject, &slow());
    let mut count = 128;
    loop {
        let whole = took(&*graph, rows(count));
        if whole >= Duration::from_secs(1) || count >= 1 << 17 {
            return (graph, count, whole);
        }
        count *= 2;
    }
}

fn until(
    graph: &dyn footlight_nn::Graph,
    rows: Tensor,
    deadline: Instant,
) -> Result<Vec<(String, Tensor)>, footlight_nn::Error> {
    graph.infer(vec![("t0".to_owned(), rows)], Some(deadline))
}

fn deadline(subject: &Subject) {
    let (graph, count, whole) = busy(subject);
    let began = Instant::now();
    let error = until(&*graph, rows(count), began + whole / 10).unwrap_err();
    assert_says(&error, ErrorKind::Deadline, &["in time"]);
    assert!(
        began.elapsed() < whole / 2,
        "{:?} of {whole:?} went by",
        began.elapsed()
    );
    let over = until(&*graph, rows(1), Instant::now()).unwrap_err();
    assert_says(&over, ErrorKind::Deadline, &[]);
    let outputs = until(&*graph, rows(1), Instant::now() + whole * 100).unwrap();
    assert_eq!(outputs, infer(&*graph, &[("t0", rows(1))]).unwrap());
}

fn deadline_of_a_wait(subject: &Subject) {
    let (graph, count, whole) = busy(subject);
    thread::scope(|scope| {
        // More than there are requests, so that some wait for one.
        let waiting: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| until(&*graph, rows(count), Instant::now() + whole / 10)))
            .collect();
        let began = Instant::now();
        for waiting in waiting {
            let error = waiting.join().unwrap().unwrap_err();
            assert_says(&error, ErrorKind::Deadline, &[]);
        }
        assert!(began.elapsed() < whole * 8, "each waited for all before it");
    });
    took(&*graph, rows(1));
}

fn took(graph: &dyn footlight_nn::Graph, rows: Tensor) -> Duration {
    let started = Instant::now();
    infer(graph, &[("t0", rows)]).unwrap();
    started.elapsed()
}

/// Memory that begins at an odd address.
struct Odd(Vec<u8>);

impl Memory for Odd {
    fn bytes(&self) -> &[u8] {
        &self.0[1..]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0[1..]
    }
}

fn any_address(subject: &Subject) {
    let graph = compile(subject, &identity(ElementType::F64, &[0]));
    for count in [1_u32, 3, 1000] {
        let numbers: Vec<u8> = (0..count)
            .flat_map(|n| f64::from(n).to_le_bytes())
            .collect();
        let odd = Buffer::of_library(Odd([&[0], &*numbers].concat()));
        assert!(!odd.as_ptr().addr().is_multiple_of(8));
        let given = Tensor::new(vec![count], ElementType::F64, odd).unwrap();
        let outputs = graph
            .infer(vec![("given".to_owned(), given)], None)
            .unwrap();
        assert_eq!(*outputs[0].1.data, *numbers);
    }
}

fn own_memory(subject: &Subject) {
    let size = 4 << 20;
    let graph = compile(subject, &identity(ElementType::U8, &[0]));
    let mut places = Vec::new();
    for round in 1..4 {
        let before = allocations::bytes();
        let mut memory = graph.memory(ElementType::U8, &[size]).unwrap();
        places.push(memory.as_ptr());
        memory.fill(round);
        let given = Tensor::new(vec![size], ElementType::U8, memory).unwrap();
        let outputs = graph
            .infer(vec![("given".to_owned(), given)], None)
            .unwrap();
        let allocated = allocations::bytes() - before;
        assert!(outputs[0].1.data.iter().all(|byte| *byte == round));
        assert!(
            allocated < size as usize + 16_384,
            "{allocated} bytes were allocated for an output of {size}"
        );
    }
    assert!(
        places.windows(2).all(|pair| pair[0] == pair[1]),
        "the memory was not used again: {places:?}"
    );
    assert!(graph.memory(ElementType::F32, &[size]).is_none());
    assert!(graph.memory(ElementType::U8, &[1, size]).is_none());
    assert!(graph.memory(ElementType::U8, &[0]).is_none());
}

/// What the library itself keeps is filled in place and read in place: one copy in, one out. tract
/// allocates as the host does, so that its copy of the input is counted as well.
fn copies(subject: &Subject) {
    let size = 4 << 20;
    let graph = compile(subject, &identity(ElementType::U8, &[0]));
    let given = Tensor::new(vec![size], ElementType::U8, vec![7; size as usize]).unwrap();
    infer(&*graph, &[("given", given.clone())]).unwrap();
    let inputs = vec![("given".to_owned(), given)];
    let before = allocations::bytes();
    let outputs = graph.infer(inputs, None).unwrap();
    let allocated = allocations::bytes() - before;
    assert_eq!(outputs[0].1.bytes(), size as usize);
    let copies = match subject.library {
        Library::Tract => 2,
        Library::OpenVino | Library::OnnxRuntime => 1,
    };
    assert!(
        allocated < copies * size as usize + 32_768,
        "{allocated} bytes were allocated for an output of {size}"
    );
}
