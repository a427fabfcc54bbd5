//! Models that take one row, made to take any number; and callers who share an inference.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use footlight_nn::{
    BatchOptions, Batched, ElementType, Error, ErrorKind, Graph as _, batched, free_batch,
};

use crate::onnx::{Graph, Node, constant, identity, node, shape, value};
use crate::{Subject, Test, assert_says, compile, floats, infer, output};

pub const TESTS: &[Test] = &[
    ("a_constant_shape_of_one_row_is_freed", shapes),
    ("a_shape_that_others_use_stays_theirs", shared),
    ("what_is_no_row_keeps_its_shape", no_row),
    ("a_model_that_is_free_is_left_as_it_is", free),
    ("a_freed_model_keeps_what_is_not_known", unknown),
    ("a_batch_that_cannot_be_freed_is_refused", refused),
    ("no_bytes_make_the_freeing_panic", garbage),
    ("callers_share_an_inference_and_get_their_own", callers),
];

fn share(subject: &Subject, model: &[u8]) -> Result<Arc<Batched>, Error> {
    let options = BatchOptions {
        max: NonZeroU32::MIN.saturating_add(3),
        wait: Duration::from_millis(200),
    };
    batched(
        subject.try_compile(model)?,
        &*subject.backend,
        model,
        &options,
    )
}

/// A model of `x`, `[1, 3, 4]`, and `y` of as many sides as are given, which is what the nodes make.
fn model(nodes: Vec<Node>, y: &[i64]) -> Graph {
    Graph {
        nodes,
        inputs: vec![value("x", 1, &[1, 3, 4])],
        outputs: vec![value("y", 1, y)],
        ..Graph::default()
    }
}

/// The numbers in `y` for two rows, after it was looked whether they are those of each row.
fn two_rows(subject: &Subject, model: &[u8]) -> Vec<f32> {
    let graph = share(subject, model).unwrap();
    assert_eq!(graph.inputs()[0].to_string(), "x f32 [?, 3, 4]");
    let numbers: Vec<f32> = (0_u8..24).map(f32::from).collect();
    let both = infer(&*graph, &[("x", floats(&[2, 3, 4], &numbers))]).unwrap();
    assert_eq!(both[0].1.shape[0], 2);
    let original = compile(subject, model);
    let alone = numbers.chunks(12).flat_map(|row| {
        let row = floats(&[1, 3, 4], row);
        output(&infer(&*original, &[("x", row)]).unwrap(), "y")
    });
    let both = output(&both, "y");
    assert_eq!(both, alone.collect::<Vec<_>>());
    both
}

fn shapes(subject: &Subject) {
    let reshape = || node("Reshape", &["x", "to"], &["y"]);
    for (to, y) in [
        (&[1, -1][..], &[1, 12][..]),
        (&[1, 12], &[1, 12]),
        (&[1, 0, 2, -1], &[1, 3, 2, 2]),
        (&[1, 0, 4], &[1, 3, 4]),
        (&[-1, 12], &[1, 12]),
    ] {
        let listed = Graph {
            constants: vec![shape("to", to)],
            ..model(vec![reshape()], y)
        };
        let tensor = node("Constant", &[], &["to"]).with_tensor("value", shape("", to));
        let integers = node("Constant", &[], &["to"]).with_integers("value_ints", to);
        let renamed = Graph {
            constants: vec![shape("first", to)],
            ..model(vec![node("Identity", &["first"], &["to"]), reshape()], y)
        };
        let stated = Graph {
            inner: vec![value("z", 1, y)],
            constants: vec![shape("to", to)],
            ..model(
                vec![
                    node("Reshape", &["x", "to"], &["z"]),
                    node("Relu", &["z"], &["y"]),
                ],
                y,
            )
        };
        for graph in [
            listed,
            model(vec![tensor, reshape()], y),
            model(vec![integers, reshape()], y),
            renamed,
            stated,
        ] {
            two_rows(subject, &graph.file());
        }
    }
    // Where only what comes out is of one row.
    let ends = Graph {
        inputs: vec![value("x", 1, &[0, 3, 4])],
        constants: vec![shape("to", &[1, -1])],
        ..model(vec![reshape()], &[1, 12])
    };
    two_rows(subject, &ends.file());
    // Where a 0 would mean no numbers at all.
    let literal = Graph {
        constants: vec![shape("to", &[1, -1])],
        ..model(vec![reshape().with("allowzero", 1)], &[1, 12])
    };
    two_rows(subject, &literal.file());
    // Where the rows are not in front in between.
    let mixed = Graph {
        constants: vec![shape("lines", &[-1, 4]), shape("back", &[1, 3, 4])],
        ..model(
            vec![
                node("Reshape", &["x", "lines"], &["z"]),
                node("Relu", &["z"], &["a"]),
                node("Reshape", &["a", "back"], &["y"]),
            ],
            &[1, 3, 4],
        )
    };
    two_rows(subject, &mixed.file());
}

/// The same constant gives the rows a shape, and a table that there is once for all rows.
fn shared(subject: &Subject) {
    let graph = Graph {
        constants: vec![
            shape("to", &[1, -1]),
            constant("table", &[3, 4], &[0.5; 12]),
        ],
        ..model(
            vec![
                node("Reshape", &["table", "to"], &["line"]),
                node("Reshape", &["x", "to"], &["flat"]),
                node("Add", &["flat", "line"], &["y"]),
            ],
            &[1, 12],
        )
    };
    assert_eq!(two_rows(subject, &graph.file())[23], 23.5);
}

/// Numbers that are found by looking at the input's shape are no rows of it.
fn no_row(subject: &Subject) {
    let graph = Graph {
        constants: vec![shape("line", &[1, -1]), shape("last", &[1, 2])],
        ..model(
            vec![
                node("Shape", &["x"], &["sides"]),
                node("Gather", &["sides", "last"], &["two"]),
                node("Reshape", &["two", "line"], &["row"]),
                node("Cast", &["row"], &["floats"]).with("to", 1),
                node("ReduceProd", &["floats"], &["factor"]).with_integers("axes", &[1]),
                node("Mul", &["x", "factor"], &["y"]),
            ],
            &[1, 3, 4],
        )
    };
    assert_eq!(two_rows(subject, &graph.file())[1], 12.0);
}

fn free(_: &Subject) {
    let model = identity(ElementType::F32, &[0, 4]);
    assert_eq!(free_batch(&model).unwrap(), model);
}

fn unknown(subject: &Subject) {
    let mut file = identity(ElementType::F32, &[1, 4]);
    // A text in the field 1000.
    let field = [0xc2, 0x3e, 3, b'n', b'e', b'w'];
    file.extend(field);
    let freed = free_batch(&file).unwrap();
    assert!(freed.ends_with(&field));
    let graph = compile(subject, &freed);
    assert_eq!(graph.outputs()[0].to_string(), "returned f32 [?, 4]");
    // Done once, it is done.
    assert_eq!(free_batch(&freed).unwrap(), freed);
}

fn refused(subject: &Subject) {
    let refuse = |model: &[u8], words: &[&str]| {
        let error = share(subject, model).err().unwrap();
        assert_says(&error, ErrorKind::Unsupported, words);
        assert_says(&error, ErrorKind::Unsupported, &["turn batching off"]);
    };
    refuse(
        &identity(ElementType::F32, &[2, 4]),
        &["input given f32 [2, 4]"],
    );
    let with_input = |sides: &[i64]| {
        let graph = model(vec![node("Mul", &["x", "z"], &["y"])], &[1, 3, 4]);
        Graph {
            inputs: [graph.inputs, vec![value("z", 1, sides)]].concat(),
            ..graph
        }
        .file()
    };
    refuse(&with_input(&[]), &["`z`", "single number"]);
    refuse(&with_input(&[3, 1]), &["`z`", "first side is 3"]);
    // Turned over, the rows are not in front.
    let turned = node("Transpose", &["x"], &["y"]).with_integers("perm", &[1, 0, 2]);
    refuse(
        &model(vec![turned], &[3, 1, 4]).file(),
        &["`y`", "first side is 3"],
    );
    let flat = node("Flatten", &["x"], &["y"]).with("axis", 0);
    refuse(&model(vec![flat], &[1, 12]).file(), &["output y f32 [1, "]);
    let mixed = node("Softmax", &["x"], &["y"]).with("axis", 0);
    refuse(
        &model(vec![mixed], &[1, 3, 4]).file(),
        &["`y`", "other numbers"],
    );
}

fn garbage(_: &Subject) {
    let to = node("Constant", &[], &["to"]).with_tensor("value", shape("", &[1, -1]));
    let whole = model(vec![to, node("Reshape", &["x", "to"], &["y"])], &[1, 12]).file();
    let freed = free_batch(&whole).unwrap();
    assert_ne!(freed, whole);
    for length in 0..whole.len() {
        let _ = free_batch(&whole[..length]);
        for wrong in [0x00, 0x01, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[length] = wrong;
            let _ = free_batch(&bytes);
        }
    }
    let error = free_batch(b"hello").unwrap_err();
    assert_says(&error, ErrorKind::InvalidModel, &["not an ONNX file"]);
}

fn callers(subject: &Subject) {
    let reshape = node("Reshape", &["x", "to"], &["y"]);
    let file = Graph {
        constants: vec![shape("to", &[1, -1])],
        ..model(vec![reshape], &[1, 12])
    }
    .file();
    let graph = share(subject, &file).unwrap();
    thread::scope(|scope| {
        for worker in 0..4_u8 {
            let graph = &graph;
            scope.spawn(move || {
                for round in 0..20_u8 {
                    let numbers = [f32::from(worker) + f32::from(round) / 32.0; 12];
                    let row = floats(&[1, 3, 4], &numbers);
                    let outputs = infer(&**graph, &[("x", row)]).unwrap();
                    assert_eq!(outputs[0].1, floats(&[1, 12], &numbers));
                }
            });
        }
    });
    // Each round waits for all four, unless a thread was held up for long.
    let stats = graph.stats();
    assert_eq!((stats.callers, stats.rows), (80, 80));
    assert!(stats.inferences < 80, "{stats:?}");
}
